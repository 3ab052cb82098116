//! The hospital as tables of OMOP CDM v5.4.
//!
//! Every table has the columns of `renkei_cdm` in its order. Absent columns are null. Rows ascend by their id, or by
//! person. Flaws are put in where the events are laid out in rows, after the model is complete: the model itself is
//! always sound.

mod clinical;
mod dirt;
mod event;
mod people;
mod sheet;
mod vocabulary;

use arrow_array::RecordBatch;

pub use dirt::{Dirt, Flaw};

use crate::Hospital;

/// The tables of a hospital.
#[derive(Debug, Clone, PartialEq)]
pub struct Omop {
    /// Name and rows of each table, in a fixed order.
    pub tables: Vec<(&'static str, RecordBatch)>,
    /// What is wrong with them; empty unless [`crate::Spec::dirt`].
    pub dirt: Dirt,
}

impl Omop {
    /// The rows of a table.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&RecordBatch> {
        self.tables.iter().find(|(table, _)| *table == name).map(|(_, rows)| rows)
    }
}

/// Why the tables could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OmopError {
    /// The CDM has no such table.
    #[error("the CDM has no table {0}")]
    Table(&'static str),
    /// The table has no such column.
    #[error("table {0} has no column {1}")]
    Column(&'static str, &'static str),
    /// The columns do not fit the table's schema.
    #[error("table {table} cannot be built")]
    Schema {
        /// The table.
        table: &'static str,
        /// Arrow's complaint.
        source: arrow_schema::ArrowError,
    },
}

/// Makes the tables: person, location, care_site, provider, observation_period, visit_occurrence,
/// condition_occurrence, drug_exposure, procedure_occurrence, measurement, observation, death, cdm_source, and the
/// vocabulary.
///
/// # Errors
/// Where the tables of `renkei_cdm` have other columns or types than this writer knows.
pub fn omop_tables(hospital: &Hospital) -> Result<Omop, OmopError> {
    let mut dirt = Dirt::default();
    let mut tables = people::tables(hospital)?;
    tables.extend(clinical::tables(hospital, &mut dirt)?);
    tables.extend(vocabulary::tables()?);
    Ok(Omop { tables, dirt })
}
