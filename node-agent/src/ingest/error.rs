//! Why an ingest ended without a snapshot. The one before is still the current one.

use std::path::PathBuf;

use renkei_ingest::omop::{OpenError, ReadError};

use super::numbering::Renumbered;
use crate::store;

/// A failed ingest.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The folder is not an OMOP folder, or one of its files is wrong.
    #[error("the source was refused before anything was read")]
    Open(#[from] OpenError),
    /// A file could not be read to its end.
    #[error("the source could not be read to its end")]
    Read(#[from] ReadError),
    /// The source has no table `person`.
    #[error("the source has no table person; every other row needs a person, so export person together with the rest")]
    NoPersonTable,
    /// No row of `person` was acceptable.
    #[error(
        "no row of the table person could be accepted ({read} read); check that the export ran to its end and that \
         person_id, gender_concept_id, year_of_birth, race_concept_id and ethnicity_concept_id are filled"
    )]
    NoPersons {
        /// Rows read.
        read: u64,
    },
    /// The source changed while it was read.
    #[error("the person table changed while it was read; ingest again when the export has ended")]
    Moving,
    /// Persons were recognised by `person_source_value`, and this source does not have it for everybody.
    #[error(
        "persons of this store are recognised by person_source_value, and {missing} of {read} rows of person have none \
         or share one; fill the column as before, or start anew with an empty state folder. \
         --accept-renumbering goes over to person_id and counts everybody as new"
    )]
    Identity {
        /// Rows without a usable value.
        missing: u64,
        /// Rows of `person`.
        read: u64,
    },
    /// The source seems to have given its identifiers to other people.
    #[error(
        "the source seems to have renumbered its persons; if they are other people, ingest into an empty state folder; if \
         they are the same people, ingest again with --accept-renumbering"
    )]
    Renumbered(#[source] Renumbered),
    /// A source in the hospital's own format could not be read.
    #[error("the sources could not be read")]
    Sources(#[from] renkei_staging::Error),
    /// A vocabulary, a map or a master could not be read.
    #[error("the vocabulary or a map could not be read")]
    Codes(#[from] renkei_ingest::codes::CodesError),
    /// A map that the consortium signed cannot be believed; without it codes would lead elsewhere than agreed.
    #[error(transparent)]
    Map(#[from] crate::maps::MapError),
    /// The list of patients who opted out could not be read; without it nobody's records may be.
    #[error(transparent)]
    OptOut(#[from] crate::optout::ListError),
    /// The store refused.
    #[error("the snapshot could not be stored")]
    Store(#[from] store::Error),
    /// Rows could not be brought into order.
    #[error("the rows of {table} could not be sorted; free disk space under {spill}, or give the ingest more memory", spill = spill.display())]
    Sort {
        /// The table.
        table: &'static str,
        /// Where sorting spills.
        spill: PathBuf,
        /// The sorter's own words.
        #[source]
        source: datafusion::error::DataFusionError,
    },
    /// A batch did not have its table's form: a defect of this program.
    #[error("rows of {table} could not be put into their form; this is a defect, please report it")]
    Form {
        /// The table.
        table: &'static str,
        /// Arrow's own words.
        #[source]
        source: arrow_schema::ArrowError,
    },
    /// The thread that writes a table ended without a word: a defect of this program.
    #[error("writing {table} was given up; this is a defect, please report it")]
    Lost {
        /// The table.
        table: &'static str,
    },
}
