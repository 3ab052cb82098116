//! One column on its way: how the server is asked for it, how its bytes are read, what is written.
//!
//! Types of the database are kept as they are, so that ingest judges them by the rules that it has for all Parquet
//! files. Two are made simpler on the way: decimals become integers or doubles, whichever the CDM's column holds, and
//! what Arrow has no type for (enumerations, UUIDs, …) becomes text where the CDM's column is one.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_schema::{DataType, Field, TimeUnit};
use renkei_cdm::ColumnType;
use tokio_postgres::types::{Kind, Type};

use super::value::{Numeric, date, float, integer, timestamp};

/// How the bytes of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Int,
    Long,
    Double,
    /// A decimal for a column of integers.
    WholeDecimal,
    /// A decimal for a column of numbers.
    Decimal,
    Text,
    Date,
    Timestamp,
}

impl Shape {
    /// How a column of the database's type is asked for (a cast, or nothing) and read; `None` where the CDM's column
    /// cannot hold such values.
    pub(super) fn of(from: &Type, kind: ColumnType) -> Option<(&'static str, Self)> {
        let text = matches!(kind, ColumnType::Text(_));
        let time = matches!(kind, ColumnType::Date | ColumnType::Datetime);
        let plain = |shape| Some(("", shape));
        match *from {
            Type::TEXT | Type::VARCHAR => plain(Self::Text),
            // The cast takes the padding away.
            Type::BPCHAR | Type::NAME => Some(("::text", Self::Text)),
            Type::BYTEA => None,
            _ if text || matches!(from.kind(), Kind::Enum(_)) || from.name() == "citext" => readable(from),
            Type::INT2 | Type::INT4 => plain(Self::Int),
            Type::INT8 => plain(Self::Long),
            Type::BOOL if !time => Some(("::int4", Self::Int)),
            Type::FLOAT4 | Type::FLOAT8 if !time => plain(Self::Double),
            Type::NUMERIC if kind == ColumnType::Float => plain(Self::Decimal),
            Type::NUMERIC => plain(Self::WholeDecimal),
            Type::DATE if time => plain(Self::Date),
            Type::TIMESTAMP if time => plain(Self::Timestamp),
            // Days and hours are those of the session's zone, which is the hospital's: midnight in Tokyo is the day
            // before in UTC, and the CDM's times have no zone.
            Type::TIMESTAMPTZ if time => Some(("::timestamp", Self::Timestamp)),
            _ => None,
        }
    }

    /// Whether pages can be told apart by such a column.
    pub(super) fn is_key(self) -> bool {
        matches!(self, Self::Int | Self::Long)
    }

    fn arrow(self) -> DataType {
        match self {
            Self::Int => DataType::Int32,
            Self::Long | Self::WholeDecimal => DataType::Int64,
            Self::Double | Self::Decimal => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }
}

/// Types that the server writes as text which says all of it.
fn readable(from: &Type) -> Option<(&'static str, Shape)> {
    match from.kind() {
        Kind::Simple | Kind::Enum(_) | Kind::Domain(_) => Some(("::text", Shape::Text)),
        _ => None,
    }
}

/// A column being filled.
pub(super) struct Column {
    name: String,
    shape: Shape,
    builder: Builder,
    lost: u64,
}

enum Builder {
    Int(Int32Builder),
    Long(Int64Builder),
    Double(Float64Builder),
    Text(StringBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl Column {
    pub(super) fn new(name: &str, shape: Shape) -> Self {
        let builder = match shape {
            Shape::Int => Builder::Int(Int32Builder::new()),
            Shape::Long | Shape::WholeDecimal => Builder::Long(Int64Builder::new()),
            Shape::Double | Shape::Decimal => Builder::Double(Float64Builder::new()),
            Shape::Text => Builder::Text(StringBuilder::new()),
            Shape::Date => Builder::Date(Date32Builder::new()),
            Shape::Timestamp => Builder::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(shape.arrow())),
        };
        Self { name: name.to_owned(), shape, builder, lost: 0 }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Values that became NULL because no file can hold them.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    pub(super) fn field(&self) -> Field {
        Field::new(&self.name, self.shape.arrow(), true)
    }

    /// Adds the value of one row, as the server sent it.
    pub(super) fn push(&mut self, bytes: Option<&[u8]>) {
        let shape = self.shape;
        let kept = match &mut self.builder {
            Builder::Int(b) => {
                put(bytes.and_then(integer).and_then(|value| value.try_into().ok()), |v| b.append_option(v))
            }
            Builder::Long(b) if shape == Shape::Long => put(bytes.and_then(integer), |v| b.append_option(v)),
            Builder::Long(b) => put(bytes.and_then(Numeric::read).and_then(|n| n.integer()), |v| b.append_option(v)),
            Builder::Double(b) if shape == Shape::Double => put(bytes.and_then(float), |v| b.append_option(v)),
            Builder::Double(b) => put(bytes.and_then(Numeric::read).and_then(|n| n.float()), |v| b.append_option(v)),
            Builder::Text(b) => put(bytes.and_then(|bytes| str::from_utf8(bytes).ok()), |v| b.append_option(v)),
            Builder::Date(b) => put(bytes.and_then(date), |v| b.append_option(v)),
            Builder::Timestamp(b) => put(bytes.and_then(timestamp), |v| b.append_option(v)),
        };
        self.lost += u64::from(bytes.is_some() && !kept);
    }

    /// What was added since the last time.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match &mut self.builder {
            Builder::Int(b) => Arc::new(b.finish()),
            Builder::Long(b) => Arc::new(b.finish()),
            Builder::Double(b) => Arc::new(b.finish()),
            Builder::Text(b) => Arc::new(b.finish()),
            Builder::Date(b) => Arc::new(b.finish()),
            Builder::Timestamp(b) => Arc::new(b.finish()),
        }
    }
}

/// Appends, and says whether there was a value.
fn put<T>(value: Option<T>, append: impl FnOnce(Option<T>)) -> bool {
    let kept = value.is_some();
    append(value);
    kept
}
