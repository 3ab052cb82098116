//! Percentiles: counts on a fixed grid leave, and the value is read from the counts of all sites.
//!
//! Each bin leaves only with enough persons. The rules of arguments and conditions are those of sums all the same: the
//! counts of two arguments that differ for the few whom a condition chose would show where these few lie.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::AggregateFunction;
use renkei_types::{Code, Refusal};

use super::release::{argument_meaning, contributors, refuse_function};
use super::walk::not_supported;
use crate::meaning::{Scope, Shape, first_place, strip};
use crate::state::{CellState, OutputKind, Share, StateKind};

/// The share that a function of percentiles asks for; none for other functions.
pub(super) fn share(function: &AggregateFunction) -> Result<Option<Share>, Refusal> {
    let params = &function.params;
    let share = match function.func.name() {
        "median" | "approx_median" => 0.5,
        "percentile_cont" | "approx_percentile_cont" => {
            let share = params.args.get(1).and_then(literal);
            share.ok_or_else(|| of_another_kind(function))?
        }
        _ => return Ok(None),
    };
    // WITHIN GROUP (ORDER BY x DESC) counts from above.
    let descending = params.order_by.first().is_some_and(|key| !key.asc);
    let share = if descending { 1.0 - share } else { share };
    Share::new(share).map(Some).ok_or_else(|| of_another_kind(function))
}

fn of_another_kind(function: &AggregateFunction) -> Refusal {
    let name = function.func.name();
    Refusal::new(Code::Type, format!("`{name}` takes a literal share from 0 to 1"))
        .hint("write percentile_cont(0.95) WITHIN GROUP (ORDER BY x), or approx_percentile_cont(x, 0.95)")
        .at(function.params.args.first().and_then(first_place))
}

fn literal(expr: &Expr) -> Option<f64> {
    let Expr::Literal(value, _) = strip(expr) else { return None };
    match value.cast_to(&DataType::Float64) {
        Ok(ScalarValue::Float64(share)) => share,
        _ => None,
    }
}

/// State and output of a percentile.
pub(super) fn kinds(
    share: Share,
    function: &AggregateFunction,
    data_type: &DataType,
    expr: &Expr,
) -> Result<(StateKind, OutputKind), Refusal> {
    let params = &function.params;
    if params.distinct || params.null_treatment.is_some() || params.args.len() > 2 {
        return Err(refuse_function(function.func.name(), expr));
    }
    if *data_type != DataType::Float64 {
        let name = function.func.name();
        return Err(not_supported(&format!("`{name}` of type {data_type}"), "cast the argument to DOUBLE"));
    }
    Ok((StateKind::Bins, OutputKind::Percentile(share)))
}

/// The state of a percentile: counts in bins of the rows whose argument is there, zeros among them.
pub(super) fn state(scope: &Scope<'_>, args: &[Expr], filter: Option<Expr>, expr: &Expr) -> Result<CellState, Refusal> {
    let Some(argument) = args.first() else { return Err(refuse_function("a percentile", expr)) };
    let meaning = argument_meaning(scope, argument, StateKind::Bins, expr)?;
    let conditional = filter.is_some() || meaning.conditional();
    // A zero is a value like another, unless a condition may have put it there.
    let counted = if meaning.shape >= Shape::Choice { StateKind::SumFloat } else { StateKind::Bins };
    let contributors = contributors(scope, counted, Some(argument), filter.as_ref())?;
    let argument = Some(argument.clone());
    Ok(CellState {
        kind: StateKind::Bins,
        argument,
        second: None,
        filter,
        contributors,
        free: None,
        moved: None,
        conditional,
    })
}
