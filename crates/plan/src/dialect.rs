//! The stated dialect, made explicit in the plan so that both sides compute the same.
//!
//! After type coercion: a cast becomes a TRY_CAST (a comparison such as `s = 3` inserts casts whose errors would print
//! the value), a division by zero and a function outside its domain are NULL, and times are in microseconds. Before it:
//! `now()` and `current_date` become the instant that the gateway bound.

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::{BinaryExpr, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, ExprSchemable, GroupingSet, LogicalPlan, Operator, cast, lit, when};
use renkei_types::Timestamp;

use crate::total;

/// Binds `now()` and `current_date` to one instant.
pub(crate) fn bind_time(plan: LogicalPlan, at: Timestamp) -> Result<LogicalPlan> {
    rewrite(plan, |expr, _| {
        let Expr::ScalarFunction(ScalarFunction { func, args }) = &expr else {
            return Ok(Transformed::no(expr));
        };
        let value = match (func.name(), args.is_empty()) {
            ("now", true) => ScalarValue::TimestampMicrosecond(Some(at.0), None),
            ("current_date", true) => ScalarValue::Date32(Some(at.days())),
            _ => return Ok(Transformed::no(expr)),
        };
        Ok(Transformed::yes(lit(value)))
    })
}

/// Arithmetic of integers is of 64 bits: what fits a column of 32 need not fit its square.
pub(crate) fn widen(plan: LogicalPlan) -> Result<LogicalPlan> {
    let wide = |expr: Expr, plan: &LogicalPlan| -> Result<Expr> {
        let narrow = matches!(input_type(&expr, plan), Ok(DataType::Int8 | DataType::Int16 | DataType::Int32));
        Ok(if narrow { cast(expr, DataType::Int64) } else { expr })
    };
    let integer = |expr: &Expr, plan: &LogicalPlan| input_type(expr, plan).is_ok_and(|found| found.is_integer());
    let plan = rewrite(plan, |expr, plan| match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right })
            if arithmetic(op) && integer(&left, plan) && integer(&right, plan) =>
        {
            let (left, right) = (wide(*left, plan)?, wide(*right, plan)?);
            Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))))
        }
        Expr::Negative(inner) if integer(&inner, plan) => {
            Ok(Transformed::yes(Expr::Negative(Box::new(wide(*inner, plan)?))))
        }
        // As the analyzer will write it: among the keys of grouping sets it would do so without keeping the name.
        Expr::Not(inner) => {
            let negated = !*inner;
            Ok(Transformed::new_transformed(negated.clone(), !matches!(negated, Expr::Not(_))))
        }
        other => Ok(Transformed::no(other)),
    })?;
    plan.transform_up_with_subqueries(|node| node.recompute_schema().map(Transformed::yes)).map(|done| done.data)
}

fn arithmetic(op: Operator) -> bool {
    matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo)
}

/// Dates and intervals: a difference in days, and a date that is moved.
fn moments(left: Expr, op: Operator, right: Expr, plan: &LogicalPlan) -> Result<Transformed<Expr>> {
    let moment = |found: &DataType| matches!(found, DataType::Date32 | DataType::Timestamp(..));
    let function = match (input_type(&left, plan)?, op, input_type(&right, plan)?) {
        (DataType::Date32, Operator::Minus, DataType::Date32) => total::days_between(),
        (from, Operator::Plus, DataType::Interval(_)) if moment(&from) => total::later(),
        (from, Operator::Minus, DataType::Interval(_)) if moment(&from) => total::earlier(),
        (DataType::Interval(_), Operator::Plus, from) if moment(&from) => {
            return Ok(Transformed::yes(total::later().call(vec![right, left])));
        }
        _ => return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))))),
    };
    Ok(Transformed::yes(function.call(vec![left, right])))
}

/// Makes casts, divisions and arithmetic of dates total.
pub(crate) fn make_total(plan: LogicalPlan) -> Result<LogicalPlan> {
    rewrite(plan, |expr, plan| match expr {
        Expr::Cast(cast) => {
            Ok(Transformed::yes(Expr::TryCast(TryCast::new(cast.expr, microseconds(cast.field.data_type())))))
        }
        Expr::Literal(ScalarValue::TimestampNanosecond(Some(nanos), zone), _) => {
            let micros = ScalarValue::TimestampMicrosecond(Some(nanos.div_euclid(1_000)), zone);
            Ok(Transformed::yes(lit(micros)))
        }
        Expr::ScalarFunction(function) => guard_domain(function),
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::Divide | Operator::Modulo), right }) => {
            guard_division(*left, op, *right, plan)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::Plus | Operator::Minus), right }) => {
            moments(*left, op, *right, plan)
        }
        other => Ok(Transformed::no(other)),
    })
}

/// The CDM's datetimes are in microseconds. The engine would coerce dates to nanoseconds, which end in the year 2262:
/// an open end such as 9999-12-31 would become NULL.
fn microseconds(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        other => other.clone(),
    }
}

