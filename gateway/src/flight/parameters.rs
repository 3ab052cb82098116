//! Bound parameters: from whatever Arrow types a client sends to the values that a question carries.
//!
//! Both sides of the wire hash parameters with their types, so they are brought to one form here: plain strings, the
//! statement's own types where a value fits them without loss.

use std::sync::Arc;

use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::sql::server::PeekableFlightDataStream;
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::ScalarValue;
use futures::TryStreamExt;
use renkei_types::{Code, Refusal};
use tonic::Status;

use super::prepare::client_type;

/// The schema that tells a client which parameters to bind. R's driver takes parameters by their order only if they are
/// named like this. Where the text does not tell the type it is text: the JDBC driver can bind nothing to Null, and
/// whatever is bound instead keeps its own type.
pub(super) fn schema(types: &[Option<DataType>]) -> SchemaRef {
    let field = |(i, data_type): (usize, &Option<DataType>)| {
        Field::new(format!("${}", i + 1), data_type.as_ref().map_or(DataType::Utf8, client_type), true)
    };
    Arc::new(Schema::new(types.iter().enumerate().map(field).collect::<Vec<_>>()))
}

/// The bound batches, read until it is clear that they are too many.
pub(super) async fn bound(stream: PeekableFlightDataStream) -> Result<Vec<RecordBatch>, Status> {
    let data = stream.map_err(|status| FlightError::Tonic(Box::new(status)));
    let mut batches = FlightRecordBatchStream::new_from_flight_data(data);
    let (mut read, mut rows) = (Vec::new(), 0);
    while let Some(batch) = batches.try_next().await? {
        rows += batch.num_rows();
        read.push(batch);
        if rows > 1 || read.len() > 16 {
            break;
        }
    }
    Ok(read)
}

/// The one row of the bound batches, in the statement's types.
pub(super) fn row(batches: &[RecordBatch], types: &[Option<DataType>]) -> Result<Vec<ScalarValue>, Refusal> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let Some(batch) = batches.iter().find(|batch| batch.num_rows() == 1).filter(|_| rows == 1) else {
        return Err(Refusal::new(Code::Parameter, format!("{rows} rows of parameters were bound"))
            .hint("bind one row for each execution"));
    };
    if batch.num_columns() != types.len() {
        let (given, wanted) = (batch.num_columns(), types.len());
        return Err(Refusal::new(
            Code::Parameter,
            format!("parameters in the statement: {wanted}; values given: {given}"),
        )
        .hint("give one value for each of $1, $2, … or each `?`"));
    }
    batch
        .columns()
        .iter()
        .zip(types)
        .enumerate()
        .map(|(i, (column, wanted))| value(i + 1, column, wanted.as_ref()))
        .collect()
}

fn value(index: usize, column: &ArrayRef, wanted: Option<&DataType>) -> Result<ScalarValue, Refusal> {
    let refuse = |data_type: &DataType| {
        let refusal = Refusal::new(Code::Parameter, format!("parameter ${index} has the type {data_type}"));
        match wanted {
            Some(wanted) => refusal.hint(format!("the statement takes {wanted} there")),
            None => refusal.hint("give a number, a text, a date, a timestamp, true or false"),
        }
    };
    let plain = plain_type(column.data_type()).ok_or_else(|| refuse(column.data_type()))?;
    let column = cast(column, &plain).map_err(|_| refuse(column.data_type()))?;
    let column = match wanted {
        Some(wanted) if *wanted != plain => exact(&column, wanted).ok_or_else(|| refuse(&plain))?,
        _ => column,
    };
    ScalarValue::try_from_array(&column, 0).map_err(|_| refuse(&plain))
}

/// The value in the wanted type, or as it is where both are numbers and it would not survive (1.5 for an integer):
/// the comparison then happens in the wider type. Nothing where it cannot be meant.
fn exact(column: &ArrayRef, wanted: &DataType) -> Option<ArrayRef> {
    if column.logical_nulls().is_some_and(|nulls| nulls.is_null(0)) {
        return Some(new_null_array(wanted, 1));
    }
    let there = cast(column, wanted).ok().filter(|there| there.is_valid(0));
    let survives = there.as_ref().is_some_and(|there| {
        let back = cast(there, column.data_type());
        // A text that reads as a date is meant as one, however it is written.
        !column.data_type().is_numeric() || back.is_ok_and(|back| &back == column)
    });
    match there {
        Some(there) if survives => Some(there),
        _ if column.data_type().is_numeric() && wanted.is_numeric() => Some(Arc::clone(column)),
        _ => None,
    }
}

