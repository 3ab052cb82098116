//! A release point over a snapshot: scans of the catalogue become scans of files, and the aggregate becomes states.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DataFusionError, Result, TableReference};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::logical_plan::TableScanBuilder;
use datafusion::logical_expr::{
    Aggregate, AggregateUDF, Expr, ExprFunctionExt, ExprSchemable, Filter, LogicalPlan, Projection, cast, lit,
};
use renkei_cdm::{OWNER_COLUMN, SITE_COLUMN};
use renkei_plan::{CellState, ReleasePoint, StateKind, feed_index, is_catalogue_scan};
use renkei_types::SiteId;
use std::sync::Arc;

use super::Feeds;
use super::bins::bins_udaf;
use super::contributions::contributions_udaf;
use super::keys::keys_udaf;
use super::persons::persons_udaf;
use super::sources::Sources as Tables;
use super::states::{comoments_udaf, float_udaf, integer_udaf, moments_udaf};

/// Name of the column of each cell's contributions.
pub(super) const PERSONS: &str = "__persons";

/// Name of the column of contributions to state `i`.
pub(super) fn contributors_name(i: usize) -> String {
    format!("p{i}")
}

/// Name of the column of those whose contributions to state `i` no clip has moved.
pub(super) fn free_name(i: usize) -> String {
    format!("f{i}")
}

/// Name of the column of those whose values in state `i` a clip has moved.
pub(super) fn moved_name(i: usize) -> String {
    format!("m{i}")
}

/// The plan that computes the raw cells: keys `k0…`, states `s0…`, then persons, contributors and, of clipped values, the
/// contributors whom no clip has moved, where guarded.
pub(super) fn aggregate(point: &ReleasePoint, guarded: bool, sources: &Sources<'_>) -> Result<LogicalPlan> {
    let input = scans(point.input.clone(), sources)?;
    let owner = Expr::Column(point.owner.clone());
    let mut aggregates = Vec::new();
    for (i, state) in point.states.iter().enumerate() {
        aggregates.push(state_expr(state, &owner, &input)?.alias(format!("s{i}")));
    }
    if guarded {
        aggregates.push(call(&contributions_udaf(), owner.clone(), None)?.alias(PERSONS));
        for (i, state) in point.states.iter().enumerate() {
            if let Some(contributors) = &state.contributors {
                let parts = contributions(state, &owner, &input)?;
                aggregates.push(filtered(parts, Some(contributors.clone()))?.alias(contributors_name(i)));
            }
            if let Some(free) = &state.free {
                let rows = state.contributors.iter().cloned().chain([free.clone()]).reduce(Expr::and);
                aggregates.push(call(&contributions_udaf(), owner.clone(), rows)?.alias(free_name(i)));
            }
            if let Some(moved) = &state.moved {
                aggregates.push(call(&contributions_udaf(), owner.clone(), Some(moved.clone()))?.alias(moved_name(i)));
            }
        }
    }
    if aggregates.is_empty() {
        // A list of distinct keys, unguarded: the engine still wants something to aggregate by.
        aggregates.push(call(&count_udaf(), lit(1_i64), None)?.alias(PERSONS));
    }
    group(point, input, aggregates)
}

/// The aggregate under the names of the wire.
fn group(point: &ReleasePoint, input: LogicalPlan, aggregates: Vec<Expr>) -> Result<LogicalPlan> {
    let Some(sets) = &point.sets else {
        let keys = point.keys.iter().enumerate().map(|(i, key)| key.expr.clone().alias(format!("k{i}"))).collect();
        return Ok(LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(input), keys, aggregates)?));
    };
    let plan = Aggregate::try_new(Arc::new(input), vec![Expr::GroupingSet(sets.clone())], aggregates)?;
    let columns = plan.schema.columns().into_iter().enumerate().map(|(i, column)| match i < point.keys.len() {
        true => Expr::Column(column).alias(format!("k{i}")),
        false => Expr::Column(column),
    });
    let columns = columns.collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(LogicalPlan::Aggregate(plan)))?))
}

