//! The gateway's half: what stands above the release points, over merged cells.
//!
//! Every release point brings hidden columns: how many sites contributed to the cell and how many hold, and between what
//! its counts lie. They ride through every node, so that no total is silently partial, and end as `renkei_sites`,
//! `renkei_held` and the bounds.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::{empty::EmptyTable, provider_as_source};
use datafusion::functions::core::expr_fn::{greatest, least};
use datafusion::functions_aggregate::expr_fn::{count, max, min, sum};
use datafusion::logical_expr::logical_plan::TableScanBuilder;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{
    Aggregate, Expr, ExprFunctionExt, LogicalPlan, Projection, TableScan, Union, cast, lit, when,
};
use datafusion::prelude::coalesce;
use renkei_types::Refusal;

use super::reach::{Counts, Held, Interval, Reach, bare, whole};
use super::walk::{Kind, Relation, Walker, no_subquery, rebuilt};
use crate::meaning::Meaning;
use crate::split::ReleasePoint;
use crate::{HELD_COLUMN, SITES_COLUMN, View};

/// Column of merged cells: how many sites contributed.
pub(crate) const SITES: &str = "__sites";
/// Column of merged cells: how many sites hold.
pub(crate) const HELD: &str = "__held";
/// Column of merged cells: how many persons a cell may have that no site lists.
pub(crate) const ROOM: &str = "__room";
/// Table names of merged cells are this and the index of the release point.
const PREFIX: &str = "__release_";

/// Columns of merged cells: the bounds of an output.
pub(crate) fn bounds(output: usize) -> [String; 2] {
    [format!("__low{output}"), format!("__high{output}")]
}

/// The release point whose merged cells a scan reads.
pub(super) fn scan_index(scan: &TableScan) -> Option<usize> {
    scan.table_name.table().strip_prefix(PREFIX)?.parse().ok()
}

/// A scan of merged cells under the names of the aggregate that they replace.
pub(super) fn scan(point: &ReleasePoint, columns: &[Column], occurrence: usize) -> Result<Relation, Refusal> {
    let table = format!("{PREFIX}{}", point.index);
    let source = provider_as_source(Arc::new(EmptyTable::new(point.merged_schema())));
    let scan = rebuilt(TableScanBuilder::new(table.clone(), source).build())?;
    let cell = |name: String| Expr::Column(Column::new(Some(table.clone()), name));
    let counts = Counts::named(occurrence);
    let mut exprs: Vec<Expr> = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        exprs.push(cell(format!("c{i}")).alias_qualified(column.relation.clone(), column.name.clone()));
    }
    for (name, column) in [SITES, HELD, HELD, ROOM].into_iter().zip(counts.columns()) {
        exprs.push(cell(name.to_owned()).alias(&column.name));
    }
    let mut reaches = vec![Reach::Exact; point.keys.len()];
    for (i, output) in point.outputs.iter().enumerate() {
        let unsure = vec![counts.unsure.clone()];
        if !output.bounded() {
            reaches.push(Reach::Open { unsure });
            continue;
        }
        let [low, high] = bounds(i).map(|name| {
            let hidden = Column::new_unqualified(format!("{name}_{occurrence}"));
            exprs.push(cell(name).alias(&hidden.name));
            hidden
        });
        reaches.push(Reach::Between { unsure, low, high, natural: true });
    }
    let plan = rebuilt(Projection::try_new(exprs, Arc::new(LogicalPlan::TableScan(scan))))?;
    let held = Held { counts: vec![counts], reaches, loose: false, order: None };
    Ok(Relation {
        kind: Kind::Released,
        plan: LogicalPlan::Projection(plan),
        meanings: vec![Meaning::RELEASED; columns.len()],
        owner: None,
        single: false,
        held,
    })
}

