//! Where a column of a hospital's half comes from.

use datafusion::common::Column;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan};

use crate::catalogue::is_catalogue_scan;

/// What stands behind a column.
pub(super) enum Origin<'a> {
    /// A column of a table of the catalogue.
    Table { table: &'a str, column: &'a str },
    /// An expression over the columns of a plan.
    Made { expr: &'a Expr, over: &'a LogicalPlan },
}

/// Follows a column of a plan's output downwards; none where it comes from several places.
pub(super) fn origin<'a>(column: &Column, plan: &'a LogicalPlan) -> Option<Origin<'a>> {
    let index = plan.schema().index_of_column(column).ok()?;
    at(index, plan)
}

fn at(index: usize, plan: &LogicalPlan) -> Option<Origin<'_>> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let table = is_catalogue_scan(plan)?.name();
            Some(Origin::Table { table, column: scan.projected_schema.fields().get(index)?.name() })
        }
        LogicalPlan::Projection(projection) => made(projection.expr.get(index)?, &projection.input),
        LogicalPlan::SubqueryAlias(alias) => at(index, &alias.input),
        LogicalPlan::Filter(filter) => at(index, &filter.input),
        LogicalPlan::Sort(sort) => at(index, &sort.input),
        LogicalPlan::Limit(limit) => at(index, &limit.input),
        LogicalPlan::Distinct(Distinct::All(input)) => at(index, input),
        LogicalPlan::Window(window) if index < window.input.schema().fields().len() => at(index, &window.input),
        LogicalPlan::Aggregate(aggregate) => match aggregate.group_expr.get(index)? {
            Expr::GroupingSet(_) => None,
            expr => made(expr, &aggregate.input),
        },
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            match index.checked_sub(left) {
                None => at(index, &join.left),
                Some(index) => at(index, &join.right),
            }
        }
        _ => None,
    }
}

fn made<'a>(expr: &'a Expr, over: &'a LogicalPlan) -> Option<Origin<'a>> {
    match bare(expr) {
        Expr::Column(column) => origin(column, over),
        expr => Some(Origin::Made { expr, over }),
    }
}

/// The expression without names that it was given.
pub(super) fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}
