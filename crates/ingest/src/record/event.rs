//! What happened to a patient: diagnoses, drugs, procedures, devices, results, observations, specimens.

use serde::{Deserialize, Serialize};

use super::{Codes, Link, Provenance, Value};
use crate::code::Coding;
use crate::when::When;

/// The standing of a diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// At admission (32890).
    Admission,
    /// At discharge (32896).
    Discharge,
    /// Main diagnosis (32902).
    Primary,
    /// What led to the admission (32901, DPC).
    Trigger,
    /// What used most resources (32908, DPC).
    Resource,
    /// Present at admission beside the main one (32907, DPC).
    Comorbidity,
    /// Arose during the stay (32909, DPC).
    Complication,
    /// Before surgery (32897).
    Preoperative,
    /// After surgery (32898).
    Postoperative,
    /// Final (32899, confirmed).
    Final,
}

/// A diagnosis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// What it is.
    pub codes: Codes,
    /// Onset, or else when it was found.
    pub start: When,
    /// When it ended, where known.
    pub end: Option<When>,
    /// Its standing.
    pub standing: Option<Standing>,
    /// Whether it is only suspected (疑い): left out unless the rules keep it.
    pub suspected: bool,
    /// How it came about.
    pub provenance: Provenance,
    /// Its visit.
    pub link: Link,
}

/// A drug or vaccine, ordered, dispensed or given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drug {
    /// What it is.
    pub codes: Codes,
    /// First day of use, or the time of administration.
    pub start: When,
    /// End of use as the source states it.
    pub end: Option<When>,
    /// Days of supply.
    pub days: Option<i32>,
    /// Amount in all, in `unit`.
    pub quantity: Option<f64>,
    /// Unit of the amount.
    pub unit: Option<Coding>,
    /// Route.
    pub route: Option<Coding>,
    /// How it came about.
    pub provenance: Provenance,
    /// The order it belongs to. An order with an administration under the same number is not counted twice.
    pub order: Option<String>,
    /// Its visit.
    pub link: Link,
    /// Key in [`Extract::shared`](crate::Extract::shared) of the codes, where `codes` is empty because the source names
    /// the drug by a reference.
    pub reference: Option<String>,
}

/// Something done to a patient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Procedure {
    /// What it is.
    pub codes: Codes,
    /// When it was done or began.
    pub start: When,
    /// When it ended.
    pub end: Option<When>,
    /// How many times.
    pub quantity: Option<i32>,
    /// Whether the source itself files it under surgery.
    pub surgery: bool,
    /// How it came about.
    pub provenance: Provenance,
    /// Its visit.
    pub link: Link,
}

/// A device or material that was used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// What it is.
    pub codes: Codes,
    /// When it was used first.
    pub start: When,
    /// How many.
    pub quantity: Option<i32>,
    /// How it came about.
    pub provenance: Provenance,
    /// Its visit.
    pub link: Link,
}

/// A laboratory result, a vital sign, a measured size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// What was measured.
    pub codes: Codes,
    /// When; of laboratory results, when the specimen was taken.
    pub at: When,
    /// The result.
    pub value: Value,
    /// Whether the result is preliminary: kept only where no final one stands beside it.
    pub preliminary: bool,
    /// Which of the statement's records it belongs to, by its place from 0: the organism whose amount or susceptibility
    /// it is.
    pub part_of: Option<u16>,
    /// How it came about.
    pub provenance: Provenance,
    /// Its visit.
    pub link: Link,
}

/// Anything else that was observed: an allergy, a habit, a disability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What was asked or observed.
    pub codes: Codes,
    /// When; where the source has no date for it, that of its message.
    pub at: When,
    /// The answer.
    pub value: Value,
    /// How it came about.
    pub provenance: Provenance,
    /// Its visit.
    pub link: Link,
}

/// A specimen that was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Specimen {
    /// What kind.
    pub codes: Codes,
    /// When it was taken.
    pub at: When,
    /// How it came about.
    pub provenance: Provenance,
}
