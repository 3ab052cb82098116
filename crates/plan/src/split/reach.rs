//! What held parts do to the columns of a released relation.
//!
//! A site that lists no cell for a key may have 0 to k−1 persons there, so a merged count is not one number but lies
//! between two. Every release point brings such bounds where there are any; they ride along as hidden columns, and
//! through sums, differences, products and quotients by the rules of intervals. Whatever else is made of a total is
//! *open*: nothing is said of it where a part is held. Group keys, constants and what is made of them are *exact*.
//!
//! A bound that is NULL in a row with a held part is no bound; in a row without one, both bounds are the value.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, Result as PlanResult, ScalarValue, TableReference};
use datafusion::logical_expr::expr::{BinaryExpr, ScalarFunction, TryCast};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, SortExpr, cast, lit, when};
use datafusion::prelude::coalesce;

use super::walk::Relation;
use crate::meaning::strip;

/// Hidden columns that count sites, of one release point.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    /// Sites that contribute.
    pub(super) sites: Column,
    /// Sites that hold a part.
    pub(super) held: Column,
    /// 0 where every total of the row is whole.
    pub(super) unsure: Column,
    /// Persons whom a cell may have that no site lists; 0 where no cell can be missing.
    pub(super) room: Column,
}

impl Counts {
    /// Names that no other release point has.
    pub(super) fn named(occurrence: usize) -> Self {
        let name = |what: &str| Column::new_unqualified(format!("__{what}_{occurrence}"));
        Self { sites: name("sites"), held: name("held"), unsure: name("unsure"), room: name("room") }
    }

    pub(super) fn columns(&self) -> [&Column; 4] {
        [&self.sites, &self.held, &self.unsure, &self.room]
    }

    fn requalified(&self, change: &impl Fn(&Column) -> Column) -> Self {
        let [sites, held, unsure, room] = self.columns().map(change);
        Self { sites, held, unsure, room }
    }
}

/// What is known of a visible column.
#[expect(clippy::large_enum_variant, reason = "few, and most of them are the large one")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// The value is what it would be if nothing were held.
    Exact,
    /// Nothing is known of it unless these hidden columns are 0.
    Open { unsure: Vec<Column> },
    /// The same, but it lies between two hidden columns.
    Between {
        unsure: Vec<Column>,
        low: Column,
        high: Column,
        /// Whether it is never negative.
        natural: bool,
    },
}

impl Reach {
    pub(super) fn unsure(&self) -> &[Column] {
        match self {
            Self::Exact => &[],
            Self::Open { unsure } | Self::Between { unsure, .. } => unsure,
        }
    }
}

/// Whether hidden columns say that nothing is held.
pub(super) fn whole<'a>(unsure: impl IntoIterator<Item = &'a Column>) -> Expr {
    let unsure = unsure.into_iter().map(|column| Expr::Column(column.clone()).eq(lit(0_i64)));
    unsure.reduce(Expr::and).unwrap_or_else(|| lit(true))
}

/// The same of an expression.
#[expect(clippy::large_enum_variant, reason = "few, and most of them are the large one")]
pub(super) enum Interval {
    Exact,
    Open,
    Between { low: Expr, high: Expr, natural: bool },
}

/// The order of rows, for LIMIT above it.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) keys: Vec<SortExpr>,
    /// The sorted relation.
    pub(super) of: Box<Relation>,
}

/// What held parts do to a relation; nothing where no cells are in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    pub(super) counts: Vec<Counts>,
    /// One per visible column; empty where all are exact.
    pub(super) reaches: Vec<Reach>,
    /// Whether a row may be in or out by what is held.
    pub(super) loose: bool,
    pub(super) order: Option<Order>,
}

impl Held {
    pub(super) fn reach(&self, index: usize) -> &Reach {
        self.reaches.get(index).unwrap_or(&Reach::Exact)
    }

