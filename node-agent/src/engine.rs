//! The query engine: a release point and a snapshot in, raw cells out.
//!
//! What must stay true: [`Engine::run`] demands a [`Permit`]; it reads one snapshot and nothing else; its errors carry
//! no value of a record to the outside ([`EngineError`]'s text is for the node's own log, and names no value either,
//! since the plan has no operation that fails on one). Questions run on a runtime of their own, so that a heavy one
//! does not hold up the connection, and end when whoever asked goes away.
//!
//! Layout: [`tables`] turns a snapshot's files into scans, [`bind`] puts them under a release point, [`states`],
//! [`bins`], [`keys`] and [`persons`] are the aggregates that yield mergeable states, [`contributions`] the one that yields who
//! contributes and with what, all in one pass; [`cancel`] ends what nobody waits for, [`cells`] reads the result. One process for now: the separate worker process takes over this module behind the same face.

mod bind;
mod bins;
mod cancel;
mod cells;
mod contributions;
mod keys;
mod persons;
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
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionConfig;
use renkei_disclosure::Raw;
use renkei_plan::ReleasePoint;
use renkei_policy::Permit;
use renkei_types::SiteId;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

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
    /// The engine's task ended without a result.
    #[error("the engine's task was lost")]
    Lost,
}

/// Released results that rows are compared with, by the index of the feed.
pub type Feeds = BTreeMap<usize, (SchemaRef, Vec<RecordBatch>)>;

/// What a question reads.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Released results that rows are compared with.
    pub feeds: &'a Feeds,
    /// The snapshot.
    pub tables: &'a Arc<SnapshotTables>,
    /// Person numbers whose rows are not there for this question.
    pub left_out: &'a Arc<[u32]>,
}

/// The engine of one node, shared by all questions.
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    site: SiteId,
    runtime: Option<tokio::runtime::Runtime>,
    environment: Arc<RuntimeEnv>,
}

impl Engine {
    /// Starts the engine.
    ///
    /// # Errors
    /// [`EngineError`] when threads or the spill folder cannot be had.
    pub fn new(site: SiteId, limits: Limits) -> Result<Self, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(limits.threads.max(1))
            .thread_name("renkei-engine")
            .thread_stack_size(8 * 1024 * 1024)
            .enable_all()
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

    /// Runs the hospital's half of a statement and returns raw cells, one [`Raw`] per release point.
    ///
    /// Dropping the future ends the work.
    ///
    /// # Errors
    /// [`EngineError`]; the text is for the node's own log.
    pub async fn run(
        &self,
        permit: &Permit,
        points: &[ReleasePoint],
        read: Reading<'_>,
    ) -> Result<Vec<Raw>, EngineError> {
        let mut raw = Vec::with_capacity(points.len());
        for point in points {
            raw.push(self.point(permit.guarded(), point.clone(), read).await?);
        }
        Ok(raw)
    }

    async fn point(&self, guarded: bool, point: ReleasePoint, read: Reading<'_>) -> Result<Raw, EngineError> {
        let state = self.session();
        let site = self.site.clone();
        let (feeds, tables, left_out) = (read.feeds.clone(), Arc::clone(read.tables), Arc::clone(read.left_out));
        let given_up = CancellationToken::new();
        let watched = given_up.clone();
        let work = async move {
            let sources = bind::Sources { site: &site, tables: &tables, feeds: &feeds, left_out: &left_out };
            let plan = bind::aggregate(&point, guarded, &sources)?;
            let plan = cancel::watch_conditions(plan, &watched)?;
            let physical = cancel::cooperate(state.create_physical_plan(&plan).await?)?;
            let batches = collect(Arc::clone(&physical), state.task_ctx()).await?;
            cells::read(&point, guarded, &physical.schema(), &batches)
        };
        let runtime = self.runtime.as_ref().ok_or(EngineError::Lost)?;
        let _given_up_when_dropped = given_up.drop_guard();
        let task = AbortOnDropHandle::new(runtime.spawn(work));
        Ok(task.await.map_err(|_| EngineError::Lost)??)
    }

    /// Runs a computation that may take a while, such as planning a hostile statement, away from the connection.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when it panicked.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let runtime = self.runtime.as_ref().ok_or(EngineError::Lost)?;
        runtime.spawn_blocking(work).await.map_err(|_| EngineError::Lost)
    }

    fn session(&self) -> SessionState {
        let mut config = SessionConfig::new()
            .with_target_partitions(self.limits.threads.max(1))
            .with_information_schema(false)
            .with_create_default_catalog_and_schema(false);
        let options = config.options_mut();
        // What a join has seen must not steer what a scan reads: time would tell (SECURITY, rules of language).
        options.optimizer.enable_dynamic_filter_pushdown = false;
        // The two plans may differ in what they know to be NULL; that is no error.
        options.execution.skip_physical_aggregate_schema_check = true;
        options.execution.parquet.pushdown_filters = true;
        options.execution.time_zone = Some("+00:00".to_owned());
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.parquet.schema_force_view_types = false;
        SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(&self.environment))
            .with_default_features()
            .build()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
