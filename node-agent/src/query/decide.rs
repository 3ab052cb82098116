//! The policy's word, and whether the site has anything to answer from.

use std::sync::Arc;

use renkei_plan::Split;
use renkei_policy::{Ask, Denial, Exploration, OffGrid, Permit, Seal, SitePolicy};
use renkei_types::{Code, PersonId, ProjectId, Refusal, SiteState};

use super::{Answer, Received};
use crate::engine::SnapshotTables;

pub(super) fn decide(
    policy: &SitePolicy,
    received: &Received,
    split: &Split,
    tables: &Arc<SnapshotTables>,
) -> Result<Permit, Box<Answer>> {
    let permit = permit(policy, &received.project, &received.subject, split, tables.snapshot().seal().into());
    permit.map_err(|denial| Box::new(Answer::denied(*denial)))
}

/// The policy's word on a statement.
pub(crate) fn permit(
    policy: &SitePolicy,
    project: &ProjectId,
    subject: &PersonId,
    split: &Split,
    seal: Seal,
) -> Result<Permit, Box<Denial>> {
    let exploration = exploration(split);
    let ask = Ask {
        project,
        subject,
        tables: &split.facts.tables,
        reference_tables: &split.facts.reference_tables,
        seal,
        exploration: &exploration,
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

/// A table that the source never had is not the same as one without rows: the former cannot be answered as zero.
pub(crate) fn mapped(split: &Split, tables: &Arc<SnapshotTables>) -> Result<(), Box<Answer>> {
    let asked = || split.facts.tables.iter().chain(&split.facts.reference_tables);
    if let Some(table) = asked().find(|table| !tables.has(table)) {
        return Err(not_mapped(table, "is not mapped at this site"));
    }
    if let Some(table) = asked().find(|table| !tables.whole(table)) {
        tracing::error!(table, snapshot = %tables.snapshot().id(), "a file of the snapshot is gone or cut; run `renkei-node snapshots verify`");
        return Err(Box::new(Answer::failed(Code::NoSnapshot, "the site's snapshot is damaged")));
    }
    let empty = |table: &&String| tables.snapshot().rows(table) == 0;
    if let Some(table) = split.facts.reference_tables.iter().find(empty) {
        return Err(not_mapped(table, "is empty at this site, so that concepts cannot be resolved"));
    }
    Ok(())
}

fn not_mapped(table: &str, what: &str) -> Box<Answer> {
    let refusal = Refusal::new(Code::NotMapped, format!("table `{table}` {what}; this is not zero"))
        .hint("leave the site out, or ask it to map the table");
    Box::new(Answer::without_cells(SiteState::NotMapped, refusal))
}
