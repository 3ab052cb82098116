//! Rows of which nobody can say whether they belong to the answer.
//!
//! `HAVING count(DISTINCT person_id) >= 100` takes a row by what the contributing sites released. Where a site holds a
//! part, the whole total may lie on the other side. So each clause that chooses rows by totals, or joins by them, has a
//! check beside it, a plan of its own over the same cells, which counts the rows that could be in or out. A comparison
//! is decided where the bounds of both sides are; where there are no bounds nothing is decided.

mod top;

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::expr::{Between, BinaryExpr, InList};
use datafusion::logical_expr::{
    Aggregate, Expr, ExprSchemable, Filter, Join, JoinType, LogicalPlan, Operator, Projection, TableSource, lit,
};
use datafusion::prelude::coalesce;
use renkei_types::Refusal;

use super::bind;
use super::reach::{Interval, Order, bare, typed, whole};
use super::walk::{Relation, Walker, rebuilt};

/// A clause that chooses rows by totals, with the plan that tells how many it cannot decide.
#[derive(Debug, Clone)]
pub struct Check {
    /// The clause, as SQL calls it.
    pub clause: &'static str,
    plan: LogicalPlan,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// The plan counts them.
    Counted,
    /// The plan lists the values and bounds by which rows are ordered; these places are taken.
    Top { keys: Vec<top::Direction>, skip: usize, fetch: Option<usize> },
}

impl Check {
    /// The plan over merged cells, to be collected.
    ///
    /// # Errors
    /// When a batch is missing or of another shape.
    pub fn plan(
        &self,
        merged: &[Option<RecordBatch>],
        gateway_table: &dyn Fn(&str) -> Option<Arc<dyn TableSource>>,
    ) -> Result<LogicalPlan, DataFusionError> {
        bind(self.plan.clone(), merged, gateway_table)
    }

    /// The number of undecided rows, from what the plan yielded.
    ///
    /// # Errors
    /// When the batches are not what the plan yields.
    pub fn rows(&self, batches: &[RecordBatch]) -> Result<u64, ArrowError> {
        match &self.kind {
            Kind::Top { keys, skip, fetch } => top::undecided(batches, keys, *skip, *fetch),
            Kind::Counted => {
                let counts =
                    batches.iter().filter_map(|batch| batch.columns().first()?.as_primitive_opt::<Int64Type>());
                let total: i64 = counts.flat_map(|counts| counts.iter().flatten()).sum();
                Ok(u64::try_from(total).unwrap_or(0))
            }
        }
    }
}

impl Walker {
    /// Rows that a condition over results may take or leave.
    pub(super) fn check_filter(
        &mut self,
        input: &Relation,
        predicate: &Expr,
        clause: &'static str,
    ) -> Result<(), Refusal> {
        if input.held.counts.is_empty() || input.exact(predicate) {
            return Ok(());
        }
        let Some(sure) = truth(input, predicate, true, Mode::Sure) else { return Ok(()) };
        let Some(maybe) = truth(input, predicate, true, Mode::Maybe) else { return Ok(()) };
        // A total that is held everywhere is NULL, and its row is left out where it certainly belongs in.
        let taken = predicate.clone().is_true();
        let right = sure.and(taken.clone()).or(maybe.is_not_true().and(taken.is_not_true()));
        let open = whole(&input.unsure(predicate)).is_not_true().and(right.is_not_true());
        self.counted(input.plan.clone(), open, clause)
    }

    /// Rows that are brought together by a total that is not whole.
    pub(super) fn check_groups(
        &mut self,
        input: &Relation,
        groups: &[Expr],
        clause: &'static str,
    ) -> Result<(), Refusal> {
        if input.held.counts.is_empty() || groups.iter().all(|group| input.exact(group)) {
            return Ok(());
        }
        let unsure: Vec<_> = groups.iter().flat_map(|group| input.unsure(group)).collect();
        self.counted(input.plan.clone(), whole(&unsure).is_not_true(), clause)
    }

