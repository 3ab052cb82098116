//! The meaning of expressions over the columns of one relation.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::expr::{BinaryExpr, Case, InList, Like, ScalarFunction};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};
use renkei_types::{Code, Position, Refusal};

use super::{Class, Meaning, Shape};
use crate::clip;

/// What subqueries are taken.
pub(crate) const SUBQUERY_HINT: &str = "in WHERE: [NOT] EXISTS and [NOT] IN; in WHERE and SELECT: an \
     aggregate, such as (SELECT max(x) FROM t WHERE t.person_id = outer.person_id); elsewhere join the subquery in FROM";

/// The columns an expression can see, with their meanings; columns past `meanings` are hidden.
pub(crate) struct Scope<'a> {
    pub(crate) schema: &'a DFSchema,
    pub(crate) meanings: &'a [Meaning],
    /// The clause, for messages: `WHERE`, `SELECT`, `GROUP BY`.
    pub(crate) clause: &'a str,
    /// Whether it is the argument of an aggregate that leaves: only there the rows between a clip's bounds are counted.
    pub(crate) leaves: bool,
}

pub(crate) fn place(column: &Column) -> Option<Position> {
    column.spans().first().map(|span| Position { line: span.start.line, column: span.start.column })
}

impl Scope<'_> {
    pub(crate) fn column(&self, column: &Column) -> Result<Meaning, Refusal> {
        let index = self.schema.index_of_column(column).ok();
        index.and_then(|i| self.meanings.get(i)).copied().ok_or_else(|| {
            Refusal::new(Code::UnknownColumn, format!("no column `{}` here", column.name)).at(place(column))
        })
    }

    /// The meaning of a value; a key anywhere in it is refused.
    pub(crate) fn value(&self, expr: &Expr) -> Result<Meaning, Refusal> {
        match expr {
            Expr::Column(column) => {
                let meaning = self.column(column)?;
                match meaning.key() {
                    Some((domain, _)) => Err(self.key_use(column, domain)),
                    None => Ok(meaning),
                }
            }
            Expr::Alias(alias) => self.value(&alias.expr),
            Expr::Literal(..) | Expr::Placeholder(_) => Ok(Meaning::CONSTANT),
            Expr::Cast(cast) => self.cast(&cast.expr, cast.field.data_type()),
            Expr::TryCast(cast) => {
                self.castable(cast.field.data_type())?;
                self.cast(&cast.expr, cast.field.data_type())
            }
            Expr::Negative(inner) => self.value(inner),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => self.null_test(inner),
            Expr::Not(inner)
            | Expr::IsTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsNotUnknown(inner) => self.value(inner).map(|_| Meaning::FLAG),
            Expr::BinaryExpr(binary) => self.binary(binary),
            Expr::Like(like) => self.like(like),
            Expr::Between(between) => {
                self.value(&between.expr)?;
                self.value(&between.low)?;
                self.value(&between.high).map(|_| Meaning::FLAG)
            }
            Expr::InList(InList { expr, list, .. }) => {
                self.value(expr)?;
                list.iter().try_for_each(|item| self.value(item).map(drop))?;
                Ok(Meaning::FLAG)
            }
            Expr::Case(case) => self.case(case),
            Expr::ScalarFunction(function) => self.function(function),
            Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) => {
                Err(Refusal::new(Code::Subquery, format!("{}: a subquery at this place", self.clause))
                    .hint(SUBQUERY_HINT))
            }
            Expr::OuterReferenceColumn(..) => {
                Err(Refusal::new(Code::Subquery, "a correlated subquery").hint(SUBQUERY_HINT))
            }
            Expr::WindowFunction(_) | Expr::AggregateFunction(_) => {
                Err(self.unsupported("an aggregate or window function at this place"))
            }
            _ => Err(self.unsupported("this expression")),
        }
    }

    /// A cast may lose a value, which is NULL then, or cut it to an integer.
    fn cast(&self, inner: &Expr, to: &DataType) -> Result<Meaning, Refusal> {
        let meaning = self.value(inner)?;
        let from = inner.get_type(self.schema).unwrap_or(DataType::Null);
        if meaning == Meaning::CONSTANT || keeps_values(&from, to) {
            return Ok(meaning);
        }
        let cut = from.is_floating() && to.is_integer();
        Ok(if cut { meaning.bent() } else { meaning }.at_least(Shape::Gap))
    }

    /// The types that values inside a hospital have: arithmetic of others may fail on one row.
    fn castable(&self, data_type: &DataType) -> Result<(), Refusal> {
        let known = data_type.is_integer()
            || data_type.is_floating()
            || data_type.is_string()
            || matches!(data_type, DataType::Boolean | DataType::Date32 | DataType::Timestamp(..) | DataType::Null);
        if known || matches!(data_type, DataType::Interval(_)) {
            return Ok(());
        }
        let refusal = self.unsupported(&format!("a cast to {data_type} of rows of persons"));
        Err(refusal.hint("cast to DOUBLE or BIGINT; sums of DOUBLE are compensated, those of BIGINT are exact"))
    }

    /// Domain and nullability of a key that stands bare, through aliases.
    pub(crate) fn key(&self, expr: &Expr) -> Option<(&'static str, bool)> {
        self.bare_key(expr)?.key()
    }

    fn bare_key(&self, expr: &Expr) -> Option<Meaning> {
        match expr {
            Expr::Alias(alias) => self.bare_key(&alias.expr),
            Expr::Column(column) => self.column(column).ok().filter(|meaning| meaning.key().is_some()),
            _ => None,
        }
    }

    /// The meaning of a whole projected expression: a bare key stays a key.
    pub(crate) fn projected(&self, expr: &Expr) -> Result<Meaning, Refusal> {
        self.bare_key(expr).map_or_else(|| self.value(expr), Ok)
    }

    fn unsupported(&self, what: &str) -> Refusal {
        Refusal::new(Code::NotSupported, format!("{}: {what} is not part of the language", self.clause))
            .hint("docs/sql.md lists what is")
    }

    fn key_use(&self, column: &Column, domain: &str) -> Refusal {
        Refusal::new(
            Code::KeyUse,
            format!(
                "{}: `{}` is a {domain} key; it may not be compared, computed with or returned",
                self.clause, column.name
            ),
        )
        .hint("join on it, count it distinct, test it for NULL, or group by it below another aggregate")
        .at(place(column))
    }

    fn null_test(&self, inner: &Expr) -> Result<Meaning, Refusal> {
        if self.key(inner).is_none() {
            self.value(inner)?;
        }
        Ok(Meaning::FLAG)
    }

    fn binary(&self, binary: &BinaryExpr) -> Result<Meaning, Refusal> {
        let (left, right) = (binary.left.as_ref(), binary.right.as_ref());
        if binary.op == Operator::Eq
            && let (Some((a, _)), Some((b, _))) = (self.key(left), self.key(right))
        {
            if a == b {
                return Ok(Meaning::FLAG);
            }
            return Err(Refusal::new(Code::JoinKey, format!("{}: a {a} key is compared with a {b} key", self.clause))
                .hint("keys are equal only within one domain")
                .at(first_place(left)));
        }
        let (a, b) = (self.value(left)?, self.value(right)?);
        match binary.op {
            Operator::And
            | Operator::Or
            | Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom => Ok(Meaning::FLAG),
            Operator::Plus | Operator::Minus if a.class == Class::Date || b.class == Class::Date => {
                self.with_dates(binary.op, &[left.clone(), right.clone()], &[a, b])
            }
            Operator::Plus | Operator::Minus => Ok(a.plus(b)),
            Operator::Divide if self.integer(left) && self.integer(right) => Ok(a.whole_quotient(b)),
            Operator::Multiply | Operator::Divide => Ok(a.times(b)),
            Operator::Modulo | Operator::StringConcat => Ok(a.mixed_with(b)),
            _ => Err(self.unsupported(&format!("the operator {}", binary.op))),
        }
    }

    fn integer(&self, expr: &Expr) -> bool {
        expr.get_type(self.schema).is_ok_and(|data_type| data_type.is_integer())
    }

    /// Between two dates lies an interval, an amount; a fixed date serves too. A date that is moved stays a date.
    fn with_dates(&self, op: Operator, args: &[Expr], meanings: &[Meaning]) -> Result<Meaning, Refusal> {
        let ([left, right], [a, b]) = (args, meanings) else {
            return Err(self.unsupported("this arithmetic of dates"));
        };
        let (a, b) = (*a, *b);
        let temporal = |expr: &Expr| {
            let data_type = expr.get_type(self.schema);
            matches!(data_type, Ok(DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)))
        };
        let interval = op == Operator::Minus && temporal(left) && temporal(right);
        let fixed = |m: Meaning| m == Meaning::CONSTANT || m.class == Class::Date;
        let shape = a.shape.max(b.shape);
        match interval && fixed(a) && fixed(b) && shape <= Shape::Gap {
            true => Ok(Meaning::plain(Class::Amount).with(shape)),
            false if interval => Ok(Meaning::plain(Class::Amount).with(Shape::Mixed)),
            false => Ok(a.mixed_with(b)),
        }
    }

    fn like(&self, like: &Like) -> Result<Meaning, Refusal> {
        let meaning = self.value(&like.expr)?;
        let Expr::Literal(value, _) = like.pattern.as_ref() else {
            return Err(self.unsupported("LIKE with a pattern that is not a literal"));
        };
        let pattern = value.try_as_str().flatten().unwrap_or_default();
        let prefix_only = pattern.strip_suffix('%').is_some_and(|head| !head.contains(['%', '_']));
        if meaning.class == Class::Code && !prefix_only {
            return Err(Refusal::new(
                Code::NotSupported,
                format!("{}: LIKE on a code takes a literal prefix", self.clause),
            )
            .hint("write LIKE 'ICD10:E11%'"));
        }
        Ok(Meaning::FLAG)
    }

    fn case(&self, case: &Case) -> Result<Meaning, Refusal> {
        if let Some(operand) = &case.expr {
            self.value(operand)?;
        }
        for (when, _) in &case.when_then_expr {
            self.value(when)?;
        }
        if let Some(meaning) = self.division_guard(case)? {
            return Ok(meaning);
        }
        let results = || case.when_then_expr.iter().map(|(_, then)| then.as_ref()).chain(case.else_expr.as_deref());
        let meanings = results().map(|result| self.value(result)).collect::<Result<Vec<_>, _>>()?;
        let valued: Vec<_> = results().zip(&meanings).filter(|(expr, _)| !is_null_or_zero(expr)).collect();
        let distinct: BTreeSet<String> = valued.iter().map(|(expr, _)| expr.to_string()).collect();
        let zero = results().any(is_zero_literal);
        let leaves_out = if zero { Shape::Choice } else { Shape::Gap };
        match valued.first() {
            None => Ok(Meaning::FLAG),
            Some((_, meaning)) if distinct.len() == 1 => Ok(meaning.at_least(leaves_out)),
            Some((_, first)) => Ok(meanings.iter().fold(**first, |a, b| a.or(*b)).with(Shape::Mixed)),
        }
    }

    /// `CASE WHEN x = 0 THEN NULL ELSE x END`, which the dialect puts under every division, means `x`, and leaves out
    /// whom the asker's choice of an origin makes 0.
    fn division_guard(&self, case: &Case) -> Result<Option<Meaning>, Refusal> {
        let (None, [(when, then)], Some(otherwise)) = (&case.expr, case.when_then_expr.as_slice(), &case.else_expr)
        else {
            return Ok(None);
        };
        let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = when.as_ref() else { return Ok(None) };
        let guards = left == otherwise && is_zero_literal(right) && is_null_literal(then);
        if !guards {
            return Ok(None);
        }
        let meaning = self.value(otherwise)?;
        Ok(Some(if meaning.scaled { meaning.at_least(Shape::Gap) } else { meaning }))
    }

    fn function(&self, function: &ScalarFunction) -> Result<Meaning, Refusal> {
        let args = function.args.iter().map(|arg| self.value(arg)).collect::<Result<Vec<_>, _>>()?;
        let folded = |by: fn(Meaning, Meaning) -> Meaning| {
            let mut rest = args.iter().copied();
            let first = rest.next().unwrap_or(Meaning::CONSTANT);
            rest.fold(first, by)
        };
        match (function.name(), args.as_slice()) {
            ("date_trunc", _) => self.date_unit(function, &["week", "month", "quarter", "year"], Class::Date),
            ("date_part", _) => {
                self.date_unit(function, &["week", "month", "quarter", "year", "isoyear"], Class::Amount)
            }
            // Of integers: steps.
            ("clip", [x, ..]) => self.clip(function, *x),
            ("quotient", [x, y]) => Ok(x.whole_quotient(*y)),
            ("days_between", _) => self.with_dates(Operator::Minus, &function.args, &args),
            ("later" | "earlier", _) => self.with_dates(Operator::Plus, &function.args, &args),
            ("code_prefix", [code, Meaning::CONSTANT]) if is_literal(function.args.get(1)) => Ok(*code),
            ("code_prefix", _) => Err(self.unsupported("code_prefix without a literal number of characters")),
            // 0 stays 0 and NULL stays NULL; digits and bases are constants.
            ("lower" | "upper", [x]) => Ok(*x),
            ("sqrt", [x]) => Ok(x.scaled()),
            ("abs" | "ceil" | "floor" | "round" | "trunc", [x]) => Ok(x.bent()),
            ("round" | "trunc", [x, Meaning::CONSTANT]) if keeps_units(function.args.get(1)) => Ok(x.bent()),
            ("ln" | "log10" | "log2", [x]) if x.shape <= Shape::Gap => Ok(x.scaled()),
            ("nullif", [x, y]) => Ok(x.at_least(Shape::Gap.max(y.shape))),
            ("coalesce", [x, _]) if function.args.get(1).is_some_and(is_null_or_zero) => Ok(x.at_least(Shape::Choice)),
            // One of several values of the same person, none of them made up.
            ("coalesce", all) if all.iter().all(|m| m.class != Class::Constant) => Ok(folded(Meaning::or)),
            ("greatest" | "least", all) if all.iter().all(|m| m.class != Class::Constant) => {
                Ok(folded(Meaning::or).bent())
            }
            _ => Ok(folded(Meaning::mixed_with).at_least(match args.iter().all(|m| *m == Meaning::CONSTANT) {
                true => Shape::Plain,
                false => Shape::Mixed,
            })),
        }
    }

    /// A clip moves zeros where they are not between its bounds.
    fn clip(&self, function: &ScalarFunction, x: Meaning) -> Result<Meaning, Refusal> {
        let Some((lo, hi)) = clip::bounds(&function.args) else {
            let text = format!("{}: clip takes a number and two literals, the lower one first", self.clause);
            let refusal = Refusal::new(Code::Argument, text).hint("write clip(value_as_number, 0, 100)");
            return Err(refusal.at(function.args.first().and_then(first_place)));
        };
        let keeps_zero = lo <= 0.0 && hi >= 0.0;
        let kept = self.leaves && (keeps_zero || x.shape <= Shape::Gap);
        Ok(if kept { x.scaled() } else { x.scaled().at_least(Shape::Mixed) })
    }

    /// A date cut to a unit: coarse units may be grouped, finer ones mean what `fine` says.
    fn date_unit(&self, function: &ScalarFunction, coarse: &[&str], fine: Class) -> Result<Meaning, Refusal> {
        let (Some(Expr::Literal(unit, _)), Some(date)) = (function.args.first(), function.args.get(1)) else {
            return Err(self.unsupported(&format!("{} without a literal unit", function.name())));
        };
        let unit = unit.try_as_str().flatten().unwrap_or_default().to_lowercase();
        let known = ["day", "hour", "minute", "second", "dow", "isodow", "doy", "epoch"];
        if !coarse.contains(&unit.as_str()) && !known.contains(&unit.as_str()) {
            return Err(self.unsupported(&format!("the date unit '{unit}'")));
        }
        let meaning = self.value(date)?;
        let class = match meaning.class {
            Class::Date if coarse.contains(&unit.as_str()) => Class::Derived,
            Class::Date => fine,
            other => other,
        };
        Ok(Meaning { class, ..meaning })
    }
}

