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
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator, lit, when};
use renkei_types::Timestamp;

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

/// Makes casts and divisions total.
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
    if matches!(&right, Expr::Literal(value, _) if !value.is_null() && *value != ScalarValue::new_zero(&value.data_type())?)
    {
        return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))));
    }
    let data_type = input_type(&right, plan)?;
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

fn rewrite(
    plan: LogicalPlan,
    mut change: impl FnMut(Expr, &LogicalPlan) -> Result<Transformed<Expr>>,
) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        let at = node.clone();
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            Ok(expr.transform_up(|inner| change(inner, &at))?.update_data(|expr| name.restore(expr)))
        })?;
        if node.transformed { node.map_data(LogicalPlan::recompute_schema) } else { Ok(node) }
    })
    .map(|done| done.data)
}
