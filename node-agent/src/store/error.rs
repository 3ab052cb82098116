//! What can go wrong with the store, each with the place and, where there is one, the remedy.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use renkei_types::SnapshotId;

/// A failure of the snapshot store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("cannot {doing} {path}", path = path.display())]
    Io {
        /// What was attempted, as a verb.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: io::Error,
    },
    /// The disk is full.
    #[error(
        "the disk is full: cannot {doing} {path}. Free some room there, or move the state folder to a larger disk, and run \
         it again; the current snapshot is as it was", path = path.display()
    )]
    Full {
        /// What was attempted, as a verb.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: io::Error,
    },
    /// Another process or thread holds the lock for changing the store.
    #[error("another ingest or clean-up is at work in {root}; wait until it has ended", root = root.display())]
    Busy {
        /// The state folder.
        root: PathBuf,
    },
    /// No snapshot of that id is in the store.
    #[error("there is no snapshot {id} in this store; `renkei-node snapshots` lists what there is")]
    Unknown {
        /// The id asked for.
        id: SnapshotId,
    },
    /// A file of a snapshot is not what its manifest says.
    #[error("{path}: {fault}; {remedy}", path = path.display(), remedy = fault.remedy())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The file that names the current snapshot is unreadable or names something that is not there.
    #[error("{path}: {reason}; choose a snapshot with `renkei-node snapshots use <id>`", path = path.display())]
    Current {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// For `map_err`: wraps an IO error with what was attempted and where.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::Full { doing, path, source }
            }
            _ => Self::Io { doing, path, source },
        }
    }

    /// A damaged file.
    pub(crate) fn damaged(path: &Path, fault: Fault) -> Self {
        Self::Damaged { path: path.to_owned(), fault }
    }
}

/// What is wrong with a file of a snapshot. Never quotes what the file holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file is not there.
    #[error("the file is missing")]
    Missing,
    /// The size differs from the manifest's.
    #[error("the file has {found} bytes, its manifest says {expected}")]
    Size {
        /// Bytes as the manifest says.
        expected: u64,
        /// Bytes on disk.
        found: u64,
    },
    /// The bytes differ from those that were written.
    #[error("the file's SHA-256 is not the one in its manifest")]
    Hash,
    /// Not readable as what it should be.
    #[error("the file cannot be read as {what}")]
    Unreadable {
        /// What it should be.
        what: &'static str,
    },
    /// Another number of rows.
    #[error("the file has {found} rows, its manifest says {expected}")]
    Rows {
        /// Rows as the manifest says.
        expected: u64,
        /// Rows in the file.
        found: u64,
    },
    /// Other columns or types than the table's.
    #[error("the file's columns are not those of table {table}")]
    Schema {
        /// The table.
        table: String,
    },
    /// Rows of one person do not stand together.
    #[error("the rows are not sorted by owner")]
    Unsorted,
    /// A row of a person whom the person index does not know.
    #[error("rows belong to a person number that the person index does not list as present")]
    Owner,
    /// The person index contradicts itself or the person table.
    #[error("the person index is inconsistent: {why}")]
    Index {
        /// In what way.
        why: &'static str,
    },
    /// The manifest does not have the content that the snapshot's id was made from.
    #[error("the manifest is not the one that this snapshot was published with")]
    Manifest,
    /// Written by a version that this program does not read.
    #[error("the format version is {found}, this program reads {known}")]
    Format {
        /// The version found.
        found: u32,
        /// The version that this program reads.
        known: u32,
    },
    /// The lineage file is lost, or another store's.
    #[error("the store's lineage {why}, so persons could not be recognised")]
    Lineage {
        /// In what way.
        why: &'static str,
    },
    /// In the folder, not in the manifest.
    #[error("the file is not listed in the manifest")]
    Unlisted,
}

impl Fault {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Format { .. } => "use the version of the program that wrote it",
            Self::Lineage { .. } => "restore lineage.json from a backup, or ingest into an empty state folder",
            Self::Unlisted => "remove it",
            _ => "restore the snapshot from a backup, go back to another one, or ingest again",
        }
    }
}