    /// The hidden columns, each once.
    pub(super) fn columns(&self) -> Vec<Column> {
        let counts = self.counts.iter().flat_map(Counts::columns);
        let bounds = self.reaches.iter().flat_map(|reach| match reach {
            Reach::Between { unsure, low, high, .. } => unsure.iter().chain([low, high]).collect(),
            Reach::Exact | Reach::Open { .. } => reach.unsure().iter().collect::<Vec<_>>(),
        });
        let mut columns: Vec<Column> = Vec::new();
        for column in counts.chain(bounds) {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
        columns
    }

    /// The same behind an alias.
    pub(super) fn aliased(&self, alias: &TableReference) -> Self {
        let change = |column: &Column| Column::new(Some(alias.clone()), column.name.clone());
        let reach = |reach: &Reach| match reach {
            Reach::Exact => Reach::Exact,
            Reach::Open { unsure } => Reach::Open { unsure: unsure.iter().map(change).collect() },
            Reach::Between { unsure, low, high, natural } => Reach::Between {
                unsure: unsure.iter().map(change).collect(),
                low: change(low),
                high: change(high),
                natural: *natural,
            },
        };
        Self {
            counts: self.counts.iter().map(|counts| counts.requalified(&change)).collect(),
            reaches: self.reaches.iter().map(reach).collect(),
            loose: self.loose,
            order: self.order.clone(),
        }
    }
}

impl Relation {
    /// What is known of an expression over the visible columns.
    pub(super) fn interval(&self, expr: &Expr) -> Interval {
        if self.held.counts.is_empty() || self.exact(expr) {
            return Interval::Exact;
        }
        let schema = self.plan.schema();
        let known = match bare(expr) {
            Expr::Column(column) => schema.index_of_column(column).ok().map(|index| self.held.reach(index).clone()),
            _ => None,
        };
        if let Some(Reach::Between { low, high, natural, .. }) = known {
            return Interval::Between { low: Expr::Column(low), high: Expr::Column(high), natural };
        }
        self.computed(bare(expr), schema).unwrap_or(Interval::Open)
    }

    /// Whether no held part is in the expression.
    pub(super) fn exact(&self, expr: &Expr) -> bool {
        self.unsure(expr).is_empty()
    }

    /// The hidden columns that say whether the expression is whole.
    pub(super) fn unsure(&self, expr: &Expr) -> Vec<Column> {
        let schema = self.plan.schema();
        let mut found: Vec<Column> = Vec::new();
        for column in expr.column_refs() {
            let index = schema.index_of_column(column).ok();
            for unsure in index.map(|index| self.held.reach(index)).iter().flat_map(|reach| reach.unsure()) {
                if !found.contains(unsure) {
                    found.push(unsure.clone());
                }
            }
        }
        found.sort();
        found
    }