/// One number of all release points inside.
fn fold(relation: &Relation, which: fn(&Counts) -> &Column, combine: fn(Vec<Expr>) -> Expr) -> Expr {
    let mut columns: Vec<Expr> =
        relation.held.counts.iter().map(|counts| Expr::Column(which(counts).clone())).collect();
    match columns.len() {
        0 => lit(ScalarValue::Int64(None)),
        1 => columns.remove(0),
        _ => combine(columns),
    }
}

fn fewest_sites(relation: &Relation) -> Expr {
    fold(relation, |counts| &counts.sites, least)
}

fn most_held(relation: &Relation) -> Expr {
    fold(relation, |counts| &counts.held, greatest)
}

/// The visible columns under plain names, then the two counts where cells are in it.
pub(super) fn numbered(relation: &Relation, prefix: &str) -> Result<LogicalPlan, Refusal> {
    let columns = relation.visible().into_iter().enumerate().map(|(i, expr)| expr.alias(format!("{prefix}{i}")));
    let pair = [fewest_sites(relation).alias(SITES), most_held(relation).alias(HELD)];
    let pair = if relation.held.counts.is_empty() { Vec::new() } else { pair.to_vec() };
    let plan = Projection::try_new(columns.chain(pair).collect(), Arc::new(relation.plan.clone()));
    Ok(LogicalPlan::Projection(rebuilt(plan)?))
}

/// The whole half: asked columns, bounds where they are asked for, then `renkei_sites` and `renkei_held` unless they are
/// not; without them a total with a held part is NULL.
pub(super) fn finish(relation: &Relation, view: View) -> Result<LogicalPlan, Refusal> {
    if relation.held.counts.is_empty() {
        return Ok(relation.plan.clone());
    }
    let total = |(index, expr): (usize, Expr)| {
        let reach = relation.held.reach(index);
        let name = expr.qualified_name().1;
        match view.columns || *reach == Reach::Exact {
            true => Ok(expr),
            false => Ok(rebuilt(when(whole(reach.unsure()), expr).end())?.alias(name)),
        }
    };
    let visible = relation.visible();
    let totals = visible.iter().cloned().enumerate().map(total).collect::<Result<Vec<_>, Refusal>>()?;
    let mut rest = Vec::new();
    for (index, expr) in visible.iter().enumerate().filter(|_| view.bounds) {
        if let Reach::Between { unsure, low, high, .. } = relation.held.reach(index) {
            let name = expr.qualified_name().1;
            for (bound, end) in [(low, "low"), (high, "high")] {
                // Where nothing is held, both are the value, whatever was made of it.
                let bound = when(whole(unsure), expr.clone()).otherwise(Expr::Column(bound.clone()));
                rest.push(rebuilt(bound)?.alias(format!("{name}_{end}")));
            }
        }
    }
    if view.columns {
        rest.extend([fewest_sites(relation).alias(SITES_COLUMN), most_held(relation).alias(HELD_COLUMN)]);
    }
    let named = totals.iter().cloned().map(|expr| match expr {
        Expr::Column(column) => Expr::Column(column.clone()).alias(column.name),
        other => other,
    });
    // The answer has plain names: two asked columns of one name stay apart by position, as in any SQL result.
    let exprs: Vec<Expr> = named.chain(rest.clone()).collect();
    match Projection::try_new(exprs, Arc::new(relation.plan.clone())) {
        Ok(plan) => Ok(LogicalPlan::Projection(plan)),
        Err(_) => {
            let qualified = totals.into_iter().zip(&visible).map(|(total, asked)| match total {
                Expr::Alias(alias) => alias.expr.alias_qualified(asked.qualified_name().0, alias.name),
                other => other,
            });
            let plan = Projection::try_new(qualified.chain(rest).collect(), Arc::new(relation.plan.clone()));
            Ok(LogicalPlan::Projection(rebuilt(plan)?))
        }
    }
}

