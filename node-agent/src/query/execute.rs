//! Execution and release, in one breath: raw cells live no longer than this function.

use renkei_disclosure::{Released, release};
use renkei_plan::ReleasePoint;
use renkei_policy::Permit;

use super::Answer;
use crate::engine::{Engine, Reading};

/// Released cells of each release point, with its index.
pub(super) async fn execute(
    engine: &Engine,
    permit: &Permit,
    points: &[ReleasePoint],
    read: Reading<'_>,
) -> Result<Vec<(usize, Released)>, Box<Answer>> {
    let raw = engine.run(permit, points, read).await;
    let raw = raw.map_err(|e| Box::new(Answer::fault("execution", &e)))?;
    let released = points.iter().zip(raw).map(|(point, cells)| Ok((point.index, release(permit, cells)?)));
    released
        .collect::<Result<_, _>>()
        .map_err(|e: renkei_disclosure::ReleaseError| Box::new(Answer::fault("release", &e)))
}
