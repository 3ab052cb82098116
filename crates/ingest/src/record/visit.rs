//! Visits, as a whole or step by step, and what belongs to them.

use serde::{Deserialize, Serialize};

use super::Provenance;
use crate::code::Coding;
use crate::when::When;

/// The setting of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Setting {
    /// A stay in hospital (9201).
    Inpatient,
    /// An outpatient contact (9202).
    Outpatient,
    /// An emergency visit (9203).
    Emergency,
    /// A visit at home (581476).
    Home,
}

impl Setting {
    /// The visit concept.
    #[must_use]
    pub fn concept(self) -> i32 {
        match self {
            Self::Inpatient => 9201,
            Self::Outpatient => 9202,
            Self::Emergency => 9203,
            Self::Home => 581_476,
        }
    }
}

/// A visit, as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// What other records of this source name it by ([`Link::visit`]).
    pub key: Option<String>,
    /// The visit of which it is a part; then it becomes a visit detail.
    pub part_of: Option<String>,
    /// Setting.
    pub setting: Setting,
    /// Contact or admission.
    pub start: When,
    /// Discharge; absent while the patient is still there, and for contacts within a day.
    pub end: Option<When>,
    /// Department or ward, by its code.
    pub department: Option<Coding>,
    /// Where the patient came from.
    pub admitted_from: Option<Coding>,
    /// Where the patient went.
    pub discharged_to: Option<Coding>,
    /// How it came about.
    pub provenance: Provenance,
}

/// A step of a stay that is recorded for itself, as ADT messages do. Stays are put together from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Movement {
    /// Which step.
    pub step: Step,
    /// Whether it takes back the step of the same kind at the same time (A11, A12, A13, A52, A53).
    pub retracts: bool,
    /// When it happened.
    pub at: When,
    /// Admission time as stated with a discharge.
    pub admitted: Option<When>,
    /// Department after the step.
    pub department: Option<Coding>,
    /// Ward after the step.
    pub ward: Option<Coding>,
    /// Disposition, of discharges.
    pub discharged_to: Option<Coding>,
}

/// The steps of a stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Step {
    Admission,
    Discharge,
    Transfer,
    LeaveStart,
    LeaveEnd,
}

/// To what a record belongs, where the source says so. Otherwise time decides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Link {
    /// [`Visit::key`].
    pub visit: Option<String>,
    /// Whether the record comes from a stay or from the outpatient department, where known.
    pub inpatient: Option<bool>,
}
