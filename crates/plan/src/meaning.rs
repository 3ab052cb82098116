//! What a column or an expression means, and so what may be done with it.
//!
//! The meaning follows *values*, not mentions: `CASE WHEN value > 8 THEN 1 ELSE 0 END` mentions an amount but yields a
//! flag, and may be grouped; `value + 1` yields an amount, and may not. A key yields nothing: it may only stand bare
//! in the few places that the walk looks at itself, in `IS [NOT] NULL`, and in an equality with a key of its domain.

use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::expr::{BinaryExpr, Case, InList, Like, ScalarFunction};
use datafusion::logical_expr::{Expr, Operator};
use renkei_cdm::Role;
use renkei_types::{Code, Position, Refusal};

/// The meaning of one column or expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    /// Identifies a row within one site, in one key domain; `nullable` where it may be NULL.
    Key {
        /// The domain: the table whose primary key it is.
        domain: &'static str,
        /// Whether it may be NULL here.
        nullable: bool,
    },
    /// The site.
    Site,
    /// A concept id or canonical source code.
    Code,
    /// A coarse demographic.
    Coarse,
    /// Text of the vocabulary.
    Text,
    /// True or false, or one value or nothing, by a condition.
    Flag,
    /// One of several labels, by conditions.
    Band,
    /// Computed from the above, or counted per person.
    Derived,
    /// An amount under a condition.
    Conditional,
    /// A number measured or charged, or an interval.
    Amount,
    /// A date finer than a week.
    Date,
    /// The same for every row: a literal or parameter.
    Constant,
    /// Already released: a cell's key or value.
    Released,
}

impl Meaning {
    /// The meaning of a CDM column.
    pub(crate) fn of_column(column: &renkei_cdm::Column) -> Self {
        match column.role {
            Role::Key(domain) => Self::Key { domain, nullable: !column.required },
            Role::Code => Self::Code,
            Role::Date => Self::Date,
            Role::Amount => Self::Amount,
            Role::Coarse => Self::Coarse,
            Role::Reference | Role::Never => Self::Text,
        }
    }

    /// Whether cells may be keyed by it.
    #[must_use]
    pub fn groupable(self) -> bool {
        matches!(
            self,
            Self::Site
                | Self::Code
                | Self::Coarse
                | Self::Text
                | Self::Flag
                | Self::Band
                | Self::Derived
                | Self::Constant
        )
    }

    /// Whether it may be summed and averaged.
    #[must_use]
    pub fn summable(self) -> bool {
        matches!(self, Self::Coarse | Self::Flag | Self::Derived | Self::Conditional | Self::Amount | Self::Constant)
    }

    /// Whether it depends on a condition, so that the rest of the cell must be protected too.
    #[must_use]
    pub fn conditional(self) -> bool {
        matches!(self, Self::Flag | Self::Conditional)
    }

    /// The same on the nullable side of an outer join.
    pub(crate) fn maybe_null(self) -> Self {
        match self {
            Self::Key { domain, .. } => Self::Key { domain, nullable: true },
            other => other,
        }
    }

