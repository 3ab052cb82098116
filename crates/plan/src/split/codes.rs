//! Code sets: what the vocabulary selects is resolved once, at the gateway.
//!
//! `condition_concept_id IN (SELECT descendant_concept_id FROM concept_ancestor WHERE ancestor_concept_id = 201826)` asks
//! the vocabulary for codes and nothing else. Vocabularies differ in version from site to site, and one without
//! descendants would answer a silent 0. So where the gateway has the tables that such a join reads, the join becomes a
//! *code set*: a feed that needs no cells, made by the gateway of its own vocabulary, which travels with the question
//! as if its codes had been typed. Which tables the gateway has is part of the question, so that both sides derive the
//! same feeds; what they hold is the gateway's word, as parameters are.
//!
//! A join selects codes if nothing above it reads another column of the vocabulary than those that the join equates.
//! Names are compared without the relation in front of them, since aliases rename it: what is taken for a use and is
//! none leaves the join where it was, inside the hospitals.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, NullEquality, Result as PlanResult};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{
    Distinct, Expr, Filter, Join, JoinConstraint, JoinType, LogicalPlan, Projection, TableScan,
};
use renkei_cdm::OWNER_COLUMN;
use renkei_types::Refusal;

use super::feed::feed_scan;
use super::join::{across, conjuncts, one_sided};
use super::reach::Held;
use super::walk::{Kind, Relation, Walker, rebuilt, reference_only};
use super::{Key, ReleasePoint, release};
use crate::catalogue::{CatalogueTable, Owner, is_catalogue_scan};
use crate::meaning::{Class, Meaning};

/// What a code set is, beside the feed in which it travels.
#[derive(Debug, Clone)]
pub struct CodeSet {
    /// The column of a table of persons that is compared with it, as `table.column`; none where it is computed.
    pub column: Option<String>,
    /// The codes of the set that a site holds data for, as cells of that column; the site answers how many there are.
    pub held: Option<ReleasePoint>,
}

/// Vocabulary tables below a plan.
pub(super) fn vocabulary_tables(plan: &LogicalPlan) -> PlanResult<BTreeSet<String>> {
    let mut tables = BTreeSet::new();
    plan.apply(|node| {
        tables.extend(
            is_catalogue_scan(node).filter(|table| table.owner == Owner::Nobody).map(|table| table.name().to_owned()),
        );
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(tables)
}

/// Whether a plan reads the vocabulary and nothing else but constants.
fn is_vocabulary(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(_) => is_catalogue_scan(plan).is_some_and(|table| table.owner == Owner::Nobody),
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => false,
        other => {
            let inputs = other.inputs();
            let constant = |input: &&LogicalPlan| {
                vocabulary_tables(input).is_ok_and(|tables| tables.is_empty()) && !reads_records(input)
            };
            inputs.iter().any(|input| is_vocabulary(input))
                && inputs.iter().all(|input| is_vocabulary(input) || constant(input))
        }
    }
}

fn reads_records(plan: &LogicalPlan) -> bool {
    plan.exists(|node| Ok(matches!(node, LogicalPlan::TableScan(_)) && !is_vocabulary(node))).unwrap_or(true)
}

/// Names of the columns that are read outside the vocabulary's own parts of a plan and the joins with them.
pub(super) fn used(plan: &LogicalPlan) -> PlanResult<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    collect(plan, &mut names)?;
    Ok(names)
}

fn collect(plan: &LogicalPlan, names: &mut BTreeSet<String>) -> PlanResult<()> {
    if is_vocabulary(plan) {
        return Ok(());
    }
    // The condition of a join with the vocabulary is looked at where the join is.
    let joined: Vec<&LogicalPlan> = match plan {
        LogicalPlan::Join(join) => [&*join.left, &*join.right].into_iter().filter(|side| is_vocabulary(side)).collect(),
        _ => Vec::new(),
    };
    plan.apply_expressions(|expr| {
        let columns = expr.column_refs().into_iter();
        let others = columns.filter(|column| !joined.iter().any(|side| side.schema().has_column(column)));
        names.extend(others.map(|column| column.name.clone()));
        Ok(TreeNodeRecursion::Continue)
    })?;
    plan.inputs().into_iter().try_for_each(|input| collect(input, names))
}

/// The vocabulary's side of a join that selects codes.
struct Selected {
    /// Its columns that the join equates.
    columns: Vec<Column>,
    /// The columns of persons that they meet.
    local: Vec<Column>,
    /// Conditions on the vocabulary alone.
    own: Vec<Expr>,
    /// All others.
    rest: Vec<Expr>,
}

