//! One record of the file.

use renkei_types::{PersonId, ProjectId, QueryId, SnapshotId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::set::{Marks, Set};

/// A part of an answer that left as such.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// When it left.
    pub at: Timestamp,
    /// Under which project.
    pub project: ProjectId,
    /// In the answer to which question.
    pub query: QueryId,
    /// From which snapshot.
    pub snapshot: SnapshotId,
    /// Which part of the answer: release point, and cell and aggregate, or grouping set.
    pub part: String,
    /// Whether parts could be taken off it.
    pub base: bool,
    /// What left, as bytes.
    pub value: Vec<u8>,
    pub(crate) persons: Vec<u8>,
    pub(crate) rows: Marks,
    pub(crate) sums: Marks,
}

impl Anchor {
    /// Its contributions; `None` where the record does not fit together.
    pub(crate) fn set(&self) -> Option<Set> {
        Set::kept(&self.persons, self.rows.clone(), self.sums.clone())
    }
}

/// A question that was charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charged {
    /// When.
    pub at: Timestamp,
    /// To which project.
    pub project: ProjectId,
    /// To whom.
    pub person: PersonId,
    /// SHA-256 of the canonical statement with its parameters and snapshot.
    pub statement: [u8; 32],
}

/// An answer to a registered statement in which something left that had not left before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// When it left.
    pub at: Timestamp,
    /// Under which project.
    pub project: ProjectId,
    /// In the answer to which question.
    pub query: QueryId,
    /// What the hospital calls the statement.
    pub name: String,
}

/// Which statement a question was, where something left in its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The question.
    pub(crate) query: QueryId,
    /// SHA-256 of the canonical statement with its parameters and snapshot.
    pub(crate) statement: [u8; 32],
}

/// What a record is. Kinds are told apart by their order: new ones come last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Record {
    /// A part of an answer left.
    Anchor(Box<Anchor>),
    /// A question was charged.
    Charged(Charged),
    /// A registered statement was answered.
    Registered(Registered),
    /// What left was asked for by this statement.
    Asked(Asked),
}
