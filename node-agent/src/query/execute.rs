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
) -> Result<Vec<Released>, Answer> {
    let raw = engine.run(permit, &split.release_points, tables).await.map_err(|e| Answer::fault("execution", &e))?;
    raw.into_iter().map(|cells| release(permit, cells).map_err(|e| Answer::fault("release", &e))).collect()
}
