//! The query engine: a release point and a snapshot in, raw cells out.
//!
//! What must stay true: it reads the files that it was handed and nothing else; its errors carry no value of a record
//! (the plan has no operation that fails on one). Questions run on a runtime of their own, so that a heavy one does not
//! hold up whoever asked, and end when the asker goes away. It runs in a worker process ([`crate::worker`]), whose
//! face to the agent is what demands a permit.
//!
//! Layout: [`files`] are the open files of a snapshot, [`sources`] makes scans of them, [`bind`] puts these under a
//! release point, [`states`], [`bins`], [`keys`] and [`persons`] are the aggregates that yield mergeable states,
//! [`contributions`] the one that yields who contributes and with what, all in one pass; [`lookups`] tells whether the
//! vocabulary has what a statement names; [`cancel`] ends what nobody waits for, [`cells`] is the shape of the result. [`tables`] is the agent's view of a snapshot.

mod bind;
mod bins;
mod cancel;
pub(crate) mod cells;
mod contributions;
mod files;
mod keys;
mod lookups;
mod persons;
mod sources;
mod states;
mod tables;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::DefaultObjectStoreRegistry;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::SessionConfig;
use renkei_plan::{Lookup, ReleasePoint};
use renkei_types::{SiteId, SnapshotId};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use files::{ADDRESS, Files};
use sources::Sources;

pub use files::TableFile;
pub use tables::SnapshotTables;

/// What the engine may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Threads, and partitions of a scan.
    pub threads: usize,
    /// Bytes of memory for hash tables and sorts, over all questions.
    pub memory_bytes: usize,
    /// Folder for what does not fit into memory.
    pub spill_dir: PathBuf,
    /// Bytes on disk for it.
    pub spill_bytes: u64,
}

/// Why a question failed inside the node. Outside it is one opaque code.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The runtime could not be made.
    #[error("the engine could not be started")]
    Start(#[source] std::io::Error),
    /// The engine gave up.
    #[error("the engine failed")]
    Engine(#[from] DataFusionError),
    /// The site's vocabulary does not have a code that the statement names: which one of [`named`]'s.
    #[error("the vocabulary does not have a code that the statement names")]
    Unknown(usize),
    /// The engine's task ended without a result.
    #[error("the engine's task was lost")]
    Lost,
}

/// Released results that rows are compared with, by the index of the feed.
pub type Feeds = BTreeMap<usize, (SchemaRef, Vec<RecordBatch>)>;

/// What a question reads.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Released results that rows are compared with.
    pub feeds: Feeds,
    /// The snapshot's id.
    pub snapshot: SnapshotId,
    /// The open files of the tables that the question reads.
    pub files: Vec<TableFile>,
    /// Person numbers whose rows are not there for this question.
    pub left_out: Arc<[u32]>,
    /// Bytes of memory that this question may use; `None` shares the engine's with the others.
    pub memory_bytes: Option<usize>,
}

/// The engine of one process.
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    site: SiteId,
    runtime: Option<Runtime>,
    environment: Arc<RuntimeEnv>,
}

