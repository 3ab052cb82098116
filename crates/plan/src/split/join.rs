//! Joins. Rows of one person live at one site, so a join of persons is safe exactly when both rows have one owner.

mod unowned;

use std::sync::Arc;

use datafusion::common::{Column, NullEquality};
use datafusion::logical_expr::expr::BinaryExpr;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, Join, JoinConstraint, JoinType, LogicalPlan, Operator, Projection, lit};
use datafusion::prelude::coalesce;
use renkei_cdm::OWNER_COLUMN;
use renkei_types::{Code, Refusal};

use unowned::{local_reference, local_scalar, local_site, reference_reference, site_site};

use super::walk::{Kind, Relation, Walker, no_subquery, not_supported, rebuilt};
use crate::MAX_JOINS;
use crate::meaning::{Meaning, Scope, first_place};
use crate::split::reach::{Counts, Held, Reach};
use crate::split::release;

impl Walker {
    pub(super) fn join(&mut self, join: &Join) -> Result<Relation, Refusal> {
        let left = self.relation(&join.left)?;
        let right = self.relation(&join.right)?;
        self.joins += 1;
        if self.joins > MAX_JOINS {
            return Err(Refusal::new(Code::TooLarge, format!("the statement has more than {MAX_JOINS} joins"))
                .hint("split the question"));
        }
        if join.join_constraint == JoinConstraint::Using && matches!(join.join_type, JoinType::Right | JoinType::Full) {
            return Err(not_supported(
                "USING and NATURAL with RIGHT or FULL JOIN",
                "write ON a.person_id = b.person_id, and name the table whose key is meant",
            ));
        }
        let set_operation = join.null_equality == NullEquality::NullEqualsNull;
        if set_operation && (left.kind == Kind::Local) != (right.kind == Kind::Local) {
            return Err(Refusal::new(
                Code::SetOperation,
                "INTERSECT, EXCEPT: rows of persons meet released or reference rows",
            )
            .hint("put person_id into both parts, or aggregate both parts first"));
        }
        let right = self.listed(join, &left, right)?;
        let left_kind = left.kind;
        let (join, left, right) = self.code_set(join, left, right)?;
        let (join, left, right) = (&join, self.beside(left, right.kind)?, self.beside(right, left_kind)?);
        match (left.kind, right.kind) {
            (Kind::Local, Kind::Local) => local_local(join, left, right, self.joins),
            (Kind::Local, Kind::Vocabulary | Kind::Constant) => local_reference(join, left, right, true),
            (Kind::Vocabulary | Kind::Constant, Kind::Local) => local_reference(join, left, right, false),
            (Kind::Local, Kind::SiteOwned) => local_site(join, left, right, true),
            (Kind::SiteOwned, Kind::Local) => local_site(join, left, right, false),
            (Kind::SiteOwned, Kind::SiteOwned) => site_site(join, left, right),
            (Kind::Vocabulary, Kind::Vocabulary | Kind::Constant) | (Kind::Constant, Kind::Vocabulary) => {
                reference_reference(join, left, right)
            }
            (Kind::Released | Kind::Constant, Kind::Released | Kind::Constant) => {
                let equated = conjuncts(join).iter().filter_map(|conjunct| equated(conjunct, &left, &right)).collect();
                self.check_join(join, &left, &right, equated)?;
                released_released(join, left, right)
            }
            (Kind::Local, Kind::Released) => self.local_released(join, left, right, true),
            (Kind::Released, Kind::Local) => self.local_released(join, left, right, false),
            (Kind::SiteOwned, _) | (_, Kind::SiteOwned) => {
                Err(Refusal::new(Code::JoinReference, "JOIN: a site's own table joins tables of persons only")
                    .hint("join it through its key to a table of persons first"))
            }
            // What stands beside a released result was brought to the gateway.
            (Kind::Vocabulary, Kind::Released) | (Kind::Released, Kind::Vocabulary) => {
                released_released(join, left, right)
            }
        }
    }

    /// A relation for what it is joined with: the vocabulary comes to the gateway where it meets released results.
    fn beside(&mut self, relation: Relation, other: Kind) -> Result<Relation, Refusal> {
        if other == Kind::Released { self.at_gateway(relation) } else { Ok(relation) }
    }

    /// The right side of IN and EXISTS where it does not speak of the same person: what it lists is released, so that
    /// rows of all sites are compared with the values of all sites.
    fn listed(&mut self, join: &Join, left: &Relation, right: Relation) -> Result<Relation, Refusal> {
        if !one_sided(join.join_type) || right.kind != Kind::Local || join.null_equality == NullEquality::NullEqualsNull
        {
            return Ok(right);
        }
        let same_person = left.kind == Kind::Local && !key_domains(join, left, &right)?.is_empty();
        if same_person || left.kind == Kind::SiteOwned || left.kind == Kind::Vocabulary && !self.resolves(&left.plan)? {
            return Ok(right);
        }
        if !conjuncts(join).iter().any(|conjunct| across(conjunct, left, &right).is_some()) {
            return Err(Refusal::new(Code::Subquery, "EXISTS: the subquery does not speak of the same person")
                .hint("add inner.person_id = outer.person_id, or compare (SELECT count(*) FROM …) with a number"));
        }
        let columns = right.plan.schema().columns();
        let columns = columns.into_iter().take(right.meanings.len()).collect();
        release::values(self, right, columns)
    }

