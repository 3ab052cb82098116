//! What a column or an expression means, and so what may be done with it.
//!
//! A meaning has two parts that do not depend on each other. The *class* says what a value is: an amount, a code, a
//! date. The *shape* says how conditions took part in it: not at all, by leaving values out, by putting 0, or in any
//! other way. Cells may be keyed by a class; sums ask for the shape too, because a sum whose terms were chosen by a
//! condition shows whom the condition chose (`sum(CASE WHEN p THEN 1000000 ELSE 1 END)`, `sum(flag + 1)`): nobody is
//! missing from its contributors, so that no minimum of persons protects the few.
//!
//! Beside them stands whether the value was *scaled*: its unit or origin was chosen by whoever asks, by a product, a
//! quotient, a logarithm or a constant that was added. What bends at a place of its own, such as `ceil` or `abs`, takes
//! what was not scaled, at the grain of the data; `sum(ceil(x / 200))` would count those above 200, few as they may be,
//! among the steps of everybody else.
//!
//! All follow *values*, not mentions: `CASE WHEN value > 8 THEN 1 ELSE 0 END` mentions an amount but yields one
//! constant or nothing, and may be grouped; `value + 1` yields an amount, and may not. A key yields nothing: it may
//! only stand bare in the few places that the walk looks at itself, in `IS [NOT] NULL`, and in an equality with a key
//! of its domain.

mod scope;

use renkei_cdm::{ColumnType, Role};

pub(crate) use scope::{SUBQUERY_HINT, Scope, first_place, is_null_literal, is_null_or_zero, place, strip};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
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
    /// Text of the vocabulary.
    Text,
    /// The same for every row, but for conditions: a literal, a parameter, a label.
    Constant,
    /// A coarse demographic that is a number: a year of birth.
    Coarse,
    /// Computed from the above, or counted per person.
    Derived,
    /// A number measured or charged, or an interval.
    Amount,
    /// A date finer than a week.
    Date,
    /// Already released: a cell's key or value.
    Released,
}

/// How conditions took part in a value. Each shape includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// Not at all.
    Plain,
    /// The value, or NULL where a condition does not hold.
    Gap,
    /// The value, or 0 or NULL where a condition does not hold.
    Choice,
    /// In any other way.
    Mixed,
}

/// The meaning of one column or expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Meaning {
    /// What the value is.
    pub class: Class,
    /// How conditions took part in it.
    pub shape: Shape,
    /// Whether whoever asks chose its unit or origin.
    pub scaled: bool,
}

impl Meaning {
    pub(crate) const CONSTANT: Self = Self::plain(Class::Constant);
    pub(crate) const RELEASED: Self = Self::plain(Class::Released);
    /// True or false by a condition.
    pub(crate) const FLAG: Self = Self::CONSTANT.with(Shape::Choice);
    /// One of several constants.
    pub(crate) const LABEL: Self = Self::CONSTANT.with(Shape::Mixed);
    /// What is carried unseen: a key that nobody may touch.
    pub(crate) const HIDDEN: Self = Self::plain(Class::Key { domain: "hidden", nullable: false });

    pub(crate) const fn plain(class: Class) -> Self {
        Self { class, shape: Shape::Plain, scaled: false }
    }

