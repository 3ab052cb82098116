//! What a source says about a patient, in the terms of the CDM but before concepts, numbers and links.
//!
//! Every source but OMOP's own tables is converted to these records first. They hold codes in their canonical spelling
//! and never a name, an address, a phone number or free text: a converter has no field to put them into. Numbers of
//! persons and events, concepts, the visit that a record belongs to, observation periods and eras come later, when all
//! records of a person are seen together.

mod event;
mod person;
mod row;
mod value;
mod visit;

use serde::{Deserialize, Serialize};

pub use event::{Condition, Device, Drug, Measurement, Observation, Procedure, Specimen, Standing};
pub use person::{Birth, Death, Payer, Person, Sex};
pub use row::{Cell, Row};
pub use value::{Comparator, Grade, Value};
pub use visit::{Link, Movement, Setting, Step, Visit};

use crate::code::Coding;

/// One thing that a source says about one patient, and can replace or take back later: a file of SS-MIX2, a resource
/// of FHIR, a line of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// What identifies it among the patient's statements of one source, such as `Observation/123`.
    pub key: String,
    /// Of statements with one key the greatest version counts, of equal versions the one read last.
    pub version: i64,
    /// What it says; nothing where it was taken back.
    pub records: Vec<Record>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each variant is the record of its name")]
pub enum Record {
    Person(Person),
    /// The date of birth that a message about something else has beside it: compared with the person's, and no more.
    Born(Birth),
    Death(Death),
    Visit(Visit),
    Movement(Movement),
    Condition(Condition),
    Drug(Drug),
    Procedure(Procedure),
    Device(Device),
    Measurement(Measurement),
    Observation(Observation),
    Specimen(Specimen),
    Payer(Payer),
    Row(Row),
}

/// How a record came about: the concepts of the CDM's type vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Provenance {
    /// From the hospital's record, no nearer known (32817).
    Ehr,
    /// A drug that was administered (32818).
    EhrAdministration,
    /// A visit (32827).
    EhrEncounter,
    /// An order (32833).
    EhrOrder,
    /// A prescription (32838).
    EhrPrescription,
    /// A drug that was dispensed (32825).
    EhrDispensing,
    /// The list of problems or diagnoses (32840).
    EhrProblemList,
    /// A laboratory result (32856).
    Lab,
    /// A claim, DPC included (32810).
    Claim,
}

impl Provenance {
    /// The type concept.
    #[must_use]
    pub fn concept(self) -> i32 {
        match self {
            Self::Ehr => 32817,
            Self::EhrAdministration => 32818,
            Self::EhrEncounter => 32827,
            Self::EhrOrder => 32833,
            Self::EhrPrescription => 32838,
            Self::EhrDispensing => 32825,
            Self::EhrProblemList => 32840,
            Self::Lab => 32856,
            Self::Claim => 32810,
        }
    }
}

/// Codes for one thing, the most specific or most standard first. Mapping takes the first that leads to a concept; the
/// source value is that of the first.
pub type Codes = Vec<Coding>;