    /// Rows of persons with a released result, which is made first and travels with the question.
    fn local_released(
        &mut self,
        join: &Join,
        left: Relation,
        right: Relation,
        local_is_left: bool,
    ) -> Result<Relation, Refusal> {
        let equated = conjuncts(join).iter().any(|conjunct| across(conjunct, &left, &right).is_some());
        let (left, right) = match local_is_left {
            true => (left, self.feed(right, !equated)?),
            false => (self.feed(left, !equated)?, right),
        };
        if equated {
            local_reference(join, left, right, local_is_left)
        } else {
            local_scalar(join, left, right, local_is_left)
        }
    }
}

/// Whether the join keeps columns of its left side alone, and perhaps says whether there was a match.
pub(super) fn one_sided(join_type: JoinType) -> bool {
    matches!(join_type, JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark)
}

/// The columns of a one-sided join's output beside the owner: those of the left side, and the mark.
fn kept(join: &Join, plan: &Join, left: &Relation) -> (Vec<Expr>, Vec<Meaning>) {
    let mark = match join.join_type {
        JoinType::LeftMark => plan.schema.columns().pop().map(Expr::Column),
        _ => None,
    };
    let flag = mark.is_some().then_some(Meaning::FLAG);
    (left.visible().into_iter().chain(mark).collect(), left.meanings.iter().copied().chain(flag).collect())
}

/// Every conjunct of ON and USING.
pub(super) fn conjuncts(join: &Join) -> Vec<Expr> {
    let pairs = join.on.iter().map(|(left, right)| left.clone().eq(right.clone()));
    let filter = join.filter.iter().flat_map(|filter| split_conjunction(filter).into_iter().cloned());
    pairs.chain(filter).collect()
}

/// An equality between one bare column of each side, in the order left, right.
pub(super) fn across<'a>(expr: &'a Expr, left: &Relation, right: &Relation) -> Option<(&'a Column, &'a Column)> {
    let Expr::BinaryExpr(BinaryExpr { left: a, op: Operator::Eq, right: b }) = expr else { return None };
    let (Expr::Column(a), Expr::Column(b)) = (crate::meaning::strip(a), crate::meaning::strip(b)) else { return None };
    let (l, r) = (left.plan.schema(), right.plan.schema());
    match (l.has_column(a) && r.has_column(b), l.has_column(b) && r.has_column(a)) {
        (true, _) => Some((a, b)),
        (_, true) => Some((b, a)),
        _ => None,
    }
}

/// The two sides of an equality across, in the order left, right.
fn equated(expr: &Expr, left: &Relation, right: &Relation) -> Option<(Expr, Expr)> {
    across(expr, left, right).map(|(a, b)| (Expr::Column(a.clone()), Expr::Column(b.clone())))
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
    Scope { schema: &schema, meanings: &meanings, clause: "ON", leaves: false }.value(condition).map(drop)
}

fn local_local(join: &Join, left: Relation, right: Relation, number: usize) -> Result<Relation, Refusal> {
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
    let (left, right) = matched(join, left, right);
    let (owner, left_null, right_null) = match join.join_type {
        JoinType::Inner => (Expr::Column(l), false, false),
        JoinType::Left => (Expr::Column(l), false, true),
        JoinType::Right => (Expr::Column(r), true, false),
        // A name that no other relation has, so that it can be joined again.
        JoinType::Full => {
            let owner = coalesce(vec![Expr::Column(l), Expr::Column(r)]);
            (owner.alias_qualified(Some(format!("__join_{number}")), OWNER_COLUMN), true, true)
        }
        JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => (Expr::Column(l), false, false),
        _ => return Err(not_supported("this kind of join", "use JOIN, LEFT JOIN, RIGHT JOIN or FULL JOIN")),
    };
    let meanings = both(&left, &right, left_null, right_null);
    let plan = build(join, &left, &right, Some(on_owner))?;
    project(plan, join, &left, &right, Some(owner), meanings, Kind::Local)
}

/// A key that found its partner is not NULL, on every side whose rows without a partner are gone.
fn matched(join: &Join, mut left: Relation, mut right: Relation) -> (Relation, Relation) {
    if join.null_equality == NullEquality::NullEqualsNull {
        return (left, right);
    }
    for conjunct in conjuncts(join) {
        let Some((a, b)) = across(&conjunct, &left, &right) else { continue };
        let (a, b) = (a.clone(), b.clone());
        if matches!(join.join_type, JoinType::Inner | JoinType::LeftSemi | JoinType::Right) {
            left.known(&a);
        }
        if matches!(join.join_type, JoinType::Inner | JoinType::Left) {
            right.known(&b);
        }
    }
    (left, right)
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
    let on = join.on.iter().cloned().chain(on);
    // A condition above a right join reads the other side's column where both have the name, so there are left joins only.
    let turned = join.join_type == JoinType::Right;
    let (left, right) = if turned { (right, left) } else { (left, right) };
    rebuilt(Join::try_new(
        Arc::new(left.plan.clone()),
        Arc::new(right.plan.clone()),
        on.map(|(l, r)| if turned { (r, l) } else { (l, r) }).collect(),
        // ON true, as a subquery without a condition gets it, is no condition.
        join.filter.clone().filter(|filter| *filter != lit(true)),
        if turned { JoinType::Left } else { join.join_type },
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    ))
}

