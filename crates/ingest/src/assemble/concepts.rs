//! What the assembly asks of whoever knows concepts.

use crate::code::Coding;
use crate::record::Grade;

/// A domain of the CDM that decides on a row's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the CDM's own words")]
pub enum Domain {
    Condition,
    Device,
    Drug,
    Measurement,
    Observation,
    Procedure,
    Other,
}

/// A standard concept that a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The concept.
    pub concept: i32,
    /// Its domain, where known.
    pub domain: Option<Domain>,
    /// The value that the code says with it (`Maps to value`).
    pub value: Option<i32>,
}

/// What some codes for one thing mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// Concept of the source's code, 0 if there is none.
    pub source_concept: i32,
    /// Standard concepts; none where nothing is known.
    pub targets: Vec<Target>,
}

/// Knows concepts.
pub trait Concepts {
    /// What codes for one thing mean, the first that is known.
    fn resolve(&self, codes: &[Coding]) -> Mapped;
    /// The concept of a unit.
    fn unit(&self, unit: &Coding) -> Option<i32>;
    /// The concept of a result in words.
    fn grade(&self, grade: Grade) -> Option<i32>;
    /// Ingredients of a drug concept, for eras; nothing where the vocabulary does not say.
    fn ingredients(&self, drug: i32) -> &[i32];
}
