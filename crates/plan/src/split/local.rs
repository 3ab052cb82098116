//! Relations of persons: the owner is carried through every node, so that the release knows whom a row belongs to.

use std::sync::Arc;

use datafusion::common::{Column, TableReference};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::logical_plan::TableScanBuilder;
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, FetchType, GroupingSet, Limit, LogicalPlan, Projection, SkipType, Sort, Union, Window,
    WindowFunctionDefinition,
};
use renkei_cdm::OWNER_COLUMN;
use renkei_types::{Code, Refusal};

use super::walk::{Kind, Relation, Walker, no_subquery, not_supported, rebuilt};
use crate::catalogue::CatalogueTable;
use crate::meaning::{Class, Meaning, Scope, Shape, first_place, is_null_or_zero};
use crate::split::reach::{Held, Order, Reach};
use crate::split::release;

pub(super) fn scan(name: &TableReference, table: &CatalogueTable, meanings: Vec<Meaning>) -> Result<Relation, Refusal> {
    let scan = TableScanBuilder::new(name.clone(), Arc::new(table.with_owner())).build();
    Ok(Relation {
        kind: Kind::Local,
        plan: LogicalPlan::TableScan(rebuilt(scan)?),
        meanings,
        owner: Some(Column::new(Some(name.clone()), OWNER_COLUMN)),
        single: table.name() == "person",
        held: Held::default(),
    })
}

/// Whether the column is a person key that is never NULL.
fn is_person_key(meaning: Meaning) -> bool {
    meaning.key() == Some(("person", false))
}

/// Whether rows with the same value are of one person: a key of persons or of their events that is never NULL. An
/// event's number counts together with its owner.
fn is_owned_key(meaning: Meaning) -> bool {
    meaning.key().is_some_and(|(domain, nullable)| !nullable && release::of_persons(domain))
}

impl Walker {
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Relation, Refusal> {
        let input = self.relation(&aggregate.input)?;
        let input = self.at_gateway(input)?;
        match input.kind {
            Kind::Local => {}
            Kind::Released | Kind::Constant | Kind::Vocabulary => return self.aggregate_released(aggregate, input),
            Kind::SiteOwned => {
                return Err(Refusal::new(
                    Code::Rows,
                    "GROUP BY: a site's own table has no persons to protect its counts by",
                )
                .hint("join it to a table of persons"));
            }
        }
        let keys = group_keys(aggregate, &input)?;
        if keys.iter().copied().any(is_owned_key) && in_every_set(aggregate, &input)? {
            return per_person(aggregate, input, keys);
        }
        release::aggregate(self, aggregate, input, &keys)
    }

    pub(super) fn distinct(&mut self, input: &Arc<LogicalPlan>) -> Result<Relation, Refusal> {
        let relation = self.relation(input)?;
        let relation = self.at_gateway(relation)?;
        match relation.kind {
            Kind::Local if relation.meanings.iter().copied().any(is_owned_key) => {
                let plan = LogicalPlan::Distinct(Distinct::All(Arc::new(relation.plan.clone())));
                Ok(Relation { plan, ..relation })
            }
            Kind::Local => release::values(self, relation, input.schema().columns()),
            Kind::Released | Kind::Constant | Kind::Vocabulary => self.distinct_released(relation),
            Kind::SiteOwned => Err(not_supported("DISTINCT over a site's own table", "join it to a table of persons")),
        }
    }

    pub(super) fn union(&mut self, union: &Union) -> Result<Relation, Refusal> {
        let inputs = union.inputs.iter().map(|input| self.relation(input)).collect::<Result<Vec<_>, _>>()?;
        let inputs = match inputs.iter().any(|input| matches!(input.kind, Kind::Local | Kind::SiteOwned)) {
            true => inputs,
            false => inputs.into_iter().map(|input| self.at_gateway(input)).collect::<Result<Vec<_>, _>>()?,
        };
        if inputs.iter().all(|input| matches!(input.kind, Kind::Released | Kind::Constant)) {
            return self.union_released(inputs);
        }
        if !inputs.iter().all(|input| input.kind == Kind::Local) {
            return Err(Refusal::new(
                Code::SetOperation,
                "UNION: rows of persons and released or reference rows do not mix",
            )
            .hint("aggregate each part first, then UNION the results"));
        }
        union_local(inputs)
    }