    /// Rows that find no partner, which may be a cell that every site holds, or that are joined by a total.
    pub(super) fn check_join(
        &mut self,
        join: &Join,
        left: &Relation,
        right: &Relation,
        equated: Vec<(Expr, Expr)>,
    ) -> Result<(), Refusal> {
        if equated.is_empty() {
            return Ok(());
        }
        let sides = [(left, right, false), (right, left, true)];
        for (own, other, turned) in sides {
            let dropped = match join.join_type {
                JoinType::Inner => true,
                JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => !turned,
                _ => false,
            };
            if dropped && !other.held.counts.is_empty() {
                let on = join.on.iter().cloned().map(|(l, r)| if turned { (r, l) } else { (l, r) });
                let anti = Join::try_new(
                    Arc::new(own.plan.clone()),
                    Arc::new(other.plan.clone()),
                    on.collect(),
                    join.filter.clone().filter(|filter| *filter != lit(true)),
                    JoinType::LeftAnti,
                    join.join_constraint,
                    join.null_equality,
                    false,
                );
                self.counted(LogicalPlan::Join(rebuilt(anti)?), lit(true), "JOIN")?;
            }
            let keys: Vec<Expr> = equated.iter().map(|(l, r)| if turned { r } else { l }).cloned().collect();
            self.check_groups(own, &keys, "JOIN")?;
        }
        Ok(())
    }

    /// Rows that ORDER BY with LIMIT may take or leave.
    pub(super) fn check_top(&mut self, order: &Order, skip: usize, fetch: Option<usize>) -> Result<(), Refusal> {
        let input = order.of.as_ref();
        let schema = input.plan.schema();
        if input.held.counts.is_empty() || order.keys.iter().all(|key| input.exact(&key.expr)) {
            return Ok(());
        }
        let unsure: Vec<_> = order.keys.iter().flat_map(|key| input.unsure(&key.expr)).collect();
        let mut exprs = vec![whole(&unsure).alias("whole")];
        let mut keys = Vec::new();
        for (i, key) in order.keys.iter().enumerate() {
            let data_type = rebuilt(key.expr.get_type(schema))?;
            let nothing = lit(rebuilt(ScalarValue::try_from(&data_type))?);
            let interval = input.interval(&key.expr);
            let exact = matches!(interval, Interval::Exact);
            let (low, high) = match interval {
                Interval::Between { low, high, .. } => (low, high),
                Interval::Exact | Interval::Open => (nothing.clone(), nothing),
            };
            exprs.push(key.expr.clone().alias(format!("v{i}")));
            exprs.push(typed(low, &data_type, schema).alias(format!("l{i}")));
            exprs.push(typed(high, &data_type, schema).alias(format!("h{i}")));
            keys.push(top::Direction { descending: !key.asc, nulls_first: key.nulls_first, exact });
        }
        let plan = rebuilt(Projection::try_new(exprs, Arc::new(input.plan.clone())))?;
        let kind = Kind::Top { keys, skip, fetch };
        self.checks.push(Check { clause: "ORDER BY … LIMIT", plan: LogicalPlan::Projection(plan), kind });
        Ok(())
    }

    fn counted(&mut self, input: LogicalPlan, rows: Expr, clause: &'static str) -> Result<(), Refusal> {
        let filtered = LogicalPlan::Filter(rebuilt(Filter::try_new(rows, Arc::new(input)))?);
        let counted = vec![count(lit(1_i64)).alias("undecided")];
        let plan = LogicalPlan::Aggregate(rebuilt(Aggregate::try_new(Arc::new(filtered), Vec::new(), counted))?);
        // A statement may use one result several times; what it leaves open it leaves open once.
        if !self.checks.iter().any(|check| check.clause == clause && check.plan == plan) {
            self.checks.push(Check { clause, plan, kind: Kind::Counted });
        }
        Ok(())
    }
}

/// Whether a condition certainly, or possibly, is what is wanted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Sure,
    Maybe,
}