/// The form in which a type travels; nothing for types that no question takes.
fn plain_type(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(DataType::Utf8),
        DataType::Dictionary(_, values) => plain_type(values),
        DataType::Timestamp(..) | DataType::Date64 => Some(DataType::Timestamp(TimeUnit::Microsecond, None)),
        DataType::Float16 => Some(DataType::Float32),
        DataType::Null | DataType::Boolean | DataType::Date32 => Some(data_type.clone()),
        DataType::Decimal128(..) => Some(data_type.clone()),
        numeric if numeric.is_integer() || numeric.is_floating() => Some(data_type.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{
        DictionaryArray, Float64Array, Int64Array, LargeStringArray, ListArray, NullArray, StringArray,
        StringViewArray, TimestampMillisecondArray,
    };
    use datafusion::arrow::datatypes::{Int8Type, Int64Type};

    fn bind(column: ArrayRef, wanted: Option<DataType>) -> Result<ScalarValue, Refusal> {
        let batch = RecordBatch::try_from_iter_with_nullable([("p", column, true)]).unwrap();
        row(&[batch], &[wanted]).map(|mut values| values.remove(0))
    }

    #[test]
    fn values_come_in_the_statements_types() {
        let int = |v: i64| Arc::new(Int64Array::from(vec![v])) as ArrayRef;
        let float = |v: f64| Arc::new(Float64Array::from(vec![v])) as ArrayRef;
        let text = |v: &str| Arc::new(StringArray::from(vec![v])) as ArrayRef;
        let utf8 = |v: &str| ScalarValue::Utf8(Some(v.into()));
        for (column, wanted, expected) in [
            (int(5), Some(DataType::Int32), ScalarValue::Int32(Some(5))),
            (int(5), None, ScalarValue::Int64(Some(5))),
            (int(1 << 40), Some(DataType::Int32), ScalarValue::Int64(Some(1 << 40))),
            (float(1.5), Some(DataType::Int32), ScalarValue::Float64(Some(1.5))),
            (float(2.0), Some(DataType::Int32), ScalarValue::Int32(Some(2))),
            (int(7), Some(DataType::Float64), ScalarValue::Float64(Some(7.0))),
            (text("2020-02-29"), Some(DataType::Date32), ScalarValue::Date32(Some(18_321))),
            (text("x"), Some(DataType::Utf8), utf8("x")),
            (Arc::new(LargeStringArray::from(vec!["x"])), None, utf8("x")),
            (Arc::new(StringViewArray::from(vec!["x"])), Some(DataType::Utf8), utf8("x")),
            (Arc::new(["x"].into_iter().collect::<DictionaryArray<Int8Type>>()), None, utf8("x")),
            (Arc::new(NullArray::new(1)), Some(DataType::Int32), ScalarValue::Int32(None)),
            (Arc::new(NullArray::new(1)), None, ScalarValue::Null),
            (
                Arc::new(TimestampMillisecondArray::from(vec![5]).with_timezone("+09:00")),
                None,
                ScalarValue::TimestampMicrosecond(Some(5_000), None),
            ),
        ] {
            assert_eq!(bind(Arc::clone(&column), wanted.clone()).unwrap(), expected, "{column:?} {wanted:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_without_the_value() {
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1)])]);
        for (column, wanted) in [
            (Arc::new(StringArray::from(vec!["sesame"])) as ArrayRef, Some(DataType::Int32)),
            (Arc::new(StringArray::from(vec!["sesame"])), Some(DataType::Date32)),
            (Arc::new(list), None),
        ] {
            let refusal = bind(column, wanted).unwrap_err();
            assert_eq!(refusal.code, Code::Parameter);
            assert!(!refusal.to_string().contains("sesame"), "{refusal}");
        }
    }

    #[test]
    fn one_row_of_as_many_values_is_bound() {
        let batch = |rows: i64| {
            let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
            RecordBatch::try_from_iter([("a", column)]).unwrap()
        };
        let types = [Some(DataType::Int64)];
        assert!(row(&[batch(1)], &types).is_ok());
        assert!(row(&[batch(0), batch(1)], &types).is_ok());
        for (batches, types) in [
            (vec![], types.as_slice()),
            (vec![batch(0)], &types),
            (vec![batch(2)], &types),
            (vec![batch(1), batch(1)], &types),
            (vec![batch(1)], &[]),
            (vec![batch(1)], &[None, None]),
        ] {
            assert_eq!(row(&batches, types).unwrap_err().code, Code::Parameter);
        }
        let schema = schema(&[None, Some(DataType::Int32), Some(DataType::Utf8View)]);
        let shown: Vec<String> = schema.fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
        assert_eq!(shown, ["$1 Utf8", "$2 Int32", "$3 Utf8"]);
    }
}
