//! One CSV file, chunk by chunk: fields go straight from the record's bytes into typed columns.

use std::fs::File;
use std::io;

use csv::ByteRecord;

use super::assemble::{Failures, csv_record};
use super::builder::Builder;
use super::dialect::Dialect;
use super::error::ReadError;
use super::inspect::{Source, names};
use super::parse;
use super::reader::{CHUNK_BYTES, CHUNK_ROWS, Chunk, Context};
use super::stream::{RECORD_LIMIT, Stream};
use crate::{Reject, Rule};

pub(super) struct CsvPart<'a> {
    context: Context<'a>,
    source: &'a Source,
    reader: csv::Reader<Stream<File>>,
    record: ByteRecord,
    slots: Vec<Slot>,
    /// The position in the record of the person's id, if persons are to be checked, and that of its column.
    person: Option<(usize, usize)>,
}

/// One column of the table that the file has.
struct Slot {
    /// Position in the table.
    column: usize,
    /// Position in the record.
    field: usize,
    /// Whether an empty field rejects the row.
    demanded: bool,
    builder: Builder,
}

/// What came of one record.
enum Outcome {
    Row(Option<(Rule, Option<usize>)>),
    Blank,
    End,
}

impl<'a> CsvPart<'a> {
    pub(super) fn open(context: Context<'a>, source: &'a Source, dialect: &Dialect) -> Result<Self, ReadError> {
        let io = |error| ReadError::Io { file: source.path.clone(), source: error };
        let file = File::open(&source.path).map_err(io)?;
        let stream = Stream::open(file, dialect).map_err(io)?;
        let columns = context.table().columns.iter().zip(&source.header.sources).enumerate();
        let slots: Vec<Slot> = columns
            .filter_map(|(index, (column, field))| {
                let builder = Builder::new(column.kind, CHUNK_ROWS);
                Some(Slot { column: index, field: (*field)?, demanded: context.assembly.demands(index), builder })
            })
            .collect();
        let person = context.person_column().and_then(|column| Some((source.header.sources[column]?, column)));
        let mut part =
            Self { context, source, reader: dialect.reader(stream), record: ByteRecord::new(), slots, person };
        while part.advance()? && part.is_blank() {}
        if names(&part.record) != source.header.names {
            return Err(ReadError::Changed { file: source.path.clone() });
        }
        Ok(part)
    }

    pub(super) fn source(&self) -> &'a Source {
        self.source
    }

    /// The next chunk, whose first row has number `first` in the table.
    pub(super) fn next(&mut self, first: u64) -> Result<Option<Chunk>, ReadError> {
        let start = self.reader.position().byte();
        let mut rows = 0;
        let mut failures = Failures::new();
        let mut rejects = Vec::new();
        while rows < CHUNK_ROWS && self.reader.position().byte() - start < CHUNK_BYTES as u64 {
            match self.row()? {
                Outcome::End => break,
                Outcome::Blank => continue,
                Outcome::Row(None) => {}
                Outcome::Row(Some((rule, column))) => {
                    failures.insert(rows, (rule, column));
                    if !self.left_out() {
                        rejects.push(self.reject(rule, column));
                    }
                }
            }
            rows += 1;
        }
        if rows == 0 {
            return Ok(None);
        }
        let mut columns = vec![None; self.context.table().columns.len()];
        for slot in &mut self.slots {
            columns[slot.column] = Some(slot.builder.finish());
        }
        let batch = self
            .context
            .assembly
            .batch(columns, rows, &failures, first)
            .map_err(|source| ReadError::Arrow { file: self.source.path.clone(), source })?;
        let bytes = self.reader.position().byte();
        Ok(Some(Chunk { batch, rejects, bytes, read: rows as u64 }))
    }

    /// Reads one record and appends it to every column, as nulls from where it breaks a rule.
    fn row(&mut self) -> Result<Outcome, ReadError> {
        if !self.advance()? {
            return Ok(Outcome::End);
        }
        if self.is_blank() {
            return Ok(Outcome::Blank);
        }
        let cut = self.reader.get_ref().ended();
        if cut && self.lines() > 1 {
            return Err(ReadError::Unclosed { file: self.source.path.clone(), line: self.line() });
        }
        let fields = self.source.header.names.len();
        if cut || self.record.len() != fields {
            self.slots.iter_mut().for_each(|slot| slot.builder.push_null());
            return Ok(Outcome::Row(Some((Rule::Fields, None))));
        }
        let mut failure = None;
        for slot in &mut self.slots {
            let field = &self.record[slot.field];
            let field = if slot.field + 1 == fields { field.strip_suffix(b"\r").unwrap_or(field) } else { field };
            let broken = match slot.builder.push(field) {
                Ok(true) => continue,
                Ok(false) if !slot.demanded => continue,
                Ok(false) => Rule::Required,
                Err(rule) => rule,
            };
            failure = failure.or(Some((broken, Some(slot.column))));
        }
        Ok(Outcome::Row(failure.or_else(|| self.stranger())))
    }

    /// The person's column, if the record's person does not exist.
    fn stranger(&self) -> Option<(Rule, Option<usize>)> {
        let (persons, (_, column)) = (self.context.persons?, self.person?);
        (!persons(self.owner()?)).then_some((Rule::Person, Some(column)))
    }

    /// The record's person.
    fn owner(&self) -> Option<i64> {
        let (field, _) = self.person?;
        parse::id(parse::bare(self.record.get(field)?)?).ok()
    }

    /// Whether the record is of somebody of whom nothing is handed out.
    fn left_out(&self) -> bool {
        self.context.left_out.is_some_and(|left_out| self.owner().is_some_and(left_out))
    }

    fn advance(&mut self) -> Result<bool, ReadError> {
        let start = self.reader.position().byte();
        self.reader.get_mut().start_record(start);
        match self.reader.read_byte_record(&mut self.record) {
            Ok(more) => Ok(more),
            Err(_) if self.reader.get_ref().too_long() => {
                let line = self.record.position().map_or(0, csv::Position::line);
                Err(ReadError::TooLong { file: self.source.path.clone(), line, limit: RECORD_LIMIT })
            }
            Err(error) => {
                let source = match error.into_kind() {
                    csv::ErrorKind::Io(error) => error,
                    _ => io::ErrorKind::InvalidData.into(),
                };
                Err(ReadError::Io { file: self.source.path.clone(), source })
            }
        }
    }

    /// Whether the record is a line without anything, which a CR before the LF hides from the reader.
    fn is_blank(&self) -> bool {
        self.record.len() == 1 && matches!(&self.record[0], b"" | b"\r")
    }

    /// How many lines the record's fields span, beyond the first.
    fn lines(&self) -> u64 {
        self.record.as_slice().iter().filter(|b| **b == b'\n').count() as u64
    }

    /// The line on which the record starts. The reader's own count begins at the blank lines before it.
    fn line(&self) -> u64 {
        let terminator = u64::from(!self.reader.get_ref().ended());
        self.reader.position().line() - self.lines() - terminator
    }

    fn reject(&self, rule: Rule, column: Option<usize>) -> Reject {
        let fields = self.record.len();
        let trimmed = self
            .record
            .iter()
            .enumerate()
            .map(|(index, field)| if index + 1 == fields { field.trim_ascii_end() } else { field });
        Reject {
            table: self.context.table().name,
            file: self.source.name.clone(),
            line: self.line(),
            rule,
            column: column.map(|column| self.context.table().columns[column].name.to_owned()),
            record: csv_record(trimmed),
        }
    }
}
