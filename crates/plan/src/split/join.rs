//! Joins. Rows of one person live at one site, so a join of persons is safe exactly when both rows have one owner.

use std::sync::Arc;

use datafusion::common::{Column, NullEquality};
use datafusion::logical_expr::expr::BinaryExpr;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan, Operator, Projection};
use datafusion::prelude::coalesce;
use renkei_cdm::OWNER_COLUMN;
use renkei_types::{Code, Refusal};

use super::walk::{Kind, Relation, Walker, no_subquery, not_supported, rebuilt, reference_only};
use crate::MAX_JOINS;
use crate::meaning::{Class, Meaning, Scope, first_place};

impl Walker {
    pub(super) fn join(&mut self, join: &Join) -> Result<Relation, Refusal> {
        let left = self.relation(&join.left)?;
        let right = self.relation(&join.right)?;
        self.joins += 1;
        if self.joins > MAX_JOINS {
            return Err(Refusal::new(Code::TooLarge, format!("the statement has more than {MAX_JOINS} joins"))
                .hint("split the question"));
        }
        let set_operation = join.null_equality == NullEquality::NullEqualsNull;
        if set_operation && (left.kind == Kind::Local) != (right.kind == Kind::Local) {
            return Err(Refusal::new(
                Code::SetOperation,
                "INTERSECT, EXCEPT: rows of persons meet released or reference rows",
            )
            .hint("put person_id into both parts, or aggregate both parts first"));
        }
        match (left.kind, right.kind) {
            (Kind::Local, Kind::Local) => local_local(join, left, right),
            (Kind::Local, Kind::Vocabulary | Kind::Constant) => local_reference(join, left, right, true),
            (Kind::Vocabulary | Kind::Constant, Kind::Local) => local_reference(join, left, right, false),
            (Kind::Local, Kind::SiteOwned) => local_site(join, left, right, true),
            (Kind::SiteOwned, Kind::Local) => local_site(join, left, right, false),
            (Kind::SiteOwned, Kind::SiteOwned) => site_site(join, left, right),
            (Kind::Vocabulary, Kind::Vocabulary | Kind::Constant) | (Kind::Constant, Kind::Vocabulary) => {
                reference_reference(join, left, right)
            }
            (Kind::Released | Kind::Constant, Kind::Released | Kind::Constant) => released_released(join, left, right),
            (Kind::Released, Kind::Local) | (Kind::Local, Kind::Released) => Err(not_supported(
                "a join of rows of persons with a released result",
                "ask the inner question first and pass its result as a parameter",
            )),
            (Kind::SiteOwned, _) | (_, Kind::SiteOwned) => {
                Err(Refusal::new(Code::JoinReference, "JOIN: a site's own table joins tables of persons only")
                    .hint("join it through its key to a table of persons first"))
            }
            (Kind::Vocabulary, Kind::Released) | (Kind::Released, Kind::Vocabulary) => Err(reference_only()),
        }
    }
}

/// Every conjunct of ON and USING.
fn conjuncts(join: &Join) -> Vec<Expr> {
    let pairs = join.on.iter().map(|(left, right)| left.clone().eq(right.clone()));
    let filter = join.filter.iter().flat_map(|filter| split_conjunction(filter).into_iter().cloned());
    pairs.chain(filter).collect()
}

/// An equality between one bare column of each side, in the order left, right.
fn across<'a>(expr: &'a Expr, left: &Relation, right: &Relation) -> Option<(&'a Column, &'a Column)> {
    let Expr::BinaryExpr(BinaryExpr { left: a, op: Operator::Eq, right: b }) = expr else { return None };
    let (Expr::Column(a), Expr::Column(b)) = (crate::meaning::strip(a), crate::meaning::strip(b)) else { return None };
    let (l, r) = (left.plan.schema(), right.plan.schema());
    match (l.has_column(a) && r.has_column(b), l.has_column(b) && r.has_column(a)) {
        (true, _) => Some((a, b)),
        (_, true) => Some((b, a)),
        _ => None,
    }
}

/// Whether the expression needs columns of both sides.
fn spans_both(expr: &Expr, left: &Relation, right: &Relation) -> bool {
    let columns = expr.column_refs();
    let in_side = |side: &Relation| columns.iter().any(|column| side.plan.schema().has_column(column));
    in_side(left) && in_side(right)
}

/// The key domains that the join equates.
fn key_domains(join: &Join, left: &Relation, right: &Relation) -> Result<Vec<&'static str>, Refusal> {
    let (l, r) = (left.scope("ON"), right.scope("ON"));
    let mut domains = Vec::new();
    for conjunct in conjuncts(join) {
        let Some((a, b)) = across(&conjunct, left, right) else {
            check_condition(&conjunct, left, right)?;
            continue;
        };
        let (a, b) = (l.column(a)?, r.column(b)?);
        match (a.key(), b.key()) {
            (Some((x, _)), Some((y, _))) if x == y => domains.push(x),
            (Some((domain, _)), _) => return Err(mismatch(domain, b, &conjunct)),
            (_, Some((domain, _))) => return Err(mismatch(domain, a, &conjunct)),
            (None, None) => {}
        }
    }
    Ok(domains)
}