pub(crate) fn first_place(expr: &Expr) -> Option<Position> {
    expr.column_refs().into_iter().find_map(place)
}

/// Without casts and aliases.
pub(crate) fn strip(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(cast) => strip(&cast.expr),
        Expr::TryCast(cast) => strip(&cast.expr),
        Expr::Alias(alias) => strip(&alias.expr),
        other => other,
    }
}

fn is_literal(expr: Option<&Expr>) -> bool {
    expr.is_some_and(|expr| matches!(strip(expr), Expr::Literal(..)))
}

/// Whether a cast has a value wherever what is cast has one, and tells the same apart.
fn keeps_values(from: &DataType, to: &DataType) -> bool {
    use DataType::{Boolean, Date32, Null, Timestamp};
    let width = |data_type: &DataType| data_type.primitive_width().unwrap_or(0);
    match (from, to) {
        (a, b) if a == b => true,
        (Null, _) | (Boolean, _) | (Date32 | Timestamp(..), Timestamp(..)) | (Timestamp(..), Date32) => true,
        (_, b) if b.is_string() => true,
        (a, b) if a.is_signed_integer() && b.is_signed_integer() => width(a) <= width(b),
        (a, b) if a.is_unsigned_integer() && b.is_integer() => width(a) < width(b),
        (a, b) if a.is_integer() || a.is_floating() => b.is_floating(),
        _ => false,
    }
}

/// Digits behind the point, where they are a literal: steps no coarser than the unit.
fn keeps_units(digits: Option<&Expr>) -> bool {
    let Some(Expr::Literal(digits, _)) = digits.map(strip) else { return false };
    matches!(digits.cast_to(&DataType::Int64), Ok(ScalarValue::Int64(Some(0..))))
}

pub(crate) fn is_null_literal(expr: &Expr) -> bool {
    matches!(strip(expr), Expr::Literal(value, _) if value.is_null())
}

fn is_zero_literal(expr: &Expr) -> bool {
    let is_zero = |value: &ScalarValue| ScalarValue::new_zero(&value.data_type()).is_ok_and(|zero| zero == *value);
    matches!(strip(expr), Expr::Literal(value, _) if is_zero(value))
}

pub(crate) fn is_null_or_zero(expr: &Expr) -> bool {
    is_null_literal(expr) || is_zero_literal(expr)
}
