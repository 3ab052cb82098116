//! A statement seen as a question of feasibility: which aggregates, how many keys, which literals beside the grid.
//!
//! The grid: ages and years of birth at multiples of 5 and ages at 18; dates at the first of a month or a Monday;
//! amounts with at most two significant digits, and numbers counted per person up to 10 or with one. Codes have none.
//! A literal stands on the grid of what it is compared with, followed through aliases and subqueries down to the
//! column; what cannot be followed is held to the grid of its type.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use datafusion::arrow::array::types::Date32Type;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, Expr, ExprSchemable, LogicalPlan, Operator};
use renkei_cdm::Role;

use crate::catalogue::is_catalogue_scan;
use crate::meaning::strip;
use crate::split::{ReleasePoint, Split};
use crate::state::StateKind;

/// A literal beside the grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffGrid {
    /// What it is compared with.
    pub what: String,
    /// The literal.
    pub literal: String,
    /// The nearest on the grid, one below and one above.
    pub nearest: Vec<String>,
}

/// What the level *feasibility* asks of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exploration {
    /// Aggregates that are not numbers of distinct persons.
    pub other_aggregates: Vec<String>,
    /// Keys that are continuous numbers.
    pub other_keys: Vec<String>,
    /// The most keys of one release point.
    pub dimensions: usize,
    /// Release points of the statement.
    pub release_points: usize,
    /// Aggregates in all of them.
    pub aggregates: usize,
    /// Literals beside the grid.
    pub off_grid: Vec<OffGrid>,
}

impl Split {
    /// What the level *feasibility* asks of the statement.
    #[must_use]
    pub fn exploration(&self) -> Exploration {
        let mut found = Exploration { release_points: self.release_points.len(), ..Exploration::default() };
        for point in &self.release_points {
            look(point, &mut found);
        }
        found
    }
}

fn look(point: &ReleasePoint, found: &mut Exploration) {
    let other = |state: usize| point.states.get(state).is_none_or(|state| state.kind != StateKind::Persons);
    found.other_aggregates.extend(point.outputs.iter().filter(|o| other(o.state)).map(|o| o.name.clone()));
    found.aggregates += point.outputs.len();
    let keys = point.keys.len() - usize::from(point.sets.is_some() && !point.keys.is_empty());
    found.dimensions = found.dimensions.max(keys);
    let continuous = |data_type: &DataType| data_type.is_floating() || data_type.is_decimal();
    found.other_keys.extend(point.keys.iter().filter(|k| continuous(&k.data_type)).map(|k| k.name.clone()));
    let keys = point.keys.iter().map(|key| &key.expr);
    let filters = point.states.iter().flat_map(|state| [&state.argument, &state.filter, &state.contributors]).flatten();
    for expr in keys.chain(filters) {
        literals(expr, &[&point.input], &mut found.off_grid);
    }
    // The closure does not fail.
    let _ = point.input.apply_with_subqueries(|node| {
        let inputs = node.inputs();
        for expr in node.expressions() {
            literals(&expr, &inputs, &mut found.off_grid);
        }
        Ok(TreeNodeRecursion::Continue)
    });
}

