//! What an ingest did, in numbers: for the terminal, for `report.json`, for the web console. Counts only.

mod html;
mod text;

use std::collections::BTreeMap;

use renkei_types::{SnapshotId, Timestamp};
use serde::{Deserialize, Serialize};

use super::findings::Finding;
use super::numbering::Continuity;
use super::sources::SourcesReport;
use crate::store::{Identity, Seal};

/// File name of the report within a snapshot.
pub const FILE: &str = "report.json";

/// The account of one ingest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The snapshot that was made; absent in `report.json`, which is part of what the id stands for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub snapshot: Option<SnapshotId>,
    /// The snapshot before.
    pub parent: Option<SnapshotId>,
    /// When it was made.
    pub made_at: Timestamp,
    /// What the snapshot may be used for.
    pub seal: Seal,
    /// The CDM version of the source.
    pub source_version: String,
    /// The vocabulary's version, as its own table states it.
    pub vocabulary_version: Option<String>,
    /// By what persons are recognised again.
    pub identity: Identity,
    /// The persons, compared with the snapshot before.
    pub persons: Continuity,
    /// Tables in the CDM's order.
    pub tables: Vec<TableReport>,
    /// What is odd, by table, column and kind.
    pub findings: Vec<Finding>,
    /// Files and columns that are no part of the CDM.
    pub ignored: Vec<Ignored>,
    /// Persons of a folder of CDM tables who opted out, and whose rows were not read in.
    #[serde(default)]
    pub opted_out: u64,
    /// What the hospital's own sources came to; absent where the source was a folder of CDM tables.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sources: Option<SourcesReport>,
    /// Snapshots that retention deleted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub deleted: Vec<SnapshotId>,
    /// Duration, in seconds.
    pub seconds: f64,
}

/// The account of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableReport {
    /// The table.
    pub table: String,
    /// Rows read.
    pub read: u64,
    /// Rows in the snapshot.
    pub accepted: u64,
    /// Rows in quarantine, by rule.
    pub rejected: BTreeMap<String, u64>,
    /// Persons who have rows in it; 0 for tables that are not about persons.
    #[serde(default)]
    pub persons: u64,
    /// Rows under concept 0, of tables whose rows have a concept.
    #[serde(default)]
    pub unmapped: u64,
    /// Whether the rows had to be sorted outside of memory.
    pub resorted: bool,
    /// Duration, in seconds.
    pub seconds: f64,
}

impl TableReport {
    /// Rows in quarantine.
    #[must_use]
    pub fn quarantined(&self) -> u64 {
        self.rejected.values().sum()
    }
}

/// A file or column that was left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// The file.
    pub file: String,
    /// The column; `None` where it is the whole file.
    pub column: Option<String>,
    /// Why.
    pub reason: String,
}

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

impl Report {
    /// Rows read.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.tables.iter().map(|table| table.read).sum()
    }

    /// Rows in the snapshot.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.tables.iter().map(|table| table.accepted).sum()
    }

    /// Rows in quarantine.
    #[must_use]
    pub fn quarantined(&self) -> u64 {
        self.tables.iter().map(TableReport::quarantined).sum()
    }

    /// Rows read in a second.
    #[must_use]
    pub fn rows_per_second(&self) -> f64 {
        if self.seconds > 0.0 { self.read() as f64 / self.seconds } else { 0.0 }
    }
}
