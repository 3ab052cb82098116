//! The aggregates of a release point: which state of a cell each of them needs, and who contributes to it.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::utils::{conjunction, disjunction};
use datafusion::logical_expr::{Expr, ExprSchemable, lit};
use renkei_types::{Code, Refusal};

use super::of_persons;
use crate::clip;
use crate::meaning::{Class, Meaning, Scope, first_place, is_null_literal, strip};
use crate::split::percentile;
use crate::split::walk::{Relation, not_supported, rebuilt, shown};
use crate::state::{CellState, Output, OutputKind, Pair, StateKind};

/// The aggregate function inside an aggregate expression, with the name that the statement gives it.
pub(in crate::split) fn function(expr: &Expr) -> Result<(&AggregateFunction, String), Refusal> {
    let name = expr.schema_name().to_string();
    match expr {
        Expr::Alias(alias) => function(&alias.expr).map(|(function, _)| (function, alias.name.clone())),
        Expr::AggregateFunction(function) => Ok((function, name)),
        _ => Err(not_supported("this aggregate expression", "use count, sum, avg, var_samp, stddev_samp")),
    }
}

/// The states and outputs of a cell while they are collected: equal states are kept once.
#[derive(Default)]
pub(super) struct Cell {
    pub(super) states: Vec<CellState>,
    pub(super) outputs: Vec<Output>,
}

impl Cell {
    pub(super) fn add(&mut self, input: &Relation, expr: &Expr, data_type: DataType) -> Result<(), Refusal> {
        let (function, name) = function(expr)?;
        let scope = Scope { leaves: true, ..input.scope("SELECT") };
        let function = &chosen_key(&scope, function);
        let (kind, output) = kinds(&scope, function, expr, &data_type)?;
        let state = state(&scope, function, kind, expr)?;
        let index = self.place(state);
        self.outputs.push(Output { name, state: index, kind: output, data_type });
        Ok(())
    }

    /// The index of the state, shared with an earlier one where possible. Moments serve sums over the same values.
    fn place(&mut self, state: CellState) -> usize {
        let same = |a: &CellState, b: &CellState| {
            (&a.argument, &a.second, &a.filter, &a.contributors) == (&b.argument, &b.second, &b.filter, &b.contributors)
        };
        let serves = |have: StateKind, want: StateKind| {
            have == want || (have == StateKind::Moments && want == StateKind::SumFloat)
        };
        if let Some(i) = self.states.iter().position(|have| same(have, &state) && serves(have.kind, state.kind)) {
            return i;
        }
        if let Some(i) = self.states.iter().position(|have| same(have, &state) && serves(state.kind, have.kind))
            && let Some(have) = self.states.get_mut(i)
        {
            have.kind = state.kind;
            return i;
        }
        self.states.push(state);
        self.states.len() - 1
    }
}

/// `count(DISTINCT CASE WHEN p THEN person_id END)` is what `count(DISTINCT person_id) FILTER (WHERE p)` is.
fn chosen_key(scope: &Scope<'_>, function: &AggregateFunction) -> AggregateFunction {
    let mut function = function.clone();
    let params = &mut function.params;
    if let ("count", [Expr::Case(case)]) = (function.func.name(), params.args.as_slice())
        && let (None, [(when, then)]) = (&case.expr, case.when_then_expr.as_slice())
        && case.else_expr.as_deref().is_none_or(is_null_literal)
        && scope.key(then).is_some()
    {
        let filter = params.filter.take().map(|filter| *filter);
        let (when, then) = (when.as_ref().clone(), then.as_ref().clone());
        params.filter = conjunction(filter.into_iter().chain([when])).map(Box::new);
        params.args = vec![then];
    }
    function
}

