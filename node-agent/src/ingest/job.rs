//! One ingest at work: table after table from the source into the draft.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use chrono::{Datelike, NaiveDate};
use renkei_ingest::Reject;
use renkei_ingest::omop::TableFiles;
use renkei_types::Timestamp;
use roaring::RoaringBitmap;

use super::engine::Engine;
use super::findings::{Keys, RowChecks, Tally};
use super::people::{DUPLICATE_PERSON, Firsts, Roll};
use super::quarantine::Quarantine;
use super::report::TableReport;
use super::sink::Sink;
use super::traces::{Traces, may_tell_of_a_person};
use super::{IngestError, Phase, Progress, Rejects};
use crate::profile::Counting;
use crate::store::{FileEntry, Person, Shape};

/// The zone that is furthest ahead: what is not yet today there is in the future everywhere.
const FURTHEST_AHEAD: Duration = Duration::from_secs(14 * 3600);

/// What the tables of one ingest have in common.
pub(super) struct Job<'a> {
    pub(super) dir: &'a Path,
    pub(super) roll: &'a Roll,
    pub(super) owners: &'a HashMap<i64, u32>,
    pub(super) engine: Arc<Engine>,
    pub(super) quarantine: Quarantine,
    pub(super) done: Done,
    pub(super) progress: &'a mut dyn FnMut(Progress),
    births: Vec<i64>,
    traces: Traces,
    today: i64,
    now: Progress,
}

/// What came of it so far.
#[derive(Default)]
pub(super) struct Done {
    pub(super) entries: Vec<FileEntry>,
    pub(super) tables: Vec<TableReport>,
    pub(super) tally: Tally,
    pub(super) vocabulary_version: Option<String>,
    pub(super) profile: Counting,
}

