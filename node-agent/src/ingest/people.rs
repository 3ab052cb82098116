//! The source's person table, read for itself before anything else: who is there, and by what they are recognised.

use std::collections::HashSet;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, BooleanArray, RecordBatch};
use renkei_ingest::omop::TableFiles;
use renkei_ingest::{Reject, Rule};
use renkei_staging::without_zeros;

use super::IngestError;
use super::numbering::Candidate;
use crate::store::{Identity, Lineage, Token};

/// The rule in the quarantine for a row of `person` whose `person_id` an earlier row has.
pub const DUPLICATE_PERSON: &str = "duplicate-person";

/// Who is in the source. Of rows with one `person_id` the first counts.
#[derive(Debug, Default)]
pub(super) struct Roll {
    rows: Vec<Row>,
    /// Rows of the source's table.
    read: u64,
    /// Rows without a `person_source_value`, or with one that another row has.
    unusable: u64,
    repeats: Repeats,
    /// Of those who opted out: their ids, whose rows go nowhere, not into the quarantine either.
    left_out: HashSet<i64>,
    /// What an earlier snapshot may know them by.
    out: HashSet<Token>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    person_id: i64,
    source: Option<Token>,
    year_of_birth: i32,
    gender_concept_id: i32,
}

/// Rows of `person` that repeat a `person_id`.
#[derive(Debug, Default)]
struct Repeats {
    ids: HashSet<i64>,
    rows: u64,
}

impl Roll {
    /// Reads the table; whoever has one of the tokens `out` is left out.
    ///
    /// # Errors
    /// [`IngestError::Read`]; [`IngestError::NoPersons`].
    pub(super) fn read(files: &TableFiles, lineage: &Lineage, out: HashSet<Token>) -> Result<Self, IngestError> {
        let mut roll = Self { out, ..Self::default() };
        let (mut ids, mut sources) = (HashSet::new(), HashSet::new());
        for chunk in files.read(None) {
            let chunk = chunk?;
            roll.read += chunk.read;
            roll.add(&chunk.batch, lineage, &mut ids, &mut sources);
        }
        if roll.rows.is_empty() { Err(IngestError::NoPersons { read: roll.read }) } else { Ok(roll) }
    }

    fn add(&mut self, batch: &RecordBatch, lineage: &Lineage, ids: &mut HashSet<i64>, sources: &mut HashSet<Token>) {
        let (Some(id), Some(year), Some(gender), Some(source)) = (
            batch.column_by_name("person_id"),
            batch.column_by_name("year_of_birth"),
            batch.column_by_name("gender_concept_id"),
            batch.column_by_name("person_source_value"),
        ) else {
            return;
        };
        let id = id.as_primitive::<Int64Type>();
        let (year, gender) = (year.as_primitive::<Int32Type>(), gender.as_primitive::<Int32Type>());
        let source = source.as_string::<i32>();
        for row in 0..batch.num_rows() {
            let person_id = id.value(row);
            let text = source.is_valid(row).then(|| source.value(row)).filter(|text| !text.is_empty());
            if is_out(&self.out, lineage, person_id, text) {
                self.left_out.insert(person_id);
                self.out.insert(by_id(lineage, person_id));
                self.out.extend(text.map(|text| lineage.token(Identity::SourceValue, text.as_bytes())));
            }
            if self.left_out.contains(&person_id) {
                continue;
            }
            if !ids.insert(person_id) {
                self.repeats.ids.insert(person_id);
                self.repeats.rows += 1;
                continue;
            }
            let token = text.map(|text| lineage.token(Identity::SourceValue, text.as_bytes()));
            let token = token.filter(|token| sources.insert(*token));
            self.unusable += u64::from(token.is_none());
            self.rows.push(Row {
                person_id,
                source: token,
                year_of_birth: year.value(row),
                gender_concept_id: gender.value(row),
            });
        }
    }

    /// By what the persons are recognised: as before, or by the better identifier that everybody has.
    ///
    /// # Errors
    /// [`IngestError::Identity`] when that is not possible any more, unless `accept`.
    pub(super) fn identity(&self, before: Option<Identity>, accept: bool) -> Result<Identity, IngestError> {
        match before {
            Some(Identity::PersonId) => Ok(Identity::PersonId),
            _ if self.unusable == 0 => Ok(Identity::SourceValue),
            Some(Identity::SourceValue) if !accept => {
                Err(IngestError::Identity { missing: self.unusable, read: self.rows.len() as u64 })
            }
            _ => Ok(Identity::PersonId),
        }
    }

