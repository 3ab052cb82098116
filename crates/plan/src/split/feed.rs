//! Released results that rows of persons are compared with.
//!
//! `value_as_number > (SELECT avg(value_as_number) FROM measurement)` compares rows inside a hospital with a number that
//! only all hospitals together know. So the inner result is released first, and travels with the question as a *feed*:
//! a small table of constants, to which the same rules apply as to VALUES that the researcher typed. What a hospital
//! is asked to release in round `n` depends on feeds that were made from rounds before it, and on nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DataFusionError, Result as PlanResult};
use datafusion::datasource::{empty::EmptyTable, provider_as_source};
use datafusion::logical_expr::logical_plan::TableScanBuilder;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, TableSource};
use renkei_types::Refusal;

use super::codes::{CodeSet, vocabulary_tables};
use super::reach::Held;
use super::walk::{Kind, Relation, Walker, rebuilt};
use super::{ReleasePoint, bind, released};
use crate::meaning::Meaning;

/// Table names of feeds are this and the feed's index.
const PREFIX: &str = "__feed_";

/// A released result that travels with the question.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Position among the statement's feeds.
    pub index: usize,
    /// The round that needs it first; it is made from the cells of earlier rounds.
    pub round: usize,
    /// Whether it is one value, so that more than one row is an error.
    pub scalar: bool,
    /// Its columns `f0…` on the wire.
    pub schema: SchemaRef,
    /// Vocabulary tables of the gateway's that it is made of.
    pub vocabulary: BTreeSet<String>,
    /// Where it is a set of codes that the vocabulary selects.
    pub codes: Option<CodeSet>,
    /// The gateway's plan: the columns, then contributing and holding sites where cells are in it.
    plan: LogicalPlan,
    /// Whether cells are in it.
    counted: bool,
}

impl Feed {
    /// The plan that makes the feed from merged cells (`None` for release points of later rounds).
    ///
    /// # Errors
    /// When a batch is missing or of another shape.
    pub fn plan(
        &self,
        merged: &[Option<RecordBatch>],
        gateway_table: &dyn Fn(&str) -> Option<Arc<dyn TableSource>>,
    ) -> Result<LogicalPlan, DataFusionError> {
        bind(self.plan.clone(), merged, gateway_table)
    }

    /// Whether the gateway makes it of its vocabulary alone, before any site is asked.
    #[must_use]
    pub fn resolved_first(&self) -> bool {
        self.round == 0 && !self.counted && !self.vocabulary.is_empty()
    }

    /// How it is made, as an indented plan, for `EXPLAIN`.
    #[must_use]
    pub fn text(&self) -> String {
        self.plan.display_indent().to_string()
    }

    /// Whether both select the same codes.
    pub(super) fn same_codes(&self, other: &Self) -> bool {
        self.codes.is_some() && selects(&self.plan) == selects(&other.plan)
    }

    pub(super) fn with_codes(self, codes: CodeSet) -> Self {
        Self { codes: Some(codes), ..self }
    }

    /// Whether its plan ends in the columns that count contributing and holding sites.
    #[must_use]
    pub fn counted(&self) -> bool {
        self.counted
    }
}

/// What a plan of the vocabulary selects, without the numbers of the subqueries that it came from.
fn selects(plan: &LogicalPlan) -> String {
    let text = plan.display_indent_schema().to_string();
    let mut parts = text.split("__correlated_sq_");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |done, part| done + "__" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The feed that a scan reads.
#[must_use]
pub fn feed_index(plan: &LogicalPlan) -> Option<usize> {
    match plan {
        LogicalPlan::TableScan(scan) => scan.table_name.table().strip_prefix(PREFIX)?.parse().ok(),
        _ => None,
    }
}

/// The first round in which everything is known that a hospital's half needs.
pub(super) fn round_of(input: &LogicalPlan, feeds: &[Feed]) -> PlanResult<usize> {
    let mut round = 0;
    input.apply(|node| {
        if let Some(feed) = feed_index(node).and_then(|index| feeds.get(index)) {
            round = round.max(feed.round);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(round)
}

/// The first round after all release points that a released plan reads.
fn round_after(plan: &LogicalPlan, points: &[ReleasePoint]) -> PlanResult<usize> {
    let mut round = 0;
    plan.apply(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Some(point) = released::scan_index(scan).and_then(|index| points.get(index))
        {
            round = round.max(point.round + 1);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(round)
}

impl Walker {
    /// Turns a released relation into constants that a hospital can be handed.
    pub(super) fn feed(&mut self, input: Relation, scalar: bool) -> Result<Relation, Refusal> {
        let index = self.feeds.len();
        let round = rebuilt(round_after(&input.plan, &self.points))?;
        let visible = input.plan.schema().columns().into_iter().take(input.meanings.len()).collect::<Vec<_>>();
        let counted = !input.held.counts.is_empty();
        let plan = released::numbered(&input, "f")?;
        let fields: Vec<Field> = plan
            .schema()
            .fields()
            .iter()
            .take(visible.len())
            .map(|field| Field::new(field.name(), field.data_type().clone(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let relation = feed_scan(index, &schema, &visible, scalar)?;
        let vocabulary = rebuilt(vocabulary_tables(&plan))?;
        self.feeds.push(Feed { index, round, scalar, schema, vocabulary, codes: None, plan, counted });
        Ok(relation)
    }
}

/// A scan of the feed under the names of the relation that it replaces.
pub(super) fn feed_scan(
    index: usize,
    schema: &SchemaRef,
    columns: &[Column],
    scalar: bool,
) -> Result<Relation, Refusal> {
    let table = format!("{PREFIX}{index}");
    let source = provider_as_source(Arc::new(EmptyTable::new(Arc::clone(schema))));
    let scan = rebuilt(TableScanBuilder::new(table.clone(), source).build())?;
    let exprs = columns.iter().enumerate().map(|(i, column)| {
        let value = Expr::Column(Column::new(Some(table.clone()), format!("f{i}")));
        match &column.relation {
            Some(relation) => value.alias_qualified(Some(relation.clone()), column.name.clone()),
            None => value.alias(column.name.clone()),
        }
    });
    let plan = rebuilt(Projection::try_new(exprs.collect(), Arc::new(LogicalPlan::TableScan(scan))))?;
    let meaning = if scalar { Meaning::CONSTANT } else { Meaning::LABEL };
    Ok(Relation {
        kind: Kind::Constant,
        plan: LogicalPlan::Projection(plan),
        meanings: vec![meaning; columns.len()],
        owner: None,
        single: false,
        held: Held::default(),
    })
}
