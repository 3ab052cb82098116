//! The names of code systems as SS-MIX2 writes them in the third component of a coded field.

use crate::System;

/// What a name of a system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label<'t> {
    /// A system that is known, and what stands before its codes where one system has many tables.
    Known(System, Option<&'t str>),
    /// A system of the hospital, by the name it has there.
    Local(&'t str),
    /// None.
    Absent,
}

impl<'t> Label<'t> {
    /// By name and never by position: guideline 1.2h lets the standard and the local code stand in either order.
    pub(super) fn of(name: &'t str) -> Self {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let starts = |known: &str| name.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known));
        let known = |system| Self::Known(system, None);
        match name {
            "" => Self::Absent,
            "JC10" => known(System::Jlac10),
            _ if name.starts_with("99") || is("L") => Self::Local(name),
            _ if is("MDCDX2") || is("MEDIS") => known(System::Medis),
            _ if is("I10") || is("ICD10") || is("ICD-10") || is("I10P") => known(System::Icd10),
            _ if is("HOT9") || is("HOT11") || is("HOT13") || is("HOT") => known(System::Hot9),
            _ if is("HOT7") => known(System::Hot7),
            _ if is("YJ") => known(System::Yj),
            _ if is("MYAK") => known(System::Receipt),
            _ if is("JC10") || is("JLAC10") => known(System::Jlac10),
            _ if is("JC11") || is("JLAC11") => known(System::Jlac11),
            _ if is("JANIS") => known(System::Janis),
            _ if is("JFAGY") || is("J-FAGY") => known(System::Jfagy),
            _ if is("MR9P") => known(System::Merit9),
            _ if is("ISO+") || is("UCUM") => known(System::Ucum),
            _ if is("JAMISDP01") => known(System::Usage),
            _ if is("JJ1017") || starts("JJ1017-") => known(System::Jj1017),
            _ if is("LENDO") => known(System::Lendo),
            _ if is("LN") => known(System::Loinc),
            _ if is("MML028") || is("MML0028") || is("HL70069") => known(System::Department),
            _ if starts("JHSD") || starts("JHSI") || starts("JSHR") => Self::Known(System::Ssmix2, Some(name)),
            _ if starts("HL7") => name.get(3..).and_then(table).map_or(Self::Local(name), |n| known(System::Hl7(n))),
            _ => Self::Local(name),
        }
    }
}

/// `0162`, and the `162` of those who leave the zero out.
fn table(digits: &str) -> Option<u16> {
    let digits = digits.trim_start_matches('-');
    (matches!(digits.len(), 3 | 4) && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_go_by_their_names() {
        let known = |system| Label::Known(system, None);
        for (name, label) in [
            ("MDCDX2", known(System::Medis)),
            ("I10", known(System::Icd10)),
            ("HOT13", known(System::Hot9)),
            ("hot9", known(System::Hot9)),
            ("HOT7", known(System::Hot7)),
            ("YJ", known(System::Yj)),
            ("MYAK", known(System::Receipt)),
            ("JC10", known(System::Jlac10)),
            ("JANIS", known(System::Janis)),
            ("JFAGY", known(System::Jfagy)),
            ("MR9P", known(System::Merit9)),
            ("ISO+", known(System::Ucum)),
            ("JAMISDP01", known(System::Usage)),
            ("JJ1017", known(System::Jj1017)),
            ("LENDO", known(System::Lendo)),
            ("LN", known(System::Loinc)),
            ("MML028", known(System::Department)),
            ("HL70069", known(System::Department)),
            ("HL70162", known(System::Hl7(162))),
            ("HL7ABC", Label::Local("HL7ABC")),
            ("JHSD0001", Label::Known(System::Ssmix2, Some("JHSD0001"))),
            ("JSHR002", Label::Known(System::Ssmix2, Some("JSHR002"))),
            ("99XYZ", Label::Local("99XYZ")),
            ("99HOT9", Label::Local("99HOT9")),
            ("JAN", Label::Local("JAN")),
            ("", Label::Absent),
            ("検", Label::Local("検")),
        ] {
            assert_eq!(Label::of(name), label, "{name}");
        }
    }
}