    /// The persons, recognised by `identity`.
    pub(super) fn candidates(&self, identity: Identity, lineage: &Lineage) -> Vec<Candidate> {
        let by_id = |row: &Row| by_id(lineage, row.person_id);
        let token = |row: &Row| match identity {
            Identity::SourceValue => row.source.unwrap_or_else(|| by_id(row)),
            Identity::PersonId => by_id(row),
        };
        let candidate = |row: &Row| Candidate {
            person_id: row.person_id,
            identity: token(row),
            year_of_birth: row.year_of_birth,
            gender_concept_id: row.gender_concept_id,
        };
        self.rows.iter().map(candidate).collect()
    }

    /// Persons.
    pub(super) fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Persons who opted out.
    pub(super) fn opted_out(&self) -> u64 {
        self.left_out.len() as u64
    }

    /// What an earlier snapshot may know those by who opted out.
    pub(super) fn out(&self) -> &HashSet<Token> {
        &self.out
    }

    /// Whether a person opted out.
    pub(super) fn leaves_out(&self, person_id: i64) -> bool {
        self.left_out.contains(&person_id)
    }

    /// The rows of a batch that are not about somebody who opted out; `column` has the person.
    ///
    /// # Errors
    /// Arrow's.
    pub(super) fn without_opted_out(
        &self,
        batch: RecordBatch,
        column: &str,
    ) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let Some(ids) = batch.column_by_name(column).filter(|_| !self.left_out.is_empty()) else { return Ok(batch) };
        let ids = ids.as_primitive::<Int64Type>();
        let keep: BooleanArray = ids.values().iter().map(|id| Some(!self.left_out.contains(id))).collect();
        arrow::compute::filter_record_batch(&batch, &keep)
    }

    /// A filter for the table's second reading.
    pub(super) fn firsts(&self) -> Firsts<'_> {
        Firsts { repeats: &self.repeats, seen: HashSet::new(), dropped: Vec::new() }
    }
}

/// Whether a row of `person` is of somebody who opted out: by the number of the source, as written or without leading
/// zeros, or by its id.
fn is_out(out: &HashSet<Token>, lineage: &Lineage, person_id: i64, source: Option<&str>) -> bool {
    if out.is_empty() {
        return false;
    }
    let spellings = source.into_iter().flat_map(|text| [text, without_zeros(text)]);
    out.contains(&by_id(lineage, person_id))
        || spellings.map(|text| lineage.token(Identity::SourceValue, text.as_bytes())).any(|token| out.contains(&token))
}

fn by_id(lineage: &Lineage, person_id: i64) -> Token {
    lineage.token(Identity::PersonId, &person_id.to_le_bytes())
}

/// Lets the first row of each `person_id` pass.
#[derive(Debug)]
pub(super) struct Firsts<'a> {
    repeats: &'a Repeats,
    seen: HashSet<i64>,
    /// Of the rows whose id is repeated, in the order of the source: whether the row was dropped.
    dropped: Vec<bool>,
}

impl Firsts<'_> {
    /// The batch without rows that repeat an earlier `person_id`.
    pub(super) fn filter(&mut self, batch: RecordBatch) -> Result<RecordBatch, arrow_schema::ArrowError> {
        if self.repeats.ids.is_empty() {
            return Ok(batch);
        }
        let ids = batch.column(0).as_primitive::<Int64Type>();
        let keep = ids.values().iter().map(|id| {
            let first = !self.repeats.ids.contains(id) || self.seen.insert(*id);
            if self.repeats.ids.contains(id) {
                self.dropped.push(!first);
            }
            Some(first)
        });
        let keep: BooleanArray = keep.collect();
        arrow::compute::filter_record_batch(&batch, &keep)
    }

    /// The dropped rows with their place in the source. A row that was accepted has lost its line by then, so the table
    /// is read once more with the repeated persons declared unknown: each of their rows comes back as a reject, in order.
    ///
    /// # Errors
    /// [`IngestError::Read`]; [`IngestError::Moving`] when the table is not what it was.
    pub(super) fn rejects(&self, files: &TableFiles) -> Result<Vec<Reject>, IngestError> {
        if self.repeats.ids.is_empty() {
            return Ok(Vec::new());
        }
        let known = |id: i64| !self.repeats.ids.contains(&id);
        let mut again = Vec::new();
        for chunk in files.read(Some(&known)) {
            again.extend(chunk?.rejects.into_iter().filter(|reject| reject.rule == Rule::Person));
        }
        let dropped = self.dropped.iter().filter(|dropped| **dropped).count() as u64;
        if again.len() != self.dropped.len() || dropped != self.repeats.rows {
            return Err(IngestError::Moving);
        }
        Ok(again.into_iter().zip(&self.dropped).filter(|(_, dropped)| **dropped).map(|(reject, _)| reject).collect())
    }
}
