//! A hospital with an OMOP folder and a store, both temporary.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::array::cast::AsArray;
use arrow::array::types::{Int64Type, UInt32Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use renkei_node::ingest::{self, IngestError, Options, Report};
use renkei_node::store::{Snapshot, Store};
use renkei_types::{FixedClock, Timestamp};
use tempfile::TempDir;

/// 2026-11-22 19:32:00 UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_795_375_920_000_000);

pub(crate) struct Hospital {
    pub(crate) dir: TempDir,
    pub(crate) store: Store,
}

impl Hospital {
    /// An empty store, and an empty folder for the source.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("source")).unwrap();
        let store = open(&dir.path().join("state"));
        Self { dir, store }
    }

    /// One with the small data set.
    pub(crate) fn small() -> Self {
        let hospital = Self::new();
        hospital.write_small();
        hospital
    }

    pub(crate) fn write_small(&self) {
        self.write("person", &people(&[(11, 1950, "A"), (12, 1980, "B"), (13, 2001, "C")]));
        self.write(
            "visit_occurrence",
            "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date,visit_type_concept_id\n\
             101,11,9202,2020-01-05,2020-01-05,32817\n\
             102,12,9201,2020-02-01,2020-02-09,32817\n",
        );
        self.write(
            "measurement",
            "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id,value_as_number,visit_occurrence_id\n\
             1,11,3004410,2020-01-05,32817,6.5,101\n\
             2,11,3004410,2020-03-05,32817,7.25,101\n\
             3,12,3004410,2020-02-02,32817,,102\n\
             4,13,3004410,2021-07-01,32817,5,\n",
        );
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.dir.path().join("source")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Writes a table of the source.
    pub(crate) fn write(&self, table: &str, text: &str) {
        fs::write(self.source().join(format!("{table}.csv")), text).unwrap();
    }

    pub(crate) fn options(&self) -> Options {
        Options::new([self.source()])
    }

    pub(crate) fn ingest(&self) -> Result<Report, IngestError> {
        self.ingest_with(&self.options())
    }

    pub(crate) fn ingest_with(&self, options: &Options) -> Result<Report, IngestError> {
        ingest::run(&self.store, options, &mut |_| {}, &mut ChaCha20Rng::seed_from_u64(7))
    }

    pub(crate) fn current(&self) -> Arc<Snapshot> {
        self.store.current().unwrap().expect("a snapshot")
    }

    /// Opens the store again, as after a crash.
    pub(crate) fn reopen(&mut self) {
        self.store = open(&self.state());
    }
}

pub(crate) fn open(state: &Path) -> Store {
    Store::open(state, Arc::new(FixedClock(NOW))).unwrap()
}

/// A person table of (id, year of birth, source value), everybody male.
pub(crate) fn people(people: &[(i64, i32, &str)]) -> String {
    let mut text = String::from(
        "person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id,person_source_value\n",
    );
    for (id, year, source) in people {
        text.push_str(&format!("{id},8507,{year},0,0,{source}\n"));
    }
    text
}

/// The rows of a table.
pub(crate) fn rows(snapshot: &Snapshot, table: &str) -> RecordBatch {
    let batches: Vec<RecordBatch> = snapshot
        .table_files(table)
        .iter()
        .flat_map(|path| {
            let file = fs::File::open(path).unwrap();
            ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().map(Result::unwrap)
        })
        .collect();
    arrow::compute::concat_batches(&snapshot.schema(table).unwrap(), &batches).unwrap()
}

pub(crate) fn ids(rows: &RecordBatch, column: &str) -> Vec<i64> {
    rows.column_by_name(column).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

pub(crate) fn owners(rows: &RecordBatch) -> Vec<u32> {
    rows.column_by_name("__owner").unwrap().as_primitive::<UInt32Type>().values().to_vec()
}

/// The person's number in a snapshot.
pub(crate) fn number(snapshot: &Snapshot, person_id: i64) -> u32 {
    let index = snapshot.person_index().unwrap();
    index.iter().find(|person| person.person_id == Some(person_id)).unwrap().owner
}
