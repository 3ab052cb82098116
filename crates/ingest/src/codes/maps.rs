//! Maps that people write: `source_to_concept_map`, as a table of the vocabulary's folder or as further files.
//!
//! A further file is CSV with a header, separated by commas or tabs, in UTF-8 or as Excel writes it in Japan (CP932).
//! It has the columns of `source_to_concept_map`, or those that Usagi saves (`sourceCode`, `conceptId`,
//! `mappingStatus`, and `ADD_INFO:source_vocabulary` for the vocabulary; only what is approved counts). A code without
//! a vocabulary may name it itself, as in `JLAC10:3A010000002327101`.
//!
//! Of two sources that map one code, the later one counts, as a whole: what it does not repeat is gone.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use csv::StringRecord;

use super::columns::{date, integer, text};
use super::error::CodesError;
use super::load::MapFile;
use super::remarks::{MAP_EXPIRED, MAP_LOCAL, MAP_UNAPPROVED, MAP_UNREADABLE};
use super::table::Table;
use super::vocabularies::system_named;
use super::{canonical, table};
use crate::code::{Coding, System};
use crate::omop::parse;
use crate::remark::{Remark, Remarks};
use crate::when::Day;

/// Where a code leads to by a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mapped {
    /// The concept; 0 where there is none.
    pub(super) target: i32,
    /// Whether it stands beside the others as their value.
    pub(super) value: bool,
    /// The concept of the code itself, or 0.
    pub(super) source: i32,
}

/// Maps by code.
#[derive(Debug, Default)]
pub(super) struct Maps {
    rows: HashMap<Coding, (usize, Vec<Mapped>)>,
    /// The number of the source that is being read.
    source: usize,
    /// What was odd.
    pub(super) remarks: Remarks,
}

/// A row as it is written.
struct Written<'a> {
    code: &'a str,
    vocabulary: &'a str,
    mapped: Mapped,
    start: Option<Day>,
    end: Option<Day>,
    invalid: bool,
}

const REMEDY: &str = "name the columns as source_to_concept_map has them (source_code, source_vocabulary_id, \
                      target_concept_id), or save the file from Usagi";

impl Maps {
    /// Where a code leads to.
    pub(super) fn get(&self, coding: &Coding) -> Option<&[Mapped]> {
        self.rows.get(coding).map(|(_, mapped)| mapped.as_slice())
    }

    /// Codes and where they lead to.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Coding, &[Mapped])> {
        self.rows.iter().map(|(coding, (_, mapped))| (coding, mapped.as_slice()))
    }

    /// Begins another source, which counts before those that were read.
    pub(super) fn next_source(&mut self) {
        self.source += 1;
    }

    /// Reads rows of the table `source_to_concept_map`.
    pub(super) fn batch(&mut self, batch: &RecordBatch, today: Day, wanted: &dyn Fn(&Coding) -> bool) {
        let columns = (
            text(batch, "source_code"),
            text(batch, "source_vocabulary_id"),
            integer(batch, "target_concept_id"),
            integer(batch, "source_concept_id"),
            text(batch, "invalid_reason"),
        );
        let (Some(code), Some(vocabulary), Some(target), Some(source), Some(reason)) = columns else { return };
        let (start, end) = (date(batch, "valid_start_date"), date(batch, "valid_end_date"));
        for row in 0..batch.num_rows() {
            let written = Written {
                code: code.value(row),
                vocabulary: vocabulary.value(row),
                mapped: Mapped { target: target.value(row), value: false, source: source.value(row) },
                start: start.map(|start| Day(start.value(row))),
                end: end.map(|end| Day(end.value(row))),
                invalid: !reason.value(row).trim().is_empty(),
            };
            self.add(&written, today, wanted);
        }
    }

    /// Reads a further file.
    pub(super) fn file(
        &mut self,
        file: &MapFile,
        today: Day,
        wanted: &dyn Fn(&Coding) -> bool,
    ) -> Result<(), CodesError> {
        let MapFile { path, content } = file;
        let content = match content {
            Some(bytes) => table::decode(bytes),
            None => table::read(path)?,
        };
        let table = Table::of(&content, true);
        let Some(fields) = Fields::of(&table) else {
            let what = "it has no columns for the source's code and the concept".to_owned();
            return Err(CodesError::Columns { file: path.clone(), what, remedy: REMEDY });
        };
        for record in table.records() {
            if record.len() < table.width {
                self.remarks.add(&MAP_UNREADABLE);
                continue;
            }
            match fields.read(&record) {
                Ok(row) => self.add(&row, today, wanted),
                Err(remark) => self.remarks.add(remark),
            }
        }
        Ok(())
    }

    fn add(&mut self, row: &Written<'_>, today: Day, wanted: &dyn Fn(&Coding) -> bool) {
        if row.invalid || row.start.is_some_and(|start| start > today) || row.end.is_some_and(|end| end < today) {
            self.remarks.add(&MAP_EXPIRED);
            return;
        }
        let (system, code) = self.system(row);
        let Some(coding) = canonical(system, code, &mut Remarks::default()) else {
            self.remarks.add(&MAP_UNREADABLE);
            return;
        };
        if !wanted(&coding) {
            return;
        }
        let (source, mapped) = self.rows.entry(coding).or_default();
        if *source != self.source {
            mapped.clear();
            *source = self.source;
        }
        if !mapped.contains(&row.mapped) {
            mapped.push(row.mapped);
        }
    }

    fn system<'a>(&mut self, row: &Written<'a>) -> (System, &'a str) {
        if let Some(system) = system_named(row.vocabulary) {
            let prefix = row.code.strip_prefix(system.prefix()).and_then(|code| code.strip_prefix(':'));
            return (system, prefix.unwrap_or(row.code));
        }
        if let Some((name, code)) = row.code.split_once(':')
            && let Some(system) = system_named(name)
        {
            return (system, code);
        }
        self.remarks.add(&MAP_LOCAL);
        (System::Local, row.code)
    }
}

