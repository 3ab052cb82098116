//! Subqueries inside WHERE and SELECT become joins, so that the walk has one set of rules for both.
//!
//! `person_id IN (SELECT …)` and EXISTS become semi joins, NOT EXISTS anti joins, a condition such as `a OR EXISTS (…)`
//! a mark join, a correlated `(SELECT max(x) …)` an outer join with an aggregate by its keys. Whether such a join may
//! be is for the walk to say.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Distinct, Expr, ExprSchemable, Filter, LogicalPlan};
use datafusion::optimizer::decorrelate_predicate_subquery::DecorrelatePredicateSubquery;
use datafusion::optimizer::scalar_subquery_to_join::ScalarSubqueryToJoin;
use datafusion::optimizer::{Optimizer, OptimizerContext};
use renkei_types::{Code, Refusal};

use crate::meaning::first_place;

/// Whether the expression has a subquery in it.
pub(crate) fn has_subquery(expr: &Expr) -> bool {
    let is_subquery = |e: &Expr| {
        matches!(
            e,
            Expr::ScalarSubquery(_)
                | Expr::Exists(_)
                | Expr::InSubquery(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(..)
        )
    };
    expr.exists(|e| Ok(is_subquery(e))).unwrap_or(true)
}

/// Turns the subqueries of an analysed plan into joins, as far as that can be done.
pub(crate) fn into_joins(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            found |= has_subquery(expr);
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    if !found {
        return Ok(plan);
    }
    let plan = without_distinct(plan)?;
    let mut options = ConfigOptions::default();
    options.optimizer.enable_physical_uncorrelated_scalar_subquery = false;
    let context = OptimizerContext::new_with_config_options(Arc::new(options));
    let rules = Optimizer::with_rules(vec![
        Arc::new(DecorrelatePredicateSubquery::new()),
        Arc::new(ScalarSubqueryToJoin::new()),
    ]);
    rules.optimize(plan, &context, |_, _| {})
}

/// DISTINCT inside IN means nothing, and would be a list of keys if it stayed.
fn without_distinct(plan: LogicalPlan) -> Result<LogicalPlan> {
    let strip = |expr: Expr| match expr {
        Expr::InSubquery(mut inner) => match inner.subquery.subquery.as_ref() {
            LogicalPlan::Distinct(Distinct::All(input)) => {
                inner.subquery.subquery = Arc::clone(input);
                Ok(Transformed::yes(Expr::InSubquery(inner)))
            }
            _ => Ok(Transformed::no(Expr::InSubquery(inner))),
        },
        other => Ok(Transformed::no(other)),
    };
    let stripped = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Filter(_) => node.map_expressions(|expr| expr.transform_up(strip)),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(stripped.data)
}

/// Refuses IN with a subquery where NULLs would give it a third truth value that a join does not have.
pub(crate) fn check_nulls(plan: &LogicalPlan) -> Result<()> {
    let mut refusal = None;
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Filter(filter) = node {
            refusal = undecided(filter)?;
        }
        Ok(if refusal.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    match (walked, refusal) {
        (_, Some(refusal)) => Err(DataFusionError::External(Box::new(refusal))),
        (Ok(_), None) => Ok(()),
        (Err(e), None) => Err(e),
    }
}

/// The first IN of the filter that is negated or inside another expression, and may meet a NULL.
fn undecided(filter: &Filter) -> Result<Option<Refusal>> {
    let mut found = None;
    for conjunct in split_conjunction(&filter.predicate) {
        if matches!(conjunct, Expr::InSubquery(InSubquery { negated: false, .. })) {
            continue;
        }
        conjunct.apply(|expr| {
            if let Expr::InSubquery(inner) = expr {
                let left = inner.expr.nullable(filter.input.schema())?;
                let right = inner.subquery.subquery.schema().fields().iter().any(|field| field.is_nullable());
                if left || right {
                    found = Some(
                        Refusal::new(Code::NullableKey, "WHERE: NOT IN, or IN inside another condition, over a column that may be NULL")
                            .hint("write [NOT] EXISTS (SELECT 1 FROM … WHERE inner.key = outer.key), or add IS NOT NULL … inside the subquery's FROM")
                            .at(first_place(&inner.expr)),
                    );
                    return Ok(TreeNodeRecursion::Stop);
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    Ok(found)
}
