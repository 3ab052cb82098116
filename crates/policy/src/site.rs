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

/// How far a grant goes. Each level includes what those before it may ask, under its own rules of release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Numbers of persons by at most three coded dimensions, in bins, with literals on a grid: to see whether a study is
    /// possible, before anybody approved one.
    Feasibility,
    /// The whole guarded language, exact above the rules: an approved project.
    Aggregate,
    /// Rows of persons under a release that the hospital signed. Reserved: nothing is answered at this level.
    Row,
}

impl Level {
    /// The name in files and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feasibility => "feasibility",
            Self::Aggregate => "aggregate",
            Self::Row => "row",
        }
    }

    /// What happens to nearly the same cohort at this level, unless the site says otherwise.
    #[must_use]
    pub fn mode(self) -> Mode {
        match self {
            Self::Feasibility => Mode::Substitute,
            Self::Aggregate | Self::Row => Mode::Flag,
        }
    }
}

/// What happens to a cell whose persons are nearly those of one that was released before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The earlier answer is given again.
    Substitute,
    /// The exact answer leaves, and the pair is written to the log.
    Flag,
    /// The cell is held until somebody at the site has looked at it.
    Hold,
}

impl Mode {
    /// The name in files and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Substitute => "substitute",
            Self::Flag => "flag",
            Self::Hold => "hold",
        }
    }
}

/// How many questions may be asked; `None` where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Of one project within 30 days.
    pub project_30_days: Option<u32>,
    /// Of one person within a day.
    pub person_day: Option<u32>,
}

impl Budget {
    /// What a level allows unless the site says otherwise.
    #[must_use]
    pub fn of(level: Level) -> Self {
        match level {
            Level::Feasibility => Self { project_30_days: Some(100), person_day: Some(20) },
            Level::Aggregate | Level::Row => Self::default(),
        }
    }
}

/// What one project may ask at this site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// How far the grant goes.
    pub level: Level,
    /// What happens to nearly the same cohort; the level's own way where it is not said.
    pub mode: Option<Mode>,
    /// How many questions it may ask; the level's own number where it is not said.
    pub budget: Option<Budget>,
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
    /// The highest level that this site answers at all, whatever a grant says.
    pub level: Level,
    /// Projects that this site has granted something.
    pub grants: BTreeMap<ProjectId, Grant>,
}