    /// The meaning of a value made of both.
    fn and(self, other: Self) -> Self {
        use Meaning::{Amount, Band, Conditional, Constant, Date, Derived, Flag};
        match (self, other) {
            (Date, _) | (_, Date) => Date,
            (Amount, _) | (_, Amount) => Amount,
            (Conditional, _) | (_, Conditional) => Conditional,
            (Band, _) | (_, Band) => Band,
            (Constant, x) | (x, Constant) => x,
            (Flag, Flag) => Derived,
            (a, b) if a == b => a,
            _ => Derived,
        }
    }
}

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
            Expr::Column(column) => match self.column(column)? {
                Meaning::Key { domain, .. } => Err(self.key_use(column, domain)),
                meaning => Ok(meaning),
            },
            Expr::Alias(alias) => self.value(&alias.expr),
            Expr::Literal(..) | Expr::Placeholder(_) => Ok(Meaning::Constant),
            Expr::Cast(cast) => self.value(&cast.expr),
            Expr::TryCast(cast) => self.value(&cast.expr),
            Expr::Negative(inner) => self.value(inner),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => self.null_test(inner),
            Expr::Not(inner)
            | Expr::IsTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsNotUnknown(inner) => self.value(inner).map(|_| Meaning::Flag),
            Expr::BinaryExpr(binary) => self.binary(binary),
            Expr::Like(like) => self.like(like),
            Expr::Between(between) => {
                self.value(&between.expr)?;
                self.value(&between.low)?;
                self.value(&between.high).map(|_| Meaning::Flag)
            }
            Expr::InList(InList { expr, list, .. }) => {
                self.value(expr)?;
                list.iter().try_for_each(|item| self.value(item).map(drop))?;
                Ok(Meaning::Flag)
            }
            Expr::Case(case) => self.case(case),
            Expr::ScalarFunction(function) => self.function(function),
            Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) => {
                Err(Refusal::new(Code::Subquery, format!("{}: a subquery inside an expression", self.clause))
                    .hint("join the subquery in FROM on person_id (SELECT DISTINCT person_id … for IN and EXISTS)"))
            }
            Expr::OuterReferenceColumn(..) => {
                Err(Refusal::new(Code::Subquery, "a correlated subquery")
                    .hint("join the subquery in FROM on person_id"))
            }
            Expr::WindowFunction(_) | Expr::AggregateFunction(_) => {
                Err(self.unsupported("an aggregate or window function at this place"))
            }
            _ => Err(self.unsupported("this expression")),
        }
    }

    /// The bare column of a key, through aliases.
    pub(crate) fn key(&self, expr: &Expr) -> Option<(&'static str, bool)> {
        match expr {
            Expr::Alias(alias) => self.key(&alias.expr),
            Expr::Column(column) => match self.column(column) {
                Ok(Meaning::Key { domain, nullable }) => Some((domain, nullable)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The meaning of a whole projected expression: a bare key stays a key.
    pub(crate) fn projected(&self, expr: &Expr) -> Result<Meaning, Refusal> {
        match self.key(expr) {
            Some((domain, nullable)) => Ok(Meaning::Key { domain, nullable }),
            None => self.value(expr),
        }
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
        Ok(Meaning::Flag)
    }

    fn binary(&self, binary: &BinaryExpr) -> Result<Meaning, Refusal> {
        let (left, right) = (binary.left.as_ref(), binary.right.as_ref());
        if binary.op == Operator::Eq
            && let (Some((a, _)), Some((b, _))) = (self.key(left), self.key(right))
        {
            if a == b {
                return Ok(Meaning::Flag);
            }
            return Err(Refusal::new(Code::JoinKey, format!("{}: a {a} key is compared with a {b} key", self.clause))
                .hint("keys are equal only within one domain")
                .at(first_place(left)));
        }
        let (a, b) = (self.value(left)?, self.value(right)?);
        match binary.op {
            op if op.is_logic_operator() || op.supports_propagation() || op == Operator::NotEq => Ok(Meaning::Flag),
            Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => Ok(Meaning::Flag),
            Operator::Minus if a == Meaning::Date && b == Meaning::Date => Ok(Meaning::Amount),
            Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo => Ok(a.and(b)),
            Operator::StringConcat => Ok(a.and(b)),
            _ => Err(self.unsupported(&format!("the operator {}", binary.op))),
        }
    }

    fn like(&self, like: &Like) -> Result<Meaning, Refusal> {
        let meaning = self.value(&like.expr)?;
        let Expr::Literal(value, _) = like.pattern.as_ref() else {
            return Err(self.unsupported("LIKE with a pattern that is not a literal"));
        };
        let pattern = value.try_as_str().flatten().unwrap_or_default();
        let prefix_only = pattern.strip_suffix('%').is_some_and(|head| !head.contains(['%', '_']));
        if meaning == Meaning::Code && !prefix_only {
            return Err(Refusal::new(
                Code::NotSupported,
                format!("{}: LIKE on a code takes a literal prefix", self.clause),
            )
            .hint("write LIKE 'ICD10:E11%'"));
        }
        Ok(Meaning::Flag)
    }

    fn case(&self, case: &Case) -> Result<Meaning, Refusal> {
        if let Some(operand) = &case.expr {
            self.value(operand)?;
        }
        for (when, _) in &case.when_then_expr {
            self.value(when)?;
        }
        let results = || case.when_then_expr.iter().map(|(_, then)| then.as_ref()).chain(case.else_expr.as_deref());
        let meanings = results().map(|result| self.value(result)).collect::<Result<Vec<_>, _>>()?;
        let neutral = |expr: &Expr| matches!(strip(expr), Expr::Literal(value, _) if value.is_null() || is_zero(value));
        let valued: Vec<_> = results().zip(&meanings).filter(|(expr, _)| !neutral(expr)).collect();
        let distinct: std::collections::BTreeSet<String> = valued.iter().map(|(expr, _)| expr.to_string()).collect();
        match (distinct.len(), valued.first()) {
            (0, _) => Ok(Meaning::Flag),
            (1, Some((_, Meaning::Constant | Meaning::Flag))) => Ok(Meaning::Flag),
            (1, Some((_, Meaning::Amount | Meaning::Conditional))) => Ok(Meaning::Conditional),
            (1, Some((_, meaning))) => Ok(**meaning),
            _ if meanings.iter().all(|m| *m == Meaning::Constant) => Ok(Meaning::Band),
            _ => Ok(meanings.into_iter().fold(Meaning::Band, Meaning::and)),
        }
    }

    fn function(&self, function: &ScalarFunction) -> Result<Meaning, Refusal> {
        let args = || function.args.iter();
        match function.name() {
            "date_trunc" => self.date_unit(function, &["week", "month", "quarter", "year"], Meaning::Date),
            "date_part" => self.date_unit(function, &["week", "month", "quarter", "year", "isoyear"], Meaning::Amount),
            _ => args().try_fold(Meaning::Constant, |so_far, arg| Ok(so_far.and(self.value(arg)?))),
        }
    }

    /// A date cut to a unit: coarse units may be grouped, finer ones mean what `fine` says.
    fn date_unit(&self, function: &ScalarFunction, coarse: &[&str], fine: Meaning) -> Result<Meaning, Refusal> {
        let (Some(Expr::Literal(unit, _)), Some(date)) = (function.args.first(), function.args.get(1)) else {
            return Err(self.unsupported(&format!("{} without a literal unit", function.name())));
        };
        let unit = unit.try_as_str().flatten().unwrap_or_default().to_lowercase();
        let known = ["day", "hour", "minute", "second", "dow", "isodow", "doy", "epoch"];
        if !coarse.contains(&unit.as_str()) && !known.contains(&unit.as_str()) {
            return Err(self.unsupported(&format!("the date unit '{unit}'")));
        }
        let meaning = self.value(date)?;
        Ok(match meaning {
            Meaning::Date if coarse.contains(&unit.as_str()) => Meaning::Derived,
            Meaning::Date => fine,
            other => other,
        })
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

fn is_zero(value: &ScalarValue) -> bool {
    ScalarValue::new_zero(&value.data_type()).is_ok_and(|zero| zero == *value)
}
