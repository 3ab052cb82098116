//! Values of parameters on the command line.
//!
//! What must stay true: a code such as `007` or `JLAC10:3D046` is never turned into a number; what is not plainly
//! something else is text. The typed form says it beyond doubt.

use std::sync::Arc;

use arrow_array::types::{Date32Type, TimestampMicrosecondType};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, NullArray, RecordBatch, RecordBatchOptions,
    StringArray, TimestampMicrosecondArray,
};
use arrow_cast::parse::Parser;
use arrow_schema::{ArrowError, Field, Schema};

/// What the help says.
pub const HELP: &str = "\
Parameters fill $1, $2, … in order:
  --param 5             an integer; 007 and +5 stay text
  --param 1.5           a floating-point number, also 1e-3
  --param 2024-01-01    a date
  --param true          a truth value; null is NULL
  --param abc           text, as is everything else
  --param text:5        says the type: int: float: text: date: timestamp: bool: null
";

/// The value of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// NULL without a type.
    Null,
    /// A truth value.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A 64-bit floating-point number.
    Float(f64),
    /// Text.
    Text(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01 00:00:00.
    Timestamp(i64),
}

/// A typed value that is not of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {kind}")]
pub struct ParamError {
    /// The value as written.
    pub value: String,
    /// The type as written before the colon.
    pub kind: &'static str,
}

impl Param {
    /// Reads a value, typed or not.
    ///
    /// # Errors
    /// [`ParamError`] where a type is said and the value is not of it.
    pub fn parse(text: &str) -> Result<Self, ParamError> {
        let Some((kind, value)) = text.split_once(':') else { return Ok(Self::guess(text)) };
        let typed = match kind {
            "text" => return Ok(Self::Text(value.to_owned())),
            "int" => ("int", value.parse().ok().map(Self::Int)),
            "float" => ("float", value.parse().ok().map(Self::Float)),
            "bool" => ("bool", value.parse().ok().map(Self::Bool)),
            "date" => ("date", date(value).map(Self::Date)),
            "timestamp" => ("timestamp", timestamp(value).map(Self::Timestamp)),
            _ => return Ok(Self::guess(text)),
        };
        typed.1.ok_or_else(|| ParamError { value: value.to_owned(), kind: typed.0 })
    }

    fn guess(text: &str) -> Self {
        match text {
            "null" | "NULL" => return Self::Null,
            "true" => return Self::Bool(true),
            "false" => return Self::Bool(false),
            _ => {}
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        let number = digits.starts_with(|c: char| c.is_ascii_digit())
            && (!digits.starts_with('0') || digits == "0" || digits.starts_with("0."));
        if number {
            if digits.bytes().all(|b| b.is_ascii_digit()) {
                // A number that fits no integer is a code, not a rounded float.
                return text.parse().map_or_else(|_| Self::Text(text.to_owned()), Self::Int);
            }
            let plain = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'));
            if let (true, Ok(value)) = (plain, text.parse::<f64>()) {
                return Self::Float(value);
            }
            if let Some(days) = date(text) {
                return Self::Date(days);
            }
            if let Some(micros) = timestamp(text) {
                return Self::Timestamp(micros);
            }
        }
        Self::Text(text.to_owned())
    }

    fn array(&self) -> ArrayRef {
        match self {
            Self::Null => Arc::new(NullArray::new(1)),
            Self::Bool(value) => Arc::new(BooleanArray::from(vec![*value])),
            Self::Int(value) => Arc::new(Int64Array::from(vec![*value])),
            Self::Float(value) => Arc::new(Float64Array::from(vec![*value])),
            Self::Text(value) => Arc::new(StringArray::from(vec![value.as_str()])),
            Self::Date(value) => Arc::new(Date32Array::from(vec![*value])),
            Self::Timestamp(value) => Arc::new(TimestampMicrosecondArray::from(vec![*value])),
        }
    }
}

/// Only the full form: Arrow's parser also takes shortened dates.
fn date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
    if shape { Date32Type::parse(text) } else { None }
}

fn timestamp(text: &str) -> Option<i64> {
    let (day, time) = text.split_at_checked(10)?;
    date(day)?;
    if !time.starts_with(['T', ' ']) || time.len() < 6 { None } else { TimestampMicrosecondType::parse(text) }
}

/// The one row of values that is bound, its columns named `$1`, `$2`, ….
///
/// # Errors
/// Never for values of [`Param`]; the arrays' own check.
pub fn batch(params: &[Param]) -> Result<RecordBatch, ArrowError> {
    let arrays: Vec<ArrayRef> = params.iter().map(Param::array).collect();
    let field =
        |(index, array): (usize, &ArrayRef)| Field::new(format!("${}", index + 1), array.data_type().clone(), true);
    let schema = Schema::new(arrays.iter().enumerate().map(field).collect::<Vec<_>>());
    RecordBatch::try_new_with_options(schema.into(), arrays, &RecordBatchOptions::new().with_row_count(Some(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_plainly_are() {
        let text = |t: &str| Param::Text(t.into());
        for (written, expected) in [
            ("5", Param::Int(5)),
            ("-5", Param::Int(-5)),
            ("0", Param::Int(0)),
            ("9223372036854775807", Param::Int(i64::MAX)),
            ("9223372036854775808", text("9223372036854775808")),
            ("007", text("007")),
            ("+5", text("+5")),
            ("1.5", Param::Float(1.5)),
            ("-0.25", Param::Float(-0.25)),
            ("1e-3", Param::Float(0.001)),
            (".5", text(".5")),
            ("1.2.3", text("1.2.3")),
            ("inf", text("inf")),
            ("NaN", text("NaN")),
            ("true", Param::Bool(true)),
            ("True", text("True")),
            ("null", Param::Null),
            ("", text("")),
            ("2024-01-01", Param::Date(19_723)),
            ("2024-02-30", text("2024-02-30")),
            ("2024-1-1", text("2024-1-1")),
            ("2024-01-01T00:00:01", Param::Timestamp(1_704_067_201_000_000)),
            ("2024-01-01 00:00:01.5", Param::Timestamp(1_704_067_201_500_000)),
            ("JLAC10:3D046", text("JLAC10:3D046")),
            ("LOCAL:5", text("LOCAL:5")),
            ("糖尿病", text("糖尿病")),
            ("text:5", text("5")),
            ("text:", text("")),
            ("text:null", text("null")),
            ("int:007", Param::Int(7)),
            ("float:5", Param::Float(5.0)),
            ("bool:false", Param::Bool(false)),
            ("date:2024-01-01", Param::Date(19_723)),
        ] {
            assert_eq!(Param::parse(written).unwrap(), expected, "{written}");
        }
    }

    #[test]
    fn a_typed_value_must_be_of_its_type() {
        for (written, shown) in [
            ("int:five", "`five` is not int"),
            ("int:1.5", "`1.5` is not int"),
            ("date:2024-02-30", "`2024-02-30` is not date"),
            ("bool:1", "`1` is not bool"),
            ("float:", "`` is not float"),
            ("timestamp:2024-01-01", "`2024-01-01` is not timestamp"),
        ] {
            assert_eq!(Param::parse(written).unwrap_err().to_string(), shown);
        }
    }

    #[test]
    fn the_bound_row_names_its_columns() {
        let params = [Param::Int(1), Param::Null, Param::Text("a".into()), Param::Date(3)];
        let batch = batch(&params).unwrap();
        assert_eq!(batch.num_rows(), 1);
        let shown: Vec<String> =
            batch.schema().fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
        assert_eq!(shown, ["$1 Int64", "$2 Null", "$3 Utf8", "$4 Date32"]);
    }
}
