//! The policy's word, and whether the site has anything to answer from.

use std::sync::Arc;

use renkei_plan::Split;
use renkei_policy::{Ask, Denial, Exploration, OffGrid, Permit, Registry, Seal, SitePolicy, Text};
use renkei_types::{Code, PersonId, ProjectId, Refusal, SiteState};

use super::{Answer, Received};
use crate::engine::SnapshotTables;
use crate::registered;

pub(super) fn decide(
    policy: &SitePolicy,
    received: &Received,
    split: &Split,
    tables: &Arc<SnapshotTables>,
    registered: &Registry,
) -> Result<Permit, Box<Answer>> {
    let snapshot = tables.snapshot();
    // What parameters and brought results hold is not in the words.
    let says_all = received.parameters.is_empty() && split.feeds.is_empty();
    let text = says_all.then(|| Text { statement: registered::statement(&received.sql), snapshot: snapshot.id() });
    let (project, subject) = (&received.project, &received.subject);
    let permit = permit(policy, project, subject, split, snapshot.seal().into(), text, registered);
    permit.map_err(|denial| Box::new(Answer::denied(*denial)))
}

/// The policy's word on a statement.
pub(crate) fn permit(
    policy: &SitePolicy,
    project: &ProjectId,
    subject: &PersonId,
    split: &Split,
    seal: Seal,
    text: Option<Text<'_>>,
    registered: &Registry,
) -> Result<Permit, Box<Denial>> {
    let exploration = exploration(split);
    let ask = Ask {
        project,
        subject,
        tables: &split.facts.tables,
        reference_tables: &split.facts.reference_tables,
        seal,
        exploration: &exploration,
        text,
        registered,
    };
    renkei_policy::decide(policy, &ask)
}

/// The statement as a question of feasibility.
fn exploration(split: &Split) -> Exploration {
    let found = split.exploration();
    let off_grid = found.off_grid.into_iter().map(|literal| OffGrid {
        what: literal.what,
        literal: literal.literal,
        nearest: literal.nearest,
        position: None,
    });
    Exploration {
        other_aggregates: found.other_aggregates,
        other_keys: found.other_keys,
        dimensions: found.dimensions,
        release_points: found.release_points,
        aggregates: found.aggregates,
        off_grid: off_grid.collect(),
    }
}

/// A table or column that the source never had is not the same as one without rows or values: the former cannot be
/// answered as zero.
pub(crate) fn mapped(split: &Split, tables: &Arc<SnapshotTables>) -> Result<(), Box<Answer>> {
    let asked = || split.facts.tables.iter().chain(&split.facts.reference_tables);
    if let Some(table) = asked().find(|table| !tables.has(table)) {
        return Err(table_not_mapped(table, "is not mapped at this site"));
    }
    if let Some(table) = asked().find(|table| !tables.whole(table)) {
        tracing::error!(table, snapshot = %tables.snapshot().id(), "a file of the snapshot is gone or cut; run `renkei-node snapshots verify`");
        return Err(Box::new(Answer::failed(Code::NoSnapshot, "the site's snapshot is damaged")));
    }
    let empty = |table: &&String| tables.snapshot().rows(table) == 0;
    if let Some(table) = split.facts.reference_tables.iter().find(empty) {
        return Err(table_not_mapped(table, "is empty at this site, so that concepts cannot be resolved"));
    }
    columns_mapped(split, tables)
}

/// NULL in every row because the source has no such column says nothing about anybody.
fn columns_mapped(split: &Split, tables: &Arc<SnapshotTables>) -> Result<(), Box<Answer>> {
    let absent = tables.snapshot().absent();
    if absent.is_empty() {
        return Ok(());
    }
    let read = split.reads().map_err(|error| Box::new(Answer::fault("planning", &error)))?;
    let Some(column) = absent.iter().find(|column| read.contains(*column)) else { return Ok(()) };
    let refusal =
        Refusal::new(Code::NotMapped, format!("column `{column}` is not mapped at this site; this is not zero"))
            .hint("leave the site out, ask it to map the column, or ask without the column");
    Err(not_mapped(refusal))
}

fn table_not_mapped(table: &str, what: &str) -> Box<Answer> {
    let refusal = Refusal::new(Code::NotMapped, format!("table `{table}` {what}; this is not zero"));
    not_mapped(refusal.hint("leave the site out, or ask it to map the table"))
}

/// The site has nothing to answer from.
pub(super) fn not_mapped(refusal: Refusal) -> Box<Answer> {
    Box::new(Answer::without_cells(SiteState::NotMapped, refusal))
}