    pub(crate) const fn with(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// The same class, at least as conditional as `shape`.
    pub(crate) fn at_least(self, shape: Shape) -> Self {
        Self { shape: self.shape.max(shape), ..self }
    }

    /// The meaning of a CDM column.
    pub(crate) fn of_column(column: &renkei_cdm::Column) -> Self {
        Self::plain(match column.role {
            Role::Key(domain) => Class::Key { domain, nullable: !column.required },
            Role::Code => Class::Code,
            Role::Date => Class::Date,
            Role::Amount => Class::Amount,
            Role::Coarse if column.kind == ColumnType::Integer => Class::Coarse,
            Role::Coarse => Class::Code,
            Role::Reference | Role::Never => Class::Text,
        })
    }

    /// Domain and nullability of a key.
    #[must_use]
    pub fn key(self) -> Option<(&'static str, bool)> {
        match self.class {
            Class::Key { domain, nullable } => Some((domain, nullable)),
            _ => None,
        }
    }

    /// Whether cells may be keyed by it.
    #[must_use]
    pub fn groupable(self) -> bool {
        use Class::{Amount, Coarse, Code, Constant, Date, Derived, Key, Released, Site, Text};
        match self.class {
            Site | Code | Text | Constant | Coarse | Derived => true,
            Key { .. } | Amount | Date | Released => false,
        }
    }

    /// Whether it may be summed and averaged over persons.
    #[must_use]
    pub fn summable(self) -> bool {
        use Class::{Amount, Coarse, Constant, Derived};
        matches!(self.class, Constant | Coarse | Derived | Amount) && self.shape < Shape::Mixed
    }

    /// Whether it depends on a condition, so that the rest of the cell must be protected too.
    #[must_use]
    pub fn conditional(self) -> bool {
        self.shape > Shape::Plain
    }

    /// The same on the nullable side of an outer join.
    pub(crate) fn maybe_null(self) -> Self {
        let class = match self.class {
            Class::Key { domain, .. } => Class::Key { domain, nullable: true },
            other => other,
        };
        Self { class, ..self }.at_least(Shape::Gap)
    }

    /// The same where a key was found to be there.
    pub(crate) fn not_null(self) -> Self {
        match self.class {
            Class::Key { domain, .. } => Self { class: Class::Key { domain, nullable: false }, ..self },
            _ => self,
        }
    }

    /// The sum or difference of both. A constant that is added makes everybody a contributor, so what was 0 or NULL for
    /// most is no longer protected by their number; sums ask for it above the aggregate instead.
    fn plus(self, other: Self) -> Self {
        let class = self.class.and(other.class);
        let shape = match (self, other) {
            (Self::CONSTANT, Self::CONSTANT) => Shape::Plain,
            // A year of birth is never 0 or NULL.
            (Self::CONSTANT, x) | (x, Self::CONSTANT) if x == Self::plain(Class::Coarse) => Shape::Plain,
            (a, b) if a.class == Class::Constant || b.class == Class::Constant => Shape::Mixed,
            (a, b) if a.shape.max(b.shape) <= Shape::Gap => a.shape.max(b.shape),
            _ => Shape::Mixed,
        };
        let shifted = (self == Self::CONSTANT) != (other == Self::CONSTANT);
        Self { class, shape, scaled: self.scaled || other.scaled || shifted }
    }

    /// The product or quotient of both: 0 or NULL where either is.
    fn times(self, other: Self) -> Self {
        let scaled = self != Self::CONSTANT || other != Self::CONSTANT;
        Self { class: self.class.and(other.class), shape: self.shape.max(other.shape), scaled }
    }

    /// The quotient of integers: steps, at the grain of the data where the person's own numbers are divided.
    fn whole_quotient(self, other: Self) -> Self {
        let chosen = self.scaled || other.scaled || (self == Self::CONSTANT) != (other == Self::CONSTANT);
        self.times(other).at_least(if chosen { Shape::Mixed } else { Shape::Plain })
    }

    /// The same in a unit of the asker's choice.
    fn scaled(self) -> Self {
        Self { scaled: self != Self::CONSTANT, ..self }
    }

    /// What bends at a place of its own, such as the steps into which a value is cut: at the grain of the data it is
    /// the value, elsewhere a choice.
    fn bent(self) -> Self {
        if self.scaled { self.at_least(Shape::Mixed) } else { self }
    }

    /// A value made of both in a way that is not known to keep 0 and NULL.
    fn mixed_with(self, other: Self) -> Self {
        let known = self == Self::CONSTANT && other == Self::CONSTANT;
        let shape = if known { Shape::Plain } else { Shape::Mixed };
        Self { class: self.class.and(other.class), shape, scaled: !known }
    }

    /// A column that holds one or the other, as UNION makes it.
    pub(crate) fn or(self, other: Self) -> Self {
        let constant = self.class == Class::Constant || other.class == Class::Constant;
        let shape = if constant { Shape::Mixed } else { self.shape.max(other.shape) };
        Self { class: self.class.and(other.class), shape, scaled: self.scaled || other.scaled }
    }
}

impl Class {
    /// The class of a value made of both.
    fn and(self, other: Self) -> Self {
        use Class::{Amount, Constant, Date, Derived};
        match (self, other) {
            (Date, _) | (_, Date) => Date,
            (Amount, _) | (_, Amount) => Amount,
            (Constant, x) | (x, Constant) => x,
            (a, b) if a == b => a,
            _ => Derived,
        }
    }
}
