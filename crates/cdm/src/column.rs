//! One column: its type, what it may be used for, what it means.

use std::fmt;

use arrow_schema::{DataType, Field, TimeUnit};

/// The type of a column, as the specification names it, refined by what real data hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `integer`: an identifier of a row, Int64.
    Id,
    /// `integer`: a concept id, Int32.
    Concept,
    /// `integer`: a number, Int32.
    Integer,
    /// `float`, Float64.
    Float,
    /// `date`, Date32.
    Date,
    /// `datetime`, Timestamp(µs) without zone.
    Datetime,
    /// `varchar(n)`, Utf8; `None` is `varchar(max)`.
    Text(Option<u16>),
}

impl ColumnType {
    /// The Arrow type.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Id => DataType::Int64,
            Self::Concept | Self::Integer => DataType::Int32,
            Self::Float => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Datetime => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Text(_) => DataType::Utf8,
        }
    }

    /// The type as the specification writes it.
    #[must_use]
    pub fn sql(self) -> String {
        match self {
            Self::Id | Self::Concept | Self::Integer => "integer".into(),
            Self::Float => "float".into(),
            Self::Date => "date".into(),
            Self::Datetime => "datetime".into(),
            Self::Text(Some(n)) => format!("varchar({n})"),
            Self::Text(None) => "varchar(max)".into(),
        }
    }
}

/// What a column may be used for in a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Identifies a row in one key domain, such as `person` or `visit_occurrence` (the table whose primary key it is).
    /// Joined by equality within its domain, grouped below the release point, counted distinct; never compared with a
    /// literal, computed with, or returned.
    Key(&'static str),
    /// A concept id or a canonical source code: compared, matched by literal prefix, grouped.
    Code,
    /// A date or datetime: compared, intervals between dates of one person, grouped by ISO week or coarser.
    Date,
    /// A number measured or charged: compared, computed with, aggregated.
    Amount,
    /// A coarse demographic: compared, grouped, averaged.
    Coarse,
    /// Free text, names, raw source values, fine geography: absent from the catalogue that researchers see.
    Never,
    /// Text of reference tables (concept names, vocabulary ids): public vocabulary, never about a person.
    Reference,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(domain) => write!(f, "key({domain})"),
            Self::Code => f.write_str("code"),
            Self::Date => f.write_str("date"),
            Self::Amount => f.write_str("amount"),
            Self::Coarse => f.write_str("coarse"),
            Self::Never => f.write_str("never"),
            Self::Reference => f.write_str("reference"),
        }
    }
}

/// The column that a foreign key points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ForeignKey {
    /// Table pointed to.
    pub table: &'static str,
    /// Column pointed to.
    pub column: &'static str,
}

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name, in lower case.
    pub name: &'static str,
    /// Type.
    pub kind: ColumnType,
    /// Whether the specification requires a value.
    pub required: bool,
    /// Whether it is the table's primary key.
    pub primary_key: bool,
    /// The column it points to.
    pub foreign_key: Option<ForeignKey>,
    /// What it may be used for.
    pub role: Role,
    /// What it means, in a line.
    pub doc: &'static str,
}

impl Column {
    /// The Arrow field: nullable unless required.
    #[must_use]
    pub fn field(&self) -> Field {
        Field::new(self.name, self.kind.arrow(), !self.required)
    }
}
