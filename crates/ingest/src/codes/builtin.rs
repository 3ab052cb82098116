//! What is known of codes without any vocabulary: which international code says the same.
//!
//! Numbers of concepts stand here only where they were checked against a vocabulary of OHDSI's; everything else goes
//! through the code, and so through the vocabulary that the site has loaded.

use super::domain::Domain;
use super::resolved::Target;
use crate::code::{Coding, System};
use crate::record::Grade;

/// The code that says the same, and its concept where it is known beforehand.
pub(super) fn equivalent(coding: &Coding) -> Option<(Coding, Option<Target>)> {
    match coding.system {
        System::Jlac10 => vital_sign(&coding.code),
        System::Hl7(162) => route(&coding.code).map(|code| (Coding::new(System::Snomed, code), None)),
        _ => None,
    }
}

/// Sizes and vital signs of SS-MIX2 (ADT-00; NHO's list of vital signs), by the analyte of JLAC10. Concepts: LOINC in
/// OHDSI's vocabulary.
fn vital_sign(code: &str) -> Option<(Coding, Option<Target>)> {
    let (loinc, concept) = match code.get(..5)? {
        "9N001" => ("8302-2", 3_036_277),
        "9N006" => ("29463-7", 3_025_315),
        "9A751" => ("8480-6", 3_004_249),
        "9A761" => ("8462-4", 3_012_888),
        "9P300" => ("8867-4", 3_027_018),
        "9P200" => ("9279-1", 3_024_171),
        "9P100" => ("8310-5", 3_020_891),
        _ => return None,
    };
    let target = Target { concept, domain: Some(Domain::Measurement), value: None };
    Some((Coding::new(System::Loinc, loinc), Some(target)))
}

/// Routes of HL7's table 0162 in SNOMED CT.
fn route(code: &str) -> Option<&'static str> {
    Some(match code {
        "PO" => "26643006",
        "IV" => "47625008",
        "IM" => "78421000",
        "SC" => "34206005",
        "NS" | "IN" => "46713006",
        "PR" => "37161004",
        "OP" => "54485002",
        _ => return None,
    })
}

/// The code of a result in words in SNOMED CT.
pub(super) fn grade(grade: Grade) -> Option<&'static str> {
    Some(match grade {
        Grade::Negative => "260385009",
        Grade::Trace => "260405006",
        Grade::Positive => "10828004",
        Grade::Plus(1) => "260347006",
        Grade::Plus(2) => "260348001",
        Grade::Plus(3) => "260349009",
        Grade::Plus(4) => "260350009",
        Grade::Plus(_) => return None,
    })
}

/// Every grade that has a code.
pub(super) const GRADES: [Grade; 7] =
    [Grade::Negative, Grade::Trace, Grade::Positive, Grade::Plus(1), Grade::Plus(2), Grade::Plus(3), Grade::Plus(4)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Remarks;
    use crate::codes::canonical;

    #[test]
    fn every_code_is_in_its_canonical_spelling_and_has_its_check_digit() {
        let mut remarks = Remarks::default();
        let mut check = |system, code: &str| {
            assert_eq!(canonical(system, code, &mut remarks), Some(Coding::new(system, code)));
        };
        for code in GRADES.into_iter().filter_map(grade) {
            check(System::Snomed, code);
        }
        for code in ["PO", "IV", "IM", "SC", "NS", "PR", "OP"].into_iter().filter_map(route) {
            check(System::Snomed, code);
        }
        for analyte in ["9N001", "9N006", "9A751", "9A761", "9P300", "9P200", "9P100"] {
            let (coding, target) = vital_sign(analyte).unwrap();
            check(coding.system, &coding.code);
            assert!(target.is_some());
        }
        assert!(remarks.is_empty());
        assert_eq!(vital_sign("9A7"), None);
        assert_eq!(grade(Grade::Plus(9)), None);
    }
}
