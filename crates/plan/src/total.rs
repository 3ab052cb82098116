//! Functions that have a value for every row.
//!
//! The engine's own fail on some values: the absolute value or the quotient of the smallest integer, a date moved beyond
//! the calendar. An error that depends on one row's value would show it to whoever asked, so what cannot be computed is
//! NULL here, as x / 0 is. The difference of two dates is a number of days, as a function of its own: the engine takes
//! the operator for a duration where it estimates how many rows a condition keeps.

use std::sync::Arc;

use chrono::{DateTime, Days, Months, NaiveDateTime, TimeDelta};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array, TimestampMicrosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
    TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

const MICROS_PER_DAY: i64 = 86_400_000_000;
const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const DATETIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Absolute,
    Quotient,
    Days,
    Later,
    Earlier,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Total {
    what: What,
    signature: Signature,
}

fn function(what: What) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Total { what, signature: Signature::user_defined(Volatility::Immutable) }))
}

/// `abs(number)`: of integers `BIGINT`, of others `DOUBLE`.
pub(crate) fn absolute() -> Arc<ScalarUDF> {
    function(What::Absolute)
}

/// `quotient(BIGINT, BIGINT) → BIGINT`, towards zero.
pub(crate) fn quotient() -> Arc<ScalarUDF> {
    function(What::Quotient)
}

/// `days_between(end DATE, start DATE) → BIGINT`.
pub(crate) fn days_between() -> Arc<ScalarUDF> {
    function(What::Days)
}

/// `later(DATE or TIMESTAMP, INTERVAL)`, of the first argument's type.
pub(crate) fn later() -> Arc<ScalarUDF> {
    function(What::Later)
}

/// `earlier(DATE or TIMESTAMP, INTERVAL)`, of the first argument's type.
pub(crate) fn earlier() -> Arc<ScalarUDF> {
    function(What::Earlier)
}

impl ScalarUDFImpl for Total {
    fn name(&self) -> &str {
        match self.what {
            What::Absolute => "abs",
            What::Quotient => "quotient",
            What::Days => "days_between",
            What::Later => "later",
            What::Earlier => "earlier",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match (self.what, types) {
            (What::Absolute, [x]) if x.is_integer() => Ok(vec![DataType::Int64]),
            (What::Absolute, [x]) if x.is_numeric() || x.is_null() => Ok(vec![DataType::Float64]),
            (What::Quotient, [_, _]) => Ok(vec![DataType::Int64; 2]),
            (What::Days, [_, _]) => Ok(vec![DataType::Date32; 2]),
            (What::Later | What::Earlier, [DataType::Date32, _]) => Ok(vec![DataType::Date32, INTERVAL]),
            (What::Later | What::Earlier, [_, _]) => Ok(vec![DATETIME, INTERVAL]),
            _ => plan_err!("Function '{}' takes a number: no such signature", self.name()),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match (self.what, types) {
            (What::Absolute | What::Later | What::Earlier, [first, ..]) => first.clone(),
            _ => DataType::Int64,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let computed = match (self.what, arrays.as_slice()) {
            (What::Absolute, [x]) => absolute_of(x)?,
            (What::Quotient, [x, y]) => quotients(x, y)?,
            (What::Days, [end, start]) => days(end, start)?,
            (What::Later, [from, by]) => moved(from, by, 1)?,
            (What::Earlier, [from, by]) => moved(from, by, -1)?,
            _ => return exec_err!("{} got another number of arguments", self.name()),
        };
        Ok(match scalar {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&computed, 0)?),
            false => ColumnarValue::Array(computed),
        })
    }
}

fn absolute_of(x: &ArrayRef) -> Result<ArrayRef> {
    Ok(match x.data_type() {
        DataType::Int64 => Arc::new(x.as_primitive::<Int64Type>().unary_opt::<_, Int64Type>(i64::checked_abs)),
        DataType::Float64 => Arc::new(x.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::abs)),
        other => return exec_err!("abs got {other}"),
    })
}

fn quotients(x: &ArrayRef, y: &ArrayRef) -> Result<ArrayRef> {
    let (x, y) = (cast(x, &DataType::Int64)?, cast(y, &DataType::Int64)?);
    let pairs = x.as_primitive::<Int64Type>().iter().zip(y.as_primitive::<Int64Type>().iter());
    Ok(Arc::new(pairs.map(|(x, y)| x?.checked_div(y?)).collect::<Int64Array>()))
}