fn column_of(owner: &Expr) -> Column {
    let (relation, name) = owner.qualified_name();
    Column::new(relation, name)
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
    let (visible, meanings) = match one_sided(join.join_type) {
        true => kept(join, &plan, left),
        false => (left.visible().into_iter().chain(right.visible()).collect(), meanings),
    };
    let (owner_column, owner) = match owner {
        Some(Expr::Column(column)) => (Some(column.clone()), Some(Expr::Column(column))),
        Some(expr) => (Some(column_of(&expr)), Some(expr)),
        None => (None, None),
    };
    let exprs = visible.into_iter().chain(owner).collect();
    let plan = rebuilt(Projection::try_new(exprs, Arc::new(LogicalPlan::Join(plan))))?;
    // Only a person's own row beside the person's own row is still the only one.
    let single = match join.join_type {
        JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => left.single,
        JoinType::Inner | JoinType::Left | JoinType::Right => left.single && right.single,
        _ => false,
    };
    let held = Held::default();
    Ok(Relation { kind, plan: LogicalPlan::Projection(plan), meanings, owner: owner_column, single, held })
}

fn released_released(join: &Join, left: Relation, right: Relation) -> Result<Relation, Refusal> {
    let kind =
        if left.kind == Kind::Constant && right.kind == Kind::Constant { Kind::Constant } else { Kind::Released };
    let plan = build(join, &left, &right, None)?;
    let one_sided = one_sided(join.join_type);
    let (visible, meanings) = match one_sided {
        true => kept(join, &plan, &left),
        false => (left.visible().into_iter().chain(right.visible()).collect(), both(&left, &right, false, false)),
    };
    let meanings = if kind == Kind::Released { vec![Meaning::RELEASED; meanings.len()] } else { meanings };
    let held = held(join, &left, &right, visible.len());
    // Where a row found no partner, a cell that every site holds may be the one: then what is missing is not known.
    let kept_apart = |counts: &Counts, other: &Relation| {
        let [sites, held, unsure, room] = counts.columns().map(|column| Expr::Column(column.clone()));
        let rooms = other.held.counts.iter().map(|counts| Expr::Column(counts.room.clone()));
        let name = counts.unsure.clone();
        let unsure = coalesce([unsure].into_iter().chain(rooms).collect());
        let unsure = unsure.alias_qualified(name.relation, name.name);
        [sites, held, unsure, room]
    };
    let mut carried = held.columns().into_iter().map(Expr::Column).collect::<Vec<_>>();
    if !one_sided && join.join_type != JoinType::Inner {
        let changed: Vec<Expr> = [(&left, &right), (&right, &left)]
            .into_iter()
            .flat_map(|(own, other)| own.held.counts.iter().flat_map(move |counts| kept_apart(counts, other)))
            .collect();
        let bounds = carried.split_off(changed.len());
        carried = changed.into_iter().chain(bounds).collect();
    }
    let exprs = visible.into_iter().chain(carried).collect();
    let plan = rebuilt(Projection::try_new(exprs, Arc::new(LogicalPlan::Join(plan))))?;
    Ok(Relation { kind, plan: LogicalPlan::Projection(plan), meanings, owner: None, single: false, held })
}

/// What held parts do to a join of results.
fn held(join: &Join, left: &Relation, right: &Relation, visible: usize) -> Held {
    let counted = |relation: &Relation| !relation.held.counts.is_empty();
    if !counted(left) && (one_sided(join.join_type) || !counted(right)) {
        return Held::default();
    }
    let reaches = |relation: &Relation| {
        (0..relation.meanings.len()).map(|index| relation.held.reach(index).clone()).collect::<Vec<_>>()
    };
    let mut held = Held { counts: left.held.counts.clone(), reaches: reaches(left), loose: true, order: None };
    if one_sided(join.join_type) {
        // The mark says whether there is a partner, which may be held.
        let unsure = left.held.counts.iter().flat_map(|counts| [counts.unsure.clone(), counts.room.clone()]).collect();
        held.reaches.resize(visible, Reach::Open { unsure });
        return held;
    }
    held.counts.extend(right.held.counts.iter().cloned());
    held.reaches.extend(reaches(right));
    // What stands beside each row whatever is held leaves rows as they are.
    let beside = join.on.is_empty() && join.filter.as_ref().is_none_or(|filter| *filter == lit(true));
    held.loose = left.held.loose || right.held.loose || !beside;
    held
}
