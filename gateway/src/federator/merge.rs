//! Merging cells and running the gateway's half on them.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions, UInt32Array};
use datafusion::arrow::compute::{cast, take_record_batch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, collect, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use renkei_plan::{MergeError, Merged, Precision, Split, merge};
use renkei_proto::v1::Feed;
use renkei_types::{Code, Refusal};
use tokio::runtime::Handle;

use super::{Cells, Question, Terms, Undecided, feeds};
use crate::state::State;
use crate::tables::Bound;

/// The gateway's half has this long for each batch.
pub(super) const BATCH_LIMIT: Duration = Duration::from_secs(60);
/// A batch that holds on to more than this is copied, since it may be a slice of something far larger.
const COMPACT_ABOVE: usize = 2 * 1024 * 1024;

/// The query engine of the gateway's half. It reads nothing but batches that it is handed and the gateway's vocabulary.
pub(crate) struct Engine(SessionState);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that takes at most `memory` bytes and writes no files.
    pub(crate) fn new(memory: usize) -> Result<Self, DataFusionError> {
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
            .with_disk_manager_builder(disk)
            .build_arc()?;
        // Cells are few: one partition spares a trivial question the shuffling, and keeps the order of rows stable.
        let mut config = SessionConfig::new().with_target_partitions(1).with_create_default_catalog_and_schema(false);
        config.options_mut().execution.skip_physical_aggregate_schema_check = true;
        // The vocabulary's files have the types that the catalogue says.
        config.options_mut().execution.parquet.schema_force_view_types = false;
        config.options_mut().execution.parquet.pushdown_filters = true;
        config.options_mut().execution.time_zone = Some("+00:00".to_owned());
        config.options_mut().sql_parser.default_null_ordering = "nulls_last".to_owned();
        let state =
            SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).with_default_features().build();
        Ok(Self(state))
    }

    /// What running plans share.
    pub(super) fn task(&self) -> Arc<TaskContext> {
        self.0.task_ctx()
    }

    /// Plans on the calling thread.
    pub(super) fn plan(&self, plan: &LogicalPlan, runtime: &Handle) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        runtime.block_on(self.0.create_physical_plan(plan))
    }

    /// Runs a plan to its end on the calling thread.
    fn collect(&self, plan: &LogicalPlan, runtime: &Handle) -> Result<Vec<RecordBatch>, Refusal> {
        let plan = self.plan(plan, runtime).map_err(|e| refusal(&e))?;
        let work = async { tokio::time::timeout(BATCH_LIMIT, collect(plan, self.0.task_ctx())).await };
        runtime.block_on(work).map_err(|_| too_long())?.map_err(|e| refusal(&e))
    }
}

/// A released result, ready to travel.
pub(super) struct Made {
    pub(super) feed: Feed,
    /// What the reader should know about it.
    pub(super) warning: Option<String>,
}

/// Makes a feed of the cells of earlier rounds.
pub(super) async fn feed(
    state: &Arc<State>,
    question: &Question,
    terms: &Terms,
    cells: Cells,
    index: usize,
) -> Result<Made, Refusal> {
    let (engine, split, runtime) = (Arc::clone(&state.engine), Arc::clone(&question.split), Handle::current());
    let tables = Bound::read(state, &terms.person, terms.project.as_ref(), &split.facts).map_err(|e| refusal(&e))?;
    let vocabulary = state.vocabulary.clone();
    let make = move || {
        let missing = || Refusal::new(Code::Failed, "a part of the statement is missing at the gateway");
        let feed = split.feeds.get(index).ok_or_else(missing)?;
        let merged = batches(&merged(&split, &cells, feed.round)?);
        let source = |name: &str| tables.source(name).or_else(|| vocabulary.as_ref()?.source(name));
        let plan = feed.plan(&merged, &source).map_err(|e| refusal(&e))?;
        let batches = engine.collect(&plan, &runtime)?;
        let guarded = cells.iter().flatten().any(|site| site.minimum_persons > 1);
        feeds::made(feed, &batches, guarded)
    };
    state.pool.run(make).await
}

/// The merged cells of the release points before a round.
fn merged(split: &Split, cells: &Cells, before: usize) -> Result<Vec<Option<Merged>>, Refusal> {
    let points = split.release_points.iter().zip(cells);
    let merged = points.map(|(point, sites)| (point.round < before).then(|| merge(point, sites)).transpose());
    merged.collect::<Result<_, _>>().map_err(|error| unmerged(&error))
}

fn batches(merged: &[Option<Merged>]) -> Vec<Option<RecordBatch>> {
    merged.iter().map(|merged| merged.as_ref().map(|merged| merged.cells.clone())).collect()
}

