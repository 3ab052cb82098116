//! The codes that a statement names, by the column that they are compared with.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::{Between, BinaryExpr, InList, Like};
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};
use renkei_cdm::{ColumnType, Role};

use super::origin::{Origin, origin};
use crate::meaning::strip;
use crate::split::ReleasePoint;

/// Codes by `table.column`.
pub(super) type Codes = BTreeMap<String, BTreeSet<String>>;

/// The codes that a hospital's half names.
pub(super) fn codes(point: &ReleasePoint) -> Result<Codes> {
    let mut found = Codes::new();
    point.input.apply(|node| {
        node.apply_expressions(|expr| look(expr, &node.inputs(), &mut found))?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    let states = point.states.iter().flat_map(|state| [&state.argument, &state.second, &state.filter]).flatten();
    for expr in point.keys.iter().map(|key| &key.expr).chain(states) {
        look(expr, &[&point.input], &mut found)?;
    }
    Ok(found)
}

/// Takes every comparison of a coded column with literals.
fn look(expr: &Expr, inputs: &[&LogicalPlan], found: &mut Codes) -> Result<TreeNodeRecursion> {
    expr.apply(|inner| {
        let (value, literals): (&Expr, Vec<&Expr>) = match inner {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(*op) => {
                if matches!(strip(left), Expr::Literal(..)) { (right, vec![left]) } else { (left, vec![right]) }
            }
            Expr::InList(InList { expr, list, .. }) => (expr, list.iter().collect()),
            Expr::Between(Between { expr, low, high, .. }) => (expr, vec![low, high]),
            Expr::Like(Like { expr, pattern, .. }) => (expr, vec![pattern]),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        if let Some(column) = coded(value, inputs) {
            found.entry(column).or_default().extend(literals.into_iter().filter_map(literal));
        }
        Ok(TreeNodeRecursion::Continue)
    })
}

fn compares(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom)
}

fn literal(expr: &Expr) -> Option<String> {
    match strip(expr) {
        Expr::Literal(value, _) if !value.is_null() => Some(value.to_string()),
        _ => None,
    }
}

/// Whether a column holds codes: a sex is one, though it is coarse.
pub(super) fn is_coded(role: Role) -> bool {
    matches!(role, Role::Code | Role::Coarse)
}

/// The coded column behind a value, through functions such as `code_prefix`.
fn coded(value: &Expr, inputs: &[&LogicalPlan]) -> Option<String> {
    let mut columns = value.column_refs().into_iter();
    let (Some(column), None) = (columns.next(), columns.next()) else { return None };
    let from = inputs.iter().find(|input| input.schema().has_column(column))?;
    let Some(Origin::Table { table, column }) = origin(column, from) else { return None };
    let found = renkei_cdm::table(table)?.column(column)?;
    // A year of birth is coarse too, and no code.
    let coded = found.role == Role::Code || (found.role == Role::Coarse && found.kind == ColumnType::Concept);
    coded.then(|| format!("{table}.{column}"))
}