fn selected(join: &Join, left: &Relation, right: &Relation, local_is_left: bool) -> Option<Selected> {
    let keeps = match join.join_type {
        JoinType::Inner => true,
        JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => local_is_left,
        JoinType::Right => !local_is_left,
        _ => false,
    };
    if !keeps || join.null_equality == NullEquality::NullEqualsNull || join.join_constraint == JoinConstraint::Using {
        return None;
    }
    let (persons, vocabulary) = if local_is_left { (left, right) } else { (right, left) };
    let mut found = Selected { columns: Vec::new(), local: Vec::new(), own: Vec::new(), rest: Vec::new() };
    let equated = join.on.len();
    for (i, conjunct) in conjuncts(join).into_iter().enumerate() {
        let of = |side: &Relation| conjunct.column_refs().iter().all(|column| side.plan.schema().has_column(column));
        match across(&conjunct, left, right) {
            Some((a, b)) => {
                let (local, column) = if local_is_left { (a, b) } else { (b, a) };
                found.columns.push(column.clone());
                found.local.push(local.clone());
                if i >= equated {
                    found.rest.push(conjunct.clone());
                }
            }
            // A literal alone, such as ON true, belongs to nobody.
            None if i >= equated && of(persons) => found.rest.push(conjunct),
            None if i >= equated && of(vocabulary) => found.own.push(conjunct),
            None => return None,
        }
    }
    if found.columns.is_empty() { None } else { Some(found) }
}

impl Walker {
    /// Whether the gateway has every vocabulary table that a plan reads.
    pub(super) fn resolves(&self, plan: &LogicalPlan) -> Result<bool, Refusal> {
        Ok(rebuilt(vocabulary_tables(plan))?.is_subset(&self.vocabulary))
    }

    /// The vocabulary where it meets nobody's rows: at the gateway, if that has it.
    pub(super) fn at_gateway(&mut self, relation: Relation) -> Result<Relation, Refusal> {
        if relation.kind != Kind::Vocabulary {
            return Ok(relation);
        }
        let tables = rebuilt(vocabulary_tables(&relation.plan))?;
        if !tables.is_subset(&self.vocabulary) {
            return Err(reference_only(&tables, &self.vocabulary));
        }
        self.facts.gateway_vocabulary.extend(tables);
        let meanings = vec![Meaning::RELEASED; relation.meanings.len()];
        Ok(Relation { kind: Kind::Released, meanings, ..relation })
    }

    /// The same, where it can be told apart from a part that runs at the sites: left as it is without the tables.
    pub(super) fn perhaps_at_gateway(&mut self, relation: Relation) -> Result<Relation, Refusal> {
        if relation.kind == Kind::Vocabulary && self.resolves(&relation.plan)? {
            return self.at_gateway(relation);
        }
        Ok(relation)
    }

    /// Turns the vocabulary's side of a join with rows of persons into a code set, if it selects codes and nothing else.
    pub(super) fn code_set(
        &mut self,
        join: &Join,
        left: Relation,
        right: Relation,
    ) -> Result<(Join, Relation, Relation), Refusal> {
        let local_is_left = match (left.kind, right.kind) {
            (Kind::Local, Kind::Vocabulary) => true,
            (Kind::Vocabulary, Kind::Local) => false,
            _ => return Ok((join.clone(), left, right)),
        };
        let Some(selected) = selected(join, &left, &right, local_is_left) else {
            return Ok((join.clone(), left, right));
        };
        let vocabulary = if local_is_left { &right } else { &left };
        let visible = vocabulary.plan.schema().columns().into_iter().take(vocabulary.meanings.len());
        let others = |column: &Column| self.used.contains(&column.name) && !selected.columns.contains(column);
        if !one_sided(join.join_type) && visible.into_iter().any(|column| others(&column)) {
            return Ok((join.clone(), left, right));
        }
        let codes = codes(vocabulary, &selected, one_sided(join.join_type))?;
        let tables = rebuilt(vocabulary_tables(&codes.plan))?;
        if !tables.is_subset(&self.vocabulary) {
            return Ok((join.clone(), left, right));
        }
        let persons = if local_is_left { &left } else { &right };
        let origin = selected.local.first().and_then(|column| origin(&persons.plan, column));
        let fed = self.code_feed(codes, origin)?;
        let rest = Join { filter: conjunction(selected.rest), ..join.clone() };
        Ok(if local_is_left { (rest, left, fed) } else { (rest, fed, right) })
    }

    /// The feed of a code set, shared by joins that select the same codes.
    fn code_feed(&mut self, codes: Relation, origin: Option<(TableScan, String)>) -> Result<Relation, Refusal> {
        let (meanings, columns) = (codes.meanings.clone(), codes.plan.schema().columns());
        let fed = self.feed(codes, false)?;
        let fed = Relation { meanings, ..fed };
        let Some(made) = self.feeds.pop() else { return Ok(fed) };
        if let Some(known) = self.feeds.iter().find(|have| have.same_codes(&made)) {
            let shared = feed_scan(known.index, &known.schema, &columns, false)?;
            return Ok(Relation { meanings: fed.meanings, ..shared });
        }
        let column = origin.as_ref().map(|(scan, column)| {
            let table = scan.source.downcast_ref::<CatalogueTable>().map_or("", CatalogueTable::name);
            format!("{table}.{column}")
        });
        let held = match &origin {
            Some((scan, column)) => held(&made, scan, column)?,
            None => None,
        };
        self.feeds.push(made.with_codes(CodeSet { column, held }));
        Ok(fed)
    }
}

