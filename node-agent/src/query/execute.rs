//! Execution and release, in one breath: raw cells live no longer than this function.

use std::sync::Arc;

use renkei_disclosure::{Released, release};
use renkei_plan::Split;
use renkei_policy::Permit;

use super::Answer;
use crate::engine::{Engine, SnapshotTables};

pub(super) async fn execute(
    engine: &Engine,
    permit: &Permit,
    split: &Split,
    tables: &Arc<SnapshotTables>,
) -> Result<Vec<Released>, Box<Answer>> {
    let raw = engine.run(permit, &split.release_points, tables).await;
    let raw = raw.map_err(|e| Box::new(Answer::fault("execution", &e)))?;
    let released = raw.into_iter().map(|cells| release(permit, cells));
    released.collect::<Result<_, _>>().map_err(|e| Box::new(Answer::fault("release", &e)))
}