/// A logarithm of what is not positive and a root of what is negative are NULL, as x/0 is.
fn guard_domain(function: ScalarFunction) -> Result<Transformed<Expr>> {
    let defined = match (function.name(), function.args.as_slice()) {
        ("ln" | "log2" | "log10", [x]) => x.clone().gt(lit(0.0)),
        ("sqrt", [x]) => x.clone().gt_eq(lit(0.0)),
        _ => return Ok(Transformed::no(Expr::ScalarFunction(function))),
    };
    Ok(Transformed::yes(when(defined, Expr::ScalarFunction(function)).end()?))
}

fn guard_division(left: Expr, op: Operator, right: Expr, plan: &LogicalPlan) -> Result<Transformed<Expr>> {
    // The smallest integer divided by -1 does not exist either.
    if matches!(&right, Expr::Literal(value, _) if !value.is_null() && *value != ScalarValue::new_zero(&value.data_type())? && *value != ScalarValue::Int64(Some(-1)))
    {
        return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))));
    }
    let data_type = input_type(&right, plan)?;
    if op == Operator::Divide && data_type == DataType::Int64 {
        return Ok(Transformed::yes(total::quotient().call(vec![left, right])));
    }
    let (Ok(zero), Ok(null)) = (ScalarValue::new_zero(&data_type), ScalarValue::try_from(&data_type)) else {
        return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))));
    };
    let safe = when(right.clone().eq(lit(zero)), lit(null)).otherwise(right)?;
    Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(safe)))))
}

fn input_type(expr: &Expr, plan: &LogicalPlan) -> Result<DataType> {
    let mut schema = datafusion::common::DFSchema::empty();
    for input in plan.inputs() {
        schema.merge(input.schema());
    }
    expr.get_type(&schema)
}

/// A key that is changed, under the name that it had.
fn renamed(expr: Expr, change: &mut impl FnMut(Expr) -> Result<Transformed<Expr>>) -> Result<Expr> {
    let name = expr.schema_name().to_string();
    let changed = expr.transform_up(change)?;
    let same = !changed.transformed || changed.data.schema_name().to_string() == name;
    Ok(if same { changed.data } else { changed.data.alias(name) })
}

/// The arguments of `grouping(…)` stay what the keys of the grouping sets are, names included.
fn regroup(expr: Expr, change: &mut impl FnMut(Expr) -> Result<Transformed<Expr>>) -> Result<Expr> {
    match expr {
        Expr::Alias(mut alias) => {
            alias.expr = Box::new(regroup(*alias.expr, change)?);
            Ok(Expr::Alias(alias))
        }
        Expr::AggregateFunction(mut function) => {
            let args = function.params.args.into_iter();
            function.params.args = args.map(|arg| renamed(arg, change)).collect::<Result<_>>()?;
            Ok(Expr::AggregateFunction(function))
        }
        other => Ok(other),
    }
}

fn is_grouping(expr: &Expr) -> bool {
    match expr {
        Expr::Alias(alias) => is_grouping(&alias.expr),
        Expr::AggregateFunction(function) => function.func.name() == "grouping",
        _ => false,
    }
}

/// The keys of grouping sets keep their names one by one: what stands above refers to them.
fn rename(sets: GroupingSet, mut change: impl FnMut(Expr) -> Result<Transformed<Expr>>) -> Result<Transformed<Expr>> {
    let mut all =
        |exprs: Vec<Expr>| exprs.into_iter().map(|expr| renamed(expr, &mut change)).collect::<Result<Vec<_>>>();
    let sets = match sets {
        GroupingSet::Rollup(exprs) => GroupingSet::Rollup(all(exprs)?),
        GroupingSet::Cube(exprs) => GroupingSet::Cube(all(exprs)?),
        GroupingSet::GroupingSets(sets) => {
            GroupingSet::GroupingSets(sets.into_iter().map(&mut all).collect::<Result<_>>()?)
        }
    };
    Ok(Transformed::yes(Expr::GroupingSet(sets)))
}

fn rewrite(
    plan: LogicalPlan,
    mut change: impl FnMut(Expr, &LogicalPlan) -> Result<Transformed<Expr>>,
) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        let at = node.clone();
        let node = node.map_expressions(|expr| {
            if let Expr::GroupingSet(sets) = expr {
                return rename(sets, |expr| change(expr, &at));
            }
            let name = names.save(&expr);
            if is_grouping(&expr) {
                let expr = regroup(expr, &mut |inner| change(inner, &at))?;
                return Ok(Transformed::yes(name.restore(expr)));
            }
            Ok(expr.transform_up(|inner| change(inner, &at))?.update_data(|expr| name.restore(expr)))
        })?;
        if node.transformed { node.map_data(LogicalPlan::recompute_schema) } else { Ok(node) }
    })
    .map(|done| done.data)
}
