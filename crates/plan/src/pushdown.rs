//! Comma joins: `FROM a, b WHERE a.person_id = b.person_id` becomes a join with its condition.
//!
//! Only inner joins are touched, for which a condition means the same in WHERE and in ON. Each conjunct sinks to the
//! lowest inner join (or the side of it) whose columns it needs.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, Join, JoinType, LogicalPlan};

use crate::subqueries::has_subquery;

/// Sinks the conditions of WHERE into the inner joins below.
pub(crate) fn sink_conditions(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_down_with_subqueries(|node| match node {
        LogicalPlan::Filter(filter) if is_inner(&filter.input) => {
            let input = Arc::unwrap_or_clone(filter.input);
            Ok(Transformed::yes(sink(input, split_conjunction_owned(filter.predicate))?))
        }
        other => Ok(Transformed::no(other)),
    })
    .map(|done| done.data)
}

fn is_inner(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Join(join) if join.join_type == JoinType::Inner)
}

fn sink(plan: LogicalPlan, conditions: Vec<Expr>) -> Result<LogicalPlan> {
    let inner = is_inner(&plan);
    match plan {
        LogicalPlan::Join(join) if inner => sink_into(join, conditions),
        other => match conjunction(conditions) {
            Some(predicate) => Ok(LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(other))?)),
            None => Ok(other),
        },
    }
}

fn sink_into(join: Join, conditions: Vec<Expr>) -> Result<LogicalPlan> {
    let (mut left, mut right, mut here, mut above) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let own = join.filter.map(split_conjunction_owned).unwrap_or_default();
    for condition in own.into_iter().chain(conditions) {
        let columns = condition.column_refs();
        let fits = |side: &LogicalPlan| columns.iter().all(|column| side.schema().has_column(column));
        // A subquery stays in WHERE, where it can become a join of its own.
        if has_subquery(&condition) {
            above.push(condition);
        } else if columns.is_empty() || !(fits(&join.left) || fits(&join.right)) {
            here.push(condition);
        } else if fits(&join.left) {
            left.push(condition);
        } else {
            right.push(condition);
        }
    }
    let left = sink(Arc::unwrap_or_clone(join.left), left)?;
    let right = sink(Arc::unwrap_or_clone(join.right), right)?;
    let join = LogicalPlan::Join(Join::try_new(
        Arc::new(left),
        Arc::new(right),
        join.on,
        conjunction(here),
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    )?);
    match conjunction(above) {
        Some(predicate) => Ok(LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(join))?)),
        None => Ok(join),
    }
}