/// How exact percentiles are, for the one who reads them.
fn precision(of: &Precision) -> String {
    let Precision { output, width, relative, beyond } = of;
    let share = relative.map(|relative| format!(", {:.2} % of the value", relative * 100.0)).unwrap_or_default();
    let beyond = match beyond {
        0 => String::new(),
        n => format!("; in {n} cells the value lies among too few persons to be told, and is NULL"),
    };
    format!("{output} is read from counts in bins: the exact value differs by at most {width:.3e}{share}{beyond}")
}

pub(super) fn too_long() -> Refusal {
    Refusal::new(Code::TooLarge, "what runs at the gateway takes too long").hint("join and sort fewer released rows")
}

/// The rows of an answer as they come.
pub(super) type Batches = BoxStream<'static, Result<RecordBatch, Refusal>>;

/// What the reader of an answer should know of its rows.
pub(super) struct Notes {
    /// How exact percentiles are.
    pub(super) precisions: Vec<String>,
    /// How many rows each clause leaves undecided.
    pub(super) undecided: Vec<Undecided>,
}

/// Merges the cells and starts the gateway's half; with the rows comes what their reader should know.
pub(super) async fn answer(
    state: &Arc<State>,
    question: &Question,
    terms: &Terms,
    cells: Cells,
) -> Result<(Batches, Notes), Refusal> {
    let (engine, split, runtime) = (Arc::clone(&state.engine), Arc::clone(&question.split), Handle::current());
    let tables = Bound::read(state, &terms.person, terms.project.as_ref(), &split.facts).map_err(|e| refusal(&e))?;
    let vocabulary = state.vocabulary.clone();
    let (plan, notes) = state
        .pool
        .run(move || {
            let merged = merged(&split, &cells, split.rounds())?;
            let source = |name: &str| tables.source(name).or_else(|| vocabulary.as_ref()?.source(name));
            let precisions = merged.iter().flatten().flat_map(|merged| &merged.precisions).map(precision).collect();
            let merged = batches(&merged);
            let plan = split.residual(&merged, &source).map_err(|e| refusal(&e))?;
            let plan = engine.plan(&plan, &runtime).map_err(|e| refusal(&e))?;
            let mut undecided = Vec::new();
            // Where every cell is listed nothing is held.
            let guarded = cells.iter().flatten().any(|site| site.minimum_persons > 1);
            for check in split.checks.iter().filter(|_| guarded) {
                let plan = check.plan(&merged, &source).map_err(|e| refusal(&e))?;
                let rows = check.rows(&engine.collect(&plan, &runtime)?).map_err(|e| refusal(&e.into()))?;
                undecided.push(Undecided { clause: check.clause.to_owned(), rows });
            }
            undecided.retain(|undecided| undecided.rows > 0);
            Ok((plan, Notes { precisions, undecided }))
        })
        .await?;
    let batches = execute_stream(plan, state.engine.0.task_ctx()).map_err(|e| refusal(&e))?;
    let schema = Arc::clone(&question.schema);
    let next = move |(mut batches, schema): (SendableRecordBatchStream, SchemaRef)| async move {
        let batch = match tokio::time::timeout(BATCH_LIMIT, batches.next()).await {
            Ok(batch) => batch?.map_err(|error| refusal(&error)),
            Err(_) => Err(too_long()),
        };
        let batch = batch.and_then(|batch| fit(&batch, &schema).map_err(|error| refusal(&error.into())));
        Some((batch, (batches, schema)))
    };
    Ok((stream::unfold((batches, schema), next).boxed(), notes))
}

/// The batch in the types in which it leaves, holding no more memory than its rows.
fn fit(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?;
    let rows = u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
    if batch.get_array_memory_size() <= COMPACT_ABOVE {
        return Ok(batch);
    }
    take_record_batch(&batch, &UInt32Array::from_iter_values(0..rows))
}

fn unmerged(error: &MergeError) -> Refusal {
    match error {
        MergeError::Overflow { code, output } => {
            Refusal::new(*code, format!("the total of `{output}` does not fit 64 bits")).hint("sum a float, or use avg")
        }
        other => {
            tracing::error!(error = renkei_service::chain(other), "released cells could not be merged");
            Refusal::new(Code::Failed, "the cells that the sites released could not be merged")
        }
    }
}

/// An error of the gateway's half. It only ever saw released values, but its text speaks of the engine, not the question.
pub(super) fn refusal(error: &DataFusionError) -> Refusal {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => {
            Refusal::new(Code::TooLarge, "what runs at the gateway needs more memory than it may take")
                .hint("join and sort fewer released rows")
        }
        DataFusionError::ArrowError(inner, _) if matches!(**inner, ArrowError::ArithmeticOverflow(_)) => {
            Refusal::new(Code::Overflow, "a computation on released values does not fit its type")
                .hint("cast to double precision first")
        }
        other => {
            tracing::warn!(error = renkei_service::chain(other), "the gateway's half failed");
            Refusal::new(Code::Failed, "what runs at the gateway failed").hint("the details are in its own log")
        }
    }
}
