//! Joins with what has no owner: the vocabulary, constants, tables of a site. The owner is that of the persons' side,
//! and no row may be kept that has none.

use datafusion::logical_expr::{Expr, Join, JoinType};
use renkei_types::{Code, Refusal};

use super::{across, both, build, check_condition, conjuncts, key_domains, project};
use crate::meaning::{Class, first_place};
use crate::split::walk::{Kind, Relation, not_supported};

/// Whether the join keeps every row of the side that is not Local: then its rows would exist without an owner.
fn preserves_other(join_type: JoinType, local_is_left: bool) -> bool {
    match join_type {
        JoinType::Inner => false,
        JoinType::Left => !local_is_left,
        JoinType::Right => local_is_left,
        JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => !local_is_left,
        _ => true,
    }
}

pub(super) fn local_reference(
    join: &Join,
    left: Relation,
    right: Relation,
    local_is_left: bool,
) -> Result<Relation, Refusal> {
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
            check_condition(&conjunct, &left, &right)?;
            continue;
        };
        let (a, b) = (left.scope("ON").column(a)?, right.scope("ON").column(b)?);
        let (local, reference) = if local_is_left { (a, b) } else { (b, a) };
        match (local.class, reference.class) {
            (Class::Code, Class::Code) => equalities += 1,
            // What may be compared with a literal may be compared with a list of them.
            (Class::Key { .. }, _) => return Err(reference_condition(&conjunct)),
            (_, Class::Constant) => equalities += 1,
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

/// Rows of persons beside one row of constants, as an uncorrelated subquery makes it.
pub(super) fn local_scalar(
    join: &Join,
    left: Relation,
    right: Relation,
    local_is_left: bool,
) -> Result<Relation, Refusal> {
    let keeps_local = match join.join_type {
        JoinType::Inner => true,
        JoinType::Left => local_is_left,
        JoinType::Right => !local_is_left,
        _ => false,
    };
    if !keeps_local {
        return Err(not_supported(
            "this join of rows of persons with a released result",
            "join by an equality of codes, or compare with (SELECT …)",
        ));
    }
    conjuncts(join).iter().try_for_each(|conjunct| check_condition(conjunct, &left, &right))?;
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

pub(super) fn local_site(
    join: &Join,
    left: Relation,
    right: Relation,
    local_is_left: bool,
) -> Result<Relation, Refusal> {
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
    let meanings = both(&left, &right, outer && !local_is_left, outer && local_is_left);
    let plan = build(join, &left, &right, None)?;
    project(plan, join, &left, &right, owner, meanings, Kind::Local)
}

pub(super) fn site_site(join: &Join, left: Relation, right: Relation) -> Result<Relation, Refusal> {
    if join.join_type != JoinType::Inner || key_domains(join, &left, &right)?.is_empty() {
        return Err(Refusal::new(Code::JoinKey, "JOIN: tables of a site are joined by their key, with an inner join")
            .hint("join on care_site_id or location_id"));
    }
    let meanings = both(&left, &right, false, false);
    let plan = build(join, &left, &right, None)?;
    project(plan, join, &left, &right, None, meanings, Kind::SiteOwned)
}

pub(super) fn reference_reference(join: &Join, left: Relation, right: Relation) -> Result<Relation, Refusal> {
    if matches!(join.join_type, JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark) {
        return Err(not_supported("this kind of join", "use JOIN or LEFT JOIN"));
    }
    let meanings = both(&left, &right, false, false);
    let plan = build(join, &left, &right, None)?;
    project(plan, join, &left, &right, None, meanings, Kind::Vocabulary)
}
