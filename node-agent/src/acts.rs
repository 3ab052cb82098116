//! Acts of somebody at the site, done by another process than the agent: they wait in a folder until the agent, which
//! alone writes the log, records them.
//!
//! An act is on the disk before its effect. The agent takes it at its next look and removes it once it is in the log; a
//! crash between the two records it twice, never not at all. What cannot be read as an act was not written by this
//! program: it is put aside under another name, and that it was there is recorded.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rand::{CryptoRng, RngCore};
use renkei_audit::entry::{Act as Kind, Admin, Body, Draft, Line, Private};
use renkei_audit::tree::Hash;
use renkei_types::{Clock, ProjectId, SnapshotId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::store::{self, Error, Seal};

/// What somebody did. Each variant holds all that is recorded of it: nothing of a record, no number that was counted
/// from records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Done {
    /// The ledger was continued without what it forgot.
    LedgerRecovered {
        /// Parts of answers that it still knows.
        kept: u64,
        /// Bytes that were cut.
        cut: u64,
    },
    /// Old entries of the log were removed from its folder after they were exported.
    LogArchived {
        /// The first entry that stays.
        until: u64,
        /// SHA-256 of the archive's manifest.
        manifest: Hash,
    },
    /// Entries of the log were shown.
    LogShown {
        /// How many.
        entries: u64,
        /// Whether questions only.
        questions: bool,
    },
    /// A signed map was taken in a version that was not taken before.
    MapTaken {
        /// Its name.
        name: String,
        /// Its version.
        version: u64,
        /// SHA-256 of the file.
        sha256: Hash,
    },
    /// A statement was tried on the current snapshot; nothing left.
    Previewed {
        /// The project under which it was tried.
        project: ProjectId,
        /// The statement, which the site keeps to itself.
        sql: String,
    },
    /// A snapshot was made, and questions run on it.
    SnapshotMade {
        /// Its id.
        id: SnapshotId,
        /// What it may be used for.
        seal: Seal,
        /// SHA-256 of its manifest's contents.
        contents: Option<Hash>,
    },
    /// A snapshot was removed.
    SnapshotRemoved {
        /// Its id.
        id: SnapshotId,
    },
    /// Questions run on another snapshot.
    SnapshotUsed {
        /// Its id.
        id: SnapshotId,
    },
    /// A statement was looked at and registered for a project.
    StatementRegistered {
        /// The project.
        project: ProjectId,
        /// What the hospital calls it.
        name: String,
        /// The statement, which the site keeps to itself.
        sql: String,
        /// The snapshot on which it was looked at.
        snapshot: SnapshotId,
    },
    /// A registration was ended.
    StatementWithdrawn {
        /// The project.
        project: ProjectId,
        /// What the hospital called it.
        name: String,
    },
}

impl Done {
    fn kind(&self) -> Kind {
        match self {
            Self::LedgerRecovered { .. } => Kind::Ceremony,
            Self::LogArchived { .. } => Kind::Archive,
            Self::LogShown { .. } => Kind::LogRead,
            Self::MapTaken { .. } => Kind::Map,
            Self::Previewed { .. } => Kind::Preview,
            Self::SnapshotMade { .. } | Self::SnapshotRemoved { .. } | Self::SnapshotUsed { .. } => Kind::Snapshot,
            Self::StatementRegistered { .. } | Self::StatementWithdrawn { .. } => Kind::Approval,
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::LedgerRecovered { .. } => "ledger".to_owned(),
            Self::LogArchived { .. } | Self::LogShown { .. } => "log".to_owned(),
            Self::MapTaken { name, .. } => name.clone(),
            Self::Previewed { project, .. }
            | Self::StatementRegistered { project, .. }
            | Self::StatementWithdrawn { project, .. } => project.to_string(),
            Self::SnapshotMade { id, .. } | Self::SnapshotRemoved { id } | Self::SnapshotUsed { id } => id.to_string(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::LedgerRecovered { kept, cut } => format!("recovered: {kept} parts kept, {cut} bytes cut"),
            Self::LogArchived { until, .. } => format!("entries before {until} were exported and removed"),
            Self::LogShown { entries, questions: true } => format!("the newest {entries} entries of questions shown"),
            Self::LogShown { entries, questions: false } => format!("the newest {entries} entries shown"),
            Self::MapTaken { version, .. } => format!("version {version} taken"),
            Self::Previewed { .. } => "a statement was tried; nothing left".to_owned(),
            Self::SnapshotMade { seal, .. } => format!("made, sealed as {}; questions run on it", seal.as_str()),
            Self::SnapshotRemoved { .. } => "removed".to_owned(),
            Self::SnapshotUsed { .. } => "questions run on it".to_owned(),
            Self::StatementRegistered { name, snapshot, .. } => {
                format!("statement `{name}` looked at on {snapshot} and registered")
            }
            Self::StatementWithdrawn { name, .. } => format!("statement `{name}` registered no longer"),
        }
    }

    fn digest(&self) -> Option<Hash> {
        match self {
            Self::LogArchived { manifest, .. } => Some(*manifest),
            Self::MapTaken { sha256, .. } => Some(*sha256),
            Self::Previewed { sql, .. } | Self::StatementRegistered { sql, .. } => Some(Hash::of(sql.as_bytes())),
            Self::SnapshotMade { contents, .. } => *contents,
            Self::LedgerRecovered { .. }
            | Self::LogShown { .. }
            | Self::SnapshotRemoved { .. }
            | Self::SnapshotUsed { .. }
            | Self::StatementWithdrawn { .. } => None,
        }
    }
}

/// What was done, when, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Act {
    at: Timestamp,
    /// The account's number on this machine.
    account: u32,
    done: Done,
}

