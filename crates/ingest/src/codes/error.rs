//! What keeps vocabularies, maps and masters from being loaded.

use std::path::PathBuf;

use thiserror::Error;

use crate::omop::{OpenError, ReadError};

/// Why codes cannot be given their concepts. No text holds a value of a record.
#[derive(Debug, Error)]
pub enum CodesError {
    /// The folder of the vocabulary is not one.
    #[error("the vocabulary cannot be opened")]
    Open(#[from] OpenError),
    /// A file of the vocabulary cannot be read to its end.
    #[error("the vocabulary cannot be read")]
    Read(#[from] ReadError),
    /// A table is missing without which codes would stay without concepts in silence.
    #[error(
        "{}: it holds no {table}; download the vocabularies again, and put all files of the download there",
        folder.display()
    )]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// The table that is missing.
        table: &'static str,
    },
    /// A map or a master cannot be read.
    #[error("cannot read {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A map or a master does not have the columns of one.
    #[error("{}: {what}; {remedy}", file.display())]
    Columns {
        /// The file.
        file: PathBuf,
        /// What is missing.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
}
