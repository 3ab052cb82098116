//! Acts of somebody at the site, done by another process than the agent, and what is recorded of each. They wait in a
//! folder until the agent, which alone writes the log, records them ([`renkei_service::signed_log::acts`]).

use std::path::Path;

use renkei_audit::entry::Act as Kind;
use renkei_audit::tree::Hash;
use renkei_service::signed_log::acts::{self, Deed};
use renkei_types::{Clock, ProjectId, SnapshotId};

use crate::store::{Error, Seal};

/// What somebody did. Each variant holds all that is recorded of it: nothing of a record, no number that was counted
/// from records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    /// The ledger was continued without what it forgot.
    LedgerRecovered {
        /// Parts of answers that it still knows.
        kept: u64,
        /// Bytes that were cut.
        cut: u64,
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
            Self::MapTaken { .. } => Kind::Map,
            Self::Previewed { .. } => Kind::Preview,
            Self::SnapshotMade { .. } | Self::SnapshotRemoved { .. } | Self::SnapshotUsed { .. } => Kind::Snapshot,
            Self::StatementRegistered { .. } | Self::StatementWithdrawn { .. } => Kind::Approval,
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::LedgerRecovered { .. } => "ledger".to_owned(),
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

    /// What is recorded; what was previewed the site keeps to itself.
    fn deed(&self) -> Deed {
        let mut deed = Deed::plain(self.kind(), self.subject(), self.detail(), self.digest());
        if let Self::Previewed { sql, .. } | Self::StatementRegistered { sql, .. } = self {
            deed.sealed.insert("sql".into(), sql.clone());
        }
        deed
    }

    fn digest(&self) -> Option<Hash> {
        match self {
            Self::MapTaken { sha256, .. } => Some(*sha256),
            Self::Previewed { sql, .. } | Self::StatementRegistered { sql, .. } => Some(Hash::of(sql.as_bytes())),
            Self::SnapshotMade { contents, .. } => *contents,
            Self::LedgerRecovered { .. }
            | Self::SnapshotRemoved { .. }
            | Self::SnapshotUsed { .. }
            | Self::StatementWithdrawn { .. } => None,
        }
    }
}

/// Leaves an act for the agent. Durable when it returns.
///
/// # Errors
/// When it cannot be written: then what it tells of must not happen.
pub(crate) fn leave(state: &Path, clock: &dyn Clock, done: Done) -> Result<(), Error> {
    acts::leave(state, clock, done.deed()).map_err(Error::io("write to", &acts::folder(state)))
}

#[cfg(test)]
mod tests;
