//! Where statements go: into pieces of bounded size, each handed over when it is full.

use super::line::Line;
use crate::record::{Record, Statement};
use crate::{Extract, Reject, Rule};

/// Statements or rejects of a piece.
const PIECE: usize = 2048;

pub(super) struct Sink<'a> {
    pub(super) out: Extract,
    each: &'a mut dyn FnMut(Extract) -> bool,
    file: &'a str,
    listens: bool,
}

impl<'a> Sink<'a> {
    pub(super) fn new(file: &'a str, each: &'a mut dyn FnMut(Extract) -> bool) -> Self {
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        Self { out: Extract::default(), each, file, listens: true }
    }

    /// Whether anybody wants more.
    pub(super) fn listens(&self) -> bool {
        self.listens
    }

    pub(super) fn state(&mut self, patient: &str, key: String, version: i64, records: Vec<Record>) {
        self.out.statements.push((patient.to_owned(), Statement { key, version, records }));
        self.pass_on();
    }

    /// Puts a line aside; `column` names the column that is to blame.
    pub(super) fn reject(&mut self, line: &Line, rule: Rule, column: Option<&str>) {
        self.out.rejects.push(Reject {
            table: "",
            file: self.file.to_owned(),
            line: line.number(),
            rule,
            column: column.map(str::to_owned),
            record: line.whole().into_owned(),
        });
        self.pass_on();
    }

    pub(super) fn finish(mut self) {
        if self.listens {
            let _ = (self.each)(std::mem::take(&mut self.out));
        }
    }

    fn pass_on(&mut self) {
        if self.listens && (self.out.statements.len() >= PIECE || self.out.rejects.len() >= PIECE) {
            self.listens = (self.each)(std::mem::take(&mut self.out));
        }
    }
}
