//! The model: a person, their visits, and what was recorded at each.
//!
//! Dates are the hospital's local ones. Ids are unique per kind within a hospital and ascend with the patient.

use chrono::{Days, NaiveDate, NaiveDateTime};

use crate::terms::{Assay, Domain, Term};

/// Sex as registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// Male.
    Male,
    /// Female.
    Female,
}

/// Smoking as asked at the first visit of an adult.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Smoking {
    /// Never smoked.
    Never,
    /// Stopped.
    Former,
    /// Smokes.
    Current,
}

/// One patient of the hospital.
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    /// Number of the patient, from 1.
    pub id: i64,
    /// Sex.
    pub sex: Sex,
    /// Date of birth.
    pub born: NaiveDate,
    /// Where the patient lives: a [`crate::Place`].
    pub place: i64,
    /// Smoking; `None` for children.
    pub smoking: Option<Smoking>,
    /// Death, which ends the record.
    pub death: Option<Death>,
    /// Visits by their start; at least one.
    pub visits: Vec<Visit>,
}

impl Patient {
    /// First and last day that the hospital knows of: from the first visit to the last day of anything that was begun
    /// at a visit, or to death.
    #[must_use]
    pub fn observed(&self) -> (NaiveDate, NaiveDate) {
        let start = self.visits.iter().map(|visit| visit.start.date()).min().unwrap_or(self.born);
        let ends = self.visits.iter().flat_map(|visit| {
            let diagnoses = visit.diagnoses.iter().filter_map(|diagnosis| diagnosis.end);
            let prescriptions = visit.prescriptions.iter().map(Prescription::end);
            diagnoses.chain(prescriptions).chain([visit.end.date()])
        });
        let end = match &self.death {
            Some(death) => death.date,
            None => ends.max().unwrap_or(start),
        };
        (start, end)
    }
}

/// A death.
#[derive(Debug, Clone, PartialEq)]
pub struct Death {
    /// The day.
    pub date: NaiveDate,
    /// The underlying cause.
    pub cause: Code,
}

/// The kind of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VisitKind {
    /// Outpatient.
    Outpatient,
    /// Inpatient, one night or more.
    Inpatient,
    /// Emergency department, same day.
    Emergency,
}

/// One visit and what was recorded at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// Number of the visit, from 1.
    pub id: i64,
    /// Kind.
    pub kind: VisitKind,
    /// Arrival.
    pub start: NaiveDateTime,
    /// Departure; on a later day for inpatients only.
    pub end: NaiveDateTime,
    /// The [`crate::CareSite`].
    pub care_site: i64,
    /// The [`crate::Provider`].
    pub provider: i64,
    /// Whether the patient was admitted through the emergency department.
    pub urgent: bool,
    /// Whether the patient died during the visit.
    pub died: bool,
    /// Diagnoses recorded.
    pub diagnoses: Vec<Diagnosis>,
    /// Drugs prescribed.
    pub prescriptions: Vec<Prescription>,
    /// Laboratory results and vital signs.
    pub labs: Vec<Lab>,
    /// Procedures done.
    pub procedures: Vec<Procedure>,
    /// Other facts asked.
    pub observations: Vec<Observation>,
}

/// A term under the code that the hospital's system used for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Code {
    /// What is meant.
    pub term: &'static Term,
    /// Whether it is the code that the hospital has mapped to a concept, or a second one that it has not.
    pub mapped: bool,
}

impl Code {
    /// The standard concept id, 0 where the hospital has no mapping.
    #[must_use]
    pub fn concept(&self) -> i32 {
        if self.mapped { self.term.concept } else { 0 }
    }

    /// The code in its canonical form `SYSTEM:code`; `drugs` is the hospital's coding system of drugs.
    #[must_use]
    pub fn source(&self, drugs: &str) -> String {
        let Term { stem, domain, .. } = self.term;
        match (domain, self.mapped) {
            (Domain::Condition, true) => format!("ICD10:{stem}"),
            (Domain::Condition, false) => match stem.split_once('.') {
                Some((category, _)) => format!("ICD10:{category}"),
                None => format!("ICD10:{stem}.9"),
            },
            (Domain::Drug, mapped) if drugs == "YJ" => format!("YJ:{stem}F{}019", if mapped { 1 } else { 2 }),
            (Domain::Drug, mapped) => format!("HOT9:{stem}{}", if mapped { "01" } else { "02" }),
            (Domain::Measurement, true) => format!("JLAC10:{stem}000002304101"),
            (Domain::Measurement, false) => format!("JLAC10:{stem}000001926299"),
            (Domain::Procedure, true) => format!("KCODE:{stem}"),
            (_, _) => format!("LOCAL:{stem}"),
        }
    }
}

/// A diagnosis as recorded at a visit.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// Number, from 1.
    pub id: i64,
    /// The disease.
    pub code: Code,
    /// First day.
    pub start: NaiveDate,
    /// Last day; `None` for chronic diseases.
    pub end: Option<NaiveDate>,
    /// Whether it is the main reason of the visit.
    pub main: bool,
}

/// A drug as prescribed at a visit.
#[derive(Debug, Clone, PartialEq)]
pub struct Prescription {
    /// Number, from 1.
    pub id: i64,
    /// The drug.
    pub code: Code,
    /// First day.
    pub start: NaiveDate,
    /// Days of supply, at least 1.
    pub days: i32,
    /// Tablets, vials or puffs in all.
    pub quantity: f64,
}

impl Prescription {
    /// The last day of supply.
    #[must_use]
    pub fn end(&self) -> NaiveDate {
        self.start + Days::new(u64::from((self.days - 1).max(0).unsigned_abs()))
    }
}

/// A laboratory result or vital sign.
#[derive(Debug, Clone, PartialEq)]
pub struct Lab {
    /// Number, from 1.
    pub id: i64,
    /// What was measured, with its unit and range.
    pub assay: &'static Assay,
    /// Its code.
    pub code: Code,
    /// When.
    pub at: NaiveDateTime,
    /// The value in the assay's unit; `None` where the sample could not be measured.
    pub value: Option<f64>,
}

/// A procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct Procedure {
    /// Number, from 1.
    pub id: i64,
    /// What was done.
    pub code: Code,
    /// When.
    pub date: NaiveDate,
}

/// A fact that is neither a measurement nor a disease: smoking.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Number, from 1.
    pub id: i64,
    /// What was asked.
    pub term: &'static Term,
    /// The answer.
    pub value: &'static Term,
    /// When.
    pub date: NaiveDate,
}
