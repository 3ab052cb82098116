//! The tables as files: one folder, one file per table.
//!
//! | format | files | dates | absent values | quoting |
//! |---|---|---|---|---|
//! | [`Format::CsvV54`] | `person.csv`, columns in a shuffled order | `2024-01-31` | empty | where needed |
//! | [`Format::TsvV53`] | `person.tsv`, vocabulary `CONCEPT.csv`; tabs in both | the same, `20240131` in the vocabulary | empty | none |
//! | [`Format::ParquetV54`] | `person.parquet` | Date32 | null | |
//!
//! The vocabulary of the tab-separated form is as Athena hands it out: capital names ending in `.csv`, tabs, raw quotation
//! marks.
//!
//! | format | files |
//! |---|---|
//! | [`Format::SsMix2`] | a tree of HL7 v2.5 messages in ISO-2022-JP |
//! | [`Format::FhirNdjson`] | `Patient.ndjson` and so on, one per type of resource, R4 with JP Core |
//! | [`Format::Dpc`] | `FF1.txt` (form 1) and `EFn.txt`, CP932, tabs, CRLF |
//! | [`Format::CsvJa`] | `患者.csv` and so on: a hospital's own tables in CP932 |
//!
//! What each of them can hold of a hospital is told at [`crate::carried`]; [`concept_map`] leads from all of their codes
//! to concepts. A folder that has files already is written over, table by table, without clearing it: a run is a run of a
//! test tool, and a folder of somebody else's is never emptied.

mod concept_map;
mod dpc;
mod fhir;
mod form;
mod japanese;
mod local;
mod ssmix2;
mod text;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

pub use concept_map::{Mapping, concept_map, write_concept_map};

use crate::{Department, Dirt, Hospital, OmopError, omop_tables};

/// A shape of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// CDM v5.4, comma-separated.
    CsvV54,
    /// CDM v5.3, tab-separated.
    TsvV53,
    /// CDM v5.4, Parquet.
    ParquetV54,
    /// SS-MIX2 standardized storage.
    SsMix2 {
        /// Whether some files have versions that were replaced or deleted.
        history: bool,
    },
    /// FHIR R4 after JP Core, as a bulk export.
    FhirNdjson {
        /// Whether the files are compressed (`.ndjson.gz`).
        gzip: bool,
    },
    /// DPC form 1 and EF file of the stays.
    Dpc,
    /// Tables of a hospital's own making.
    CsvJa,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Table, its file, its number of rows. Of a storage: kind, root, number of files.
    pub tables: Vec<(&'static str, PathBuf, usize)>,
    /// The flaws that were put in; none outside of the tables of OMOP.
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

/// Writes the hospital into a folder, which is made where it is missing.
///
/// # Errors
/// Where the tables cannot be made or a file cannot be written.
pub fn write(hospital: &Hospital, format: Format, folder: &Path) -> Result<Written, WriteError> {
    fs::create_dir_all(folder).map_err(|error| WriteError::File(folder.into(), error))?;
    match format {
        Format::CsvV54 | Format::TsvV53 | Format::ParquetV54 => omop(hospital, format, folder),
        Format::SsMix2 { history } => ssmix2::write(hospital, history, folder),
        Format::FhirNdjson { gzip } => fhir::write(hospital, gzip, folder),
        Format::Dpc => dpc::write(hospital, folder),
        Format::CsvJa => local::write(hospital, folder),
    }
}

/// A department's code of two digits: those of the receipt's table, and from 61 the hospital's own.
pub(crate) fn department_code(care_site: i64) -> &'static str {
    department(care_site).0
}

pub(crate) fn department_name(care_site: i64) -> &'static str {
    department(care_site).1
}

fn department(care_site: i64) -> (&'static str, &'static str) {
    match Department::ALL.into_iter().find(|department| department.care_site() == care_site) {
        None | Some(Department::General) => ("01", "内科"),
        Some(Department::Cardiology) => ("08", "循環器内科"),
        Some(Department::Metabolism) => ("61", "糖尿病代謝内科"),
        Some(Department::Nephrology) => ("62", "腎臓内科"),
        Some(Department::Respiratory) => ("05", "呼吸器内科"),
        Some(Department::Oncology) => ("63", "腫瘍内科"),
        Some(Department::Neurology) => ("04", "神経内科"),
        Some(Department::Emergency) => ("64", "救急科"),
    }
}

fn omop(hospital: &Hospital, format: Format, folder: &Path) -> Result<Written, WriteError> {
    let omop = omop_tables(hospital)?;
    let mut tables = Vec::with_capacity(omop.tables.len());
    for (name, rows) in &omop.tables {
        let path = folder.join(file_name(name, format));
        if format == Format::ParquetV54 {
            parquet(&path, rows)?;
        } else {
            text::write(name, rows, format, &path).map_err(|error| WriteError::File(path.clone(), error))?;
        }
        tables.push((*name, path, rows.num_rows()));
    }
    Ok(Written { tables, dirt: omop.dirt })
}

fn file_name(table: &str, format: Format) -> String {
    match format {
        Format::TsvV53 if text::is_vocabulary(table) => format!("{}.csv", table.to_uppercase()),
        Format::TsvV53 => format!("{table}.tsv"),
        Format::ParquetV54 => format!("{table}.parquet"),
        _ => format!("{table}.csv"),
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
