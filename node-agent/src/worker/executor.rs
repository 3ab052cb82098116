//! The face of workers to the rest of the agent.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::ScalarValue;
use renkei_disclosure::Raw;
use renkei_plan::ReleasePoint;
use renkei_policy::Permit;
use renkei_types::{ProjectId, SiteId, Timestamp};
use tokio::runtime::{Builder, Runtime};

use super::message::{self, FileHead, Order, Part, Plan, Run};
use super::pool::Pool;
use super::process::Process;
use super::{Confinement, Execution, WorkerError};
use crate::engine::Reading;
use crate::engine::cells;

/// What questions may use, and how workers are kept.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Threads of a worker.
    pub(crate) threads: usize,
    /// Bytes of memory of all questions together.
    pub(crate) memory_bytes: usize,
    /// Folder for what does not fit into memory.
    pub(crate) spill_dir: PathBuf,
    /// Bytes on disk for it, of all questions together.
    pub(crate) spill_bytes: u64,
    /// Questions at the same time.
    pub(crate) places: usize,
    /// Questions after which a worker is replaced.
    pub(crate) questions: u32,
    /// Bytes of raw cells that a worker may hand over for a question.
    pub(crate) output_bytes: u64,
    /// Whether the node refuses to start where the system cannot confine a worker.
    pub(crate) require: bool,
}

/// A statement with everything that its plan depends on.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) parameters: Vec<ScalarValue>,
    pub(crate) bound_at: Timestamp,
    /// Vocabulary tables that the gateway resolves code sets from.
    pub(crate) vocabulary: BTreeSet<String>,
}

/// Plans and executes for one node.
#[derive(Debug)]
pub(crate) struct Executor {
    runtime: Option<Runtime>,
    way: Way,
    /// What held for the first worker.
    confinement: Option<Confinement>,
}

#[derive(Debug)]
enum Way {
    Workers(Arc<Pool>),
    #[cfg(test)]
    Inside(Arc<crate::engine::Engine>),
}

impl Executor {
    /// Makes ready what executes: a first worker is started, so that a system that cannot is noticed at once.
    ///
    /// # Errors
    /// [`WorkerError`] when it cannot start, or cannot be confined as demanded.
    pub(crate) fn new(site: SiteId, limits: Limits, execution: &Execution) -> Result<Self, WorkerError> {
        let (way, confinement) = match execution {
            #[cfg(test)]
            Execution::InProcess => {
                let Limits { threads, memory_bytes, spill_dir, spill_bytes, .. } = limits;
                let limits = crate::engine::Limits { threads, memory_bytes, spill_dir, spill_bytes };
                (Way::Inside(Arc::new(crate::engine::Engine::new(site, limits)?)), None)
            }
            Execution::Workers(program) => {
                let pool = Pool::new(program.clone(), site, limits);
                let confinement = pool.warm()?;
                let missing = confinement.missing();
                if missing.is_empty() {
                    tracing::info!("workers are confined: files, network, processes, limits");
                } else {
                    tracing::warn!(missing, "this system cannot confine workers in every way");
                }
                (Way::Workers(Arc::new(pool)), Some(confinement))
            }
        };
        // Last: a runtime that is dropped here, because a worker could not be started, would hide the reason in a panic.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("renkei-agent")
            .thread_stack_size(8 * 1024 * 1024)
            .build()
            .map_err(WorkerError::Start)?;
        Ok(Self { runtime: Some(runtime), way, confinement })
    }

    /// What this system keeps workers from; `None` where there are none.
    pub(crate) fn confinement(&self) -> Option<Confinement> {
        self.confinement
    }

    /// Runs a computation that may take a while, or may panic, away from the connection.
    ///
    /// # Errors
    /// [`WorkerError::Lost`] when it panicked.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkerError> {
        let runtime = self.runtime.as_ref().ok_or(WorkerError::Lost)?;
        runtime.spawn_blocking(work).await.map_err(|_| WorkerError::Lost)
    }

    /// A worker for one question of the project.
    ///
    /// # Errors
    /// [`WorkerError`] when none can be started.
    pub(crate) async fn lease(&self, project: &ProjectId) -> Result<Lease<'_>, WorkerError> {
        let hold = match &self.way {
            #[cfg(test)]
            Way::Inside(engine) => Hold::Inside(Arc::clone(engine)),
            Way::Workers(pool) => {
                let process = match pool.take(project) {
                    Some(process) => process,
                    None => {
                        let pool = Arc::clone(pool);
                        self.blocking(move || pool.start()).await??
                    }
                };
                let ahead = Arc::clone(pool);
                let runtime = self.runtime.as_ref().ok_or(WorkerError::Lost)?;
                drop(runtime.spawn_blocking(move || ahead.replenish()));
                Hold::Worker { pool: Arc::clone(pool), process: Some(process), in_order: true }
            }
        };
        Ok(Lease { executor: self, project: project.clone(), hold })
    }
}

