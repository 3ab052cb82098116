//! A snapshot that is open for questions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow_schema::SchemaRef;
use renkei_types::SnapshotId;

use super::lock::InUse;
use super::persons::{self, Person};
use super::shape::Shape;
use super::{Error, Fault, FileEntry, MANIFEST, Manifest, Seal, parquet_file};

/// One immutable snapshot. While it is held nobody deletes its files, in this process or another.
#[derive(Debug)]
pub struct Snapshot {
    dir: PathBuf,
    manifest: Manifest,
    tables: BTreeMap<String, Table>,
    _in_use: InUse,
}

#[derive(Debug, Default)]
struct Table {
    paths: Vec<PathBuf>,
    rows: u64,
}

impl Snapshot {
    /// Opens the snapshot in the folder `dir` and checks what is cheap to check: the manifest against the id that
    /// names the folder, the size of every file, the footer, columns and row count of every Parquet file. That the bytes
    /// are unchanged is what [`Store::verify`](super::Store::verify) tells.
    ///
    /// # Errors
    /// [`Error::Damaged`] naming the file that is not what it should be; [`Error::Io`].
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(MANIFEST);
        let id = dir
            .file_name()
            .and_then(|name| SnapshotId::new(name.to_string_lossy()).ok())
            .ok_or_else(|| Error::damaged(dir, Fault::Unreadable { what: "a snapshot's folder" }))?;
        let in_use = InUse::mark(&path)?;
        let manifest = Manifest::read(&path, &id)?;
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        for entry in &manifest.contents.files {
            check(dir, entry)?;
            if let Some(name) = &entry.table {
                let table = tables.entry(name.clone()).or_default();
                table.paths.push(dir.join(&entry.name));
                table.rows += entry.rows.unwrap_or(0);
            }
        }
        Ok(Self { dir: dir.to_owned(), manifest, tables, _in_use: in_use })
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &SnapshotId {
        &self.manifest.id
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What it may be used for.
    #[must_use]
    pub fn seal(&self) -> Seal {
        self.manifest.contents.seal
    }

    /// Persons in it.
    #[must_use]
    pub fn persons(&self) -> u64 {
        self.manifest.contents.persons
    }

    /// Columns that the source did not have, as `table.column`.
    #[must_use]
    pub fn absent(&self) -> &[String] {
        &self.manifest.contents.absent
    }

    /// The vocabulary's version, as its own table states it.
    #[must_use]
    pub fn vocabulary_version(&self) -> Option<&str> {
        self.manifest.contents.vocabulary_version.as_deref()
    }

    /// The Parquet files of a table, in row order; none where the source did not have the table.
    #[must_use]
    pub fn table_files(&self, table: &str) -> &[PathBuf] {
        self.tables.get(table).map_or(&[], |table| &table.paths)
    }

    /// Rows of a table; 0 also where the source did not have it, which [`Self::table_files`] tells apart.
    #[must_use]
    pub fn rows(&self, table: &str) -> u64 {
        self.tables.get(table).map_or(0, |table| table.rows)
    }

    /// The columns of a table, whether or not the snapshot has it: the CDM's, and in a Local table
    /// [`renkei_cdm::OWNER_COLUMN`] (UInt32, not null) as the last one. `None` for what is no table of the CDM.
    #[must_use]
    pub fn schema(&self, table: &str) -> Option<SchemaRef> {
        renkei_cdm::table(table).map(|table| Shape::of(table).schema)
    }

    /// Columns and sort order of a table of the CDM.
    #[must_use]
    pub fn shape(&self, table: &str) -> Option<Shape> {
        renkei_cdm::table(table).map(Shape::of)
    }

    /// Every person of the lineage, by number.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the index cannot be read.
    pub fn person_index(&self) -> Result<Vec<Person>, Error> {
        persons::read(&self.dir)
    }
}

/// The cheap checks of one file.
pub(crate) fn check(dir: &Path, entry: &FileEntry) -> Result<(), Error> {
    let path = dir.join(&entry.name);
    let found = match std::fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::damaged(&path, Fault::Missing));
        }
        Err(error) => return Err(Error::io("look at", &path)(error)),
    };
    if found != entry.bytes {
        return Err(Error::damaged(&path, Fault::Size { expected: entry.bytes, found }));
    }
    let (schema, name) = match &entry.table {
        Some(table) => match renkei_cdm::table(table) {
            Some(found) => (Shape::of(found).schema, table.as_str()),
            None => return Err(Error::damaged(&path, Fault::Schema { table: table.clone() })),
        },
        None if entry.name == persons::FILE => (persons::schema(), "persons"),
        None => return Ok(()),
    };
    let (_, metadata) = parquet_file::footer(&path, &schema, name)?;
    match (parquet_file::rows(&metadata), entry.rows.unwrap_or(0)) {
        (found, expected) if found != expected => Err(Error::damaged(&path, Fault::Rows { expected, found })),
        _ => Ok(()),
    }
}
