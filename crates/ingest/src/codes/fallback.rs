//! Codes that stand in for one that is mapped nowhere: less exact, and said to be.

use crate::code::{Coding, System};

/// The codes that take the place of a code without a concept, the nearest first.
///
/// ICD-10 loses its last characters (Japan's fifth digits are in no vocabulary), down to the category. JLAC10 loses the
/// result and the method, but never analyte, identification and material. HOT9 loses the maker.
pub(super) fn shorter(coding: &Coding) -> Vec<Coding> {
    let code = &*coding.code;
    let cut = |length: usize| code.get(..length).map(|code| Coding::new(coding.system, code));
    match (coding.system, code.len()) {
        (System::Icd10, 6) => [5, 3].into_iter().filter_map(cut).collect(),
        (System::Icd10, 5) => cut(3).into_iter().collect(),
        (System::Jlac10, 17) => [15, 12].into_iter().filter_map(cut).collect(),
        (System::Jlac10, 15 | 16) => cut(12).into_iter().collect(),
        (System::Hot9, 9) => code.get(..7).map(|code| Coding::new(System::Hot7, code)).into_iter().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first() {
        for (system, code, expect) in [
            (System::Icd10, "M25.50", vec!["ICD10:M25.5", "ICD10:M25"]),
            (System::Icd10, "J18.9", vec!["ICD10:J18"]),
            (System::Icd10, "J18", vec![]),
            (System::Jlac10, "3A010000002327101", vec!["JLAC10:3A0100000023271", "JLAC10:3A0100000023"]),
            (System::Jlac10, "9P10000000000001", vec!["JLAC10:9P1000000000"]),
            (System::Hot9, "103831601", vec!["HOT7:1038316"]),
            (System::Snomed, "44054006", vec![]),
        ] {
            let shorter: Vec<_> = shorter(&Coding::new(system, code)).iter().map(ToString::to_string).collect();
            assert_eq!(shorter, expect, "{code}");
        }
    }
}
