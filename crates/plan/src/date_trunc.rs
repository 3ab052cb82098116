//! `date_trunc` over every date that the CDM can hold.
//!
//! The engine's own computes in nanoseconds and fails on dates after 2262: an error that depends on one row's value,
//! which nothing below a release point may have. Here a date beyond what can be computed is NULL.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Timelike};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// `date_trunc(unit, date or datetime) → Timestamp(µs)`; weeks begin on Monday (ISO 8601).
pub(crate) fn date_trunc() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::from(DateTrunc { signature }))
    });
    Arc::clone(&FUNCTION)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DateTrunc {
    signature: Signature,
}

const DATETIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

impl ScalarUDFImpl for DateTrunc {
    fn name(&self) -> &str {
        "date_trunc"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8, DataType::Date32] => {
                Ok(vec![DataType::Utf8, DataType::Date32])
            }
            [DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8, DataType::Timestamp(..) | DataType::Null] => {
                Ok(vec![DataType::Utf8, DATETIME])
            }
            _ => plan_err!("Function 'date_trunc' takes a unit and a date or datetime: no such signature"),
        }
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DATETIME)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [ColumnarValue::Scalar(unit), values] = args.args.as_slice() else {
            return exec_err!("date_trunc takes a literal unit");
        };
        let unit = unit.try_as_str().flatten().unwrap_or_default().to_lowercase();
        let cut = |micros: i64| truncate(&unit, micros);
        Ok(match values {
            ColumnarValue::Array(array) => ColumnarValue::Array(over(array, cut)?),
            ColumnarValue::Scalar(value) => {
                let array = over(&value.to_array()?, cut)?;
                ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
            }
        })
    }
}

fn over(array: &ArrayRef, cut: impl Fn(i64) -> Option<i64>) -> Result<ArrayRef> {
    let cells: TimestampMicrosecondArray = match array.data_type() {
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>();
            days.iter().map(|day| day.and_then(|day| cut(i64::from(day) * MICROS_PER_DAY))).collect()
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            array.as_primitive::<TimestampMicrosecondType>().iter().map(|micros| micros.and_then(&cut)).collect()
        }
        other => return exec_err!("date_trunc got {other}"),
    };
    Ok(Arc::new(cells))
}

fn truncate(unit: &str, micros: i64) -> Option<i64> {
    let moment = DateTime::from_timestamp_micros(micros)?.naive_utc();
    let day = moment.date();
    let cut: NaiveDateTime = match unit {
        "second" => moment.with_nanosecond(0)?,
        "minute" => day.and_hms_opt(moment.hour(), moment.minute(), 0)?,
        "hour" => day.and_hms_opt(moment.hour(), 0, 0)?,
        "day" => day.and_hms_opt(0, 0, 0)?,
        "week" => day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()))?.and_hms_opt(0, 0, 0)?,
        "month" => first(day.year(), day.month())?,
        "quarter" => first(day.year(), day.month0() / 3 * 3 + 1)?,
        "year" => first(day.year(), 1)?,
        _ => return None,
    };
    Some(cut.and_utc().timestamp_micros())
}

fn first(year: i32, month: u32) -> Option<NaiveDateTime> {
    NaiveDate::from_ymd_opt(year, month, 1)?.and_hms_opt(0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        text.parse::<NaiveDateTime>().expect("a datetime").and_utc().timestamp_micros()
    }

    #[test]
    fn units() {
        for (unit, from, expected) in [
            ("week", "2024-03-03T12:00:00", "2024-02-26T00:00:00"),
            ("week", "2024-02-26T00:00:00", "2024-02-26T00:00:00"),
            ("month", "2024-02-29T23:59:59.999999", "2024-02-01T00:00:00"),
            ("quarter", "2023-12-31T00:00:00", "2023-10-01T00:00:00"),
            ("year", "9999-12-31T00:00:00", "9999-01-01T00:00:00"),
            ("year", "1600-07-01T00:00:00", "1600-01-01T00:00:00"),
            ("day", "1969-12-31T23:59:59", "1969-12-31T00:00:00"),
            ("hour", "2024-01-01T05:06:07", "2024-01-01T05:00:00"),
            ("second", "2024-01-01T05:06:07.5", "2024-01-01T05:06:07"),
        ] {
            assert_eq!(truncate(unit, micros(from)), Some(micros(expected)), "{unit} {from}");
        }
    }

    #[test]
    fn what_cannot_be_computed_is_null() {
        for value in [i64::MAX, i64::MIN] {
            assert_eq!(truncate("week", value), None);
            assert_eq!(truncate("year", value), None);
        }
        assert_eq!(truncate("fortnight", 0), None);
    }
}
