//! The tables as files: one folder, one file per table.
//!
//! | format | files | dates | absent values | quoting |
//! |---|---|---|---|---|
//! | [`Format::CsvV54`] | `person.csv`, columns in a shuffled order | `2024-01-31` | empty | where needed |
//! | [`Format::TsvV53`] | `person.tsv`, vocabulary `CONCEPT.csv`; tabs in both | the same, `20240131` in the vocabulary | empty | none |
//! | [`Format::ParquetV54`] | `person.parquet` | Date32 | null | |
//!
//! The vocabulary of the tab-separated form is as Athena hands it out: capital names ending in `.csv`, tabs, raw quotation
//! marks. A folder that has files already is written over, table by table, without clearing it: a run is a run of a
//! test tool, and a folder of somebody else's is never emptied.

mod text;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::{Dirt, Hospital, OmopError, omop_tables};

/// A shape of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// CDM v5.4, comma-separated.
    CsvV54,
    /// CDM v5.3, tab-separated.
    TsvV53,
    /// CDM v5.4, Parquet.
    ParquetV54,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Table, its file, its number of rows.
    pub tables: Vec<(&'static str, PathBuf, usize)>,
    /// The flaws that were put in.
    pub dirt: Dirt,
}

/// Why files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The tables could not be made.
    #[error("the tables cannot be made")]
    Tables(#[from] OmopError),
    /// A file or folder could not be written.
    #[error("cannot write {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// A file could not be encoded as Parquet.
    #[error("cannot write {}", .0.display())]
    Parquet(PathBuf, #[source] parquet::errors::ParquetError),
}

/// Writes the hospital's tables into a folder, which is made where it is missing.
///
/// # Errors
/// Where the tables cannot be made or a file cannot be written.
pub fn write(hospital: &Hospital, format: Format, folder: &Path) -> Result<Written, WriteError> {
    let omop = omop_tables(hospital)?;
    fs::create_dir_all(folder).map_err(|error| WriteError::File(folder.into(), error))?;
    let mut tables = Vec::with_capacity(omop.tables.len());
    for (name, rows) in &omop.tables {
        let path = folder.join(file_name(name, format));
        match format {
            Format::ParquetV54 => parquet(&path, rows)?,
            Format::CsvV54 | Format::TsvV53 => {
                text::write(name, rows, format, &path).map_err(|error| WriteError::File(path.clone(), error))?;
            }
        }
        tables.push((*name, path, rows.num_rows()));
    }
    Ok(Written { tables, dirt: omop.dirt })
}

fn file_name(table: &str, format: Format) -> String {
    match format {
        Format::CsvV54 => format!("{table}.csv"),
        Format::TsvV53 if text::is_vocabulary(table) => format!("{}.csv", table.to_uppercase()),
        Format::TsvV53 => format!("{table}.tsv"),
        Format::ParquetV54 => format!("{table}.parquet"),
    }
}

fn parquet(path: &Path, rows: &RecordBatch) -> Result<(), WriteError> {
    let file = File::create(path).map_err(|error| WriteError::File(path.into(), error))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("renkei-sim-hospital".into())
        .build();
    let failed = |error| WriteError::Parquet(path.into(), error);
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).map_err(failed)?;
    writer.write(rows).map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(())
}
