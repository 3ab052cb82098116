//! The gateway's half: what stands above the release points, over merged cells.
//!
//! Every release point brings two hidden columns, how many sites contributed to the cell and how many hold. They ride
//! through every node, so that no total is silently partial, and end as `renkei_sites` and `renkei_held`.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::{empty::EmptyTable, provider_as_source};
use datafusion::functions::core::expr_fn::{greatest, least};
use datafusion::functions_aggregate::expr_fn::{max, min};
use datafusion::logical_expr::logical_plan::TableScanBuilder;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, Projection, TableScan, Union, cast, lit};
use renkei_types::Refusal;

use super::walk::{Kind, Relation, Walker, no_subquery, rebuilt};
use crate::meaning::Meaning;
use crate::split::ReleasePoint;
use crate::{HELD_COLUMN, SITES_COLUMN};

/// Column of merged cells: how many sites contributed.
pub(crate) const SITES: &str = "__sites";
/// Column of merged cells: how many sites hold.
pub(crate) const HELD: &str = "__held";
/// Table names of merged cells are this and the index of the release point.
const PREFIX: &str = "__release_";

/// The release point whose merged cells a scan reads.
pub(super) fn scan_index(scan: &TableScan) -> Option<usize> {
    scan.table_name.table().strip_prefix(PREFIX)?.parse().ok()
}

fn hidden_names(occurrence: usize) -> (Column, Column) {
    let name = |what: &str| Column::new_unqualified(format!("{what}_{occurrence}"));
    (name(SITES), name(HELD))
}

/// A scan of merged cells under the names of the aggregate that they replace.
pub(super) fn scan(point: &ReleasePoint, columns: &[Column], occurrence: usize) -> Result<Relation, Refusal> {
    let table = format!("{PREFIX}{}", point.index);
    let source = provider_as_source(Arc::new(EmptyTable::new(point.merged_schema())));
    let scan = rebuilt(TableScanBuilder::new(table.clone(), source).build())?;
    let cell = |name: String| Expr::Column(Column::new(Some(table.clone()), name));
    let (sites, held) = hidden_names(occurrence);
    let asked = columns.iter().enumerate().map(|(i, column)| match &column.relation {
        Some(relation) => cell(format!("c{i}")).alias_qualified(Some(relation.clone()), column.name.clone()),
        None => cell(format!("c{i}")).alias(column.name.clone()),
    });
    let pair = [cell(SITES.into()).alias(&sites.name), cell(HELD.into()).alias(&held.name)];
    let plan = rebuilt(Projection::try_new(asked.chain(pair).collect(), Arc::new(LogicalPlan::TableScan(scan))))?;
    Ok(Relation {
        kind: Kind::Released,
        plan: LogicalPlan::Projection(plan),
        meanings: vec![Meaning::RELEASED; columns.len()],
        owner: None,
        hidden: vec![(sites, held)],
    })
}

fn fold(columns: impl Iterator<Item = Column>, combine: fn(Vec<Expr>) -> Expr) -> Expr {
    let mut columns: Vec<Expr> = columns.map(Expr::Column).collect();
    match columns.len() {
        0 => lit(ScalarValue::Int64(None)),
        1 => columns.remove(0),
        _ => combine(columns),
    }
}

fn fewest_sites(relation: &Relation) -> Expr {
    fold(relation.hidden.iter().map(|(sites, _)| sites.clone()), least)
}

fn most_held(relation: &Relation) -> Expr {
    fold(relation.hidden.iter().map(|(_, held)| held.clone()), greatest)
}

/// The visible columns under plain names, then the two counts where cells are in it.
pub(super) fn numbered(relation: &Relation, prefix: &str) -> Result<LogicalPlan, Refusal> {
    let columns = relation.visible().into_iter().enumerate().map(|(i, expr)| expr.alias(format!("{prefix}{i}")));
    let pair = [fewest_sites(relation).alias(SITES), most_held(relation).alias(HELD)];
    let pair = if relation.hidden.is_empty() { Vec::new() } else { pair.to_vec() };
    let plan = Projection::try_new(columns.chain(pair).collect(), Arc::new(relation.plan.clone()));
    Ok(LogicalPlan::Projection(rebuilt(plan)?))
}