    pub(super) fn window(&mut self, window: &Window) -> Result<Relation, Refusal> {
        let input = self.relation(&window.input)?;
        let input = self.at_gateway(input)?;
        let meanings = match input.kind {
            Kind::Released | Kind::Constant => {
                window.window_expr.iter().try_for_each(|expr| no_subquery(expr, "OVER"))?;
                vec![Meaning::RELEASED; window.window_expr.len()]
            }
            Kind::Local => {
                let scope = input.scope("OVER");
                window.window_expr.iter().map(|expr| window_meaning(&scope, expr)).collect::<Result<_, _>>()?
            }
            _ => return Err(not_supported("a window over this relation", "use it over tables of persons or results")),
        };
        let plan = rebuilt(Window::try_new(window.window_expr.clone(), Arc::new(input.plan.clone())))?;
        reorder(Relation { plan: LogicalPlan::Window(plan), ..input.clone() }, &input, meanings)
    }

    pub(super) fn sort(&mut self, sort: &Sort) -> Result<Relation, Refusal> {
        let input = self.relation(&sort.input)?;
        let input = self.perhaps_at_gateway(input)?;
        match input.kind {
            // The order of rows inside a hospital means nothing to a release; LIMIT over them is refused.
            Kind::Local | Kind::SiteOwned | Kind::Vocabulary => Ok(input),
            Kind::Released | Kind::Constant => {
                sort.expr.iter().try_for_each(|key| no_subquery(&key.expr, "ORDER BY"))?;
                let plan = Sort { expr: sort.expr.clone(), input: Arc::new(input.plan.clone()), fetch: sort.fetch };
                let order = Order { keys: sort.expr.clone(), of: Box::new(input.clone()) };
                let held = Held { order: Some(order), ..input.held };
                Ok(Relation { plan: LogicalPlan::Sort(plan), held, ..input })
            }
        }
    }

    pub(super) fn limit(&mut self, limit: &Limit) -> Result<Relation, Refusal> {
        let input = self.relation(&limit.input)?;
        let input = self.at_gateway(input)?;
        if !matches!(input.kind, Kind::Released | Kind::Constant) {
            return Err(Refusal::new(Code::Limit, "LIMIT, OFFSET: over rows of persons they pick rows, not cells")
                .hint(
                    "aggregate first and limit the cells, or take row_number() OVER (PARTITION BY person_id …) = 1",
                ));
        }
        let mut held = input.held.clone();
        if let Some(order) = held.order.take() {
            let skip = match rebuilt(limit.get_skip_type())? {
                SkipType::Literal(skip) => skip,
                SkipType::UnsupportedExpr => 0,
            };
            let fetch = match rebuilt(limit.get_fetch_type())? {
                FetchType::Literal(fetch) => fetch,
                FetchType::UnsupportedExpr => None,
            };
            self.check_top(&order, skip, fetch)?;
        }
        held.loose |= !held.counts.is_empty();
        let plan = Limit { input: Arc::new(input.plan.clone()), ..limit.clone() };
        Ok(Relation { plan: LogicalPlan::Limit(plan), held, ..input })
    }
}

/// Brings the visible columns of `input` and the new ones of a window to the front, the carried ones to the back.
fn reorder(relation: Relation, input: &Relation, new: Vec<Meaning>) -> Result<Relation, Refusal> {
    let columns = relation.plan.schema().columns();
    let added = columns.into_iter().skip(input.plan.schema().fields().len()).map(Expr::Column);
    let exprs: Vec<Expr> = input.visible().into_iter().chain(added).chain(input.carried()).collect();
    let plan = rebuilt(Projection::try_new(exprs, Arc::new(relation.plan)))?;
    let mut held = input.held.clone();
    held.order = None;
    if !held.counts.is_empty() {
        let unsure: Vec<Column> = held.counts.iter().map(|counts| counts.unsure.clone()).collect();
        held.reaches.extend(new.iter().map(|_| Reach::Open { unsure: unsure.clone() }));
    }
    let meanings = input.meanings.iter().copied().chain(new).collect();
    Ok(Relation { plan: LogicalPlan::Projection(plan), meanings, held, ..input.clone() })
}

fn group_keys(aggregate: &Aggregate, input: &Relation) -> Result<Vec<Meaning>, Refusal> {
    let scope = input.scope("GROUP BY");
    release::grouped(aggregate)?.iter().map(|expr| scope.projected(expr)).collect()
}

