//! How many cells a release point may have, as far as its keys tell.
//!
//! A band, a flag, a month of the year or a site has a known number of values; a code has as many as the hospital uses,
//! which nobody knows before. So there is a number where every key has one, and none otherwise.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, ExprSchemable, GroupingSet, LogicalPlan};

use super::origin::{Origin, bare, origin};
use crate::meaning::strip;
use crate::split::{Key, ReleasePoint};

/// The most cells that one site can release; none where a key's values are not known.
pub(super) fn most_cells(point: &ReleasePoint) -> Option<u64> {
    let keys = match (&point.sets, point.keys.split_last()) {
        (Some(_), Some((_, keys))) => keys,
        _ => &point.keys,
    };
    let values = keys.iter().map(|key| values_of_key(key, &point.input)).collect::<Option<Vec<u64>>>()?;
    match &point.sets {
        None => product(values),
        // In each set a key is there or not.
        Some(GroupingSet::Rollup(_) | GroupingSet::Cube(_)) => product(values.into_iter().map(|n| n + 1).collect()),
        Some(GroupingSet::GroupingSets(sets)) => sets.iter().try_fold(0_u64, |sum, set| {
            let of = |expr: &Expr| keys.iter().position(|key| key.expr == *expr).and_then(|i| values.get(i).copied());
            let numbers = set.iter().map(of).collect::<Option<Vec<u64>>>()?;
            sum.checked_add(product(numbers)?)
        }),
    }
}

fn product(values: Vec<u64>) -> Option<u64> {
    values.into_iter().try_fold(1, u64::checked_mul)
}

fn values_of_key(key: &Key, input: &LogicalPlan) -> Option<u64> {
    if key.by_site {
        return Some(1);
    }
    // A constant is NULL where a row has no partner; what else has known values counts NULL among them.
    let literal = matches!(strip(&key.expr), Expr::Literal(..));
    values(&key.expr, input).map(|values| values + u64::from(literal && key.gaps))
}

/// The number of values of an expression, NULL among them.
fn values(expr: &Expr, over: &LogicalPlan) -> Option<u64> {
    match bare(expr) {
        Expr::Literal(..) => Some(1),
        Expr::Column(column) => values_of_column(column, over),
        Expr::TryCast(cast) => values(&cast.expr, over),
        Expr::Case(case) => {
            let results = case.when_then_expr.iter().map(|(_, then)| then.as_ref()).chain(case.else_expr.as_deref());
            let mut texts = BTreeSet::new();
            for result in results {
                match strip(result) {
                    Expr::Literal(value, _) if value.is_null() => {}
                    Expr::Literal(value, _) => drop(texts.insert(value.to_string())),
                    _ => return None,
                }
            }
            Some(texts.len() as u64 + 1)
        }
        Expr::ScalarFunction(function) if function.name() == "date_part" => {
            let part = function.args.first().map(strip);
            let Some(Expr::Literal(part, _)) = part else { return None };
            let values = match part.to_string().to_ascii_lowercase().as_str() {
                "quarter" => 4,
                "dow" | "isodow" => 7,
                "month" => 12,
                "hour" => 24,
                "week" => 53,
                "minute" => 60,
                _ => return None,
            };
            Some(values + 1)
        }
        expr => matches!(expr.get_type(over.schema()), Ok(DataType::Boolean)).then_some(3),
    }
}

fn values_of_column(column: &Column, over: &LogicalPlan) -> Option<u64> {
    match origin(column, over)? {
        Origin::Made { expr, over } => values(expr, over),
        Origin::Table { .. } => None,
    }
}