impl Act {
    /// The entry. Which account it was, and what was previewed, the site alone can read.
    pub(crate) fn draft<R: RngCore + CryptoRng>(&self, rng: &mut R) -> Draft {
        let (mut private, mut openings) = (Private::default(), Vec::new());
        let mut seal = |name: &str, value: &str| {
            // A name of plain letters, and one of two fields: it cannot fail.
            let _ = private.seal(name, value, &mut *rng, &mut openings);
        };
        seal("account", &self.account.to_string());
        if let Done::Previewed { sql, .. } | Done::StatementRegistered { sql, .. } = &self.done {
            seal("sql", sql);
        }
        let at =
            chrono::DateTime::from_timestamp_micros(self.at.0).map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
        let detail = format!("{} (at {})", self.done.detail(), at.unwrap_or_default());
        let admin = Admin {
            act: self.done.kind(),
            detail: Line::lossy(&detail),
            digest: self.done.digest(),
            private,
            subject: Line::lossy(&self.done.subject()),
            who: None,
        };
        Draft { body: Body::Admin(admin), openings }
    }
}

/// One file of the folder.
#[derive(Debug)]
pub(crate) enum Waiting {
    /// An act.
    Act(PathBuf, Act),
    /// Something else, now under another name.
    PutAside(PathBuf),
}

fn folder(state: &Path) -> PathBuf {
    state.join("acts")
}

/// Leaves an act for the agent. Durable when it returns.
///
/// # Errors
/// When it cannot be written: then what it tells of must not happen.
pub(crate) fn leave(state: &Path, clock: &dyn Clock, done: Done) -> Result<(), Error> {
    let act = Act { at: clock.now(), account: rustix::process::getuid().as_raw(), done };
    let folder = folder(state);
    let bytes = serde_json::to_vec(&act).map_err(io::Error::from).map_err(Error::io("write to", &folder))?;
    store::create_dir(&folder)?;
    // Several acts of one process may share a time; none may take another's place.
    let name = |n: u32| folder.join(format!("{:020}-{}-{n:04}.json", act.at.0, std::process::id()));
    let free = (0..10_000).map(name).find(|path| !path.exists());
    store::replace(&free.unwrap_or_else(|| name(10_000)), &bytes)
}

/// What waits, oldest first. Files that are no acts are renamed, so that each is met once.
pub(crate) fn waiting(state: &Path) -> Vec<Waiting> {
    let Ok(files) = fs::read_dir(folder(state)) else { return Vec::new() };
    let files = files.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    files.into_iter().filter_map(read).collect()
}

fn read(path: PathBuf) -> Option<Waiting> {
    match fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        Some(act) => Some(Waiting::Act(path, act)),
        None => {
            let aside = path.with_extension("unreadable");
            // One that cannot even be renamed would be recorded every second.
            fs::rename(&path, &aside).ok().map(|()| Waiting::PutAside(aside))
        }
    }
}

#[cfg(test)]
mod tests;