fn state_expr(state: &CellState, owner: &Expr, input: &LogicalPlan) -> Result<Expr> {
    let argument = || state.argument.clone().unwrap_or_else(|| lit(1_i64));
    let typed = |argument: Expr, wanted: DataType| -> Result<Expr> {
        Ok(if argument.get_type(input.schema())? == wanted { argument } else { cast(argument, wanted) })
    };
    let (function, args) = match state.kind {
        StateKind::Count => (count_udaf(), vec![argument()]),
        // Contributors are those that the filter takes and whose key is not NULL.
        StateKind::Persons => return call(&persons_udaf(), owner.clone(), state.contributors.clone()),
        StateKind::Keys => (keys_udaf(), vec![owner.clone(), argument()]),
        StateKind::SumInteger => (integer_udaf(), vec![typed(argument(), DataType::Int64)?]),
        StateKind::SumFloat => (float_udaf(), vec![typed(argument(), DataType::Float64)?]),
        StateKind::Moments => (moments_udaf(), vec![typed(argument(), DataType::Float64)?]),
        StateKind::Bins => (bins_udaf(), vec![owner.clone(), typed(argument(), DataType::Float64)?]),
        StateKind::Comoments => {
            let second = state.second.clone().unwrap_or_else(|| lit(0.0));
            (comoments_udaf(), vec![typed(argument(), DataType::Float64)?, typed(second, DataType::Float64)?])
        }
    };
    filtered(function.call(args), state.filter.clone())
}

/// What persons bring to a state: their rows, and the values where it adds up values.
fn contributions(state: &CellState, owner: &Expr, input: &LogicalPlan) -> Result<Expr> {
    let mut args = vec![owner.clone()];
    if super::cells::amounts(state.kind) || state.kind == StateKind::Bins {
        for value in [&state.argument, &state.second].into_iter().flatten() {
            let float = value.get_type(input.schema())? == DataType::Float64;
            args.push(if float { value.clone() } else { cast(value.clone(), DataType::Float64) });
        }
    }
    Ok(contributions_udaf().call(args))
}

/// The rows of a table but for those of persons who are left out.
fn without(rows: LogicalPlan, table: &TableReference, persons: &[u32]) -> Result<LogicalPlan> {
    let owner = Column::new(Some(table.clone()), OWNER_COLUMN);
    if persons.is_empty() || rows.schema().maybe_index_of_column(&owner).is_none() {
        return Ok(rows);
    }
    let listed = persons.iter().map(|person| lit(*person)).collect();
    Ok(LogicalPlan::Filter(Filter::try_new(Expr::Column(owner).in_list(listed, true), Arc::new(rows))?))
}

fn missing(feed: usize) -> DataFusionError {
    DataFusionError::Internal(format!("feed {feed} did not come with the question"))
}

fn call(function: &Arc<AggregateUDF>, argument: Expr, filter: Option<Expr>) -> Result<Expr> {
    filtered(function.call(vec![argument]), filter)
}

fn filtered(call: Expr, filter: Option<Expr>) -> Result<Expr> {
    match filter {
        Some(filter) => call.filter(filter).build(),
        None => Ok(call),
    }
}

/// What a release point is put over.
pub(super) struct Sources<'a> {
    pub(super) site: &'a SiteId,
    pub(super) tables: &'a Tables,
    pub(super) feeds: &'a Feeds,
    pub(super) left_out: &'a [u32],
}

/// Replaces every scan of the catalogue: the site's id becomes a constant, the columns keep their order and names.
fn scans(plan: LogicalPlan, sources: &Sources<'_>) -> Result<LogicalPlan> {
    let bound = plan.transform_up(|node| {
        if let (Some(index), LogicalPlan::TableScan(scan)) = (feed_index(&node), &node) {
            let (schema, batches) = sources.feeds.get(&index).cloned().ok_or_else(|| missing(index))?;
            let table = provider_as_source(Arc::new(MemTable::try_new(schema, vec![batches])?));
            let scan = TableScanBuilder::new(scan.table_name.clone(), table).build()?;
            return Ok(Transformed::yes(LogicalPlan::TableScan(scan)));
        }
        let Some(table) = is_catalogue_scan(&node) else { return Ok(Transformed::no(node)) };
        let LogicalPlan::TableScan(scan) = &node else { return Ok(Transformed::no(node)) };
        let name = scan.table_name.clone();
        let columns = scan.projected_schema.fields().iter().map(|field| {
            if field.name() == SITE_COLUMN {
                lit(sources.site.as_str()).alias_qualified(Some(name.clone()), SITE_COLUMN)
            } else {
                Expr::Column(Column::new(Some(name.clone()), field.name().clone()))
            }
        });
        let columns = columns.collect();
        let files = TableScanBuilder::new(name.clone(), sources.tables.get(table.name())?).build()?;
        let rows = without(LogicalPlan::TableScan(files), &name, sources.left_out)?;
        let projection = Projection::try_new(columns, Arc::new(rows))?;
        Ok(Transformed::yes(LogicalPlan::Projection(projection)))
    })?;
    // Types and nullability of the scans are those of the catalogue, except for the constant site.
    bound.map_data(LogicalPlan::recompute_schema).map(|done| done.data)
}