impl Walker {
    pub(super) fn aggregate_released(&mut self, aggregate: &Aggregate, input: Relation) -> Result<Relation, Refusal> {
        let exprs = aggregate.group_expr.iter().chain(&aggregate.aggr_expr);
        exprs.clone().try_for_each(|expr| no_subquery(expr, "GROUP BY"))?;
        let columns = aggregate.schema.columns();
        self.group(input, aggregate.group_expr.clone(), aggregate.aggr_expr.clone(), columns)
    }

    pub(super) fn distinct_released(&mut self, input: Relation) -> Result<Relation, Refusal> {
        let visible = input.visible();
        let columns = input.plan.schema().columns().into_iter().take(visible.len()).collect();
        self.group(input, visible, Vec::new(), columns)
    }

    /// A number that no other hidden name has.
    pub(super) fn name(&mut self) -> usize {
        self.occurrences += 1;
        self.occurrences
    }

    /// Expressions over results, with what is known of them.
    pub(super) fn projected(&mut self, input: &Relation, mut exprs: Vec<Expr>) -> Result<Relation, Refusal> {
        let mut held = input.held.clone();
        held.reaches.clear();
        let mut bounds = Vec::new();
        for expr in exprs.iter().filter(|_| !held.counts.is_empty()) {
            let unsure = input.unsure(expr);
            held.reaches.push(match input.interval(expr) {
                Interval::Exact => Reach::Exact,
                Interval::Open => Reach::Open { unsure },
                Interval::Between { low: Expr::Column(low), high: Expr::Column(high), natural } => {
                    Reach::Between { unsure, low, high, natural }
                }
                Interval::Between { low, high, natural } => {
                    let (low, high) = self.bounds_of(low, high, &mut bounds);
                    Reach::Between { unsure, low, high, natural }
                }
            });
        }
        let count = exprs.len();
        let new = |column: &Column| bounds.iter().any(|bound| bound.qualified_name().1 == column.name);
        exprs.extend(held.columns().into_iter().filter(|column| !new(column)).map(Expr::Column));
        exprs.extend(bounds);
        let plan = rebuilt(Projection::try_new(exprs, Arc::new(input.plan.clone())))?;
        let meanings = vec![Meaning::RELEASED; count];
        Ok(Relation { plan: LogicalPlan::Projection(plan), meanings, held, ..input.clone() })
    }

    fn bounds_of(&mut self, low: Expr, high: Expr, exprs: &mut Vec<Expr>) -> (Column, Column) {
        let name = self.name();
        let [low, high] = [("low", low), ("high", high)].map(|(end, expr)| {
            let column = Column::new_unqualified(format!("__{end}_{name}"));
            exprs.push(expr.alias(&column.name));
            column
        });
        (low, high)
    }

