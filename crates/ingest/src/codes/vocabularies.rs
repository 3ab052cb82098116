//! Which vocabulary of OMOP holds the codes of a system, and which system a vocabulary's name means.

use crate::code::System;

/// The names under which OMOP has the codes of a system, the first preferred.
///
/// A site may load further vocabularies of its own, with concepts above 2,000,000,000: those that are named as the
/// system's prefix (`JLAC10`, `HOT9`, `YJ`, `LOCAL`) hold its codes.
pub(super) fn vocabularies(system: System) -> &'static [&'static str] {
    match system {
        System::Icd10 => &["ICD10"],
        System::Icd10Cm => &["ICD10CM"],
        System::Loinc => &["LOINC"],
        System::Snomed => &["SNOMED"],
        System::RxNorm => &["RxNorm", "RxNorm Extension"],
        System::Cvx => &["CVX"],
        System::Atc => &["ATC"],
        System::Ucum => &["UCUM"],
        System::Medis => &["MEDIS"],
        System::MedisExchange => &["MEDISX"],
        System::Hot9 => &["HOT9"],
        System::Hot7 => &["HOT7"],
        System::Yj => &["YJ"],
        System::Generic => &["GENERIC"],
        System::Receipt => &["RECEIPT"],
        System::Jlac10 => &["JLAC10"],
        System::Jlac11 => &["JLAC11"],
        System::Kcode => &["KCODE"],
        System::Dpc => &["DPC"],
        System::Jj1017 => &["JJ1017"],
        System::Lendo => &["LENDO"],
        System::Janis => &["JANIS"],
        System::Jfagy => &["JFAGY"],
        System::Merit9 => &["MERIT9"],
        System::Usage => &["USAGE"],
        System::Ssmix2 => &["SSMIX2"],
        System::Department => &["DEPT"],
        System::Fhir => &["FHIR"],
        System::Local => &["LOCAL"],
        System::Hl7(_) => &[],
    }
}

const NAMED: [System; 29] = [
    System::Icd10,
    System::Icd10Cm,
    System::Loinc,
    System::Snomed,
    System::RxNorm,
    System::Cvx,
    System::Atc,
    System::Ucum,
    System::Medis,
    System::MedisExchange,
    System::Hot9,
    System::Hot7,
    System::Yj,
    System::Generic,
    System::Receipt,
    System::Jlac10,
    System::Jlac11,
    System::Kcode,
    System::Dpc,
    System::Jj1017,
    System::Lendo,
    System::Janis,
    System::Jfagy,
    System::Merit9,
    System::Usage,
    System::Ssmix2,
    System::Department,
    System::Fhir,
    System::Local,
];

/// The system that a `source_vocabulary_id` names: a prefix of source values, or a vocabulary of OMOP.
pub(super) fn system_named(name: &str) -> Option<System> {
    let name = name.trim();
    if let Some(table) = name.strip_prefix("HL7-").or_else(|| name.strip_prefix("HL7")) {
        return table.parse().ok().map(System::Hl7);
    }
    let means = |system: &&System| {
        let names = vocabularies(**system).iter();
        name.eq_ignore_ascii_case(system.prefix()) || names.into_iter().any(|other| name.eq_ignore_ascii_case(other))
    };
    NAMED.iter().find(means).copied()
}

/// Whether the vocabulary is one of OHDSI's own, whose codes are in their canonical spelling.
pub(super) fn is_official(system: System) -> bool {
    use System::{Atc, Cvx, Icd10, Icd10Cm, Loinc, RxNorm, Snomed, Ucum};
    matches!(system, Atc | Cvx | Icd10 | Icd10Cm | Loinc | RxNorm | Snomed | Ucum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vocabulary_is_named_by_its_prefix_or_by_omop() {
        for (name, system) in [
            ("ICD10", Some(System::Icd10)),
            ("rxnorm extension", Some(System::RxNorm)),
            (" JLAC10 ", Some(System::Jlac10)),
            ("HL7-0162", Some(System::Hl7(162))),
            ("HL70162", Some(System::Hl7(162))),
            ("LOCAL", Some(System::Local)),
            ("Hospital A lab", None),
            ("HL7", None),
            ("", None),
        ] {
            assert_eq!(system_named(name), system, "{name}");
        }
        for system in NAMED {
            assert_eq!(system_named(system.prefix()), Some(system));
            assert!(!vocabularies(system).is_empty());
        }
    }
}
