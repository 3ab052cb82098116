//! What the assembly asks of whoever knows concepts.

use crate::code::Coding;
use crate::codes::{self, Resolved};
use crate::record::{Codes, Grade};

/// Knows concepts.
pub trait Concepts {
    /// Adds codes that say the same, from the site's masters.
    fn expand(&self, codes: &mut Codes);
    /// What codes for one thing lead to.
    fn resolve(&self, codes: &[Coding]) -> Resolved;
    /// The concept of a unit.
    fn unit(&self, unit: &Coding) -> Option<i32>;
    /// The concept of a result in words.
    fn grade(&self, grade: Grade) -> Option<i32>;
    /// The concept of the CDM's own field `measurement.measurement_id`, where the vocabulary has it.
    fn measurements(&self) -> Option<i32>;
    /// Ingredients of a drug concept, for eras; nothing where the vocabulary does not say.
    fn ingredients(&self, drug: i32) -> &[i32];
}

/// Concepts as the site's own vocabularies, maps and masters have them.
#[derive(Debug, Default)]
pub struct Known {
    /// Vocabularies and maps.
    pub concepts: codes::Concepts,
    /// Masters.
    pub masters: codes::Masters,
}

impl Concepts for Known {
    fn expand(&self, codes: &mut Codes) {
        self.masters.expand(codes);
    }

    fn resolve(&self, codes: &[Coding]) -> Resolved {
        self.concepts.resolve(codes)
    }

    fn unit(&self, unit: &Coding) -> Option<i32> {
        self.concepts.unit(unit)
    }

    fn grade(&self, grade: Grade) -> Option<i32> {
        self.concepts.grade(grade)
    }

    fn measurements(&self) -> Option<i32> {
        self.concepts.measurements()
    }

    fn ingredients(&self, drug: i32) -> &[i32] {
        self.concepts.ingredients(drug)
    }
}