/// The columns that select, with the vocabulary's own conditions; each combination once where only that one is there
/// matters.
fn codes(vocabulary: &Relation, selected: &Selected, once: bool) -> Result<Relation, Refusal> {
    let scope = vocabulary.scope("ON");
    let mut columns: Vec<Column> = Vec::new();
    for column in &selected.columns {
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    let meanings = columns.iter().map(|column| scope.column(column)).collect::<Result<Vec<_>, _>>()?;
    let mut plan = vocabulary.plan.clone();
    if let Some(predicate) = conjunction(selected.own.iter().cloned()) {
        scope.value(&predicate)?;
        plan = LogicalPlan::Filter(rebuilt(Filter::try_new(predicate, Arc::new(plan)))?);
    }
    let exprs = columns.into_iter().map(Expr::Column).collect();
    plan = LogicalPlan::Projection(rebuilt(Projection::try_new(exprs, Arc::new(plan)))?);
    if once {
        plan = LogicalPlan::Distinct(Distinct::All(Arc::new(plan)));
    }
    Ok(Relation { kind: Kind::Released, plan, meanings, owner: None, single: false, held: Held::default() })
}

/// The codes of a set that are in a column of a table of persons, as cells: what a site counts.
fn held(feed: &super::Feed, scan: &TableScan, column: &str) -> Result<Option<ReleasePoint>, Refusal> {
    let Some(table) = scan.source.downcast_ref::<CatalogueTable>().filter(|table| table.owner == Owner::Person) else {
        return Ok(None);
    };
    let owner = Column::new(Some(scan.table_name.clone()), OWNER_COLUMN);
    let rows = LogicalPlan::TableScan(scan.clone());
    let code = Column::new(Some(scan.table_name.clone()), column.to_owned());
    if !rows.schema().has_column(&owner) {
        return Ok(None);
    }
    let index = rebuilt(rows.schema().index_of_column(&code))?;
    let data_type = rows.schema().field(index).data_type().clone();
    let is_code = table.meanings.get(index).is_some_and(|meaning| meaning.class == Class::Code);
    if !is_code || feed.schema.fields().first().is_none_or(|field| *field.data_type() != data_type) {
        return Ok(None);
    }
    let wanted = Column::new_unqualified("__code");
    let names: Vec<Column> = std::iter::once(wanted.clone())
        .chain((1..feed.schema.fields().len()).map(|i| Column::new_unqualified(format!("__code_{i}"))))
        .collect();
    let codes = feed_scan(feed.index, &feed.schema, &names, false)?;
    let input = rebuilt(Join::try_new(
        Arc::new(rows),
        Arc::new(codes.plan),
        vec![(Expr::Column(code.clone()), Expr::Column(wanted))],
        None,
        JoinType::LeftSemi,
        JoinConstraint::On,
        NullEquality::NullEqualsNothing,
        false,
    ))?;
    let input = LogicalPlan::Join(input);
    let key = Key { expr: Expr::Column(code), name: column.to_owned(), data_type, by_site: false, gaps: false };
    let (tables, reference_tables) = rebuilt(release::scanned(&input))?;
    Ok(Some(ReleasePoint {
        index: feed.index,
        round: 0,
        input,
        owner,
        keys: vec![key],
        sets: None,
        states: Vec::new(),
        outputs: Vec::new(),
        reference_tables,
        tables,
        single: false,
    }))
}

/// The column of a table that a column of a plan is, unchanged.
pub(super) fn origin(plan: &LogicalPlan, column: &Column) -> Option<(TableScan, String)> {
    let index = plan.schema().index_of_column(column).ok()?;
    let below = |input: &LogicalPlan| origin(input, input.schema().columns().get(index)?);
    match plan {
        LogicalPlan::TableScan(scan) => {
            is_catalogue_scan(plan)?;
            Some((scan.clone(), column.name.clone()))
        }
        LogicalPlan::Projection(projection) => named(projection.expr.get(index)?, &projection.input),
        LogicalPlan::SubqueryAlias(alias) => below(&alias.input),
        LogicalPlan::Filter(filter) => below(&filter.input),
        LogicalPlan::Distinct(Distinct::All(input)) => below(input),
        LogicalPlan::Aggregate(aggregate) => named(aggregate.group_expr.get(index)?, &aggregate.input),
        LogicalPlan::Window(window) => below(&window.input),
        LogicalPlan::Join(join) => {
            let side = [&join.left, &join.right].into_iter().find(|side| side.schema().has_column(column))?;
            origin(side, column)
        }
        _ => None,
    }
}

fn named(expr: &Expr, input: &LogicalPlan) -> Option<(TableScan, String)> {
    match expr {
        Expr::Alias(alias) => named(&alias.expr, input),
        Expr::Column(column) => origin(input, column),
        _ => None,
    }
}
