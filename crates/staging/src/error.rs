//! Why sources could not be read. What was read before is kept.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A failure that concerns a source as a whole.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The disk is full.
    #[error(
        "the disk is full: {} cannot be written. Free some room there, or move the state folder to a larger disk, and run \
         it again: it goes on from what was read until then, and what was in use is as it was", path.display()
    )]
    Full {
        /// What was being written.
        path: PathBuf,
        /// The system's own words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A folder of the source is absent or empty.
    #[error(
        "the source `{source_name}` has nothing in {}: is the share mounted, and may this user read it? Nothing was \
         changed", path.display()
    )]
    Empty {
        /// The source.
        source_name: String,
        /// The folder.
        path: PathBuf,
    },
    /// Many files are gone.
    #[error(
        "of {known} files that the source `{source_name}` had, {gone} are gone. If they were deleted on purpose, run \
         again with --accept-vanished; their records leave the next snapshot then. Nothing was deleted"
    )]
    Vanished {
        /// The source.
        source_name: String,
        /// Files before.
        known: u64,
        /// Files that are gone.
        gone: u64,
    },
    /// The format of a folder is not recognised.
    #[error(
        "{} is none of the formats that can be read: OMOP tables (person.csv or person.parquet), SS-MIX2 standardized \
         storage (123/456/<patient>/…), FHIR (*.ndjson, *.json), DPC files; name it with --format if it is", path.display()
    )]
    Unrecognised {
        /// The folder.
        path: PathBuf,
    },
    /// The transaction storage of SS-MIX2.
    #[error(
        "{} is a transaction storage of SS-MIX2 (TR_….DAT), whose layout is not public: give the root of the standardized \
         storage instead, which holds the same records", path.display()
    )]
    Transactions {
        /// The folder.
        path: PathBuf,
    },
    /// A mapping file is wrong.
    #[error("{}", mistakes.join("\n"))]
    Mapping {
        /// Every mistake, with file and line.
        mistakes: Vec<String>,
    },
    /// The vocabulary cannot be read.
    #[error("the vocabulary or a map could not be read")]
    Codes(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The staging database does not do as it should.
    #[error("the staging file {} is in trouble; it can be deleted, and everything is read again", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// What was staged cannot be read back.
    #[error(
        "the staging file {} is damaged; nothing was changed. Delete it, and the source is read again", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A thread ended early.
    #[error("reading ended early by a fault of this program")]
    Lost,
}

impl Error {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| {
            if is_full(&source) { Self::Full { path, source: source.into() } } else { Self::Io { doing, path, source } }
        }
    }

    pub(crate) fn database(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full { path, source: source.into() },
            _ => Self::Database { path, source },
        }
    }
}

/// Whether an error, or what is inside it, says that there is no room.
fn is_full(error: &io::Error) -> bool {
    if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) {
        return true;
    }
    let mut inner = error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(cause) = inner {
        if cause.downcast_ref::<io::Error>().is_some_and(is_full) {
            return true;
        }
        inner = cause.source();
    }
    false
}
