//! The kinds of states: how a value is added, how two states merge, how a state reads as columns.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, PrimitiveArray,
};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal128Type, Field, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::accumulate::accumulate;
use renkei_plan::StateKind;

use super::Kind;

fn ints(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn floats(values: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

fn argument<T: ArrowPrimitiveType>(values: &[ArrayRef], i: usize) -> Result<&PrimitiveArray<T>> {
    let found = values.get(i).and_then(|v| v.as_primitive_opt::<T>());
    found.ok_or_else(|| datafusion::common::internal_datafusion_err!("a state got an argument of another type"))
}

fn one<T: ArrowPrimitiveType + Send>(
    values: &[ArrayRef],
    groups: &[usize],
    filter: Option<&BooleanArray>,
    f: impl FnMut(usize, T::Native) + Send,
) -> Result<()> {
    accumulate(groups, argument::<T>(values, 0)?, filter, f);
    Ok(())
}

/// Welford's update, Chan's merge.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    n: i64,
    mean: f64,
    m2: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
impl Kind for Moments {
    type Value = f64;
    const INPUT: &'static [DataType] = &[DataType::Float64];
    const NAME: &'static str = "renkei_moments";
    const STATE: StateKind = StateKind::Moments;

    fn between() -> Vec<Field> {
        StateKind::Moments.fields().iter().map(|field| field.as_ref().clone()).collect()
    }

    fn rows(
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        f: impl FnMut(usize, f64) + Send,
    ) -> Result<()> {
        one::<Float64Type>(values, groups, filter, f)
    }

    fn add(&mut self, value: f64) {
        self.n += 1;
        let delta = value - self.mean;
        self.mean += delta / self.n as f64;
        self.m2 += delta * (value - self.mean);
    }

    fn merge(&mut self, other: &Self) {
        if other.n > 0 {
            let (a, b) = (self.n as f64, other.n as f64);
            let delta = other.mean - self.mean;
            self.mean += delta * (b / (a + b));
            self.m2 += other.m2 + delta * delta * (a * b / (a + b));
            self.n += other.n;
        }
    }

    fn write(states: &[Self]) -> Result<Vec<ArrayRef>> {
        Ok(vec![
            ints(states.iter().map(|s| s.n)),
            floats(states.iter().map(|s| s.mean)),
            floats(states.iter().map(|s| s.m2)),
        ])
    }

    fn read(columns: &[ArrayRef], row: usize) -> Self {
        let float = |i: usize| columns.get(i).map_or(0.0, |c| c.as_primitive::<Float64Type>().value(row));
        Self {
            n: columns.first().map_or(0, |c| c.as_primitive::<Int64Type>().value(row)),
            mean: float(1),
            m2: float(2),
        }
    }
}

/// A compensated sum: Knuth's error-free addition, the errors summed beside.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FloatSum {
    n: i64,
    sum: f64,
    error: f64,
}

impl FloatSum {
    fn plus(&mut self, value: f64) {
        let total = self.sum + value;
        let part = total - self.sum;
        self.error += (self.sum - (total - part)) + (value - part);
        self.sum = total;
    }

    fn total(&self) -> f64 {
        if self.error.is_finite() { self.sum + self.error } else { self.sum }
    }
}

impl Kind for FloatSum {
    type Value = f64;
    const INPUT: &'static [DataType] = &[DataType::Float64];
    const NAME: &'static str = "renkei_sum_float";
    const STATE: StateKind = StateKind::SumFloat;

    fn between() -> Vec<Field> {
        let float = |name: &str| Field::new(name, DataType::Float64, false);
        vec![Field::new("n", DataType::Int64, false), float("sum"), float("error")]
    }

    fn rows(
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        f: impl FnMut(usize, f64) + Send,
    ) -> Result<()> {
        one::<Float64Type>(values, groups, filter, f)
    }

    fn add(&mut self, value: f64) {
        self.n += 1;
        self.plus(value);
    }

    fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.plus(other.sum);
        self.error += other.error;
    }

    fn write(states: &[Self]) -> Result<Vec<ArrayRef>> {
        Ok(vec![
            ints(states.iter().map(|s| s.n)),
            floats(states.iter().map(|s| s.sum)),
            floats(states.iter().map(|s| s.error)),
        ])
    }

    fn read(columns: &[ArrayRef], row: usize) -> Self {
        let float = |i: usize| columns.get(i).map_or(0.0, |c| c.as_primitive::<Float64Type>().value(row));
        Self {
            n: columns.first().map_or(0, |c| c.as_primitive::<Int64Type>().value(row)),
            sum: float(1),
            error: float(2),
        }
    }

    fn finish(states: &[Self]) -> Result<Vec<ArrayRef>> {
        Ok(vec![ints(states.iter().map(|s| s.n)), floats(states.iter().map(Self::total))])
    }
}