fn days(end: &ArrayRef, start: &ArrayRef) -> Result<ArrayRef> {
    let pairs = end.as_primitive::<Date32Type>().iter().zip(start.as_primitive::<Date32Type>().iter());
    Ok(Arc::new(pairs.map(|(end, start)| Some(i64::from(end?) - i64::from(start?))).collect::<Int64Array>()))
}

fn moved(from: &ArrayRef, by: &ArrayRef, sign: i32) -> Result<ArrayRef> {
    let by = cast(by, &INTERVAL)?;
    let by = by.as_primitive::<IntervalMonthDayNanoType>();
    Ok(match from.data_type() {
        DataType::Date32 => {
            let pairs = from.as_primitive::<Date32Type>().iter().zip(by.iter());
            let days = pairs.map(|(day, by)| {
                let micros = step(i64::from(day?).checked_mul(MICROS_PER_DAY)?, by?, sign)?;
                i32::try_from(micros.div_euclid(MICROS_PER_DAY)).ok()
            });
            Arc::new(days.collect::<Date32Array>())
        }
        _ => {
            let pairs = from.as_primitive::<TimestampMicrosecondType>().iter().zip(by.iter());
            Arc::new(pairs.map(|(micros, by)| step(micros?, by?, sign)).collect::<TimestampMicrosecondArray>())
        }
    })
}

/// A moment moved by months, then days, then the rest.
fn step(micros: i64, by: IntervalMonthDayNano, sign: i32) -> Option<i64> {
    let start = DateTime::from_timestamp_micros(micros)?.naive_utc();
    let (months, days) = (by.months.checked_mul(sign)?, i64::from(by.days).checked_mul(i64::from(sign))?);
    let months_moved: NaiveDateTime = match months {
        0.. => start.checked_add_months(Months::new(months.unsigned_abs()))?,
        _ => start.checked_sub_months(Months::new(months.unsigned_abs()))?,
    };
    let days_moved = match days {
        0.. => months_moved.checked_add_days(Days::new(days.unsigned_abs()))?,
        _ => months_moved.checked_sub_days(Days::new(days.unsigned_abs()))?,
    };
    let rest = TimeDelta::nanoseconds(by.nanoseconds.checked_mul(i64::from(sign))?);
    Some(days_moved.checked_add_signed(rest)?.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(values: &[i64]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    fn options(array: &ArrayRef) -> Vec<Option<i64>> {
        array.as_primitive::<Int64Type>().iter().collect()
    }

    #[test]
    fn extreme_integers_have_no_value_rather_than_an_error() {
        assert_eq!(
            options(&absolute_of(&ints(&[-3, 0, i64::MAX, i64::MIN])).unwrap()),
            [Some(3), Some(0), Some(i64::MAX), None]
        );
        let (x, y) = (ints(&[7, -7, 1, i64::MIN]), ints(&[2, 2, 0, -1]));
        assert_eq!(options(&quotients(&x, &y).unwrap()), [Some(3), Some(-3), None, None]);
    }

    #[test]
    fn dates_beyond_the_calendar_have_no_value() {
        let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap().to_epoch_days();
        let from: ArrayRef =
            Arc::new(Date32Array::from(vec![day("2024-01-31"), day("2024-02-29"), i32::MAX, i32::MIN]));
        let by = |months, days| {
            let interval = IntervalMonthDayNano { months, days, nanoseconds: 0 };
            ScalarValue::IntervalMonthDayNano(Some(interval)).to_array_of_size(4).unwrap()
        };
        let at = |array: ArrayRef, i: usize| array.is_valid(i).then(|| array.as_primitive::<Date32Type>().value(i));
        let month = moved(&from, &by(1, 0), 1).unwrap();
        assert_eq!((at(Arc::clone(&month), 0), at(month, 1)), (Some(day("2024-02-29")), Some(day("2024-03-29"))));
        let year = moved(&from, &by(12, 0), -1).unwrap();
        assert_eq!((at(Arc::clone(&year), 1), at(year, 3)), (Some(day("2023-02-28")), None));
        let far = moved(&from, &by(i32::MAX, i32::MAX), 1).unwrap();
        assert_eq!(far.null_count(), 4);
        let days = days(&from, &(Arc::new(Date32Array::from(vec![0, 0, i32::MIN, i32::MAX])) as ArrayRef)).unwrap();
        assert_eq!(options(&days)[2], Some(i64::from(u32::MAX)));
    }
}
