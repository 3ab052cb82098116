//! The meaning of expressions over the columns of one relation.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::expr::{BinaryExpr, Case, InList, Like, ScalarFunction};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};
use renkei_types::{Code, Position, Refusal};

use super::{Class, Meaning, Shape};

/// What subqueries are taken.
pub(crate) const SUBQUERY_HINT: &str = "in WHERE: [NOT] EXISTS and [NOT] IN; in WHERE and SELECT: an \
     aggregate, such as (SELECT max(x) FROM t WHERE t.person_id = outer.person_id); elsewhere join the subquery in FROM";

/// The columns an expression can see, with their meanings; columns past `meanings` are hidden.
pub(crate) struct Scope<'a> {
    pub(crate) schema: &'a DFSchema,
    pub(crate) meanings: &'a [Meaning],
    /// The clause, for messages: `WHERE`, `SELECT`, `GROUP BY`.
    pub(crate) clause: &'a str,
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
            Expr::Cast(cast) => self.value(&cast.expr),
            Expr::TryCast(cast) => {
                self.castable(cast.field.data_type())?;
                self.value(&cast.expr)
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
            Operator::Multiply | Operator::Divide => Ok(a.times(b)),
            Operator::Modulo | Operator::StringConcat => Ok(a.mixed_with(b)),
            _ => Err(self.unsupported(&format!("the operator {}", binary.op))),
        }
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

    /// `CASE WHEN x = 0 THEN NULL ELSE x END`, which the dialect puts under every division, means `x`.
    fn division_guard(&self, case: &Case) -> Result<Option<Meaning>, Refusal> {
        let (None, [(when, then)], Some(otherwise)) = (&case.expr, case.when_then_expr.as_slice(), &case.else_expr)
        else {
            return Ok(None);
        };
        let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = when.as_ref() else { return Ok(None) };
        let guards = left == otherwise && is_zero_literal(right) && is_null_literal(then);
        if guards { self.value(otherwise).map(Some) } else { Ok(None) }
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
            ("quotient", [x, y]) => Ok(x.times(*y)),
            ("days_between", _) => self.with_dates(Operator::Minus, &function.args, &args),
            ("later" | "earlier", _) => self.with_dates(Operator::Plus, &function.args, &args),
            ("code_prefix", [code, Meaning::CONSTANT]) if is_literal(function.args.get(1)) => Ok(*code),
            ("code_prefix", _) => Err(self.unsupported("code_prefix without a literal number of characters")),
            // 0 stays 0 and NULL stays NULL; digits and bases are constants.
            ("abs" | "ceil" | "floor" | "round" | "trunc" | "signum" | "sqrt" | "lower" | "upper", [x]) => Ok(*x),
            ("round" | "trunc", [x, Meaning::CONSTANT]) => Ok(*x),
            ("ln" | "log10" | "log2", [x]) if x.shape <= Shape::Gap => Ok(*x),
            ("nullif", [x, y]) => Ok(x.at_least(Shape::Gap.max(y.shape))),
            ("coalesce", [x, _]) if function.args.get(1).is_some_and(is_null_or_zero) => Ok(x.at_least(Shape::Choice)),
            // One of several values of the same person, none of them made up.
            ("coalesce" | "greatest" | "least", all) if all.iter().all(|m| m.class != Class::Constant) => {
                Ok(folded(Meaning::or))
            }
            _ => Ok(folded(Meaning::mixed_with).at_least(match args.iter().all(|m| *m == Meaning::CONSTANT) {
                true => Shape::Plain,
                false => Shape::Mixed,
            })),
        }
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
