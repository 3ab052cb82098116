//! Folders made for one test, and what reading them gives.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_select::concat::concat_batches;
use parquet::arrow::ArrowWriter;
use renkei_ingest::omop::{Folder, OpenError, TableFiles};
use renkei_ingest::{Reject, Rule};

/// A folder of source files that vanishes with the test.
pub struct Site(pub tempfile::TempDir);

impl Site {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With persons 1, 2 and 3.
    pub fn with_persons() -> Self {
        Self::new().csv("person.csv", PERSONS)
    }

    pub fn csv(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub fn parquet(self, name: &str, columns: Vec<(&str, ArrayRef)>) -> Self {
        let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap();
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn open(&self) -> Result<Folder, OpenError> {
        Folder::open(self.0.path())
    }

    /// Opens and reads one table, with the persons 1, 2 and 3.
    pub fn read(&self, table: &str) -> Table {
        let folder = self.open().unwrap();
        read(find(&folder, table), Some(&|id| (1..=3).contains(&id)))
    }

    /// The problems of a folder that must not open.
    #[track_caller]
    pub fn refused(&self) -> Vec<String> {
        let error = self.open().unwrap_err();
        assert!(error.to_string().lines().count() > error.problems.len());
        error.problems.iter().map(ToString::to_string).collect()
    }

    /// The folder must not open for exactly one reason, which names the file and contains the words.
    #[track_caller]
    pub fn refused_for(&self, file: &str, words: &[&str]) {
        let problems = self.refused();
        let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
        let path = self.path(file).display().to_string().trim_end_matches('/').to_owned();
        assert!(problem.starts_with(&path), "{problem} / {path}");
        for word in words {
            assert!(problem.contains(word), "{word:?} in {problem}");
        }
    }
}

pub const PERSONS: &str = "person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id\n\
                           1,8507,1950,0,0\n2,8532,1960,0,0\n3,8507,1970,0,0\n";

pub const MEASUREMENT: &str = "measurement_id,person_id,measurement_concept_id,measurement_date,\
                               measurement_type_concept_id,value_as_number,value_source_value\n";

/// The whole of a table.
pub struct Table {
    pub batch: RecordBatch,
    pub rejects: Vec<Reject>,
    pub read: u64,
    pub chunks: usize,
}

impl Table {
    /// The accepted values of a column, as text; NULL is `∅`.
    pub fn column(&self, name: &str) -> Vec<String> {
        let options = FormatOptions::default().with_null("∅");
        let array = self.batch.column_by_name(name).unwrap();
        let formatter = ArrayFormatter::try_new(array.as_ref(), &options).unwrap();
        (0..array.len()).map(|row| formatter.value(row).to_string()).collect()
    }

    /// The rejects as line, rule, column.
    pub fn broken(&self) -> Vec<(u64, Rule, &str)> {
        self.rejects.iter().map(|r| (r.line, r.rule, r.column.as_deref().unwrap_or(""))).collect()
    }
}

pub fn find<'a>(folder: &'a Folder, table: &str) -> &'a TableFiles {
    folder.tables().iter().find(|files| files.table().name == table).unwrap()
}

/// Reads a table and checks what holds for every table: schemas, sums and progress.
pub fn read(files: &TableFiles, persons: Option<&dyn Fn(i64) -> bool>) -> Table {
    let schema = files.table().arrow_schema();
    let (mut batches, mut rejects, mut read, mut bytes) = (Vec::new(), Vec::new(), 0, 0);
    for chunk in files.read(persons) {
        let chunk = chunk.unwrap();
        assert_eq!(chunk.batch.schema(), schema);
        assert_eq!(chunk.read, (chunk.batch.num_rows() + chunk.rejects.len()) as u64);
        assert!(chunk.read > 0 && chunk.read <= 8192 && chunk.bytes >= bytes && chunk.bytes <= files.bytes());
        bytes = chunk.bytes;
        read += chunk.read;
        rejects.extend(chunk.rejects);
        batches.push(chunk.batch);
    }
    assert!(rejects.iter().all(|reject| reject.table == files.table().name));
    Table { batch: concat_batches(&schema, &batches).unwrap(), rejects, read, chunks: batches.len() }
}

pub fn array<A: arrow_array::Array + 'static>(array: A) -> ArrayRef {
    Arc::new(array)
}

/// The third-party data sets, where this machine has them.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new("../../../shared/data/omop").join(name);
    path.is_dir().then_some(path)
}
