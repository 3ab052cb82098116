//! The terms that the hospitals use: a few dozen diseases, drugs, assays and procedures, and the classes above them.
//!
//! Concept ids are OMOP's; names are ours. `stem` is what [`crate::Code`] makes a local code from: an ICD-10 code, seven
//! digits of an invented drug code, five characters of an invented laboratory code, an invented procedure code.

mod assays;
mod conditions;
mod drugs;
mod general;
mod japanese;
mod procedures;

pub use assays::*;
pub use conditions::*;
pub use drugs::*;
pub use general::*;
pub use japanese::japanese;
pub use procedures::*;

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// OMOP's domains, as far as they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Domain {
    /// Diseases.
    Condition,
    /// Drugs.
    Drug,
    /// Laboratory assays and vital signs.
    Measurement,
    /// Procedures.
    Procedure,
    /// Other facts.
    Observation,
    /// Answers.
    Answer,
    /// Sex.
    Gender,
    /// Race.
    Race,
    /// Kinds of visits and places of care.
    Visit,
    /// Units.
    Unit,
    /// Where a record comes from.
    Type,
    /// Specialties of doctors.
    Provider,
    /// About the vocabulary itself.
    Metadata,
}

impl Domain {
    /// All domains.
    pub const ALL: [Self; 13] = [
        Self::Condition,
        Self::Drug,
        Self::Measurement,
        Self::Procedure,
        Self::Observation,
        Self::Answer,
        Self::Gender,
        Self::Race,
        Self::Visit,
        Self::Unit,
        Self::Type,
        Self::Provider,
        Self::Metadata,
    ];

    /// `domain_id`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Condition => "Condition",
            Self::Drug => "Drug",
            Self::Measurement => "Measurement",
            Self::Procedure => "Procedure",
            Self::Observation => "Observation",
            Self::Answer => "Meas Value",
            Self::Gender => "Gender",
            Self::Race => "Race",
            Self::Visit => "Visit",
            Self::Unit => "Unit",
            Self::Type => "Type Concept",
            Self::Provider => "Provider",
            Self::Metadata => "Metadata",
        }
    }
}

/// One concept.
#[derive(Debug, PartialEq)]
pub struct Term {
    /// OMOP concept id.
    pub concept: i32,
    /// Name in plain words.
    pub name: &'static str,
    /// Domain.
    pub domain: Domain,
    /// What local codes are made from; empty for classes and for terms that records never code.
    pub stem: &'static str,
    /// Concepts one level above.
    pub parents: &'static [i32],
}

impl Term {
    /// Whether records use it under a local code.
    #[must_use]
    pub fn is_coded(&self) -> bool {
        !self.stem.is_empty()
    }
}

/// Every term, in the order of the concept table; each concept once.
pub fn all() -> impl Iterator<Item = &'static Term> {
    let assays = ASSAYS.iter().map(|assay| &assay.term);
    let general = GENERAL.iter().copied().flatten().copied();
    general.chain(CONDITIONS.iter().chain(DRUGS).copied()).chain(assays).chain(PROCEDURES.iter().copied())
}

/// The custom concept of a hospital's mapped code, above 2,000,000,000; 0 for a code without mapping.
#[must_use]
pub fn source_concept(code: &crate::Code, drugs: &str) -> i32 {
    static PLACES: LazyLock<BTreeMap<i32, i32>> = LazyLock::new(|| all().map(|term| term.concept).zip(0..).collect());
    match PLACES.get(&code.term.concept) {
        Some(place) if code.mapped => {
            let other = code.term.domain == Domain::Drug && drugs == "YJ";
            2_000_000_001 + 2 * place + i32::from(other)
        }
        _ => 0,
    }
}

/// Declares terms of one domain, and the list of them.
macro_rules! terms {
    ($(#[$meta:meta])* $list:ident, $domain:expr; $($name:ident = $concept:literal, $text:literal, $stem:literal, $parents:expr;)*) => {
        $(
            #[doc = $text]
            pub static $name: Term =
                Term { concept: $concept, name: $text, domain: $domain, stem: $stem, parents: &$parents };
        )*
        $(#[$meta])*
        pub static $list: &[&Term] = &[$(&$name),*];
    };
}
pub(crate) use terms;

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Domain, all};
    use crate::Code;

    #[test]
    fn every_concept_is_there_once_and_every_parent_exists() {
        let ids: Vec<i32> = all().map(|term| term.concept).collect();
        let set: BTreeSet<i32> = ids.iter().copied().collect();
        assert_eq!(ids.len(), set.len(), "a concept is declared twice");
        for term in all() {
            assert!(term.parents.iter().all(|parent| set.contains(parent)), "{} has an unknown parent", term.name);
        }
    }

    #[test]
    fn no_code_means_two_things() {
        for drugs in ["HOT9", "YJ"] {
            let mut seen = BTreeMap::new();
            for term in all().filter(|term| term.is_coded()) {
                for mapped in [true, false] {
                    let source = Code { term, mapped }.source(drugs);
                    assert!(source.len() <= 50);
                    assert_eq!(seen.insert(source.clone(), term.name), None, "{source} is used twice");
                }
            }
        }
    }

    #[test]
    fn codes_have_the_shape_of_their_system() {
        let check = |term, mapped, drugs, expect: &str| assert_eq!(Code { term, mapped }.source(drugs), expect);
        check(&super::TYPE_2_DIABETES, true, "HOT9", "ICD10:E11.9");
        check(&super::TYPE_2_DIABETES, false, "HOT9", "ICD10:E11");
        check(&super::HYPERTENSION, false, "HOT9", "ICD10:I10.9");
        for term in all().filter(|term| term.is_coded()) {
            for drugs in ["HOT9", "YJ"] {
                let source = Code { term, mapped: true }.source(drugs);
                let (system, code) = source.split_once(':').unwrap();
                let length = match (term.domain, drugs) {
                    (Domain::Drug, "HOT9") => 9,
                    (Domain::Drug, _) => 12,
                    (Domain::Measurement, _) => 17,
                    _ => continue,
                };
                assert_eq!(code.len(), length, "{system}: {code}");
            }
        }
    }
}