impl<'a> Job<'a> {
    /// A job that writes into `dir`; `made_at` is the time of the snapshot.
    #[expect(clippy::too_many_arguments, reason = "called once, by the function that has them all")]
    pub(super) fn new(
        dir: &'a Path,
        roll: &'a Roll,
        index: &[Person],
        owners: &'a HashMap<i64, u32>,
        engine: Engine,
        made_at: Timestamp,
        bytes_total: u64,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Result<Self, IngestError> {
        let now = Progress { phase: Phase::Tables, table: "", done: 0, total: bytes_total, rows: 0 };
        Ok(Self {
            dir,
            roll,
            owners,
            engine: Arc::new(engine),
            quarantine: Quarantine::create(dir)?,
            done: Done::default(),
            progress,
            traces: Traces::default(),
            births: index.iter().map(|person| new_year(person.year_of_birth)).collect(),
            today: made_at.after(FURTHEST_AHEAD).days().into(),
            now,
        })
    }

    /// Puts what could not be converted into the quarantine.
    pub(super) fn put_aside(&mut self, rejects: Rejects<'_>) -> Result<(), IngestError> {
        let mut added = Ok(());
        rejects(&mut |reject| {
            if added.is_ok() {
                added = self.quarantine.add(&reject, reject.rule.as_str());
            }
        })?;
        Ok(added?)
    }

    /// Brings one table into the snapshot.
    pub(super) fn table(&mut self, files: &TableFiles) -> Result<(), IngestError> {
        let (started, shape) = (Instant::now(), Shape::of(files.table()));
        let table = shape.table.name;
        let mut report = TableReport {
            table: table.to_owned(),
            read: 0,
            accepted: 0,
            rejected: BTreeMap::new(),
            persons: 0,
            unmapped: 0,
            resorted: false,
            seconds: 0.0,
        };
        self.now.table = table;
        let path = self.dir.join(format!("{table}.parquet"));
        let sink = Sink::open(shape.clone(), path, Arc::clone(&self.engine));
        let read = self.read(files, &shape, &sink, &mut report);
        // Joined in any case, so that nobody writes into a folder that is being removed. If both failed, the
        // writer's reason came first.
        let sunk = sink.finish()?;
        read?;
        report.accepted = sunk.entry.rows.unwrap_or(0);
        report.resorted = sunk.resorted;
        report.seconds = started.elapsed().as_secs_f64();
        self.done.entries.push(sunk.entry);
        self.done.tables.push(report);
        self.now.done += files.bytes();
        Ok(())
    }

    fn read(
        &mut self,
        files: &TableFiles,
        shape: &Shape,
        sink: &Sink,
        report: &mut TableReport,
    ) -> Result<(), IngestError> {
        let (roll, owners, births) = (self.roll, self.owners, std::mem::take(&mut self.births));
        let checks = RowChecks::of(shape.table, self.today, &births);
        let form = |source| IngestError::Form { table: shape.table.name, source };
        let known = |id: i64| owners.contains_key(&id) || roll.leaves_out(id);
        let left_out = |id: i64| roll.leaves_out(id);
        let anybody_out = roll.opted_out() > 0;
        let person = shape.table.name == "person";
        let mut firsts = roll.firsts();
        let mut present = RoaringBitmap::new();
        let persons: Option<&dyn Fn(i64) -> bool> = (shape.owner().is_some() && !person).then_some(&known);
        for chunk in files.read_without(persons, anybody_out.then_some(&left_out)) {
            let mut chunk = chunk?;
            for reject in &mut chunk.rejects {
                // Nobody can tell whose row it is.
                if anybody_out && may_tell_of_a_person(shape.table) {
                    reject.record.clear();
                }
                self.reject(reject, reject.rule.as_str(), report)?;
            }
            if anybody_out {
                self.traces.note(shape.table, &chunk.batch, &left_out);
            }
            let batch = match shape.table.person_column() {
                Some(column) => roll.without_opted_out(chunk.batch, column.name).map_err(form)?,
                None if anybody_out => self.traces.filter(shape.table, chunk.batch).map_err(form)?,
                None => chunk.batch,
            };
            let batch = if person { firsts.filter(batch).map_err(form)? } else { batch };
            let batch = self.owned(shape, batch)?;
            let numbers = shape.owner().map(|column| batch.column(column).as_primitive::<UInt32Type>().values());
            present.extend(numbers.iter().flat_map(|numbers| numbers.iter().copied()));
            report.unmapped += if shape.owner().is_some() { unmapped(shape, &batch) } else { 0 };
            if let Some(numbers) = numbers {
                self.done.profile.look(shape.table, &batch, numbers);
            }
            checks.look(&batch, numbers.map(|numbers| &numbers[..]), &mut self.done.tally);
            if shape.table.name == "vocabulary" {
                self.vocabulary(&batch);
            }
            report.read += chunk.read;
            self.now.rows += chunk.read;
            (self.progress)(Progress { done: self.now.done + chunk.bytes, ..self.now });
            if !sink.send(batch) {
                break;
            }
        }
        report.persons = present.len();
        drop(checks);
        self.births = births;
        if person { self.repeats(files, &firsts, report) } else { Ok(()) }
    }

    fn reject(&mut self, reject: &Reject, rule: &str, report: &mut TableReport) -> Result<(), IngestError> {
        self.quarantine.add(reject, rule)?;
        *report.rejected.entry(rule.to_owned()).or_default() += 1;
        Ok(())
    }

    fn repeats(
        &mut self,
        files: &TableFiles,
        firsts: &Firsts<'_>,
        report: &mut TableReport,
    ) -> Result<(), IngestError> {
        for reject in firsts.rejects(files)? {
            self.reject(&reject, DUPLICATE_PERSON, report)?;
        }
        Ok(())
    }

    /// The batch with the owner of each row as its last column, if the table is Local.
    fn owned(&self, shape: &Shape, batch: RecordBatch) -> Result<RecordBatch, IngestError> {
        let Some(person) = shape.table.person_column() else { return Ok(batch) };
        let ids = batch.column_by_name(person.name).map(|ids| ids.as_primitive::<Int64Type>());
        let mut last = None::<(i64, u32)>;
        let mut owner = |id: i64| match last {
            Some((same, owner)) if same == id => Some(owner),
            _ => {
                last = self.owners.get(&id).map(|owner| (id, *owner));
                last.map(|(_, owner)| owner)
            }
        };
        let numbers: Option<Vec<u32>> = ids.into_iter().flat_map(|ids| ids.values()).map(|&id| owner(id)).collect();
        let numbers: ArrayRef = Arc::new(UInt32Array::from(numbers.ok_or(IngestError::Moving)?));
        let columns = batch.columns().iter().cloned().chain([numbers]).collect();
        RecordBatch::try_new(Arc::clone(&shape.schema), columns)
            .map_err(|source| IngestError::Form { table: shape.table.name, source })
    }

    fn vocabulary(&mut self, batch: &RecordBatch) {
        let column = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let (Some(ids), Some(versions)) = (column("vocabulary_id"), column("vocabulary_version")) else { return };
        let whole = (0..batch.num_rows()).find(|&row| ids.value(row) == "None" && versions.is_valid(row));
        if let Some(row) = whole {
            self.done.vocabulary_version = Some(versions.value(row).to_owned());
        }
    }

    /// Looks at keys and references, when all tables are written.
    pub(super) fn check(&mut self) -> Result<(), IngestError> {
        self.now.phase = Phase::Checks;
        let keys = Keys::read(self.dir, &self.done.entries, self.births.len())?;
        for table in renkei_cdm::tables() {
            (self.progress)(Progress { table: table.name, ..self.now });
            keys.look(table, &mut self.done.tally)?;
        }
        Ok(())
    }

    /// Ends with what came of it, tables in the CDM's order.
    pub(super) fn finish(mut self) -> Result<Done, IngestError> {
        (self.progress)(Progress { phase: Phase::Publish, table: "", ..self.now });
        self.quarantine.finish()?;
        let place = |name: &str| renkei_cdm::tables().iter().position(|table| table.name == name);
        self.done.tables.sort_by_key(|report| place(&report.table));
        Ok(self.done)
    }
}

/// Rows under concept 0, by the first concept that the table requires.
fn unmapped(shape: &Shape, batch: &RecordBatch) -> u64 {
    let concept = |column: &renkei_cdm::Column| column.required && column.kind == renkei_cdm::ColumnType::Concept;
    let Some(column) = shape.table.columns.iter().find(|column| concept(column)) else { return 0 };
    let concepts = batch.column_by_name(column.name).and_then(|column| column.as_primitive_opt::<Int32Type>());
    concepts.map_or(0, |concepts| concepts.values().iter().filter(|concept| **concept == 0).count() as u64)
}

/// The first day of a year in days since 1970-01-01; of a year beyond the calendar, a day before all others.
fn new_year(year: i32) -> i64 {
    let epoch = NaiveDate::default().num_days_from_ce();
    NaiveDate::from_ymd_opt(year, 1, 1).map_or(i64::MIN, |day| i64::from(day.num_days_from_ce() - epoch))
}
