//! Execution and release, in one breath: raw cells live no longer than this function.

use std::sync::Arc;

use renkei_disclosure::{Released, review};
use renkei_ledger::{Asking, Flag, Ledger};
use renkei_plan::ReleasePoint;
use renkei_policy::Permit;

use super::Answer;
use crate::engine::{Engine, Reading};

/// What leaves, and what the site has to know about it.
pub(crate) struct Executed {
    /// Released cells of each release point, with its index.
    pub(crate) cells: Vec<(usize, Released)>,
    /// Parts that are near earlier answers.
    pub(crate) flags: Vec<Flag>,
}

/// What an answer is settled with.
pub(crate) struct Settling {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) asking: Asking,
    /// Persons that the snapshot would answer about.
    pub(crate) population: u64,
    /// Nothing is kept: somebody at the site wants to see what would happen.
    pub(crate) rehearsal: bool,
}

/// Runs a question and settles its answer with the ledger: what leaves is on the disk when it returns.
pub(crate) async fn execute(
    engine: &Engine,
    permit: Arc<Permit>,
    points: &[ReleasePoint],
    read: Reading<'_>,
    settling: Settling,
) -> Result<Executed, Box<Answer>> {
    let raw = engine.run(&permit, points, read).await;
    let raw = raw.map_err(|e| Box::new(Answer::fault("execution", &e)))?;
    let settled = engine.blocking(move || {
        let Settling { ledger, asking, population, rehearsal } = settling;
        let reviewed = review(&permit, population, raw)?;
        let mut session = if rehearsal { ledger.rehearsal(asking) } else { ledger.session(asking) };
        let released = reviewed.settle(&mut session)?;
        Ok::<_, renkei_disclosure::ReleaseError>((released, session.into_flags()))
    });
    let settled = settled.await.map_err(|e| Box::new(Answer::fault("release", &e)))?;
    let (released, flags) = settled.map_err(|e| Box::new(Answer::fault("release", &e)))?;
    Ok(Executed { cells: points.iter().map(|point| point.index).zip(released).collect(), flags })
}
