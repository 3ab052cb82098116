//! `count(DISTINCT code)`: the values leave as cells, each with its own minimum of persons, and are counted at the
//! gateway, where the values of all sites come together.
//!
//! `SELECT g, count(DISTINCT code), avg(x) … GROUP BY g` becomes two release points, `g` with the mean and `(g, code)`
//! without states; the gateway counts the latter by `g` and joins both. Adding the sites' counts would count a code
//! once for each site that has it.

use std::sync::Arc;

use datafusion::common::{Column, NullEquality};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Aggregate, Expr, Filter, Join, JoinConstraint, JoinType, LogicalPlan, Projection, lit};
use datafusion::prelude::coalesce;
use renkei_types::Refusal;

use super::reach::Reach;
use super::release;
use super::walk::{Relation, Walker, not_supported, rebuilt};
use crate::meaning::Meaning;

/// Whether an aggregate counts distinct values that are not keys.
pub(super) fn counts_values(expr: &Expr, input: &Relation) -> bool {
    let Ok((function, _)) = release::function(expr) else { return false };
    let (params, scope) = (&function.params, input.scope("SELECT"));
    let [arg] = params.args.as_slice() else { return false };
    function.func.name() == "count"
        && params.distinct
        && scope.key(arg).is_none()
        && scope.value(arg).is_ok_and(Meaning::groupable)
}

/// The aggregate in two parts, joined at the gateway under the columns that the statement expects.
pub(super) fn aggregate(
    walker: &mut Walker,
    aggregate: &Aggregate,
    input: Relation,
    meanings: &[Meaning],
) -> Result<Relation, Refusal> {
    if release::sets(aggregate).is_some() {
        return Err(not_supported(
            "count(DISTINCT …) of a value with ROLLUP, CUBE or GROUPING SETS",
            "UNION ALL one GROUP BY for each level",
        ));
    }
    let grouped = release::grouped(aggregate)?;
    let groups = grouped.len();
    let (values, others): (Vec<_>, Vec<_>) =
        aggregate.aggr_expr.iter().enumerate().partition(|(_, expr)| counts_values(expr, &input));
    let columns = aggregate.schema.columns();
    // The first part has every cell, also those without a value.
    let mut aggregates: Vec<Expr> = others.iter().map(|(_, expr)| (*expr).clone()).collect();
    if aggregates.is_empty() {
        aggregates.push(count(lit(1_i64)).alias("__rows"));
    }
    let base = rebuilt(Aggregate::try_new(Arc::clone(&aggregate.input), grouped.clone(), aggregates))?;
    let mut joined = release::aggregate(walker, &base, input.clone(), meanings)?;
    let mut counted = Vec::new();
    for (i, expr) in &values {
        let column = Column::new_unqualified(format!("__distinct_{}", walker.name()));
        let part = one(walker, &grouped, expr, &input, &column)?;
        joined = join(joined, part, &base.schema.columns()[..groups])?;
        counted.push((*i, column));
    }
    let visible = columns.into_iter().enumerate().map(|(at, column)| {
        let Some(i) = at.checked_sub(groups) else { return Expr::Column(column) };
        match counted.iter().find(|(have, _)| *have == i) {
            // Where no value was listed there is no row to join.
            Some((_, have)) => coalesce(vec![Expr::Column(have.clone()), lit(0_i64)]).alias(column.name),
            None => Expr::Column(column),
        }
    });
    let visible = visible.collect();
    walker.projected(&joined, visible)
}

/// The cells (keys, value), counted by the keys: the keys under hidden names, then the count.
fn one(
    walker: &mut Walker,
    grouped: &[Expr],
    expr: &Expr,
    input: &Relation,
    column: &Column,
) -> Result<Relation, Refusal> {
    let (function, _) = release::function(expr)?;
    let scope = input.scope("SELECT");
    let [value] = function.params.args.as_slice() else {
        return Err(not_supported("count(DISTINCT …) of several columns", "count one column"));
    };
    if let Some(filter) = function.params.filter.as_deref() {
        scope.value(filter)?;
    }
    let filter = function.params.filter.as_deref().cloned();
    let present = conjunction(filter.into_iter().chain([value.clone().is_not_null()]));
    let plan = match present {
        Some(predicate) => LogicalPlan::Filter(rebuilt(Filter::try_new(predicate, Arc::new(input.plan.clone())))?),
        None => input.plan.clone(),
    };
    let filtered = Relation { plan, ..input.clone() };
    let exprs: Vec<Expr> = grouped.iter().chain([value]).cloned().collect();
    let names: Vec<Column> =
        (0..exprs.len()).map(|i| Column::new_unqualified(format!("{}_{i}", column.name))).collect();
    let cells = release::listed(walker, filtered, &exprs, names.clone())?;
    let (keys, value) = names.split_at(grouped.len());
    let counted = value.iter().map(|value| count(Expr::Column(value.clone())).alias(column.name.clone()));
    let columns = keys.iter().cloned().chain([column.clone()]).collect();
    walker.group(cells, keys.iter().cloned().map(Expr::Column).collect(), counted.collect(), columns)
}

/// Joins the counts to the cells by all keys; a NULL key is a key like another.
fn join(base: Relation, part: Relation, keys: &[Column]) -> Result<Relation, Refusal> {
    let names = part.plan.schema().columns();
    let on: Vec<_> = keys.iter().cloned().zip(names).map(|(a, b)| (Expr::Column(a), Expr::Column(b))).collect();
    let plan = rebuilt(Join::try_new(
        Arc::new(base.plan.clone()),
        Arc::new(part.plan.clone()),
        on,
        None,
        if keys.is_empty() { JoinType::Inner } else { JoinType::Left },
        JoinConstraint::On,
        NullEquality::NullEqualsNull,
        false,
    ))?;
    let meanings = base.meanings.iter().chain(&part.meanings).copied().collect();
    // A value counts once it is listed anywhere: how many sites list it says nothing about the row. What no site lists is
    // not counted, so that the count is whole only where everything is listed.
    let mut held = base.held.clone();
    held.reaches.resize(base.meanings.len(), Reach::Exact);
    held.reaches.extend((0..part.meanings.len()).map(|index| part.held.reach(index).clone()));
    let room = |column: &Column| {
        let rooms = base.held.counts.iter().map(|counts| Expr::Column(counts.room.clone()));
        let unsure = coalesce([Expr::Column(column.clone())].into_iter().chain(rooms).collect());
        unsure.alias_qualified(column.relation.clone(), column.name.clone())
    };
    let of_part = |column: &Column| part.held.counts.iter().any(|counts| counts.unsure == *column);
    let carried = held.columns().into_iter().map(|column| match of_part(&column) {
        true => room(&column),
        false => Expr::Column(column),
    });
    let exprs = base.visible().into_iter().chain(part.visible()).chain(carried).collect();
    let plan = rebuilt(Projection::try_new(exprs, Arc::new(LogicalPlan::Join(plan))))?;
    Ok(Relation { plan: LogicalPlan::Projection(plan), meanings, held, ..base })
}
