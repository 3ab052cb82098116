//! The split of one statement.

mod codes;
mod distinct;
mod feed;
mod join;
mod local;
mod lookup;
mod percentile;
mod planner;
mod point;
mod reach;
mod release;
mod released;
mod undecided;
mod view;
mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::{LogicalPlan, TableSource};
use renkei_types::{Refusal, Timestamp};

pub use codes::CodeSet;
pub use feed::{Feed, feed_index};
pub use lookup::Lookup;
pub use planner::Planner;
pub use point::{Key, ReleasePoint};
pub use undecided::Check;
pub use view::View;

use crate::catalogue::CatalogueTable;
use crate::digest::Digest;

/// A statement with everything that its meaning depends on.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The researcher's own text.
    pub sql: &'a str,
    /// Values of `$1`, `$2`, … or of the question marks, in order.
    pub parameters: &'a [ScalarValue],
    /// What `now()` and `current_date` mean.
    pub bound_at: Timestamp,
}

/// What a statement touches; the policy decides on these.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Facts {
    /// CDM tables inside hospitals, by name.
    pub tables: BTreeSet<String>,
    /// Vocabulary tables that each hospital resolves against its own download.
    pub reference_tables: BTreeSet<String>,
    /// Tables of the gateway's own.
    pub gateway_tables: BTreeSet<String>,
    /// Vocabulary tables that the gateway reads.
    pub gateway_vocabulary: BTreeSet<String>,
    /// Number of release points.
    pub release_points: usize,
    /// Whether any cell is keyed by the site.
    pub by_site: bool,
}

/// Both halves of a statement.
#[derive(Debug, Clone)]
pub struct Split {
    /// The hospital's half.
    pub release_points: Vec<ReleasePoint>,
    /// Released results that travel with the question, in the order in which they can be made.
    pub feeds: Vec<Feed>,
    /// What it touches.
    pub facts: Facts,
    /// What gateway and node compare.
    pub digest: Digest,
    /// Clauses that choose rows by totals.
    pub checks: Vec<Check>,
    root: walk::Relation,
    residual: LogicalPlan,
}

impl Split {
    /// The same question with its answer in another form. What hospitals are asked is the same.
    ///
    /// # Errors
    /// A [`Refusal`] where the columns that are added have the names of asked ones.
    pub fn viewed(self, view: View) -> Result<Self, Refusal> {
        Ok(Self { residual: released::finish(&self.root, view)?, ..self })
    }

    /// The schema of the answer: the asked columns, then `renkei_sites` and `renkei_held` where cells are in it.
    #[must_use]
    pub fn output_schema(&self) -> SchemaRef {
        let fields = self
            .residual
            .schema()
            .fields()
            .iter()
            .map(|field| field.as_ref().clone().with_metadata(Default::default()));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// Rounds between gateway and hospitals: 0 where no hospital is asked.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.release_points.iter().map(|point| point.round + 1).max().unwrap_or(0)
    }

    /// The release points of one round.
    pub fn points_of(&self, round: usize) -> impl Iterator<Item = &ReleasePoint> {
        self.release_points.iter().filter(move |point| point.round == round)
    }

    /// The feeds that release points of that round may need.
    pub fn feeds_until(&self, round: usize) -> impl Iterator<Item = &Feed> {
        self.feeds.iter().filter(move |feed| feed.round <= round)
    }

    /// The code sets that the gateway resolves, with their feeds.
    pub fn code_sets(&self) -> impl Iterator<Item = (&Feed, &CodeSet)> {
        self.feeds.iter().filter_map(|feed| Some((feed, feed.codes.as_ref()?)))
    }

    /// The gateway's half over merged cells (one batch per release point, in order) and its own tables.
    ///
    /// # Errors
    /// When a batch does not have its release point's [`ReleasePoint::merged_schema`] or a gateway table is missing.
    pub fn residual(
        &self,
        merged: &[Option<RecordBatch>],
        gateway_table: &dyn Fn(&str) -> Option<Arc<dyn TableSource>>,
    ) -> Result<LogicalPlan, DataFusionError> {
        bind(self.residual.clone(), merged, gateway_table)
    }

    /// The gateway's half as an indented plan, for `EXPLAIN`.
    #[must_use]
    pub fn residual_text(&self) -> String {
        self.residual.display_indent().to_string()
    }
}

/// Puts merged cells and tables under a plan of the gateway's.
fn bind(
    plan: LogicalPlan,
    merged: &[Option<RecordBatch>],
    gateway_table: &dyn Fn(&str) -> Option<Arc<dyn TableSource>>,
) -> Result<LogicalPlan, DataFusionError> {
    let bound = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::TableScan(mut scan) = node else { return Ok(Transformed::no(node)) };
        if let Some(index) = released::scan_index(&scan) {
            let batch = merged.get(index).cloned().flatten().ok_or_else(|| missing(scan.table_name.table()))?;
            let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
            scan.source = provider_as_source(Arc::new(table));
        } else if let Some(table) = scan.source.downcast_ref::<CatalogueTable>() {
            scan.source = gateway_table(table.name()).ok_or_else(|| missing(table.name()))?;
        }
        Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
    })?;
    Ok(bound.data)
}

fn missing(name: &str) -> DataFusionError {
    DataFusionError::Internal(format!("relation {name} is not bound"))
}
