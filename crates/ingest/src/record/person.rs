//! Who the patient is, when they died, how they are insured.

use serde::{Deserialize, Serialize};

use super::Provenance;
use crate::code::Coding;
use crate::when::{Day, When};

/// Administrative sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Sex {
    Male,
    Female,
    Other,
    Unknown,
}

/// A date of birth, as precise as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Birth {
    /// Four digits.
    pub year: i32,
    /// 1 to 12.
    pub month: Option<u8>,
    /// 1 to 31; not without a month.
    pub day: Option<u8>,
}

/// Who the patient is. Of several statements of this kind the newest counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Date of birth.
    pub birth: Option<Birth>,
    /// Sex.
    pub sex: Sex,
    /// At most the first three digits of the postal code.
    pub zip3: Option<String>,
    /// Whether it is a test patient, by the rules' words in the name or the number; left out of the snapshot.
    pub test: bool,
}

/// The patient died.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct Death {
    pub at: When,
    pub provenance: Provenance,
}

/// An insurance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payer {
    /// The kind of plan.
    pub plan: Coding,
    /// First day.
    pub start: Option<Day>,
    /// Last day.
    pub end: Option<Day>,
}