/// Literals beside the grid in one expression over some relations.
fn literals(expr: &Expr, inputs: &[&LogicalPlan], found: &mut Vec<OffGrid>) {
    // The closure does not fail.
    let _ = expr.apply(|part| {
        match part {
            Expr::BinaryExpr(binary) if compares(binary.op) => {
                for (value, literal) in [(&binary.left, &binary.right), (&binary.right, &binary.left)] {
                    check(value, literal, inputs, found);
                }
            }
            Expr::Between(Between { expr, low, high, .. }) => {
                check(expr, low, inputs, found);
                check(expr, high, inputs, found);
            }
            Expr::InList(InList { expr, list, .. }) => {
                list.iter().for_each(|literal| check(expr, literal, inputs, found));
            }
            Expr::ScalarFunction(function) if function.name() == "clip" => {
                if let Some((value, bounds)) = function.args.split_first() {
                    bounds.iter().for_each(|literal| check(value, literal, inputs, found));
                }
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    });
}

fn compares(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

fn check(value: &Expr, literal: &Expr, inputs: &[&LogicalPlan], found: &mut Vec<OffGrid>) {
    if matches!(strip(value), Expr::Literal(..)) || value.column_refs().is_empty() {
        return;
    }
    let grid = grid(value, inputs, 0);
    let Expr::Literal(scalar, _) = strip(literal) else {
        // What is computed from literals alone could lie anywhere.
        if literal.column_refs().is_empty() && grid != Grid::Free {
            let (what, literal) = (value.human_display().to_string(), literal.human_display().to_string());
            found.push(OffGrid { what, literal, nearest: vec!["a literal that is written out".to_owned()] });
        }
        return;
    };
    // A date is a text until it is cast.
    let typed = inputs.iter().find_map(|input| literal.get_type(input.schema()).ok());
    let scalar = &typed.and_then(|typed| scalar.cast_to(&typed).ok()).unwrap_or_else(|| scalar.clone());
    if scalar.is_null() {
        return;
    }
    let nearest = match (grid, date(scalar), number(scalar)) {
        (Grid::Free, ..) => return,
        (_, Some(date), _) => dates(date),
        (Grid::Age, _, Some(n)) => ages(n),
        (Grid::Birth, _, Some(n)) => multiples(n, 5.0),
        (Grid::Count, _, Some(n)) if n.abs() <= 10.0 => return,
        (Grid::Count, _, Some(n)) => digits(n, 1),
        (Grid::Amount, _, Some(n)) => digits(n, 2),
        _ => return,
    };
    if let Some(nearest) = nearest {
        let what = value.human_display().to_string();
        let new = OffGrid { what, literal: scalar.to_string(), nearest };
        if !found.contains(&new) {
            found.push(new);
        }
    }
}

/// What the literals beside a value have to keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grid {
    /// A code, a label, a key.
    Free,
    /// A number counted or computed.
    Count,
    /// A number measured, or a date.
    Amount,
    /// A year of birth.
    Birth,
    /// An age.
    Age,
}

/// How deep a value is followed.
const DEPTH: usize = 64;

fn grid(value: &Expr, inputs: &[&LogicalPlan], depth: usize) -> Grid {
    let typed = |value: &Expr| {
        let data_type = inputs.iter().find_map(|input| value.get_type(input.schema()).ok());
        match data_type {
            Some(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean) => Grid::Free,
            Some(data_type) if data_type.is_integer() => Grid::Count,
            _ => Grid::Amount,
        }
    };
    if depth > DEPTH {
        return Grid::Amount;
    }
    match strip(value) {
        Expr::Literal(..) => Grid::Free,
        Expr::Alias(alias) => grid(&alias.expr, inputs, depth + 1),
        Expr::Cast(cast) => grid(&cast.expr, inputs, depth + 1),
        Expr::TryCast(cast) => grid(&cast.expr, inputs, depth + 1),
        Expr::Column(column) => inputs.iter().find_map(|input| origin(column, input, depth)).unwrap_or(typed(value)),
        Expr::BinaryExpr(binary) => {
            let parts = grid(&binary.left, inputs, depth + 1).max(grid(&binary.right, inputs, depth + 1));
            match parts {
                Grid::Birth if binary.op == Operator::Minus => Grid::Age,
                Grid::Free => typed(value),
                parts => parts,
            }
        }
        Expr::ScalarFunction(function) => {
            let parts = function.args.iter().map(|arg| grid(arg, inputs, depth + 1)).max().unwrap_or(Grid::Free);
            match (function.name(), parts) {
                (_, Grid::Free) => typed(value),
                // A year or a month of a date is coarse.
                ("date_part", Grid::Amount) => Grid::Count,
                (_, parts) => parts,
            }
        }
        other => typed(other),
    }
}

/// The grid of a column, where it comes from; `None` where the relation does not have it.
fn origin(column: &Column, plan: &LogicalPlan, depth: usize) -> Option<Grid> {
    let index = plan.schema().maybe_index_of_column(column)?;
    if let Some(table) = is_catalogue_scan(plan) {
        let name = plan.schema().field(index).name();
        let found = renkei_cdm::table(table.name())?.columns.iter().find(|column| column.name == name)?;
        return Some(match found.role {
            Role::Date | Role::Amount => Grid::Amount,
            Role::Coarse if found.name == "year_of_birth" => Grid::Birth,
            Role::Coarse | Role::Key(_) | Role::Code | Role::Reference | Role::Never => Grid::Free,
        });
    }
    let inputs = plan.inputs();
    let at = |plan: &LogicalPlan, index: usize| {
        let (qualifier, field) = plan.schema().qualified_field(index);
        Column::new(qualifier.cloned(), field.name())
    };
    match plan {
        LogicalPlan::Projection(projection) => Some(grid(projection.expr.get(index)?, &inputs, depth + 1)),
        LogicalPlan::SubqueryAlias(alias) => origin(&at(&alias.input, index), &alias.input, depth + 1),
        LogicalPlan::Aggregate(aggregate) => {
            Some(aggregate.group_expr.get(index).map_or(Grid::Count, |key| grid(key, &inputs, depth + 1)))
        }
        _ => inputs.iter().find_map(|input| origin(column, input, depth + 1)),
    }
}

fn number(scalar: &ScalarValue) -> Option<f64> {
    match scalar.cast_to(&DataType::Float64).ok()? {
        ScalarValue::Float64(number) if !scalar.data_type().is_temporal() => number,
        _ => None,
    }
}

fn date(scalar: &ScalarValue) -> Option<NaiveDate> {
    if !scalar.data_type().is_temporal() {
        return None;
    }
    match scalar.cast_to(&DataType::Date32).ok()? {
        ScalarValue::Date32(Some(days)) => Date32Type::to_naive_date_opt(days),
        _ => None,
    }
}

/// The nearest ages at which a cohort may be cut; `None` where this is one.
fn ages(age: f64) -> Option<Vec<String>> {
    if age == 18.0 {
        return None;
    }
    let mut nearest = multiples(age, 5.0)?;
    if (15.0..20.0).contains(&age) {
        nearest = if age < 18.0 { vec!["15".into(), "18".into()] } else { vec!["18".into(), "20".into()] };
    }
    Some(nearest)
}

fn multiples(n: f64, of: f64) -> Option<Vec<String>> {
    let below = (n / of).floor() * of;
    (below != n).then(|| vec![below.to_string(), (below + of).to_string()])
}

/// The nearest numbers with so many significant digits; `None` where this is one.
fn digits(n: f64, digits: i32) -> Option<Vec<String>> {
    if n == 0.0 || !n.is_finite() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a power of ten of a double")]
    let power = digits - 1 - n.abs().log10().floor() as i32;
    let scaled = n * 10_f64.powi(power);
    if (scaled - scaled.round()).abs() < 1e-6 {
        return None;
    }
    let show = |scaled: f64| {
        let places = usize::try_from(power.max(0)).unwrap_or(0);
        format!("{:.places$}", scaled / 10_f64.powi(power))
    };
    Some(vec![show(scaled.floor()), show(scaled.ceil())])
}

/// The nearest firsts of months and Mondays; `None` where this is one.
fn dates(date: NaiveDate) -> Option<Vec<String>> {
    if date.day() == 1 || date.weekday() == Weekday::Mon {
        return None;
    }
    let monday = date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday())))?;
    let month = date.with_day(1)?;
    let next = month.checked_add_months(Months::new(1))?.min(monday.checked_add_days(Days::new(7))?);
    Some(vec![month.max(monday).to_string(), next.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_on_each_grid() {
        let ages: Vec<_> = [18.0, 65.0, 17.0, 19.0, 67.0].map(ages).into();
        let near = |a: &str, b: &str| Some(vec![a.to_owned(), b.to_owned()]);
        assert_eq!(ages, [None, None, near("15", "18"), near("18", "20"), near("65", "70")]);
        let digits: Vec<_> =
            [(8.0, 2), (6.5, 2), (6.51, 2), (126.0, 2), (-0.123, 2), (120.0, 1)].map(|(n, d)| digits(n, d)).into();
        let expected = [None, None, near("6.5", "6.6"), near("120", "130"), near("-0.13", "-0.12"), near("100", "200")];
        assert_eq!(digits, expected);
        let day = |day: u32| dates(NaiveDate::from_ymd_opt(2024, 4, day).expect("a date"));
        assert_eq!((day(1), day(8)), (None, None));
        assert_eq!(day(3), near("2024-04-01", "2024-04-08"));
        assert_eq!(day(30), near("2024-04-29", "2024-05-01"));
    }
}