/// The columns of a further file.
struct Fields {
    code: usize,
    target: usize,
    vocabulary: Option<usize>,
    source: Option<usize>,
    start: Option<usize>,
    end: Option<usize>,
    reason: Option<usize>,
    status: Option<usize>,
    kind: Option<usize>,
}

impl Fields {
    fn of(table: &Table<'_>) -> Option<Self> {
        Some(Self {
            code: table.position(&["sourcecode"])?,
            target: table.position(&["targetconceptid", "conceptid"])?,
            vocabulary: table.position(&["sourcevocabularyid", "sourcevocabulary", "addinfo:sourcevocabulary"]),
            source: table.position(&["sourceconceptid"]),
            start: table.position(&["validstartdate"]),
            end: table.position(&["validenddate"]),
            reason: table.position(&["invalidreason"]),
            status: table.position(&["mappingstatus"]),
            kind: table.position(&["mappingtype"]),
        })
    }

    fn read<'a>(&self, record: &'a StringRecord) -> Result<Written<'a>, &'static Remark> {
        let field = |position: Option<usize>| position.and_then(|at| record.get(at)).unwrap_or("").trim();
        let approved = self.status.is_none() || field(self.status).eq_ignore_ascii_case("APPROVED");
        let value = match field(self.kind) {
            "" | "MAPS_TO" | "EVENT" => false,
            "MAPS_TO_VALUE" | "VALUE" => true,
            _ => return Err(&MAP_UNAPPROVED),
        };
        if !approved {
            return Err(&MAP_UNAPPROVED);
        }
        let source = field(self.source).parse().unwrap_or(0);
        Ok(Written {
            code: field(Some(self.code)),
            vocabulary: field(self.vocabulary),
            mapped: Mapped { target: field(Some(self.target)).parse().map_err(|_| &MAP_UNREADABLE)?, value, source },
            start: day(field(self.start))?,
            end: day(field(self.end))?,
            invalid: !field(self.reason).is_empty(),
        })
    }
}

/// A day as the table has it, or as Excel makes of it (`2026/3/31`); nothing where none is stated.
fn day(text: &str) -> Result<Option<Day>, &'static Remark> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut parts = text.split('/').map(str::parse);
    let day = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) => {
            i32::try_from(year).ok().and_then(|year| Day::of(year, month, day))
        }
        _ => parse::date(text.as_bytes()).ok().map(Day),
    };
    day.map(Some).ok_or(&MAP_UNREADABLE)
}
