//! The manifest: what a snapshot is, and the hash of every byte in it.
//!
//! On disk: `{"id", "content_id", "contents"}`. `content_id` is the SHA-256 of `contents` in compact JSON with the fields
//! in the order of [`Contents`], and its first 12 hex digits end the snapshot's id. So an id names exactly one
//! content, and a manifest that was edited no longer fits the name of its folder. Unknown fields are refused: they would
//! not be covered by the hash.

use std::path::Path;

use renkei_types::{SnapshotId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::durable::hex;
use super::{Error, Fault};

/// The version of the store's format that this program writes and reads.
pub const FORMAT: u32 = 1;

/// What a snapshot may be used for; fixed for ever when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Seal {
    /// Records of patients: every protection applies.
    #[default]
    Clinical,
    /// Invented records: protections may be relaxed, to test them.
    Synthetic,
    /// Records that anybody may have: protections may be relaxed.
    Public,
}

impl Seal {
    /// The name in manifests, answers and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clinical => "clinical",
            Self::Synthetic => "synthetic",
            Self::Public => "public",
        }
    }
}

/// By what the source says that two rows of `person`, of two exports, are one and the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// `person_source_value`: present and distinct in every row.
    SourceValue,
    /// `person_id`, for want of a usable `person_source_value`.
    PersonId,
}

impl Identity {
    /// The column that identifies.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::SourceValue => "person_source_value",
            Self::PersonId => "person_id",
        }
    }
}

/// One file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// File name, within the snapshot's folder.
    pub name: String,
    /// The CDM table whose rows it holds; `None` for the person index, the report and the quarantine.
    pub table: Option<String>,
    /// Rows, of Parquet files.
    pub rows: Option<u64>,
    /// Size.
    pub bytes: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
}

/// Everything that a manifest says but its own id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Version of the format ([`FORMAT`]).
    pub format: u32,
    /// 1 for the first snapshot of the lineage, then one more each time: the order in which they were made.
    pub sequence: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// What it may be used for.
    pub seal: Seal,
    /// The CDM version that it presents.
    pub cdm_version: String,
    /// The CDM version that the source had.
    pub source_version: String,
    /// The vocabulary's version as its own table states it (row `None` of `vocabulary`).
    pub vocabulary_version: Option<String>,
    /// By what persons are recognised again.
    pub identity: Identity,
    /// Persons in this snapshot.
    pub persons: u64,
    /// Person numbers ever given in this lineage: numbers are `0..numbers`.
    pub numbers: u32,
    /// The lineage: one state folder's sequence of snapshots, in which person numbers mean the same.
    pub lineage: String,
    /// The snapshot before, whose person numbers were continued.
    pub parent: Option<SnapshotId>,
    /// Version of the program that made it.
    pub software: String,
    /// Columns that the source's tables do not have, as `table.column`: NULL in every row, and not known to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// Every file, sorted by name.
    pub files: Vec<FileEntry>,
}

/// A manifest: an id and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The snapshot's id: when it was made, and the head of [`Self::content_id`].
    pub id: SnapshotId,
    /// SHA-256 of the contents, in hex.
    pub content_id: String,
    /// What it says.
    pub contents: Contents,
}

impl Manifest {
    /// Seals contents under their hash.
    ///
    /// # Errors
    /// [`Error::Damaged`] naming `path` if no id can be made of them (a date beyond the calendar).
    pub(crate) fn seal(contents: Contents, path: &Path) -> Result<Self, Error> {
        let unfit = || Error::damaged(path, Fault::Unreadable { what: "a manifest" });
        let content_id = content_id(&contents).ok_or_else(unfit)?;
        let made = chrono::DateTime::from_timestamp_micros(contents.made_at.0).ok_or_else(unfit)?;
        let id = format!("{}-{}", made.format("%Y%m%dt%H%M%Sz"), &content_id[..12]);
        Ok(Self { id: SnapshotId::new(id).map_err(|_| unfit())?, content_id, contents })
    }

    /// Reads the manifest of the snapshot `id` from `path` and checks that it is the one that the id stands for.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is absent, unreadable, edited or of another format; [`Error::Io`].
    pub(crate) fn read(path: &Path, id: &SnapshotId) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::damaged(path, Fault::Missing),
            _ => Error::io("read", path)(source),
        })?;
        check_format(&bytes, path)?;
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|_| Error::damaged(path, Fault::Unreadable { what: "a manifest" }))?;
        let sealed = Self::seal(manifest.contents.clone(), path)?;
        if sealed != manifest || manifest.id != *id {
            return Err(Error::damaged(path, Fault::Manifest));
        }
        Ok(manifest)
    }

    /// The bytes on disk.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The entry of the file of that name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&FileEntry> {
        self.contents.files.iter().find(|file| file.name == name)
    }
}

fn content_id(contents: &Contents) -> Option<String> {
    let bytes = serde_json::to_vec(contents).ok()?;
    Some(hex(&Sha256::digest(bytes)))
}

/// A newer format may have fields that this program does not know: its version is read first, on its own.
fn check_format(bytes: &[u8], path: &Path) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Head {
        contents: Format,
    }
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let head: Head =
        serde_json::from_slice(bytes).map_err(|_| Error::damaged(path, Fault::Unreadable { what: "a manifest" }))?;
    match head.contents.format {
        FORMAT => Ok(()),
        found => Err(Error::damaged(path, Fault::Format { found, known: FORMAT })),
    }
}
