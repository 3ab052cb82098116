//! What converting a piece of a source yields: statements about patients, what was seen of its codes, what was odd.

use std::collections::BTreeMap;

use crate::code::Coding;
use crate::record::{Codes, Statement};
use crate::remark::{Remark, Remarks};
use crate::{Reject, Rule};

/// Collects what is read from a source. A converter fills it; whoever called keeps what is in it and starts a new one.
#[derive(Debug, Default)]
pub struct Extract {
    /// Statements, each with the patient as this source numbers them.
    pub statements: Vec<(String, Statement)>,
    /// Numbers of one patient that differ within the source: a reference such as `Patient/abc`, and the hospital's own
    /// patient number.
    pub aliases: Vec<(String, String)>,
    /// Codes of things that statements name by a reference, such as `Medication/5`.
    pub shared: Vec<(String, Codes)>,
    /// Statements that the source has deleted, by their key, and the version until which it has.
    pub deleted: Vec<Deleted>,
    /// Codes that were seen.
    pub seen: Dictionary,
    /// What was odd.
    pub remarks: Remarks,
    /// What could not be read, for the quarantine.
    pub rejects: Vec<Reject>,
}

impl Extract {
    /// A code in its canonical spelling, noted with the text that the source shows for it.
    pub fn code(&mut self, coding: Coding, display: Option<&str>) -> Coding {
        self.seen.see(&coding, display);
        coding
    }

    /// Notes something odd.
    pub fn remark(&mut self, remark: &Remark) {
        self.remarks.add(remark);
    }

    /// Puts a piece of the source aside.
    pub fn reject(&mut self, file: &str, line: u64, rule: Rule, record: &str) {
        let file = file.to_owned();
        self.rejects.push(Reject { table: "", file, line, rule, column: None, record: record.to_owned() });
    }
}

/// A statement that the source has deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// What identifies it, such as `Observation/123`. That of a patient stands for everything about them.
    pub key: String,
    /// Versions after this one count again; without one, those that are read from later files.
    pub until: Option<i64>,
}

/// The texts that a source shows for its codes. It stays in the hospital: without it nobody can map a code by hand.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Dictionary(BTreeMap<Coding, Option<String>>);

impl Dictionary {
    /// Notes a code; the first text that is not empty is kept.
    pub fn see(&mut self, coding: &Coding, display: Option<&str>) {
        let display = display.map(str::trim).filter(|text| !text.is_empty());
        match self.0.get_mut(coding) {
            Some(Some(_)) => {}
            Some(none) => *none = display.map(str::to_owned),
            None => {
                self.0.insert(coding.clone(), display.map(str::to_owned));
            }
        }
    }

    /// The text of a code.
    #[must_use]
    pub fn text(&self, coding: &Coding) -> Option<&str> {
        self.0.get(coding)?.as_deref()
    }

    /// Codes and texts, by code.
    pub fn iter(&self) -> impl Iterator<Item = (&Coding, Option<&str>)> {
        self.0.iter().map(|(coding, text)| (coding, text.as_deref()))
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: Self) {
        for (coding, text) in other.0 {
            self.see(&coding, text.as_deref());
        }
    }
}
