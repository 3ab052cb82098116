//! What a source says about a patient, in the terms of the CDM but before concepts, numbers and links.
//!
//! Every source but OMOP's own tables is converted to these records first. They hold codes in their canonical spelling
//! and never a name, an address, a phone number or free text: a converter has no field to put them into. Numbers of
//! persons and events, concepts, the visit that a record belongs to, observation periods and eras come later, when all
//! records of a person are seen together.

use serde::{Deserialize, Serialize};

use crate::code::Coding;
use crate::when::{Day, When};

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

/// How a number is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Comparator {
    Less,
    AtMost,
    AtLeast,
    Greater,
}

/// A result in words, from negative to strongly positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Grade {
    /// −
    Negative,
    /// ±
    Trace,
    /// + without a number.
    Positive,
    /// 1+ to 9+.
    Plus(u8),
}

/// The result of a measurement or observation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Value {
    /// The number.
    pub number: Option<f64>,
    /// How it is to be read; absent means equal.
    pub comparator: Option<Comparator>,
    /// The result in words.
    pub grade: Option<Grade>,
    /// The result as a code.
    pub code: Option<Coding>,
    /// Unit of the number and of the range.
    pub unit: Option<Coding>,
    /// Lower limit of the normal range.
    pub low: Option<f64>,
    /// Upper limit of the normal range.
    pub high: Option<f64>,
    /// Whether there was a text that says none of this. It is not kept.
    pub unread: bool,
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

/// A row that a site maps to the CDM itself, column by column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Name of the CDM table.
    pub table: String,
    /// Position of the column within the table, and its value. Primary key, person and empty columns are left out.
    pub cells: Vec<(u16, Cell)>,
    /// Codes whose concept is still to be found: position of the `*_source_value` column, and the codes.
    pub codes: Vec<(u16, Codes)>,
    /// [`Visit::key`] of this row's visit, or, in the table of visits, of this row itself.
    pub visit: Option<String>,
}

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    /// An id, a concept id, a number without fraction.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A date.
    Day(Day),
    /// A datetime, in microseconds since 1970-01-01T00:00 without zone.
    Time(i64),
    /// A text.
    Text(String),
}