fn mismatch(domain: &str, other: Meaning, conjunct: &Expr) -> Refusal {
    let against = match other.key() {
        Some((domain, _)) => format!("a {domain} key"),
        None => "a column that is not a key".to_owned(),
    };
    Refusal::new(Code::JoinKey, format!("ON: a {domain} key is compared with {against}"))
        .hint("keys are equal only within one domain, such as person_id = person_id")
        .at(first_place(conjunct))
}

/// A condition that is not an equality across: no key may stand in it.
fn check_condition(condition: &Expr, left: &Relation, right: &Relation) -> Result<(), Refusal> {
    let schema = rebuilt(left.plan.schema().join(right.plan.schema()))?;
    let mut meanings = left.meanings.clone();
    meanings.resize(left.plan.schema().fields().len(), Meaning::HIDDEN);
    meanings.extend(&right.meanings);
    Scope { schema: &schema, meanings: &meanings, clause: "ON" }.value(condition).map(drop)
}

fn local_local(join: &Join, left: Relation, right: Relation) -> Result<Relation, Refusal> {
    if key_domains(join, &left, &right)?.is_empty() {
        let hint = "join on person_id = person_id, or on visit_occurrence_id = visit_occurrence_id";
        return Err(
            Refusal::new(Code::JoinKey, "JOIN: two tables of persons are joined without a common key").hint(hint)
        );
    }
    let (Some(l), Some(r)) = (left.owner.clone(), right.owner.clone()) else {
        return Err(not_supported("this join", "join tables of persons"));
    };
    let on_owner = (Expr::Column(l.clone()), Expr::Column(r.clone()));
    let (owner, meanings) = match join.join_type {
        JoinType::Inner => (Expr::Column(l), both(&left, &right, false, false)),
        JoinType::Left => (Expr::Column(l), both(&left, &right, false, true)),
        JoinType::Right => (Expr::Column(r), both(&left, &right, true, false)),
        JoinType::Full => (coalesce(vec![Expr::Column(l), Expr::Column(r)]), both(&left, &right, true, true)),
        JoinType::LeftSemi | JoinType::LeftAnti => (Expr::Column(l), left.meanings.clone()),
        _ => return Err(not_supported("this kind of join", "use JOIN, LEFT JOIN, RIGHT JOIN or FULL JOIN")),
    };
    let plan = build(join, &left, &right, Some(on_owner))?;
    project(plan, join, &left, &right, Some(owner), meanings, Kind::Local)
}

fn both(left: &Relation, right: &Relation, left_null: bool, right_null: bool) -> Vec<Meaning> {
    let side = |relation: &Relation, null: bool| {
        relation.meanings.iter().map(move |m| if null { m.maybe_null() } else { *m }).collect::<Vec<_>>()
    };
    side(left, left_null).into_iter().chain(side(right, right_null)).collect()
}

fn build(join: &Join, left: &Relation, right: &Relation, on: Option<(Expr, Expr)>) -> Result<Join, Refusal> {
    if let Some(filter) = &join.filter {
        no_subquery(filter, "ON")?;
    }
    rebuilt(Join::try_new(
        Arc::new(left.plan.clone()),
        Arc::new(right.plan.clone()),
        join.on.iter().cloned().chain(on).collect(),
        conjunction(join.filter.iter().cloned()),
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    ))
}

/// Brings the visible columns of both sides to the front and keeps one owner.
fn project(
    plan: Join,
    join: &Join,
    left: &Relation,
    right: &Relation,
    owner: Option<Expr>,
    meanings: Vec<Meaning>,
    kind: Kind,
) -> Result<Relation, Refusal> {
    let one_sided = matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti);
    let right_columns = if one_sided { Vec::new() } else { right.visible() };
    let (owner_column, owner) = match owner {
        Some(Expr::Column(column)) => (Some(column.clone()), Some(Expr::Column(column))),
        Some(expr) => (Some(Column::new_unqualified(OWNER_COLUMN)), Some(expr.alias(OWNER_COLUMN))),
        None => (None, None),
    };
    let exprs = left.visible().into_iter().chain(right_columns).chain(owner).collect();
    let plan = rebuilt(Projection::try_new(exprs, Arc::new(LogicalPlan::Join(plan))))?;
    Ok(Relation { kind, plan: LogicalPlan::Projection(plan), meanings, owner: owner_column, hidden: Vec::new() })
}

/// Whether the join keeps every row of the side that is not Local: then its rows would exist without an owner.
fn preserves_other(join_type: JoinType, local_is_left: bool) -> bool {
    match join_type {
        JoinType::Inner => false,
        JoinType::Left => !local_is_left,
        JoinType::Right => local_is_left,
        JoinType::LeftSemi | JoinType::LeftAnti => !local_is_left,
        _ => true,
    }
}