/// The whole half: asked columns, then `renkei_sites` and `renkei_held` where cells are in it.
pub(super) fn finish(relation: Relation) -> Result<LogicalPlan, Refusal> {
    if relation.hidden.is_empty() {
        return Ok(relation.plan);
    }
    let named = relation.visible().into_iter().map(|expr| match expr {
        Expr::Column(column) => Expr::Column(column.clone()).alias(column.name),
        other => other,
    });
    let pair = [fewest_sites(&relation).alias(SITES_COLUMN), most_held(&relation).alias(HELD_COLUMN)];
    // The answer has plain names: two asked columns of one name stay apart by position, as in any SQL result.
    let exprs: Vec<Expr> = named.chain(pair).collect();
    match Projection::try_new(exprs.clone(), Arc::new(relation.plan.clone())) {
        Ok(plan) => Ok(LogicalPlan::Projection(plan)),
        Err(_) => {
            let qualified = relation.visible().into_iter().chain(exprs.into_iter().skip(relation.meanings.len()));
            let plan = Projection::try_new(qualified.collect(), Arc::new(relation.plan.clone()));
            Ok(LogicalPlan::Projection(rebuilt(plan)?))
        }
    }
}

impl Walker {
    pub(super) fn aggregate_released(&mut self, aggregate: &Aggregate, input: Relation) -> Result<Relation, Refusal> {
        let exprs = aggregate.group_expr.iter().chain(&aggregate.aggr_expr);
        exprs.clone().try_for_each(|expr| no_subquery(expr, "GROUP BY"))?;
        let columns = aggregate.schema.columns();
        self.group(input, aggregate.group_expr.clone(), aggregate.aggr_expr.clone(), columns)
    }

    pub(super) fn distinct_released(&mut self, input: Relation) -> Result<Relation, Refusal> {
        let visible = input.visible();
        let columns = input.plan.schema().columns().into_iter().take(visible.len()).collect();
        self.group(input, visible, Vec::new(), columns)
    }

    /// A number that no other hidden name has.
    pub(super) fn name(&mut self) -> usize {
        self.occurrences += 1;
        self.occurrences
    }

    /// An aggregate over cells: a row stands for the fewest contributing and the most holding sites of its cells.
    pub(super) fn group(
        &mut self,
        input: Relation,
        groups: Vec<Expr>,
        mut aggregates: Vec<Expr>,
        columns: Vec<Column>,
    ) -> Result<Relation, Refusal> {
        let mut hidden = Vec::new();
        if !input.hidden.is_empty() {
            self.occurrences += 1;
            let (sites, held) = hidden_names(self.occurrences);
            aggregates.push(min(fewest_sites(&input)).alias(&sites.name));
            aggregates.push(max(most_held(&input)).alias(&held.name));
            hidden.push((sites, held));
        }
        let plan = rebuilt(Aggregate::try_new(Arc::new(input.plan.clone()), groups, aggregates))?;
        let meanings = vec![Meaning::RELEASED; columns.len()];
        Ok(Relation { plan: LogicalPlan::Aggregate(plan), meanings, hidden, ..input })
    }

    pub(super) fn union_released(&mut self, inputs: Vec<Relation>) -> Result<Relation, Refusal> {
        self.occurrences += 1;
        let (sites, held) = hidden_names(self.occurrences);
        let any = inputs.iter().any(|input| !input.hidden.is_empty());
        let meanings = inputs.first().map(|input| input.meanings.clone()).unwrap_or_default();
        let kind =
            if inputs.iter().all(|input| input.kind == Kind::Constant) { Kind::Constant } else { Kind::Released };
        let parts = inputs.into_iter().map(|input| {
            let pair = [
                cast(fewest_sites(&input), DataType::Int64).alias(&sites.name),
                cast(most_held(&input), DataType::Int64).alias(&held.name),
            ];
            let pair = if any { pair.to_vec() } else { Vec::new() };
            let exprs = input.visible().into_iter().chain(pair).collect();
            Ok(Arc::new(LogicalPlan::Projection(rebuilt(Projection::try_new(exprs, Arc::new(input.plan)))?)))
        });
        let plan = rebuilt(Union::try_new_with_loose_types(parts.collect::<Result<_, Refusal>>()?))?;
        let hidden = if any { vec![(sites, held)] } else { Vec::new() };
        Ok(Relation { kind, plan: LogicalPlan::Union(plan), meanings, owner: None, hidden })
    }
}
