//! The hospital's own map from its codes to concepts, in the columns of the CDM's `source_to_concept_map`.
//!
//! With it the conversion of any format leads to the concepts that the OMOP form of the same hospital has. A code that
//! the hospital has not mapped is there with concept 0, so that nobody maps it by its category. The map is the same for
//! every hospital.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use super::WriteError;
use crate::terms::Term;
use crate::{Code, carry, terms};

/// One row of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The code without its system.
    pub source_code: String,
    /// The custom concept of the code in the OMOP form, 0 where it has none.
    pub source_concept_id: i32,
    /// The system: `JLAC10`, `HOT9`, `YJ`, `ICD10`, `KCODE`, `LOCAL`, `MEDIS`, `RECEIPT`, `JJ1017`, `LENDO`, `UCUM` or
    /// `LOINC`.
    pub source_vocabulary_id: String,
    /// What it means.
    pub source_code_description: &'static str,
    /// The standard concept, or 0.
    pub target_concept_id: i32,
}

/// The map, by system and code.
#[must_use]
pub fn concept_map() -> Vec<Mapping> {
    let row = |(canonical, (term, concept)): (String, (&'static Term, i32))| {
        let (system, code) = canonical.split_once(':').unwrap_or(("LOCAL", &canonical));
        let own = Code { term, mapped: concept != 0 };
        let known = own.term.is_coded() && own.source(system) == canonical;
        Mapping {
            source_code: code.into(),
            source_concept_id: if known { terms::source_concept(&own, system) } else { 0 },
            source_vocabulary_id: system.into(),
            source_code_description: terms::japanese(term),
            target_concept_id: concept,
        }
    };
    carry::every_code().into_iter().map(row).collect()
}

/// Writes the map as comma-separated UTF-8 with a header.
///
/// # Errors
/// Where the file cannot be written.
pub fn write_concept_map(path: &Path) -> Result<usize, WriteError> {
    let rows = concept_map();
    write(&rows, path).map_err(|error| WriteError::File(path.into(), error))?;
    Ok(rows.len())
}

fn write(rows: &[Mapping], path: &Path) -> io::Result<()> {
    let mut out = csv::Writer::from_writer(BufWriter::new(File::create(path)?));
    out.write_record([
        "source_code",
        "source_concept_id",
        "source_vocabulary_id",
        "source_code_description",
        "target_concept_id",
        "target_vocabulary_id",
        "valid_start_date",
        "valid_end_date",
        "invalid_reason",
    ])?;
    for row in rows {
        let target = if row.target_concept_id == 0 { "None" } else { "SIM Standard" };
        out.write_record([
            &row.source_code,
            &row.source_concept_id.to_string(),
            &row.source_vocabulary_id,
            row.source_code_description,
            &row.target_concept_id.to_string(),
            target,
            "1970-01-01",
            "2099-12-31",
            "",
        ])?;
    }
    out.flush()
}
