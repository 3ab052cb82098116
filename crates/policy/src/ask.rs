//! What is asked, as far as the policy looks at it.

use std::collections::BTreeSet;

use renkei_types::{PersonId, Position, ProjectId};

use crate::{Registry, Seal, Text};

/// A literal that lies beside the grid of the level *feasibility*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffGrid {
    /// What it is compared with, as the statement names it.
    pub what: String,
    /// The literal.
    pub literal: String,
    /// The nearest that lie on the grid.
    pub nearest: Vec<String>,
    /// Where it stands, if that is known.
    pub position: Option<Position>,
}

/// What the level *feasibility* asks of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exploration {
    /// Aggregates that are not numbers of distinct persons, as the statement names them.
    pub other_aggregates: Vec<String>,
    /// Group keys that are not codes, labels, coarse demographics or months and weeks.
    pub other_keys: Vec<String>,
    /// The most group keys of one release point.
    pub dimensions: usize,
    /// Release points of the statement.
    pub release_points: usize,
    /// Aggregates in all of them.
    pub aggregates: usize,
    /// Literals beside the grid.
    pub off_grid: Vec<OffGrid>,
}

/// What is asked, as far as the policy looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The project under which it is asked.
    pub project: &'a ProjectId,
    /// Who asks.
    pub subject: &'a PersonId,
    /// Tables of persons and of the site that the statement reads.
    pub tables: &'a BTreeSet<String>,
    /// Vocabulary tables that it reads.
    pub reference_tables: &'a BTreeSet<String>,
    /// The seal of the snapshot that would answer.
    pub seal: Seal,
    /// What the statement is, seen as a question of feasibility.
    pub exploration: &'a Exploration,
    /// The statement's words; `None` where they do not say all of its meaning.
    pub text: Option<Text<'a>>,
    /// What the site registered.
    pub registered: &'a Registry,
}