    /// An aggregate over cells: a row stands for the fewest contributing and the most holding sites of its cells.
    pub(super) fn group(
        &mut self,
        input: Relation,
        groups: Vec<Expr>,
        mut aggregates: Vec<Expr>,
        columns: Vec<Column>,
    ) -> Result<Relation, Refusal> {
        let meanings = vec![Meaning::RELEASED; columns.len()];
        if input.held.counts.is_empty() {
            let plan = rebuilt(Aggregate::try_new(Arc::new(input.plan.clone()), groups, aggregates))?;
            return Ok(Relation { plan: LogicalPlan::Aggregate(plan), meanings, held: Held::default(), ..input });
        }
        let clause = if aggregates.is_empty() { "DISTINCT" } else { "GROUP BY" };
        let keys = rebuilt(grouping_set_to_exprlist(&groups))?.into_iter().cloned().collect::<Vec<_>>();
        self.check_groups(&input, &keys, clause)?;
        let counts = Counts::named(self.name());
        let unsure = vec![counts.unsure.clone()];
        let mut reaches: Vec<Reach> = keys
            .iter()
            .map(|key| if input.exact(key) { Reach::Exact } else { Reach::Open { unsure: unsure.clone() } })
            .collect();
        // Beside the keys stands the number of the grouping set.
        reaches.resize(columns.len().saturating_sub(aggregates.len()), Reach::Exact);
        let (mut extra, mut later) = (Vec::new(), Vec::new());
        for (expr, column) in aggregates.iter().zip(columns.iter().skip(reaches.len())) {
            let reach = self.aggregated(&input, expr, column, &counts, &mut extra, &mut later)?;
            reaches.push(reach);
        }
        aggregates.extend(extra);
        let room = fold(&input, |counts| &counts.room, greatest);
        let unsure = input.held.counts.iter().map(|counts| Expr::Column(counts.unsure.clone())).chain([room.clone()]);
        aggregates.push(min(fewest_sites(&input)).alias(&counts.sites.name));
        aggregates.push(max(most_held(&input)).alias(&counts.held.name));
        aggregates.push(max(greatest(unsure.collect())).alias(&counts.unsure.name));
        aggregates.push(max(room).alias("__room"));
        let plan = rebuilt(Aggregate::try_new(Arc::new(input.plan.clone()), groups, aggregates))?;
        // Over all cells there is one row whatever is held; by groups there may be groups that no site lists.
        let room = if keys.is_empty() { lit(0_i64) } else { Expr::Column(Column::new_unqualified("__room")) };
        let visible = plan.schema.columns().into_iter().take(columns.len()).map(Expr::Column);
        let carried = [&counts.sites, &counts.held, &counts.unsure].map(|column| Expr::Column(column.clone()));
        let exprs = visible.chain(carried).chain([room.alias(&counts.room.name)]).chain(later).collect();
        let plan = rebuilt(Projection::try_new(exprs, Arc::new(LogicalPlan::Aggregate(plan))))?;
        let held = Held { counts: vec![counts], reaches, loose: input.held.loose, order: None };
        Ok(Relation { plan: LogicalPlan::Projection(plan), meanings, held, ..input })
    }

    /// What is known of an aggregate over cells: sums of counts are bounded, and so is the number of cells.
    fn aggregated(
        &mut self,
        input: &Relation,
        expr: &Expr,
        column: &Column,
        counts: &Counts,
        extra: &mut Vec<Expr>,
        later: &mut Vec<Expr>,
    ) -> Result<Reach, Refusal> {
        let unsure = vec![counts.unsure.clone()];
        let open = Reach::Open { unsure: unsure.clone() };
        let Expr::AggregateFunction(function) = bare(expr) else { return Ok(open) };
        let params = &function.params;
        let [arg] = params.args.as_slice() else { return Ok(open) };
        if input.held.loose || params.filter.as_deref().is_some_and(|filter| !input.exact(filter)) {
            return Ok(open);
        }
        // A cell that no site lists would be one more.
        let listed = Expr::Column(Column::new_unqualified("__room")).eq(lit(0_i64));
        match (function.func.name(), input.interval(arg)) {
            ("count", Interval::Exact) => {
                let value = Expr::Column(column.clone());
                let high = rebuilt(when(listed, value.clone()).end())?;
                let (low, high) = self.bounds_of(value, high, later);
                Ok(Reach::Between { unsure, low, high, natural: true })
            }
            ("sum", Interval::Between { low, high, natural: true }) if !params.distinct => {
                let name = self.name();
                let filter = params.filter.as_deref().cloned();
                let mut aggregate = |what: &str, expr: Expr| -> Result<Expr, Refusal> {
                    let expr = match filter.clone() {
                        Some(filter) => rebuilt(expr.filter(filter).build())?,
                        None => expr,
                    };
                    let column = Column::new_unqualified(format!("__{what}_{name}"));
                    extra.push(expr.alias(&column.name));
                    Ok(Expr::Column(column))
                };
                let known = aggregate("known", count(high.clone()))?;
                let all = aggregate("all", count(lit(1_i64)))?;
                let (low, high) = (aggregate("lows", sum(low))?, aggregate("highs", sum(high))?);
                let high = rebuilt(when(listed.and(known.eq(all)), high).end())?;
                let (low, high) = self.bounds_of(low, high, later);
                Ok(Reach::Between { unsure, low, high, natural: true })
            }
            _ => Ok(open),
        }
    }

