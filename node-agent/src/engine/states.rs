//! Aggregates that yield mergeable states: sums and moments per group, in one vectorised pass.
//!
//! One generic accumulator serves all kinds; a kind says how a value is added, how two states merge and how a state
//! reads as columns. States of a group lie together in memory, so that one cache line serves one row.

use std::any::type_name;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, PrimitiveArray, StructArray,
};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, Field, FieldRef, Fields, Float64Type, Int64Type,
};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::accumulate::accumulate;
use renkei_plan::StateKind;

/// One kind of state.
trait Kind: Copy + Default + Debug + Send + Sync + 'static {
    /// The argument's Arrow type.
    type Input: ArrowPrimitiveType + Send;
    const NAME: &'static str;
    const STATE: StateKind;
    /// Columns between partial and final aggregation: those of the state, and what else is needed to merge exactly.
    fn between() -> Vec<Field>;
    fn add(&mut self, value: <Self::Input as ArrowPrimitiveType>::Native);
    fn merge(&mut self, other: &Self);
    fn write(states: &[Self]) -> Result<Vec<ArrayRef>>;
    fn read(columns: &[ArrayRef], row: usize) -> Self;
    /// The columns that leave, of those written.
    fn finish(states: &[Self]) -> Result<Vec<ArrayRef>> {
        Self::write(states)
    }
}

fn ints(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn floats(values: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

/// Welford's update, Chan's merge.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    n: i64,
    mean: f64,
    m2: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
impl Kind for Moments {
    type Input = Float64Type;
    const NAME: &'static str = "renkei_moments";
    const STATE: StateKind = StateKind::Moments;

    fn between() -> Vec<Field> {
        StateKind::Moments.fields().iter().map(|field| field.as_ref().clone()).collect()
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
struct FloatSum {
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
    type Input = Float64Type;
    const NAME: &'static str = "renkei_sum_float";
    const STATE: StateKind = StateKind::SumFloat;

    fn between() -> Vec<Field> {
        let float = |name: &str| Field::new(name, DataType::Float64, false);
        vec![Field::new("n", DataType::Int64, false), float("sum"), float("error")]
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
struct IntegerSum {
    n: i64,
    sum: i128,
}

impl Kind for IntegerSum {
    type Input = Int64Type;
    const NAME: &'static str = "renkei_sum_integer";
    const STATE: StateKind = StateKind::SumInteger;

    fn between() -> Vec<Field> {
        StateKind::SumInteger.fields().iter().map(|field| field.as_ref().clone()).collect()
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

#[derive(Debug)]
struct Groups<K> {
    states: Vec<K>,
}

impl<K: Kind> Groups<K> {
    fn input(values: &[ArrayRef]) -> Result<&PrimitiveArray<K::Input>> {
        let found = values.first().and_then(|v| v.as_primitive_opt::<K::Input>());
        found.ok_or_else(|| datafusion::common::internal_datafusion_err!("{} got another type", K::NAME))
    }

    fn struct_array(states: &[K]) -> Result<ArrayRef> {
        Ok(Arc::new(StructArray::try_new(K::STATE.fields(), K::finish(states)?, None)?))
    }

    fn merge_row(&mut self, group: usize, columns: &[ArrayRef], row: usize) {
        if let Some(state) = self.states.get_mut(group) {
            state.merge(&K::read(columns, row));
        }
    }
}

impl<K: Kind> GroupsAccumulator for Groups<K> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.states.resize(total_num_groups, K::default());
        let states = self.states.as_mut_slice();
        accumulate(group_indices, Self::input(values)?, opt_filter, |group, value| {
            if let Some(state) = states.get_mut(group) {
                state.add(value);
            }
        });
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Self::struct_array(&emit_to.take_needed(&mut self.states))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        K::write(&emit_to.take_needed(&mut self.states))
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.states.resize(total_num_groups, K::default());
        for (row, group) in group_indices.iter().enumerate() {
            self.merge_row(*group, values, row);
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let input = Self::input(values)?;
        let mut states = vec![K::default(); input.len()];
        let rows: Vec<usize> = (0..input.len()).collect();
        accumulate(&rows, input, opt_filter, |row, value| {
            if let Some(state) = states.get_mut(row) {
                state.add(value);
            }
        });
        K::write(&states)
    }

    fn size(&self) -> usize {
        self.states.capacity() * size_of::<K>()
    }
}

/// The same without groups.
#[derive(Debug, Default)]
struct Single<K> {
    state: K,
}

impl<K: Kind> Accumulator for Single<K> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let input = Groups::<K>::input(values)?;
        if input.null_count() == 0 {
            input.values().iter().for_each(|value| self.state.add(*value));
        } else {
            input.iter().flatten().for_each(|value| self.state.add(value));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&Groups::<K>::struct_array(&[self.state])?, 0)
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        K::write(&[self.state])?.iter().map(|column| ScalarValue::try_from_array(column, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for row in 0..states.first().map_or(0, |column| column.len()) {
            self.state.merge(&K::read(states, row));
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Udaf<K> {
    signature: Signature,
    kind: PhantomData<K>,
}

impl<K> PartialEq for Udaf<K> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<K> Eq for Udaf<K> {}

impl<K> Hash for Udaf<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        type_name::<K>().hash(state);
    }
}

impl<K: Kind> AggregateUDFImpl for Udaf<K> {
    fn name(&self) -> &str {
        K::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(K::STATE.fields()))
    }

    fn state_fields(&self, _args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(Fields::from(K::between()).iter().cloned().collect())
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Single::<K>::default()))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::<K> { states: Vec::new() }))
    }

    fn order_sensitivity(&self) -> datafusion::logical_expr::utils::AggregateOrderSensitivity {
        datafusion::logical_expr::utils::AggregateOrderSensitivity::Insensitive
    }
}

fn udaf<K: Kind>() -> Arc<AggregateUDF> {
    let signature = Signature::exact(vec![K::Input::DATA_TYPE], Volatility::Immutable);
    Arc::new(AggregateUDF::from(Udaf::<K> { signature, kind: PhantomData }))
}

static MOMENTS: LazyLock<Arc<AggregateUDF>> = LazyLock::new(udaf::<Moments>);
static FLOAT: LazyLock<Arc<AggregateUDF>> = LazyLock::new(udaf::<FloatSum>);
static INTEGER: LazyLock<Arc<AggregateUDF>> = LazyLock::new(udaf::<IntegerSum>);

/// `(Float64) → {n, mean, m2}`.
pub(super) fn moments_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&MOMENTS)
}

/// `(Float64) → {n, sum}`.
pub(super) fn float_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&FLOAT)
}

/// `(Int64) → {n, sum: Decimal128(38, 0)}`.
pub(super) fn integer_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&INTEGER)
}

#[cfg(test)]
mod tests;
