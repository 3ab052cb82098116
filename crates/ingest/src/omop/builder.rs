//! Fields to one typed column.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use renkei_cdm::ColumnType;

use super::parse::{self, Bad};
use crate::Rule;

impl From<Bad> for Rule {
    fn from(bad: Bad) -> Self {
        match bad {
            Bad::Type => Self::Type,
            Bad::Range => Self::Range,
        }
    }
}

/// A column under construction.
#[derive(Debug)]
pub(super) enum Builder {
    Id(Int64Builder),
    Int(Int32Builder),
    Float(Float64Builder),
    Date(Date32Builder),
    Datetime(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

impl Builder {
    pub(super) fn new(kind: ColumnType, rows: usize) -> Self {
        match kind {
            ColumnType::Id => Self::Id(Int64Builder::with_capacity(rows)),
            ColumnType::Concept | ColumnType::Integer => Self::Int(Int32Builder::with_capacity(rows)),
            ColumnType::Float => Self::Float(Float64Builder::with_capacity(rows)),
            ColumnType::Date => Self::Date(Date32Builder::with_capacity(rows)),
            ColumnType::Datetime => Self::Datetime(TimestampMicrosecondBuilder::with_capacity(rows)),
            ColumnType::Text(_) => Self::Text(StringBuilder::with_capacity(rows, rows * 8)),
        }
    }

    /// Appends the field as one row, null where it is empty or broken. Returns whether it holds a value.
    #[inline]
    pub(super) fn push(&mut self, field: &[u8]) -> Result<bool, Rule> {
        macro_rules! typed {
            ($builder:expr, $parse:path) => {{
                let Some(text) = parse::bare(field) else {
                    $builder.append_null();
                    return Ok(false);
                };
                match $parse(text) {
                    Ok(value) => $builder.append_value(value),
                    Err(bad) => {
                        $builder.append_null();
                        return Err(bad.into());
                    }
                }
            }};
        }
        match self {
            Self::Id(builder) => typed!(builder, parse::id),
            Self::Int(builder) => typed!(builder, parse::int),
            Self::Float(builder) => typed!(builder, parse::float),
            Self::Date(builder) => typed!(builder, parse::date),
            Self::Datetime(builder) => typed!(builder, parse::datetime),
            Self::Text(builder) => return push_text(builder, field),
        }
        Ok(true)
    }

    pub(super) fn push_null(&mut self) {
        match self {
            Self::Id(builder) => builder.append_null(),
            Self::Int(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Datetime(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
        }
    }

    /// The column; the builder is empty again.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Id(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Datetime(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
        }
    }
}

#[inline]
fn push_text(builder: &mut StringBuilder, field: &[u8]) -> Result<bool, Rule> {
    if field.is_empty() {
        builder.append_null();
        return Ok(false);
    }
    if let Ok(text) = std::str::from_utf8(field) {
        builder.append_value(text);
        return Ok(true);
    }
    builder.append_null();
    Err(Rule::Encoding)
}