#[cfg(test)]
impl Lease<'_> {
    /// The process that it holds.
    pub(super) fn process_id(&self) -> Option<u32> {
        match &self.hold {
            Hold::Worker { process, .. } => process.as_ref().map(Process::id),
            Hold::Inside(_) => None,
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A worker for the time of one question. A question that is dropped before it ended takes its worker with it.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    executor: &'a Executor,
    project: ProjectId,
    hold: Hold,
}

#[derive(Debug)]
enum Hold {
    Worker {
        pool: Arc<Pool>,
        process: Option<Process>,
        in_order: bool,
    },
    #[cfg(test)]
    Inside(Arc<crate::engine::Engine>),
}

impl Lease<'_> {
    /// Plans a statement in the worker, on schemas alone. That it was planned, or refused, in bounded time and memory is
    /// all that comes back.
    ///
    /// # Errors
    /// [`WorkerError`] when planning it ended the worker.
    pub(crate) async fn plan(&mut self, statement: &Statement) -> Result<(), WorkerError> {
        let Hold::Worker { process: Some(process), in_order, .. } = &mut self.hold else { return Ok(()) };
        *in_order = false;
        process.questions += 1;
        let line = process.line();
        let statement = statement.clone();
        let planned = self.executor.blocking(move || {
            let Statement { sql, parameters, bound_at, vocabulary } = statement;
            let parameters = message::encode_parameters(&parameters).ok_or(WorkerError::Lost)?;
            line.plan(&Order::Plan(Plan { sql, bound_at, vocabulary }), parameters)
        });
        planned.await??;
        *in_order = true;
        Ok(())
    }

    /// Executes a part of the statement that was planned last: raw cells, one [`Raw`] per release point of the agent's
    /// own plan, which the worker's cells were compared with.
    ///
    /// Dropping the future kills the worker.
    ///
    /// # Errors
    /// [`WorkerError`]; the text is for the node's own log.
    pub(crate) async fn run(
        &mut self,
        permit: &Permit,
        part: Part,
        points: &[ReleasePoint],
        read: Reading,
    ) -> Result<Vec<Raw>, WorkerError> {
        let guarded = permit.guarded();
        let points = points.to_vec();
        match &mut self.hold {
            #[cfg(test)]
            Hold::Inside(engine) => {
                let raw = engine.run(guarded, &points, read).await?;
                let raw = points.iter().zip(raw).map(|(point, batch)| cells::read(point, guarded, &[batch]));
                Ok(raw.collect::<Result<_, _>>()?)
            }
            Hold::Worker { pool, process, in_order } => {
                let process = process.as_ref().ok_or(WorkerError::Lost)?;
                *in_order = false;
                let (line, pool) = (process.line(), Arc::clone(pool));
                let raw = self.executor.blocking(move || {
                    let share = pool.share();
                    let (run, bodies) = order(part, guarded, &read, share.bytes).ok_or(WorkerError::Lost)?;
                    let cells = line.run(run, bodies, &read.files, points.len(), pool.limits().output_bytes)?;
                    let raw = points.iter().zip(cells).map(|(point, cells)| cells::read(point, guarded, &cells));
                    Ok::<_, WorkerError>(raw.collect::<Result<Vec<_>, _>>()?)
                });
                let raw = raw.await?;
                // That it does not know a code is the end of an order as good as another.
                *in_order = raw.as_ref().err().is_none_or(|error| error.unknown().is_some());
                raw
            }
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Hold::Worker { pool, process, in_order: true } = &mut self.hold
            && let Some(process) = process.take()
        {
            pool.give(self.project.clone(), process);
        }
    }
}

fn order(part: Part, guarded: bool, read: &Reading, memory_bytes: usize) -> Option<(Run, Vec<Vec<u8>>)> {
    let (feeds, encoded) = message::encode_feeds(&read.feeds)?;
    let heads = read.files.iter().map(|file| FileHead {
        table: file.table.clone(),
        name: file.name.clone(),
        bytes: file.bytes,
    });
    let run = Run { part, guarded, snapshot: read.snapshot.clone(), files: heads.collect(), memory_bytes, feeds };
    let bodies = std::iter::once(message::encode_persons(&read.left_out)).chain(encoded).collect();
    Some((run, bodies))
}