/// A Boolean that is true in rows where the predicate certainly or possibly is `want`; none where it cannot be built.
fn truth(input: &Relation, predicate: &Expr, want: bool, mode: Mode) -> Option<Expr> {
    let predicate = bare(predicate);
    if input.exact(predicate) {
        let holds = if want { predicate.clone() } else { Expr::Not(Box::new(predicate.clone())) };
        return Some(holds.is_true());
    }
    let of = |expr: &Expr, want| truth(input, expr, want, mode);
    match predicate {
        Expr::Not(inner) => of(inner, !want),
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let (left, right) = (of(left, want)?, of(right, want)?);
            Some(if (*op == Operator::And) == want { left.and(right) } else { left.or(right) })
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            let value = expr.as_ref();
            let inside = value.clone().gt_eq(low.as_ref().clone()).and(value.clone().lt_eq(high.as_ref().clone()));
            of(&inside, want != *negated)
        }
        Expr::InList(InList { expr, list, negated }) => {
            let any = list.iter().map(|item| expr.as_ref().clone().eq(item.clone())).reduce(Expr::or)?;
            of(&any, want != *negated)
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => Some(comparison(input, left, *op, right, want, mode)),
        _ => Some(lit(mode == Mode::Maybe)),
    }
}

/// The ends of one side of a comparison.
struct Ends {
    low: Expr,
    high: Expr,
    /// True where it has a value at all.
    there: Expr,
}

fn ends(input: &Relation, expr: &Expr) -> Option<Ends> {
    match input.interval(expr) {
        Interval::Exact => Some(Ends { low: expr.clone(), high: expr.clone(), there: expr.clone().is_not_null() }),
        Interval::Between { low, high, .. } => Some(Ends { low, high, there: lit(true) }),
        Interval::Open => None,
    }
}

fn comparison(input: &Relation, left: &Expr, op: Operator, right: &Expr, want: bool, mode: Mode) -> Expr {
    let open = lit(mode == Mode::Maybe);
    let op = if want { Some(op) } else { op.negate() };
    let (Some(op), Some(a), Some(b)) = (op, ends(input, left), ends(input, right)) else { return open };
    let there = a.there.clone().and(b.there.clone());
    // A bound that is not there decides nothing.
    let unless = |found: Expr| coalesce(vec![found, open.clone()]);
    let touch = || unless(a.low.clone().lt_eq(b.high.clone())).and(unless(b.low.clone().lt_eq(a.high.clone())));
    let point = || {
        let one = |ends: &Ends| unless_sure(ends.low.clone().eq(ends.high.clone()));
        one(&a).and(one(&b)).and(unless_sure(a.low.clone().eq(b.low.clone())))
    };
    let found = match (op, mode) {
        (Operator::Lt, Mode::Sure) => unless(a.high.clone().lt(b.low.clone())),
        (Operator::Lt, Mode::Maybe) => unless(a.low.clone().lt(b.high.clone())),
        (Operator::LtEq, Mode::Sure) => unless(a.high.clone().lt_eq(b.low.clone())),
        (Operator::LtEq, Mode::Maybe) => unless(a.low.clone().lt_eq(b.high.clone())),
        (Operator::Gt, Mode::Sure) => unless(a.low.clone().gt(b.high.clone())),
        (Operator::Gt, Mode::Maybe) => unless(a.high.clone().gt(b.low.clone())),
        (Operator::GtEq, Mode::Sure) => unless(a.low.clone().gt_eq(b.high.clone())),
        (Operator::GtEq, Mode::Maybe) => unless(a.high.clone().gt_eq(b.low.clone())),
        (Operator::Eq, Mode::Sure) => point(),
        (Operator::Eq, Mode::Maybe) => touch(),
        (Operator::NotEq, Mode::Sure) => {
            unless(a.high.clone().lt(b.low.clone())).or(unless(b.high.clone().lt(a.low.clone())))
        }
        (Operator::NotEq, Mode::Maybe) => Expr::Not(Box::new(point())),
        _ => return open,
    };
    found.and(there)
}

fn unless_sure(found: Expr) -> Expr {
    coalesce(vec![found, lit(false)])
}
