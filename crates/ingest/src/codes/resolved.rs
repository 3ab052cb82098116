//! The concepts of a code, and how they were found.

use super::domain::Domain;
use crate::code::Coding;

/// A standard concept that a code leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The concept.
    pub concept: i32,
    /// Its domain, where the vocabulary says.
    pub domain: Option<Domain>,
    /// What the code says beside the concept (`Maps to value`), such as the substance of an allergy.
    pub value: Option<i32>,
}

/// How a code came by its concepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// By a map that people wrote; without targets, if they found that there is no concept for it.
    Map,
    /// By the vocabulary.
    Vocabulary,
    /// By an international code that is known to say the same.
    BuiltIn,
    /// By a code that is less exact.
    Fallback,
    /// Not at all.
    Unmapped,
}

/// What several codes for one thing lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The first code, for the `*_source_value`.
    pub source: Option<Coding>,
    /// The concept of the code that led to the targets, or else of the first that is in a vocabulary; 0 for none.
    pub source_concept: i32,
    /// The standard concepts, by number; several if the code says several things.
    pub targets: Vec<Target>,
    /// How they were found.
    pub by: How,
}