fn local_reference(join: &Join, left: Relation, right: Relation, local_is_left: bool) -> Result<Relation, Refusal> {
    if preserves_other(join.join_type, local_is_left) {
        return Err(Refusal::new(
            Code::JoinReference,
            "JOIN: an outer join keeps rows of a reference table that belong to no person",
        )
        .hint("turn the join round, so that the table of persons is the one that is kept"));
    }
    let mut equalities = 0;
    for conjunct in conjuncts(join) {
        let Some((a, b)) = across(&conjunct, &left, &right) else {
            if spans_both(&conjunct, &left, &right) {
                return Err(reference_condition(&conjunct));
            }
            check_condition(&conjunct, &left, &right)?;
            continue;
        };
        let (a, b) = (left.scope("ON").column(a)?, right.scope("ON").column(b)?);
        let (local, reference) = if local_is_left { (a, b) } else { (b, a) };
        match (local.class, reference.class) {
            (Class::Code, Class::Code | Class::Constant) => equalities += 1,
            (Class::Coarse | Class::Derived | Class::Constant, Class::Constant) => equalities += 1,
            _ => return Err(reference_condition(&conjunct)),
        }
    }
    if equalities == 0 {
        return Err(Refusal::new(
            Code::JoinReference,
            "JOIN: a reference table is joined without an equality of concepts",
        )
        .hint("join on concept_id, such as condition_concept_id = concept.concept_id"));
    }
    side_join(join, left, right, local_is_left)
}

fn reference_condition(conjunct: &Expr) -> Refusal {
    Refusal::new(
        Code::JoinReference,
        "ON: a reference table meets rows of persons only in equalities of concept with concept",
    )
    .hint("compare a *_concept_id with concept_id, ancestor_concept_id or descendant_concept_id")
    .at(first_place(conjunct))
}

fn local_site(join: &Join, left: Relation, right: Relation, local_is_left: bool) -> Result<Relation, Refusal> {
    if preserves_other(join.join_type, local_is_left) {
        return Err(Refusal::new(
            Code::JoinReference,
            "JOIN: an outer join keeps rows of a site's table that belong to no person",
        )
        .hint("turn the join round, so that the table of persons is the one that is kept"));
    }
    if key_domains(join, &left, &right)?.is_empty() {
        return Err(Refusal::new(Code::JoinKey, "JOIN: a site's table is joined without its key")
            .hint("join on care_site_id, provider_id or location_id"));
    }
    side_join(join, left, right, local_is_left)
}

/// A join of persons with something that has no owner: the owner is the Local side's.
fn side_join(join: &Join, left: Relation, right: Relation, local_is_left: bool) -> Result<Relation, Refusal> {
    let owner = if local_is_left { &left.owner } else { &right.owner };
    let owner = owner.clone().map(Expr::Column);
    let outer = join.join_type != JoinType::Inner;
    let one_sided = matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti);
    let meanings = match one_sided {
        true => left.meanings.clone(),
        false => both(&left, &right, outer && !local_is_left, outer && local_is_left),
    };
    let plan = build(join, &left, &right, None)?;
    project(plan, join, &left, &right, owner, meanings, Kind::Local)
}

fn site_site(join: &Join, left: Relation, right: Relation) -> Result<Relation, Refusal> {
    if join.join_type != JoinType::Inner || key_domains(join, &left, &right)?.is_empty() {
        return Err(Refusal::new(Code::JoinKey, "JOIN: tables of a site are joined by their key, with an inner join")
            .hint("join on care_site_id or location_id"));
    }
    let meanings = both(&left, &right, false, false);
    let plan = build(join, &left, &right, None)?;
    project(plan, join, &left, &right, None, meanings, Kind::SiteOwned)
}

fn reference_reference(join: &Join, left: Relation, right: Relation) -> Result<Relation, Refusal> {
    let meanings = match join.join_type {
        JoinType::LeftSemi | JoinType::LeftAnti => left.meanings.clone(),
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => both(&left, &right, false, false),
        _ => return Err(not_supported("this kind of join", "use JOIN or LEFT JOIN")),
    };
    let plan = build(join, &left, &right, None)?;
    project(plan, join, &left, &right, None, meanings, Kind::Vocabulary)
}

fn released_released(join: &Join, left: Relation, right: Relation) -> Result<Relation, Refusal> {
    let one_sided = matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti);
    let kind =
        if left.kind == Kind::Constant && right.kind == Kind::Constant { Kind::Constant } else { Kind::Released };
    let both_hidden = || left.hidden.iter().chain(&right.hidden).cloned().collect();
    let hidden: Vec<_> = if one_sided { left.hidden.clone() } else { both_hidden() };
    let meanings = if one_sided { left.meanings.clone() } else { both(&left, &right, false, false) };
    let pairs = hidden.iter().flat_map(|(sites, held)| [sites.clone(), held.clone()]).map(Expr::Column);
    let right_columns = if one_sided { Vec::new() } else { right.visible() };
    let exprs = left.visible().into_iter().chain(right_columns).chain(pairs).collect();
    let plan = build(join, &left, &right, None)?;
    let plan = rebuilt(Projection::try_new(exprs, Arc::new(LogicalPlan::Join(plan))))?;
    Ok(Relation { kind, plan: LogicalPlan::Projection(plan), meanings, owner: None, hidden })
}