    pub(super) fn union_released(&mut self, inputs: Vec<Relation>) -> Result<Relation, Refusal> {
        let counts = Counts::named(self.name());
        let any = inputs.iter().any(|input| !input.held.counts.is_empty());
        let meanings = inputs.first().map(|input| input.meanings.clone()).unwrap_or_default();
        let kind =
            if inputs.iter().all(|input| input.kind == Kind::Constant) { Kind::Constant } else { Kind::Released };
        let width = if any { meanings.len() } else { 0 };
        let reaches: Vec<Reach> = (0..width).map(|index| self.either(&inputs, index, &counts)).collect();
        let held = Held {
            reaches,
            loose: inputs.iter().any(|input| input.held.loose),
            counts: if any { vec![counts.clone()] } else { Vec::new() },
            order: None,
        };
        let parts = inputs.iter().map(|input| {
            let mut exprs = input.visible();
            if any {
                exprs.extend(part(input, &held, &counts)?);
            }
            Ok(Arc::new(LogicalPlan::Projection(rebuilt(Projection::try_new(exprs, Arc::new(input.plan.clone())))?)))
        });
        let plan = rebuilt(Union::try_new_with_loose_types(parts.collect::<Result<_, Refusal>>()?))?;
        Ok(Relation { kind, plan: LogicalPlan::Union(plan), meanings, owner: None, single: false, held })
    }

    /// What is known of a column that comes from several relations.
    fn either(&mut self, inputs: &[Relation], index: usize, counts: &Counts) -> Reach {
        let reaches = || inputs.iter().map(|input| input.held.reach(index));
        if reaches().all(|reach| *reach == Reach::Exact) {
            return Reach::Exact;
        }
        let unsure = vec![counts.unsure.clone()];
        if reaches().any(|reach| matches!(reach, Reach::Open { .. })) {
            return Reach::Open { unsure };
        }
        let name = self.name();
        let [low, high] = ["low", "high"].map(|end| Column::new_unqualified(format!("__{end}_{name}")));
        // What is exact may be negative.
        let natural = reaches().all(|reach| matches!(reach, Reach::Between { natural: true, .. }));
        Reach::Between { unsure, low, high, natural }
    }
}

/// The hidden columns of one part of a union, under the union's names.
fn part(input: &Relation, held: &Held, counts: &Counts) -> Result<Vec<Expr>, Refusal> {
    let integer = |expr: Expr| cast(expr, DataType::Int64);
    let mut unsure: Vec<&Column> = input.held.counts.iter().map(|counts| &counts.unsure).collect();
    unsure.extend(input.held.reaches.iter().flat_map(Reach::unsure));
    let unsure = rebuilt(when(whole(unsure), lit(0_i64)).otherwise(lit(1_i64)))?;
    let room = fold(input, |counts| &counts.room, greatest);
    let mut exprs = vec![
        integer(fewest_sites(input)).alias(&counts.sites.name),
        integer(most_held(input)).alias(&counts.held.name),
        unsure.alias(&counts.unsure.name),
        coalesce(vec![integer(room), lit(0_i64)]).alias(&counts.room.name),
    ];
    for (index, reach) in held.reaches.iter().enumerate() {
        let Reach::Between { low, high, .. } = reach else { continue };
        let ends = match (input.held.reach(index), input.visible().get(index)) {
            (Reach::Between { low, high, .. }, _) => [Expr::Column(low.clone()), Expr::Column(high.clone())],
            (_, Some(value)) => [value.clone(), value.clone()],
            (_, None) => continue,
        };
        exprs.extend(ends.into_iter().zip([low, high]).map(|(end, column)| end.alias(&column.name)));
    }
    Ok(exprs)
}
