//! What the site itself allows.

use std::collections::{BTreeMap, BTreeSet};

use renkei_types::{PersonId, ProjectId};
use serde::{Deserialize, Serialize};

/// What a snapshot was sealed as when it was made. It cannot be changed afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Seal {
    /// Records of patients.
    Clinical,
    /// Made by a program.
    Synthetic,
    /// Published for everybody.
    Public,
}

impl Seal {
    /// Whether the guard may be lowered below the floor.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Synthetic | Self::Public)
    }
}

/// The tables of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tables {
    /// Every table of the catalogue.
    All,
    /// These only.
    Only(BTreeSet<String>),
}

impl Tables {
    fn allows(&self, table: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(tables) => tables.contains(table),
        }
    }

    /// The first of `asked` that is not granted.
    #[must_use]
    pub fn first_missing<'a>(&self, asked: &'a BTreeSet<String>) -> Option<&'a str> {
        asked.iter().map(String::as_str).find(|table| !self.allows(table))
    }
}

/// What one project may ask at this site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Tables it may read.
    pub tables: Tables,
    /// People who may ask; `None` leaves the roster to the gateway.
    pub members: Option<BTreeSet<PersonId>>,
    /// Minimum of persons per cell that the project asks for; the site's own is never undercut on clinical records.
    pub minimum_persons: Option<u32>,
}

/// The site's own policy: what it does not list is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitePolicy {
    /// Minimum of persons per cell.
    pub minimum_persons: u32,
    /// Projects that this site has granted something.
    pub grants: BTreeMap<ProjectId, Grant>,
}
