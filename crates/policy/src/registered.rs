//! Statements that the hospital looked at and registered for a project.
//!
//! A registration names words, not a cohort: the SHA-256 of the statement's text, byte for byte, on the one snapshot on
//! which the hospital saw what would leave. Another literal, another spelling or another snapshot is another statement,
//! and so is one with parameters or with a result that the gateway brings, since their values are not in the text.
//! Nothing of the hospital's rules is lifted but the comparison with what had left when it looked ([`Exemption`]).

use renkei_types::{ProjectId, SnapshotId, Timestamp};
use serde::{Deserialize, Serialize};

/// One statement that the hospital registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// What the hospital calls it.
    pub name: String,
    /// For which project.
    pub project: ProjectId,
    /// SHA-256 of its text.
    pub statement: [u8; 32],
    /// The snapshot on which the hospital saw what would leave.
    pub snapshot: SnapshotId,
    /// The ledger that the hospital looked at then.
    pub ledger: u64,
    /// How many parts of answers had left then: with these in view it was registered.
    pub known: u64,
    /// When.
    pub at: Timestamp,
}

/// All registrations in force at a site.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registry(Vec<Registration>);

impl Registry {
    /// Of these.
    #[must_use]
    pub fn new(registrations: Vec<Registration>) -> Self {
        Self(registrations)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Registration> {
        self.0.iter()
    }

    pub(crate) fn exemption(&self, project: &ProjectId, text: &Text) -> Option<Exemption> {
        let same = |one: &&Registration| {
            one.project == *project && one.statement == text.statement && one.snapshot == *text.snapshot
        };
        self.0.iter().find(same).map(|one| Exemption { name: one.name.clone(), ledger: one.ledger, known: one.known })
    }
}

/// A statement that says all of its meaning: without parameters, and without results that are brought to it.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// SHA-256 of the text as it was sent.
    pub statement: [u8; 32],
    /// The snapshot that would answer.
    pub snapshot: &'a SnapshotId,
}

/// The right of a registered statement to leave as it is beside what had left when the hospital looked at it. Only
/// [`decide`](crate::decide) makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    name: String,
    ledger: u64,
    known: u64,
}

impl Exemption {
    /// What the hospital calls the statement.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ledger that the hospital looked at; in another one it holds nothing.
    #[must_use]
    pub fn ledger(&self) -> u64 {
        self.ledger
    }

    /// How many parts of answers the hospital had in view; what left later is compared as ever.
    #[must_use]
    pub fn known(&self) -> u64 {
        self.known
    }
}