/// Whether every grouping set keeps the person: a set without would mix persons of one site and be merged by nobody.
fn in_every_set(aggregate: &Aggregate, input: &Relation) -> Result<bool, Refusal> {
    let sets = match release::sets(aggregate) {
        None => return Ok(true),
        Some(GroupingSet::GroupingSets(sets)) => sets,
        Some(_) => vec![Vec::new()],
    };
    let scope = input.scope("GROUP BY");
    let has_person = |set: &Vec<Expr>| set.iter().any(|key| matches!(scope.projected(key), Ok(m) if is_owned_key(m)));
    if sets.iter().all(has_person) {
        return Ok(true);
    }
    Err(Refusal::new(Code::Rows, "GROUP BY: a person key stands in some grouping sets and not in others")
        .hint("put person_id into every set, or into none"))
}

/// An aggregate keyed by a person stays inside the hospital: one row per person and further keys.
fn per_person(aggregate: &Aggregate, input: Relation, keys: Vec<Meaning>) -> Result<Relation, Refusal> {
    let scope = input.scope("SELECT");
    let single = release::sets(aggregate).is_none() && keys.iter().copied().all(is_person_key);
    let mut meanings = keys;
    if release::sets(aggregate).is_some() {
        meanings.push(Meaning::LABEL);
    }
    for expr in &aggregate.aggr_expr {
        meanings.push(per_person_meaning(&scope, expr)?);
    }
    let Some(owner) = input.owner.clone() else {
        return Err(not_supported("this aggregate", "group by person_id of a table of persons"));
    };
    let owned = |set: &[Expr]| set.iter().cloned().chain([Expr::Column(owner.clone())]).collect::<Vec<_>>();
    let groups = match release::sets(aggregate) {
        None => owned(&aggregate.group_expr),
        Some(GroupingSet::GroupingSets(sets)) => {
            let sets = sets.iter().map(|set| owned(set)).collect();
            vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))]
        }
        Some(_) => return Err(not_supported("ROLLUP and CUBE per person", "use GROUPING SETS with person_id in each")),
    };
    let plan = rebuilt(Aggregate::try_new(Arc::new(input.plan.clone()), groups, aggregate.aggr_expr.clone()))?;
    let columns = plan.schema.columns();
    // The owner stands behind the first set's keys; the visible columns keep their order.
    let visible = columns.iter().filter(|column| **column != owner);
    let exprs = visible.chain([&owner]).cloned().map(Expr::Column).collect();
    let plan = rebuilt(Projection::try_new(exprs, Arc::new(LogicalPlan::Aggregate(plan))))?;
    Ok(Relation { plan: LogicalPlan::Projection(plan), meanings, owner: Some(owner), single, ..input })
}

fn per_person_meaning(scope: &Scope<'_>, expr: &Expr) -> Result<Meaning, Refusal> {
    let (function, _) = release::function(expr)?;
    let params = &function.params;
    for key in &params.order_by {
        scope.projected(&key.expr)?;
    }
    let name = function.func.name();
    if matches!(name, "first_value" | "last_value") && params.order_by.is_empty() {
        return Err(Refusal::new(
            Code::Aggregate,
            format!("`{name}` per person without an order: any row may be the first"),
        )
        .hint("write first_value(x ORDER BY event_date, event_id)")
        .at(first_place(expr)));
    }
    aggregate_meaning(scope, name, &params.args, params.filter.as_deref(), expr)
}

/// What an aggregate within one person means. Where a filter or condition leaves a person out, counts are 0 and the
/// others NULL.
fn aggregate_meaning(
    scope: &Scope<'_>,
    name: &str,
    args: &[Expr],
    filter: Option<&Expr>,
    at: &Expr,
) -> Result<Meaning, Refusal> {
    if let Some(filter) = filter {
        scope.value(filter)?;
    }
    let left_out = if filter.is_some() { Shape::Gap } else { Shape::Plain };
    if let ("count", [arg]) = (name, args) {
        let counted = scope.projected(arg)?;
        let shape = if left_out.max(counted.shape) > Shape::Plain { Shape::Choice } else { Shape::Plain };
        return Ok(Meaning::plain(Class::Derived).with(shape));
    }
    let (
        [arg],
        "min" | "max" | "first_value" | "last_value" | "bool_and" | "bool_or" | "sum" | "avg" | "var" | "var_pop"
        | "stddev" | "stddev_pop",
    ) = (args, name)
    else {
        return Err(Refusal::new(Code::Aggregate, format!("`{name}` per person is not part of the language"))
            .hint("per person: count, sum, avg, min, max, var, stddev, bool_and, bool_or, first_value(x ORDER BY …), last_value")
            .at(first_place(at)));
    };
    let argument = scope.value(arg)?.at_least(left_out);
    match (name, argument.class) {
        ("min" | "max" | "first_value" | "last_value", _) => Ok(argument),
        ("bool_and" | "bool_or", _) => Ok(Meaning::FLAG),
        (_, Class::Amount) => Ok(argument),
        (_, Class::Constant | Class::Coarse | Class::Derived) => Ok(Meaning { class: Class::Derived, ..argument }),
        _ => Err(Refusal::new(Code::Argument, format!("`{name}` per person of something that is not a number"))
            .hint("sum and average amounts; count codes and dates")
            .at(first_place(at))),
    }
}

