//! Distinct persons per group: one comparison per row on data sorted by person.
//!
//! Snapshots are sorted by the dense person number, so a group sees each person's rows together: a number is appended
//! only when it differs from the group's last one. Sets are compressed when they move between partitions. On data
//! that a join has left unsorted the result is the same; the list is sorted once at the end.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, AsArray, BinaryArray, BooleanArray, Int64Array, UInt32Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, UInt32Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::accumulate::accumulate;
use roaring::RoaringBitmap;

/// The persons of one group.
#[derive(Debug, Clone, Default)]
struct Persons {
    /// Numbers in order of arrival, without immediate repetition.
    list: Vec<u32>,
    /// Whether the list fell somewhere.
    unsorted: bool,
    /// What came from other partitions.
    merged: Option<RoaringBitmap>,
}

impl Persons {
    /// Adds a person; true where the list grew.
    #[inline]
    fn add(&mut self, person: u32) -> bool {
        match self.list.last() {
            Some(last) if *last == person => return false,
            Some(last) => self.unsorted |= *last > person,
            None => {}
        }
        self.list.push(person);
        true
    }

    fn settle(&mut self) {
        if self.unsorted {
            self.list.sort_unstable();
            self.list.dedup();
            self.unsorted = false;
        }
    }

    fn set(mut self) -> RoaringBitmap {
        self.settle();
        let mut set = self.merged.unwrap_or_default();
        if set.is_empty() {
            return RoaringBitmap::from_sorted_iter(self.list).unwrap_or_default();
        }
        set.extend(self.list);
        set
    }

    fn count(mut self) -> i64 {
        if self.merged.is_none() {
            self.settle();
            return self.list.len() as i64;
        }
        self.set().len() as i64
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        let other = RoaringBitmap::deserialize_from(bytes).map_err(|e| DataFusionError::External(Box::new(e)))?;
        *self.merged.get_or_insert_default() |= other;
        Ok(())
    }

    fn size(&self) -> usize {
        self.list.capacity() * size_of::<u32>() + self.merged.as_ref().map_or(0, RoaringBitmap::serialized_size)
    }
}

fn bytes(persons: Persons) -> Result<Vec<u8>> {
    let set = persons.set();
    let mut bytes = Vec::with_capacity(set.serialized_size());
    set.serialize_into(&mut bytes)?;
    Ok(bytes)
}

fn owners(values: &[ArrayRef]) -> Result<&UInt32Array> {
    let found = values.first().and_then(|v| v.as_primitive_opt::<UInt32Type>());
    found.ok_or_else(|| datafusion::common::internal_datafusion_err!("persons are counted over person numbers"))
}

fn sets(values: &[ArrayRef]) -> Result<&BinaryArray> {
    let found = values.first().and_then(|v| v.as_binary_opt::<i32>());
    found.ok_or_else(|| datafusion::common::internal_datafusion_err!("sets of persons are binary"))
}

#[derive(Debug, Default)]
struct Groups {
    groups: Vec<Persons>,
    /// Bytes of lists and sets, counted as they grow: a walk over all groups in each batch would cost more than the work.
    bytes: usize,
}

impl Groups {
    /// After groups were handed over.
    fn shrink(&mut self) {
        self.bytes = self.groups.iter().map(Persons::size).sum();
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.resize(total_num_groups, Persons::default());
        let (groups, mut grown) = (self.groups.as_mut_slice(), 0);
        accumulate(group_indices, owners(values)?, opt_filter, |group, person| {
            if let Some(persons) = groups.get_mut(group) {
                grown += usize::from(persons.add(person));
            }
        });
        // A growing vector has up to twice the room that it needs.
        self.bytes += grown * size_of::<u32>() * 2;
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = emit_to.take_needed(&mut self.groups);
        self.shrink();
        Ok(Arc::new(Int64Array::from_iter_values(groups.into_iter().map(Persons::count))))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit_to.take_needed(&mut self.groups);
        self.shrink();
        let sets = groups.into_iter().map(bytes).collect::<Result<Vec<_>>>()?;
        Ok(vec![Arc::new(BinaryArray::from_iter_values(sets))])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.groups.resize(total_num_groups, Persons::default());
        for (set, group) in sets(values)?.iter().zip(group_indices) {
            if let (Some(set), Some(persons)) = (set, self.groups.get_mut(*group)) {
                persons.merge(set)?;
                self.bytes += set.len();
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let input = owners(values)?;
        let mut rows = vec![Persons::default(); input.len()];
        let indices: Vec<usize> = (0..input.len()).collect();
        accumulate(&indices, input, opt_filter, |row, person| {
            if let Some(persons) = rows.get_mut(row) {
                persons.add(person);
            }
        });
        let sets = rows.into_iter().map(bytes).collect::<Result<Vec<_>>>()?;
        Ok(vec![Arc::new(BinaryArray::from_iter_values(sets))])
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<Persons>() + self.bytes
    }
}

/// The same without groups.
#[derive(Debug, Default)]
struct Single {
    persons: Persons,
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        owners(values)?.iter().flatten().for_each(|person| {
            self.persons.add(person);
        });
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(std::mem::take(&mut self.persons).count())))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.persons.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(bytes(std::mem::take(&mut self.persons))?))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        sets(states)?.iter().flatten().try_for_each(|set| self.persons.merge(set))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Udaf {
    signature: Signature,
}

impl AggregateUDFImpl for Udaf {
    fn name(&self) -> &str {
        "renkei_persons"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn state_fields(&self, _args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new("persons", DataType::Binary, false))])
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Single::default()))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::default()))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

static PERSONS: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
    let signature = Signature::exact(vec![DataType::UInt32], Volatility::Immutable);
    Arc::new(AggregateUDF::from(Udaf { signature }))
});

/// `(UInt32 person number) → Int64 distinct persons`.
pub(super) fn persons_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&PERSONS)
}

#[cfg(test)]
mod tests;
