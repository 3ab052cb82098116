//! The release point: an aggregate over rows of persons that no person key keys.

mod cell;

use std::collections::BTreeSet;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result as PlanResult};
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable, GroupingSet, LogicalPlan};
use renkei_types::{Code, Refusal};

use self::cell::Cell;
pub(super) use self::cell::{argument_meaning, contributors, function, refuse_function};
use super::walk::{Relation, Walker, not_supported, rebuilt, shown};
use crate::catalogue::{Owner, is_catalogue_scan};
use crate::meaning::{Class, Meaning, Shape, first_place};
use crate::split::{Key, ReleasePoint, distinct, feed, released};

pub(super) fn aggregate(
    walker: &mut Walker,
    aggregate: &Aggregate,
    input: Relation,
    meanings: &[Meaning],
) -> Result<Relation, Refusal> {
    if aggregate.aggr_expr.iter().any(|expr| distinct::counts_values(expr, &input)) {
        return distinct::aggregate(walker, aggregate, input, meanings);
    }
    let grouped = grouped(aggregate)?;
    let mut keys = keys(&grouped, &input, meanings)?;
    let sets = sets(aggregate);
    if sets.is_some() {
        keys.push(set_key(aggregate, keys.len()));
    }
    let mut cell = Cell::default();
    for (i, expr) in aggregate.aggr_expr.iter().enumerate() {
        let data_type = aggregate.schema.field(keys.len() + i).data_type().clone();
        cell.add(&input, expr, data_type)?;
    }
    let fields: Vec<_> = aggregate.schema.columns();
    point(walker, input, Keys { keys, sets }, cell, fields)
}

/// The distinct values of a relation of persons, as cells without states.
pub(super) fn values(walker: &mut Walker, input: Relation, columns: Vec<Column>) -> Result<Relation, Refusal> {
    let visible = input.visible();
    listed(walker, input, &visible, columns)
}

/// The distinct values of some expressions, as cells without states.
pub(super) fn listed(
    walker: &mut Walker,
    input: Relation,
    exprs: &[Expr],
    columns: Vec<Column>,
) -> Result<Relation, Refusal> {
    let scope = input.scope("GROUP BY");
    let meanings = exprs.iter().map(|expr| scope.projected(expr)).collect::<Result<Vec<_>, _>>()?;
    let keys = keys(exprs, &input, &meanings)?;
    point(walker, input, Keys { keys, sets: None }, Cell::default(), columns)
}

/// The distinct group expressions, through grouping sets.
pub(super) fn grouped(aggregate: &Aggregate) -> Result<Vec<Expr>, Refusal> {
    let exprs = rebuilt(grouping_set_to_exprlist(&aggregate.group_expr))?;
    Ok(exprs.into_iter().cloned().collect())
}

/// ROLLUP, CUBE or GROUPING SETS, where the aggregate has them.
pub(super) fn sets(aggregate: &Aggregate) -> Option<GroupingSet> {
    match aggregate.group_expr.as_slice() {
        [Expr::GroupingSet(sets)] => Some(sets.clone()),
        _ => None,
    }
}

/// The key that tells the sets apart, as the engine computes it.
fn set_key(aggregate: &Aggregate, position: usize) -> Key {
    let field = aggregate.schema.field(position);
    Key {
        expr: Expr::Column(Column::new_unqualified(field.name())),
        name: "the grouping set".to_owned(),
        data_type: field.data_type().clone(),
        by_site: false,
        gaps: false,
    }
}

fn keys(exprs: &[Expr], input: &Relation, meanings: &[Meaning]) -> Result<Vec<Key>, Refusal> {
    exprs.iter().zip(meanings).map(|(expr, meaning)| key(expr, *meaning, input)).collect()
}

fn key(expr: &Expr, meaning: Meaning, input: &Relation) -> Result<Key, Refusal> {
    let name = shown(&expr.schema_name().to_string());
    let refuse = |code, what: &str, hint: &str| {
        Err(Refusal::new(code, format!("GROUP BY: `{name}` is {what}")).hint(hint).at(first_place(expr)))
    };
    match meaning.class {
        Class::Key { domain, .. } if of_persons(domain) => refuse(
            Code::NullableKey,
            "a key that may be NULL, where the rows of many persons would come together",
            "add WHERE … IS NOT NULL, or group by the key of the table that an outer join keeps",
        ),
        Class::Key { .. } => refuse(
            Code::KeyUse,
            "a key; cells may not be keyed by it",
            "add person_id to GROUP BY and aggregate once more above it",
        ),
        Class::Date => refuse(
            Code::Argument,
            "a date finer than a week",
            "group by date_trunc('month', …) or date_part('year', …)",
        ),
        Class::Amount => refuse(
            Code::Argument,
            "an amount; each value would be a cell",
            "make bands: CASE WHEN x < 6.5 THEN 'low' WHEN x < 8 THEN 'mid' ELSE 'high' END",
        ),
        _ if meaning.groupable() => {
            let data_type = rebuilt(expr.get_type(input.plan.schema()))?;
            Ok(Key {
                expr: expr.clone(),
                name,
                data_type,
                by_site: meaning.class == Class::Site,
                gaps: meaning.shape > Shape::Plain,
            })
        }
        _ => refuse(Code::Argument, "not something to group by", "group by codes, bands or coarse demographics"),
    }
}

/// What cells are keyed by.
struct Keys {
    keys: Vec<Key>,
    sets: Option<GroupingSet>,
}

/// Whether the keys of a domain belong to one person each.
pub(super) fn of_persons(domain: &str) -> bool {
    renkei_cdm::tables().iter().any(|table| table.name == domain && table.kind == renkei_cdm::Kind::Local)
}

/// Names of the tables of persons and sites below a plan, and of its vocabulary tables.
pub(super) fn scanned(plan: &LogicalPlan) -> PlanResult<(BTreeSet<String>, BTreeSet<String>)> {
    let (mut tables, mut reference_tables) = (BTreeSet::new(), BTreeSet::new());
    plan.apply(|node| {
        if let Some(table) = is_catalogue_scan(node) {
            let set = if table.owner == Owner::Nobody { &mut reference_tables } else { &mut tables };
            set.insert(table.name().to_owned());
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok((tables, reference_tables))
}

fn point(
    walker: &mut Walker,
    input: Relation,
    Keys { keys, sets }: Keys,
    cell: Cell,
    columns: Vec<Column>,
) -> Result<Relation, Refusal> {
    let Some(owner) = input.owner.clone() else {
        return Err(not_supported("this aggregate", "aggregate a table of persons"));
    };
    let (tables, reference_tables) = rebuilt(scanned(&input.plan))?;
    walker.facts.by_site |= keys.iter().any(|key| key.by_site);
    let index = walker.points.len();
    let round = rebuilt(feed::round_of(&input.plan, &walker.feeds))?;
    let new = ReleasePoint {
        index,
        round,
        input: input.plan,
        owner,
        keys,
        sets,
        states: cell.states,
        outputs: cell.outputs,
        reference_tables,
        tables,
        single: input.single,
    };
    let known = walker.points.iter().position(|have| have.same(&new));
    let point = match known {
        Some(index) => walker.points.get(index).cloned().unwrap_or(new),
        None => {
            walker.points.push(new.clone());
            new
        }
    };
    walker.occurrences += 1;
    released::scan(&point, &columns, walker.occurrences)
}
