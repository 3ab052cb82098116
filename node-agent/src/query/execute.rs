//! Execution and release, in one breath: raw cells live no longer than this function.

use std::collections::BTreeSet;
use std::sync::Arc;

use renkei_disclosure::{Reason, Released, review};
use renkei_ledger::{Asking, Flag, Ledger};
use renkei_plan::ReleasePoint;
use renkei_policy::Permit;
use renkei_types::{Code, Refusal};

use super::Answer;
use super::decide::not_mapped;
use crate::engine::{Feeds, Reading, SnapshotTables, named};
use crate::worker::{Executor, Lease, Part};

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

/// What is executed.
pub(crate) struct Asked<'a> {
    pub(crate) permit: &'a Arc<Permit>,
    pub(crate) part: Part,
    /// The release points of that part, of this node's own plan.
    pub(crate) points: &'a [ReleasePoint],
    pub(crate) read: Reading,
}

/// What release points read of a snapshot: its files are opened for reading, and nobody reads them here.
pub(crate) fn reading(
    tables: &SnapshotTables,
    points: &[ReleasePoint],
    feeds: Feeds,
    left_out: &Arc<[u32]>,
) -> Result<Reading, Box<Answer>> {
    let read: BTreeSet<&String> =
        points.iter().flat_map(|point| point.tables.iter().chain(&point.reference_tables)).collect();
    let files = tables.open(read).map_err(|error| Box::new(Answer::fault("snapshot", &error)))?;
    let (snapshot, left_out) = (tables.snapshot().id().clone(), Arc::clone(left_out));
    Ok(Reading { feeds, snapshot, files, left_out, memory_bytes: None })
}

/// A code that the statement names and the site's vocabulary does not have: what is counted over it would look like 0.
fn unknown(points: &[ReleasePoint], code: usize) -> Box<Answer> {
    let named = match named(points) {
        Ok(named) => named,
        Err(error) => return Box::new(Answer::fault("execution", &error)),
    };
    let Some((table, column, code)) = named.get(code) else {
        return Box::new(Answer::failed(Code::Failed, "a worker named a code that is none of the statement's"));
    };
    let message = format!("{column} {code} is not in table `{table}` of this site's vocabulary; this is not zero");
    let hint = "look at the code, give the gateway a vocabulary of its own, or leave the site out";
    not_mapped(Refusal::new(Code::NotMapped, message).hint(hint))
}

/// Runs a question and settles its answer with the ledger: what leaves is on the disk when it returns.
pub(crate) async fn execute(
    executor: &Executor,
    lease: &mut Lease<'_>,
    asked: Asked<'_>,
    settling: Settling,
) -> Result<Executed, Box<Answer>> {
    let Asked { permit, part, points, read } = asked;
    let raw = lease.run(permit, part, points, read).await;
    let raw = raw.map_err(|error| match error.unknown() {
        Some(code) => unknown(points, code),
        None => Box::new(Answer::fault("execution", &error)),
    })?;
    let permit = Arc::clone(permit);
    let settled = executor.blocking(move || {
        let Settling { ledger, asking, population, rehearsal } = settling;
        let reviewed = review(&permit, population, raw)?;
        let mut session = if rehearsal { ledger.rehearsal(asking) } else { ledger.session(asking) };
        let released = reviewed.settle(&mut session)?;
        let overlap = released.iter().map(|released| released.findings().count(Reason::Overlap)).sum();
        Ok::<_, renkei_disclosure::ReleaseError>((released, session.into_flags(overlap)))
    });
    let settled = settled.await.map_err(|e| Box::new(Answer::fault("release", &e)))?;
    let (released, flags) = settled.map_err(|e| Box::new(Answer::fault("release", &e)))?;
    Ok(Executed { cells: points.iter().map(|point| point.index).zip(released).collect(), flags })
}