    fn computed(&self, expr: &Expr, schema: &DFSchema) -> Option<Interval> {
        match expr {
            Expr::TryCast(TryCast { expr, field }) => {
                let (to, from) = (field.data_type(), expr.get_type(schema).ok()?);
                (from.is_numeric() && to.is_numeric())
                    .then(|| self.interval(expr).both(|x| Ok(Expr::TryCast(TryCast::new(Box::new(x), to.clone())))))?
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => self.arithmetic(left, *op, right, &|left, right| {
                Expr::BinaryExpr(BinaryExpr::new(Box::new(left), *op, Box::new(right)))
            }),
            Expr::ScalarFunction(ScalarFunction { func, args }) => match (func.name(), args.as_slice()) {
                ("quotient", [left, right]) => {
                    self.arithmetic(left, Operator::Divide, right, &|left, right| func.call(vec![left, right]))
                }
                ("round" | "floor" | "ceil" | "trunc", [x, rest @ ..]) => {
                    let same = |x: Expr| Ok(func.call([x].into_iter().chain(rest.iter().cloned()).collect()));
                    rest.iter()
                        .all(|rest| matches!(strip(rest), Expr::Literal(..)))
                        .then(|| self.interval(x).both(same))?
                }
                ("coalesce", [x, default]) if is_zero(default) => match self.interval(x) {
                    Interval::Between { low, high, natural: true } => {
                        let zero = default.clone();
                        let value = coalesce(vec![x.clone(), zero.clone()]);
                        let high = when(whole(&self.unsure(x)), value).otherwise(high).ok()?;
                        Some(Interval::Between { low: coalesce(vec![low, zero]), high, natural: true })
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    fn arithmetic(
        &self,
        left: &Expr,
        op: Operator,
        right: &Expr,
        make: &dyn Fn(Expr, Expr) -> Expr,
    ) -> Option<Interval> {
        let divisor = if op == Operator::Divide { undivided(right) } else { right };
        let (a, b) = (self.sides(left)?, self.sides(divisor)?);
        let (low, high) = match op {
            Operator::Plus => (make(a.low, b.low), make(a.high, b.high)),
            Operator::Minus => (make(a.low, b.high), make(a.high, b.low)),
            Operator::Multiply if a.natural && b.natural => (make(a.low, b.low), make(a.high, b.high)),
            // By nothing, or by what is not known to be positive, there is no bound.
            Operator::Divide if a.natural && b.natural => {
                (make(a.low, positive(b.high)?), make(a.high, positive(b.low)?))
            }
            _ => return None,
        };
        Some(Interval::Between { low, high, natural: a.natural && b.natural && op != Operator::Minus })
    }

    /// Both ends of an operand. A value that is exact is both; it counts as positive where it is.
    fn sides(&self, expr: &Expr) -> Option<Sides> {
        match self.interval(expr) {
            Interval::Between { low, high, natural } => Some(Sides { low, high, natural }),
            Interval::Open => None,
            Interval::Exact => match strip(expr) {
                Expr::Literal(value, _) => {
                    let natural = ScalarValue::new_zero(&value.data_type()).ok().is_some_and(|zero| *value >= zero);
                    Some(Sides { low: expr.clone(), high: expr.clone(), natural })
                }
                _ => {
                    let positive = not_negative(expr.clone())?;
                    Some(Sides { low: positive.clone(), high: positive, natural: true })
                }
            },
        }
    }
}

struct Sides {
    low: Expr,
    high: Expr,
    natural: bool,
}

impl Interval {
    /// What a function that never falls makes of both ends.
    fn both(self, function: impl Fn(Expr) -> PlanResult<Expr>) -> Option<Self> {
        match self {
            Self::Between { low, high, natural } => {
                Some(Self::Between { low: function(low).ok()?, high: function(high).ok()?, natural })
            }
            other => Some(other),
        }
    }
}

/// The expression without names that it was given.
pub(super) fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

fn positive(x: Expr) -> Option<Expr> {
    when(x.clone().gt(lit(0_i64)), x).end().ok()
}

fn not_negative(x: Expr) -> Option<Expr> {
    when(x.clone().gt_eq(lit(0_i64)), x).end().ok()
}

fn is_zero(expr: &Expr) -> bool {
    matches!(strip(expr), Expr::Literal(value, _)
        if ScalarValue::new_zero(&value.data_type()).is_ok_and(|zero| *value == zero))
}

/// The divisor without what keeps it from being 0: bounds have their own way round it.
fn undivided(expr: &Expr) -> &Expr {
    match strip(expr) {
        Expr::Case(case) => match (&case.expr, case.when_then_expr.as_slice(), &case.else_expr) {
            (None, [(_, then)], Some(otherwise)) if matches!(strip(then), Expr::Literal(value, _) if value.is_null()) => {
                undivided(otherwise)
            }
            _ => expr,
        },
        Expr::ScalarFunction(function) => match (function.name(), function.args.as_slice()) {
            ("nullif", [x, zero]) if is_zero(zero) => undivided(x),
            _ => expr,
        },
        _ => expr,
    }
}

/// A hidden column of another type than the value is brought to it.
pub(super) fn typed(expr: Expr, to: &DataType, schema: &DFSchema) -> Expr {
    match expr.get_type(schema) {
        Ok(found) if found == *to => expr,
        _ => cast(expr, to.clone()),
    }
}
