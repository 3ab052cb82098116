//! Sorting more rows than memory holds: DataFusion's external sort, with a bounded pool that spills into the staging folder.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::{SchemaRef, SortOptions};
use datafusion::common::DataFusionError;
use datafusion::common::config::SpillCompression;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use tokio::runtime::Runtime;

/// Rows on their way into the sort.
pub(super) type Rows = Box<dyn Iterator<Item = Result<RecordBatch, DataFusionError>> + Send>;

/// The sorter; started when first needed, since most sources are sorted by person.
pub(super) struct Engine {
    spill: PathBuf,
    memory: usize,
    started: OnceLock<Started>,
}

struct Started {
    runtime: Runtime,
    context: SessionContext,
}

impl Engine {
    /// A sorter that spills into the folder `spill` what does not fit into `memory` bytes.
    pub(super) fn new(spill: &Path, memory: usize) -> Self {
        Self { spill: spill.to_owned(), memory, started: OnceLock::new() }
    }

    /// How much memory it may have.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// Where it spills.
    pub(super) fn spill(&self) -> &Path {
        &self.spill
    }

    /// Sorts `rows` by the columns `order` of `schema`, ascending, nulls last, and hands on the sorted batches.
    ///
    /// # Errors
    /// DataFusion's, of `rows`, of the sort, or of `each`.
    pub(super) fn sort(
        &self,
        schema: &SchemaRef,
        order: &[usize],
        rows: Rows,
        mut each: impl FnMut(RecordBatch) -> Result<(), DataFusionError>,
    ) -> Result<(), DataFusionError> {
        let started = self.started()?;
        let plan = plan(schema, order, rows)?;
        let context = started.context.task_ctx();
        started.runtime.block_on(async {
            let mut sorted = plan.execute(0, context)?;
            while let Some(batch) = sorted.next().await {
                each(batch?)?;
            }
            Ok(())
        })
    }

    fn started(&self) -> Result<&Started, DataFusionError> {
        if self.started.get().is_none() {
            let started = Started::new(&self.spill, self.memory)?;
            let _ = self.started.set(started);
        }
        self.started.get().ok_or_else(|| DataFusionError::Internal("the sorter did not start".into()))
    }
}

impl Started {
    fn new(spill: &Path, memory: usize) -> Result<Self, DataFusionError> {
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![spill.to_owned()]));
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory)))
            .with_disk_manager_builder(disk)
            .with_max_temp_directory_size(u64::MAX)
            .build_arc()?;
        let mut config = SessionConfig::new().with_target_partitions(1);
        let execution = &mut config.options_mut().execution;
        execution.spill_compression = SpillCompression::Lz4Frame;
        execution.sort_spill_reservation_bytes = execution.sort_spill_reservation_bytes.min(memory / 8);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("ingest-sort").build()?;
        Ok(Self { runtime, context: SessionContext::new_with_config_rt(config, environment) })
    }
}

fn plan(schema: &SchemaRef, order: &[usize], rows: Rows) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let once = Arc::new(Once { schema: Arc::clone(schema), rows: Mutex::new(Some(rows)) });
    let input = StreamingTableExec::try_new(Arc::clone(schema), vec![once], None, [], false, None)?;
    let options = SortOptions { descending: false, nulls_first: false };
    let order =
        order.iter().map(|&at| PhysicalSortExpr::new(Arc::new(Column::new(schema.field(at).name(), at)), options));
    match LexOrdering::new(order) {
        Some(order) => Ok(Arc::new(SortExec::new(order, Arc::new(input)))),
        None => Ok(Arc::new(input)),
    }
}

/// Rows that can be read once, as a partition of a plan. They come from a channel: reading blocks the thread, which
/// is the one that runs the sort and has nothing else to do.
struct Once {
    schema: SchemaRef,
    rows: Mutex<Option<Rows>>,
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        let rows = rows.unwrap_or_else(|| Box::new(std::iter::empty()));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::iter(rows)))
    }
}
