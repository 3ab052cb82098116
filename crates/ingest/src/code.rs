//! Canonical codes: whatever a source calls a system, one code has one spelling.
//!
//! A `*_source_value` holds `SYSTEM:code`, at most 50 characters: researchers of all sites match the same text, and
//! no text of a source ever gets there.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A system of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum System {
    /// Diseases, ICD-10 in its Japanese edition, written with the dot.
    Icd10,
    /// Diseases, the management number of MEDIS's master (8 digits).
    Medis,
    /// Diseases, the exchange code of MEDIS's master (4 characters).
    MedisExchange,
    /// Drugs, the first nine digits of HOT: product and maker.
    Hot9,
    /// Drugs, the first seven digits of HOT: the prescription.
    Hot7,
    /// Drugs, YJ (12 characters): the product.
    Yj,
    /// Drugs, the general order code of MHLW (generic names, 12 characters).
    Generic,
    /// Acts, drugs and materials of the fee tables (9 digits).
    Receipt,
    /// Laboratory tests, JLAC10 (17 characters).
    Jlac10,
    /// Laboratory tests, JLAC11 (17 characters).
    Jlac11,
    /// Acts of the fee table by chapter and number, such as K6331.
    Kcode,
    /// Case groups of DPC (14 characters).
    Dpc,
    /// Imaging, JJ1017.
    Jj1017,
    /// Endoscopy.
    Lendo,
    /// Organisms and antibiotics, JANIS.
    Janis,
    /// Allergens, J-FAGY.
    Jfagy,
    /// Units and forms, MERIT-9.
    Merit9,
    /// Units, UCUM.
    Ucum,
    /// Directions for use, JAMI's 16 digits.
    Usage,
    /// Tables of SS-MIX2's own (JHSD, JHSI, JSHR), by their name.
    Ssmix2,
    /// A table of HL7 v2, by its number: `HL7-0112:`.
    Hl7(u16),
    /// Departments, SS-MIX2's table.
    Department,
    /// LOINC.
    Loinc,
    /// SNOMED CT.
    Snomed,
    /// RxNorm.
    RxNorm,
    /// Vaccines, CVX.
    Cvx,
    /// ATC.
    Atc,
    /// ICD-10-CM.
    Icd10Cm,
    /// A code system of HL7 FHIR's own, such as the classes of encounters.
    Fhir,
    /// The hospital's own codes, and those of systems that are not known here ([`namespace`](crate::namespace) keeps
    /// those of several hospitals apart).
    Local,
}

impl System {
    /// Every system that has a name of its own: all but the numbered tables of HL7.
    pub const NAMED: [Self; 29] = [
        Self::Icd10,
        Self::Medis,
        Self::MedisExchange,
        Self::Hot9,
        Self::Hot7,
        Self::Yj,
        Self::Generic,
        Self::Receipt,
        Self::Jlac10,
        Self::Jlac11,
        Self::Kcode,
        Self::Dpc,
        Self::Jj1017,
        Self::Lendo,
        Self::Janis,
        Self::Jfagy,
        Self::Merit9,
        Self::Ucum,
        Self::Usage,
        Self::Ssmix2,
        Self::Department,
        Self::Loinc,
        Self::Snomed,
        Self::RxNorm,
        Self::Cvx,
        Self::Atc,
        Self::Icd10Cm,
        Self::Fhir,
        Self::Local,
    ];

    /// What stands before the colon.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Icd10 => "ICD10",
            Self::Medis => "MEDIS",
            Self::MedisExchange => "MEDISX",
            Self::Hot9 => "HOT9",
            Self::Hot7 => "HOT7",
            Self::Yj => "YJ",
            Self::Generic => "GENERIC",
            Self::Receipt => "RECEIPT",
            Self::Jlac10 => "JLAC10",
            Self::Jlac11 => "JLAC11",
            Self::Kcode => "KCODE",
            Self::Dpc => "DPC",
            Self::Jj1017 => "JJ1017",
            Self::Lendo => "LENDO",
            Self::Janis => "JANIS",
            Self::Jfagy => "JFAGY",
            Self::Merit9 => "MERIT9",
            Self::Ucum => "UCUM",
            Self::Usage => "USAGE",
            Self::Ssmix2 => "SSMIX2",
            Self::Hl7(_) => "HL7",
            Self::Department => "DEPT",
            Self::Loinc => "LOINC",
            Self::Snomed => "SNOMED",
            Self::RxNorm => "RXNORM",
            Self::Cvx => "CVX",
            Self::Atc => "ATC",
            Self::Icd10Cm => "ICD10CM",
            Self::Fhir => "FHIR",
            Self::Local => "LOCAL",
        }
    }
}

/// One code of one system, in its canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Coding {
    /// The system.
    pub system: System,
    /// The code, without its system; never empty.
    pub code: Box<str>,
}

impl Coding {
    /// A code that is in its canonical spelling already.
    #[must_use]
    pub fn new(system: System, code: impl Into<Box<str>>) -> Self {
        Self { system, code: code.into() }
    }

    /// `SYSTEM:code` as a `*_source_value` has it: at most 50 characters, longer codes are cut.
    #[must_use]
    pub fn source_value(&self) -> String {
        self.to_string().chars().take(50).collect()
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.system {
            System::Hl7(table) => write!(f, "HL7-{table:04}:{}", self.code),
            system => write!(f, "{}:{}", system.prefix(), self.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_value_names_its_system_and_fits_the_column() {
        assert_eq!(Coding::new(System::Jlac10, "3A010000002327101").source_value(), "JLAC10:3A010000002327101");
        assert_eq!(Coding::new(System::Hl7(112), "01").source_value(), "HL7-0112:01");
        assert_eq!(Coding::new(System::Local, "検".repeat(80)).source_value().chars().count(), 50);
    }
}