/// A sum that cannot wrap.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct IntegerSum {
    n: i64,
    sum: i128,
}

impl Kind for IntegerSum {
    type Value = i64;
    const INPUT: &'static [DataType] = &[DataType::Int64];
    const NAME: &'static str = "renkei_sum_integer";
    const STATE: StateKind = StateKind::SumInteger;

    fn between() -> Vec<Field> {
        StateKind::SumInteger.fields().iter().map(|field| field.as_ref().clone()).collect()
    }

    fn rows(
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        f: impl FnMut(usize, i64) + Send,
    ) -> Result<()> {
        one::<Int64Type>(values, groups, filter, f)
    }

    fn add(&mut self, value: i64) {
        self.n += 1;
        self.sum += i128::from(value);
    }

    fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
    }

    fn write(states: &[Self]) -> Result<Vec<ArrayRef>> {
        let sums = Decimal128Array::from_iter_values(states.iter().map(|s| s.sum)).with_precision_and_scale(38, 0)?;
        Ok(vec![ints(states.iter().map(|s| s.n)), Arc::new(sums)])
    }

    fn read(columns: &[ArrayRef], row: usize) -> Self {
        Self {
            n: columns.first().map_or(0, |c| c.as_primitive::<Int64Type>().value(row)),
            sum: columns.get(1).map_or(0, |c| c.as_primitive::<Decimal128Type>().value(row)),
        }
    }
}

/// Welford's update and Chan's merge in two dimensions, of pairs (y, x).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Comoments {
    n: i64,
    mean: [f64; 2],
    m2: [f64; 2],
    c: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
impl Kind for Comoments {
    type Value = [f64; 2];
    const INPUT: &'static [DataType] = &[DataType::Float64, DataType::Float64];
    const NAME: &'static str = "renkei_comoments";
    const STATE: StateKind = StateKind::Comoments;

    fn between() -> Vec<Field> {
        StateKind::Comoments.fields().iter().map(|field| field.as_ref().clone()).collect()
    }

    fn rows(
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        mut f: impl FnMut(usize, [f64; 2]) + Send,
    ) -> Result<()> {
        let (y, x) = (argument::<Float64Type>(values, 0)?, argument::<Float64Type>(values, 1)?);
        let taken = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        for (row, group) in groups.iter().enumerate().filter(|(row, _)| taken(*row)) {
            if y.is_valid(row) && x.is_valid(row) {
                f(*group, [y.value(row), x.value(row)]);
            }
        }
        Ok(())
    }

    fn add(&mut self, value: [f64; 2]) {
        self.merge(&Self { n: 1, mean: value, ..Self::default() });
    }

    fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        let (a, b) = (self.n as f64, other.n as f64);
        let both = a * b / (a + b);
        let delta = [other.mean[0] - self.mean[0], other.mean[1] - self.mean[1]];
        self.c += other.c + delta[0] * delta[1] * both;
        for (i, delta) in delta.into_iter().enumerate() {
            self.m2[i] += other.m2[i] + delta * delta * both;
            self.mean[i] += delta * (b / (a + b));
        }
        self.n += other.n;
    }

    fn write(states: &[Self]) -> Result<Vec<ArrayRef>> {
        Ok(vec![
            ints(states.iter().map(|s| s.n)),
            floats(states.iter().map(|s| s.mean[0])),
            floats(states.iter().map(|s| s.mean[1])),
            floats(states.iter().map(|s| s.m2[0])),
            floats(states.iter().map(|s| s.m2[1])),
            floats(states.iter().map(|s| s.c)),
        ])
    }

    fn read(columns: &[ArrayRef], row: usize) -> Self {
        let float = |i: usize| columns.get(i).map_or(0.0, |c| c.as_primitive::<Float64Type>().value(row));
        Self {
            n: columns.first().map_or(0, |c| c.as_primitive::<Int64Type>().value(row)),
            mean: [float(1), float(2)],
            m2: [float(3), float(4)],
            c: float(5),
        }
    }
}