impl Engine {
    /// Starts the engine.
    ///
    /// # Errors
    /// [`EngineError`] when threads or the spill folder cannot be had.
    pub fn new(site: SiteId, limits: Limits) -> Result<Self, EngineError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(limits.threads.max(1))
            .thread_name("renkei-engine")
            .thread_stack_size(8 * 1024 * 1024)
            .enable_time()
            .build()
            .map_err(EngineError::Start)?;
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![limits.spill_dir.clone()]))
            .with_max_temp_directory_size(limits.spill_bytes);
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory_bytes)))
            .with_disk_manager_builder(disk)
            .build_arc()?;
        Ok(Self { limits, site, runtime: Some(runtime), environment })
    }

    /// Runs the hospital's half of a statement and returns the raw cells of each release point, in the shape of
    /// [`cells`]. One question at a time has the files. Codes that it names in the vocabulary are looked up before.
    ///
    /// Dropping the future ends the work.
    ///
    /// # Errors
    /// [`EngineError`]; its text names no value of a record.
    pub async fn run(
        &self,
        guarded: bool,
        points: &[ReleasePoint],
        read: Reading,
    ) -> Result<Vec<RecordBatch>, EngineError> {
        let tables = Sources::new(read.snapshot.as_str(), &read.files)?;
        let address = Url::parse(ADDRESS).map_err(|error| DataFusionError::External(error.into()))?;
        let state = self.session(read.memory_bytes)?;
        let files = Arc::new(Files::new(read.snapshot.as_str(), &read.files));
        state.runtime_env().register_object_store(&address, files);
        let (tables, read) = (Arc::new(tables), Arc::new(read));
        self.known(points, &state, &tables).await?;
        let mut raw = Vec::with_capacity(points.len());
        for point in points {
            let (tables, read) = (Arc::clone(&tables), Arc::clone(&read));
            raw.push(self.point(guarded, point.clone(), state.clone(), tables, read).await?);
        }
        Ok(raw)
    }

    /// Whether the vocabulary has the codes that the release points name.
    async fn known(
        &self,
        points: &[ReleasePoint],
        state: &SessionState,
        tables: &Arc<Sources>,
    ) -> Result<(), EngineError> {
        let lookups = lookups_of(points)?;
        if lookups.is_empty() {
            return Ok(());
        }
        let (state, tables) = (state.clone(), Arc::clone(tables));
        let work = async move { lookups::missing(&state, &lookups, &tables).await };
        let runtime = self.runtime.as_ref().ok_or(EngineError::Lost)?;
        let missing = AbortOnDropHandle::new(runtime.spawn(work)).await.map_err(|_| EngineError::Lost)??;
        missing.map_or(Ok(()), |code| Err(EngineError::Unknown(code)))
    }

    async fn point(
        &self,
        guarded: bool,
        point: ReleasePoint,
        state: SessionState,
        tables: Arc<Sources>,
        read: Arc<Reading>,
    ) -> Result<RecordBatch, EngineError> {
        let site = self.site.clone();
        let given_up = CancellationToken::new();
        let watched = given_up.clone();
        let work = async move {
            let sources = bind::Sources { site: &site, tables: &tables, feeds: &read.feeds, left_out: &read.left_out };
            let physical = physical(&state, &point, guarded, &sources, &watched).await?;
            let batches = collect(Arc::clone(&physical), state.task_ctx()).await?;
            cells::shaped(&point, guarded, &physical.schema(), &batches)
        };
        let runtime = self.runtime.as_ref().ok_or(EngineError::Lost)?;
        let _given_up_when_dropped = given_up.drop_guard();
        let task = AbortOnDropHandle::new(runtime.spawn(work));
        Ok(task.await.map_err(|_| EngineError::Lost)??)
    }

    /// A session of its own for one question: the caches are everybody's, the files are not.
    fn session(&self, memory_bytes: Option<usize>) -> Result<SessionState, EngineError> {
        let mut environment = RuntimeEnvBuilder::from_runtime_env(&self.environment)
            .with_object_store_registry(Arc::new(DefaultObjectStoreRegistry::new()));
        if let Some(bytes) = memory_bytes {
            environment = environment.with_memory_pool(Arc::new(FairSpillPool::new(bytes)));
        }
        let mut config = SessionConfig::new()
            .with_target_partitions(self.limits.threads.max(1))
            .with_information_schema(false)
            .with_create_default_catalog_and_schema(false);
        let options = config.options_mut();
        // What a join has seen must not steer what a scan reads: time would tell. The first of these stands for the others
        // only where it is set by its name.
        options.optimizer.enable_dynamic_filter_pushdown = false;
        options.optimizer.enable_join_dynamic_filter_pushdown = false;
        options.optimizer.enable_topk_dynamic_filter_pushdown = false;
        options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
        // The two plans may differ in what they know to be NULL; that is no error.
        options.execution.skip_physical_aggregate_schema_check = true;
        options.execution.parquet.pushdown_filters = true;
        options.execution.time_zone = Some("+00:00".to_owned());
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.parquet.schema_force_view_types = false;
        // Plans come with their functions, and nothing is looked up by a name: to register all would take longer than most
        // questions do.
        Ok(SessionStateBuilder::new().with_config(config).with_runtime_env(environment.build_arc()?).build())
    }
}

fn lookups_of(points: &[ReleasePoint]) -> Result<Vec<Lookup>, DataFusionError> {
    let lookups = points.iter().map(ReleasePoint::lookups).collect::<Result<Vec<_>, _>>()?;
    Ok(lookups.into_iter().flatten().collect())
}

/// Table, column and text of the codes that some release points name in the vocabulary, in the order in which they are
/// looked up. They are the statement's own.
///
/// # Errors
/// When a release point's input cannot be walked.
pub fn named(points: &[ReleasePoint]) -> Result<Vec<(String, String, String)>, DataFusionError> {
    let of = |lookup: Lookup| {
        let Lookup { table, column, codes } = lookup;
        codes.into_iter().map(move |code| (table.clone(), column.clone(), code.to_string()))
    };
    Ok(lookups_of(points)?.into_iter().flat_map(of).collect())
}

/// What is executed for one release point.
async fn physical(
    state: &SessionState,
    point: &ReleasePoint,
    guarded: bool,
    sources: &bind::Sources<'_>,
    given_up: &CancellationToken,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let plan = cancel::watch_conditions(bind::aggregate(point, guarded, sources)?, given_up)?;
    cancel::cooperate(state.create_physical_plan(&plan).await?)
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
