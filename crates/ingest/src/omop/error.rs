//! What can be wrong with a folder, and with reading it.

use std::fmt;
use std::path::PathBuf;

use arrow_schema::ArrowError;
use thiserror::Error;

/// Everything that keeps a folder from being read, found in one go.
#[derive(Debug, Error)]
pub struct OpenError {
    /// The problems, by file; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the OMOP folder cannot be read:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// One thing that is wrong with a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder.
    pub file: PathBuf,
    /// What is wrong with it.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    pub(super) fn new(file: impl Into<PathBuf>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.into(), what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.file.display(), self.what, self.remedy)
    }
}

/// Why reading a table stopped. The import has to be given up: what came before is not the whole table.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot read {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A quoted field never closes and swallows the rest of the file.
    #[error("{}, line {line}: a quoted field opens in this record and never closes; double the quotes inside texts and export again", file.display())]
    Unclosed {
        /// The file.
        file: PathBuf,
        /// Line on which the record starts, from 1.
        line: u64,
    },
    /// A record is longer than any record should be.
    #[error("{}, line {line}: the record is longer than {} MiB; look for a quote that never closes", file.display(), limit >> 20)]
    TooLong {
        /// The file.
        file: PathBuf,
        /// Line on which the record starts, from 1.
        line: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The file is not the one that was inspected.
    #[error("{} changed after it was inspected; start the import again when the export has finished", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// The Parquet file is damaged.
    #[error("cannot decode {}; copy or export the file again", file.display())]
    Parquet {
        /// The file.
        file: PathBuf,
        /// What the decoder says.
        source: ArrowError,
    },
    /// Columns could not be put together to a batch.
    #[error("cannot convert {}", file.display())]
    Arrow {
        /// The file.
        file: PathBuf,
        /// What Arrow says.
        source: ArrowError,
    },
}