fn window_meaning(scope: &Scope<'_>, expr: &Expr) -> Result<Meaning, Refusal> {
    let Expr::WindowFunction(window) = crate::meaning::strip(expr) else {
        return Err(not_supported("this window expression", "use row_number, rank, lag, lead or an aggregate OVER"));
    };
    let WindowFunction { fun, params } = window.as_ref();
    let by_person =
        params.partition_by.iter().any(|key| matches!(scope.projected(key), Ok(meaning) if is_person_key(meaning)));
    if !by_person {
        return Err(Refusal::new(Code::Limit, "OVER: a window over rows of persons must be within one person")
            .hint("write OVER (PARTITION BY person_id ORDER BY …)")
            .at(first_place(expr)));
    }
    params.partition_by.iter().try_for_each(|key| scope.projected(key).map(drop))?;
    params.order_by.iter().try_for_each(|key| scope.projected(&key.expr).map(drop))?;
    let filter = params.filter.as_deref();
    match fun {
        WindowFunctionDefinition::AggregateUDF(f) => aggregate_meaning(scope, f.name(), &params.args, filter, expr),
        WindowFunctionDefinition::WindowUDF(f) => match (f.name(), params.args.as_slice()) {
            ("row_number" | "rank" | "dense_rank", []) => Ok(Meaning::plain(Class::Derived)),
            ("first_value" | "last_value", [value]) => scope.value(value),
            // The third argument stands where there is no such row.
            ("lag" | "lead", [value, rest @ ..]) if rest.len() < 2 => Ok(scope.value(value)?.at_least(Shape::Gap)),
            ("lag" | "lead", [value, _, default]) => {
                let shape = if is_null_or_zero(default) { Shape::Choice } else { Shape::Mixed };
                Ok(scope.value(value)?.or(scope.value(default)?).with(shape))
            }
            (name, _) => Err(not_supported(&format!("`{name}` with these arguments"), "docs/sql.md lists what is")),
        },
    }
}

fn union_local(inputs: Vec<Relation>) -> Result<Relation, Refusal> {
    let meanings = inputs
        .iter()
        .skip(1)
        .try_fold(inputs.first().map(|r| r.meanings.clone()).unwrap_or_default(), union_meanings)?;
    let parts = inputs.into_iter().map(|input| {
        let owner = input.owner.clone().map(|owner| Expr::Column(owner).alias(OWNER_COLUMN));
        let exprs: Vec<Expr> = input.visible().into_iter().chain(owner).collect();
        Ok(Arc::new(LogicalPlan::Projection(rebuilt(Projection::try_new(exprs, Arc::new(input.plan)))?)))
    });
    let plan = rebuilt(Union::try_new_with_loose_types(parts.collect::<Result<_, Refusal>>()?))?;
    Ok(Relation {
        kind: Kind::Local,
        plan: LogicalPlan::Union(plan),
        meanings,
        owner: Some(Column::new_unqualified(OWNER_COLUMN)),
        single: false,
        held: Held::default(),
    })
}

fn union_meanings(so_far: Vec<Meaning>, next: &Relation) -> Result<Vec<Meaning>, Refusal> {
    let both = so_far.into_iter().zip(&next.meanings);
    both.map(|(a, &b)| match (a.key(), b.key()) {
        (Some((domain, n)), Some((other, m))) if domain == other => {
            Ok(Meaning::plain(Class::Key { domain, nullable: n || m }))
        }
        (None, None) => Ok(a.or(b)),
        _ => Err(Refusal::new(Code::SetOperation, "UNION: keys of different domains in one column")
            .hint("put the same key into the same position of every part")),
    })
    .collect()
}