/// Which state an aggregate needs and what it makes of it.
fn kinds(
    scope: &Scope<'_>,
    function: &AggregateFunction,
    expr: &Expr,
    data_type: &DataType,
) -> Result<(StateKind, OutputKind), Refusal> {
    let params = &function.params;
    let name = function.func.name();
    if let Some(share) = percentile::share(function)? {
        return percentile::kinds(share, function, data_type, expr);
    }
    if !params.order_by.is_empty() || params.null_treatment.is_some() {
        return Err(refuse_function(name, expr));
    }
    match (name, params.distinct, params.args.as_slice()) {
        ("count", true, [arg]) => match scope.key(arg) {
            Some(("person", _)) => Ok((StateKind::Persons, OutputKind::Count)),
            Some((domain, _)) if of_persons(domain) => Ok((StateKind::Keys, OutputKind::Count)),
            Some((domain, _)) => Err(not_supported(
                &format!("count(DISTINCT …) of a {domain} key"),
                "count(*) the rows, or count distinct person_id",
            )),
            None => Err(not_supported(
                "count(DISTINCT …) of something that cells cannot be keyed by",
                "count distinct codes, bands or keys",
            )),
        },
        ("count", false, [_]) => Ok((StateKind::Count, OutputKind::Count)),
        ("sum", false, [_]) => match data_type {
            DataType::Float64 => Ok((StateKind::SumFloat, OutputKind::Sum)),
            DataType::Int64 => Ok((StateKind::SumInteger, OutputKind::Sum)),
            _ => Err(not_supported(&format!("a sum of type {data_type}"), "cast the argument to DOUBLE or BIGINT")),
        },
        ("avg", false, [_]) if *data_type == DataType::Float64 => Ok((StateKind::SumFloat, OutputKind::Mean)),
        ("var" | "var_samp", false, [_]) => Ok((StateKind::Moments, OutputKind::VarianceSample)),
        ("var_pop", false, [_]) => Ok((StateKind::Moments, OutputKind::VariancePopulation)),
        ("stddev" | "stddev_samp", false, [_]) => Ok((StateKind::Moments, OutputKind::DeviationSample)),
        (name, false, [_, _]) if Pair::named(name).is_some() => {
            let pair = Pair::named(name).ok_or_else(|| refuse_function(name, expr))?;
            Ok((StateKind::Comoments, OutputKind::Pair(pair)))
        }
        ("stddev_pop", false, [_]) => Ok((StateKind::Moments, OutputKind::DeviationPopulation)),
        _ => Err(refuse_function(name, expr)),
    }
}

pub(in crate::split) fn refuse_function(name: &str, expr: &Expr) -> Refusal {
    let hint = match name {
        "min" | "max" => {
            "an extreme is one person's value: ask percentile_cont(0.05) or (0.95) WITHIN GROUP (ORDER BY x), or take min \
             and max per person (GROUP BY person_id)"
        }
        "approx_percentile_cont_with_weight" => {
            "write percentile_cont(0.95) WITHIN GROUP (ORDER BY x), without weights"
        }
        _ => {
            "what leaves a hospital is count, count(DISTINCT …), sum, avg, median, percentile_cont, var_*, stddev_*, \
             covar_*, corr and regr_*"
        }
    };
    Refusal::new(Code::Aggregate, format!("SELECT: `{name}` cannot leave a hospital")).hint(hint).at(first_place(expr))
}

fn state(scope: &Scope<'_>, function: &AggregateFunction, kind: StateKind, expr: &Expr) -> Result<CellState, Refusal> {
    let params = &function.params;
    let filter = params.filter.as_deref().cloned();
    if let Some(filter) = &filter {
        scope.value(filter)?;
    }
    if kind == StateKind::Comoments {
        return pairs(scope, params.args.as_slice(), filter, expr);
    }
    if kind == StateKind::Bins {
        return percentile::state(scope, &params.args, filter, expr);
    }
    let argument =
        params.args.iter().find(|arg| !matches!(strip(arg), Expr::Literal(value, _) if !value.is_null())).cloned();
    let conditional = match &argument {
        Some(arg) => argument_meaning(scope, arg, kind, expr)?.conditional(),
        None => false,
    } || filter.is_some();
    let argument = match kind {
        // count(1) counts rows; sum(1) has a literal argument that is a value.
        StateKind::Count | StateKind::Persons | StateKind::Keys => argument,
        _ => params.args.first().cloned(),
    };
    let contributors = contributors(scope, kind, argument.as_ref(), filter.as_ref())?;
    let argument = if kind == StateKind::Persons { None } else { argument };
    let summed = !matches!(kind, StateKind::Count | StateKind::Persons | StateKind::Keys);
    let free = if summed { rebuilt(clip::free(&argument.iter().collect::<Vec<_>>()))? } else { None };
    let moved = if summed { moved(&argument.iter().collect::<Vec<_>>(), filter.as_ref())? } else { None };
    Ok(CellState { kind, argument, second: None, filter, contributors, free, moved, conditional })
}

