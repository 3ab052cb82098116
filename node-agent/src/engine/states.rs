//! Aggregates that yield mergeable states: sums and moments per group, in one vectorised pass.
//!
//! One generic accumulator serves all kinds; a kind says how a value is added, how two states merge and how a state
//! reads as columns. States of a group lie together in memory, so that one cache line serves one row.

mod kinds;

use std::any::type_name;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use renkei_plan::StateKind;

use kinds::{Comoments, FloatSum, IntegerSum, Moments};

/// One kind of state.
trait Kind: Copy + Default + Debug + Send + Sync + 'static {
    /// What one row brings.
    type Value;
    /// The arguments' Arrow types.
    const INPUT: &'static [DataType];
    const NAME: &'static str;
    const STATE: StateKind;
    /// Columns between partial and final aggregation: those of the state, and what else is needed to merge exactly.
    fn between() -> Vec<Field>;
    /// Calls `f` with group and value of every row that the filter takes and whose arguments are all there.
    fn rows(
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        f: impl FnMut(usize, Self::Value) + Send,
    ) -> Result<()>;
    fn add(&mut self, value: Self::Value);
    fn merge(&mut self, other: &Self);
    fn write(states: &[Self]) -> Result<Vec<ArrayRef>>;
    fn read(columns: &[ArrayRef], row: usize) -> Self;
    /// The columns that leave, of those written.
    fn finish(states: &[Self]) -> Result<Vec<ArrayRef>> {
        Self::write(states)
    }
}

#[derive(Debug)]
struct Groups<K> {
    states: Vec<K>,
}

impl<K: Kind> Groups<K> {
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
        K::rows(values, group_indices, opt_filter, |group, value| {
            if let Some(state) = states.get_mut(group) {
                state.add(value);
            }
        })
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
        let len = values.first().map_or(0, |column| column.len());
        let mut states = vec![K::default(); len];
        let rows: Vec<usize> = (0..len).collect();
        K::rows(values, &rows, opt_filter, |row, value| {
            if let Some(state) = states.get_mut(row) {
                state.add(value);
            }
        })?;
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
    /// Zeros, as many as a batch has rows: everything is one group.
    groups: Vec<usize>,
}

impl<K: Kind> Accumulator for Single<K> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.groups.resize(values.first().map_or(0, |column| column.len()), 0);
        let state = &mut self.state;
        K::rows(values, &self.groups, None, |_, value| state.add(value))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&Groups::<K>::struct_array(&[self.state])?, 0)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.groups.capacity() * size_of::<usize>()
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
    let signature = Signature::exact(K::INPUT.to_vec(), Volatility::Immutable);
    Arc::new(AggregateUDF::from(Udaf::<K> { signature, kind: PhantomData }))
}

static MOMENTS: LazyLock<Arc<AggregateUDF>> = LazyLock::new(udaf::<Moments>);
static FLOAT: LazyLock<Arc<AggregateUDF>> = LazyLock::new(udaf::<FloatSum>);
static INTEGER: LazyLock<Arc<AggregateUDF>> = LazyLock::new(udaf::<IntegerSum>);
static COMOMENTS: LazyLock<Arc<AggregateUDF>> = LazyLock::new(udaf::<Comoments>);

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

/// `(Float64 y, Float64 x) → {n, mean_y, mean_x, m2_y, m2_x, c}`.
pub(super) fn comoments_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&COMOMENTS)
}

#[cfg(test)]
mod tests;
