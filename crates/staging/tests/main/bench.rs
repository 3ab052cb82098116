//! A place to work in: sources, staging files, and the tables that come of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use renkei_ingest::assemble::Known;
use renkei_ingest::codes::{Concepts, Sources};
use renkei_ingest::{Day, Rules};
use renkei_sim_hospital::{Hospital, Profile, Spec, write_concept_map};
use renkei_staging::{
    Built, Crosswalk, Error, Format, Limits, Patients, Plan, Source, SourceReport, Stage, Staged, build, scan,
};
use tempfile::TempDir;

pub type Row = BTreeMap<String, String>;

pub struct Bench {
    dir: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn scan(&self, source: &Source, limits: &Limits) -> Result<SourceReport, Error> {
        scan(source, &self.stage(source), &Rules::default(), limits, &mut |_| {})
    }

    pub fn stage(&self, source: &Source) -> Stage {
        Stage::open(&self.path(&format!("{}.sqlite", source.name)), "1").unwrap()
    }

    /// The tables of all patients of these sources.
    pub fn build(&self, sources: &[Source], opted_out: &[&str]) -> (Built, Tables) {
        let out = self.path("cdm");
        let _ = fs::remove_dir_all(&out);
        fs::create_dir(&out).unwrap();
        let opted_out: BTreeSet<String> = opted_out.iter().map(|patient| (*patient).to_owned()).collect();
        let built = self.tables(sources, &opted_out, &out).unwrap();
        (built, Tables(out))
    }

    /// The same into a folder that may not take it.
    pub fn build_into(&self, sources: &[Source], out: &Path) -> Result<Built, Error> {
        self.tables(sources, &BTreeSet::new(), out)
    }

    fn tables(&self, sources: &[Source], opted_out: &BTreeSet<String>, out: &Path) -> Result<Built, Error> {
        let staged: Vec<Staged> = sources.iter().map(|source| (source.clone(), self.stage(source))).collect();
        let known = self.known(&staged);
        let as_of = Day::of(2026, 1, 1).unwrap();
        let plan = Plan { rules: &Rules::default(), concepts: &known, as_of, opted_out };
        let mut crosswalk = Crosswalk::open(&self.path("crosswalk.sqlite")).unwrap();
        let mut entropy = ChaCha20Rng::seed_from_u64(5);
        build(&staged, &plan, &mut crosswalk, out, &mut entropy, &mut |_, _| {})
    }

    fn known(&self, staged: &[Staged]) -> Known {
        let map = self.path("map.csv");
        write_concept_map(&map).unwrap();
        let mut wanted = BTreeSet::new();
        for (_, stage) in staged {
            wanted.extend(stage.dictionary().unwrap().iter().map(|(coding, _)| coding.clone()));
        }
        let sources = Sources { folders: Vec::new(), maps: vec![map.into()], today: Day::of(2026, 1, 1).unwrap() };
        Known { concepts: Concepts::load(&sources, &wanted, &mut |_| {}).unwrap(), ..Known::default() }
    }
}

pub fn hospital(patients: u32, profile: Profile) -> Hospital {
    Hospital::generate(&Spec { patients, ..Spec::new("tokyo", 11, profile) }).unwrap()
}

pub fn source(format: Format, folder: &Path) -> Source {
    Source {
        name: format.as_str().to_owned(),
        format,
        folders: vec![folder.to_owned()],
        mappings: Vec::new(),
        patients: Patients::default(),
        tables: None,
        namespace: None,
    }
}

/// The tables that were written.
pub struct Tables(PathBuf);

impl Tables {
    /// The rows of a table, each column as text, without what is null.
    pub fn rows(&self, table: &str) -> Vec<Row> {
        self.batches(table).iter().flat_map(rows).collect()
    }

    fn batches(&self, table: &str) -> Vec<RecordBatch> {
        let Ok(file) = fs::File::open(self.0.join(format!("{table}.parquet"))) else { return Vec::new() };
        ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().map(Result::unwrap).collect()
    }

    /// Every text in every table.
    pub fn texts(&self) -> BTreeSet<String> {
        let tables = renkei_cdm::tables().iter().flat_map(|table| self.rows(table.name));
        tables.flat_map(Row::into_values).collect()
    }
}

fn rows(batch: &RecordBatch) -> Vec<Row> {
    let options = FormatOptions::default();
    let schema = batch.schema();
    let columns: Vec<_> = batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
    let row = |at: usize| {
        let cells = schema.fields().iter().zip(batch.columns()).zip(&columns);
        let present = cells.filter(|((_, column), _)| column.is_valid(at));
        present.map(|((field, _), text)| (field.name().clone(), text.value(at).to_string())).collect()
    };
    (0..batch.num_rows()).map(row).collect()
}