/// The rows that a clip changes, of those that the filter takes.
fn moved(args: &[&Expr], filter: Option<&Expr>) -> Result<Option<Expr>, Refusal> {
    let changed = rebuilt(clip::moved(args))?;
    Ok(changed.and_then(|changed| conjunction(filter.cloned().into_iter().chain([changed]))))
}

/// The state of a function of pairs. A pair contributes where both values are there and not both are 0.
fn pairs(scope: &Scope<'_>, args: &[Expr], filter: Option<Expr>, expr: &Expr) -> Result<CellState, Refusal> {
    let [y, x] = args else { return Err(refuse_function("a function of pairs", expr)) };
    let mut conditional = filter.is_some();
    let mut parts: Vec<Expr> = filter.iter().cloned().collect();
    let mut zeros = Vec::new();
    for arg in [y, x] {
        conditional |= argument_meaning(scope, arg, StateKind::Comoments, expr)?.conditional();
        if rebuilt(arg.nullable(scope.schema))? {
            parts.push(arg.clone().is_not_null());
        }
        let data_type = rebuilt(arg.get_type(scope.schema))?;
        zeros.push(arg.clone().not_eq(lit(rebuilt(ScalarValue::new_zero(&data_type))?)));
    }
    parts.extend(disjunction(zeros));
    let free = rebuilt(clip::free(&[y, x]))?;
    let moved = moved(&[y, x], filter.as_ref())?;
    let (argument, second) = (Some(y.clone()), Some(x.clone()));
    Ok(CellState {
        kind: StateKind::Comoments,
        argument,
        second,
        filter,
        contributors: conjunction(parts),
        free,
        moved,
        conditional,
    })
}

pub(in crate::split) fn argument_meaning(
    scope: &Scope<'_>,
    arg: &Expr,
    kind: StateKind,
    expr: &Expr,
) -> Result<Meaning, Refusal> {
    let counted = matches!(kind, StateKind::Count | StateKind::Persons | StateKind::Keys);
    let meaning = if counted { scope.projected(arg)? } else { scope.value(arg)? };
    if counted || meaning.summable() {
        return Ok(meaning);
    }
    let (what, hint) = match meaning.class {
        Class::Date => ("is a date", "take the interval between two dates, or group by month"),
        Class::Code | Class::Text => ("is a code", "group by the code and count"),
        Class::Site => ("is the site", "group by site_id and count"),
        _ => (
            "adds a constant, steps at a chosen place, or chooses between several values by a condition",
            "inside an aggregate stand a column, arithmetic among amounts, or CASE WHEN … THEN x [ELSE 0] END; add \
             constants and round outside, such as round(avg(x) + 1), and take sums of several conditions apart",
        ),
    };
    Err(Refusal::new(
        Code::Argument,
        format!("SELECT: the argument of `{}` {what}", shown(&expr.schema_name().to_string())),
    )
    .hint(hint)
    .at(first_place(expr)))
}

/// The rows that contribute: those that the filter takes, not NULL and, in sums, not zero.
pub(in crate::split) fn contributors(
    scope: &Scope<'_>,
    kind: StateKind,
    argument: Option<&Expr>,
    filter: Option<&Expr>,
) -> Result<Option<Expr>, Refusal> {
    let mut parts: Vec<Expr> = filter.into_iter().cloned().collect();
    if let Some(arg) = argument {
        let nullable = rebuilt(arg.nullable(scope.schema))?;
        if nullable {
            parts.push(arg.clone().is_not_null());
        }
        let data_type = rebuilt(arg.get_type(scope.schema))?;
        let counted = matches!(kind, StateKind::Count | StateKind::Persons | StateKind::Keys | StateKind::Bins);
        if !counted && data_type.is_numeric() {
            let zero = rebuilt(ScalarValue::new_zero(&data_type))?;
            parts.push(arg.clone().not_eq(lit(zero)));
        }
    }
    Ok(conjunction(parts))
}
