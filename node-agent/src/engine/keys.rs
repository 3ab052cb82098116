//! Distinct events per cell: `count(DISTINCT visit_occurrence_id)`.
//!
//! An event's number is unique only within its person (real data repeat them), so the pair of both is what is counted.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Int64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type, UInt32Type};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

/// Bytes of one pair between partial and final aggregation.
const PAIR: usize = 12;

type Pairs = HashSet<(u32, i64)>;

fn bytes(pairs: &Pairs) -> Vec<u8> {
    pairs.iter().flat_map(|(owner, key)| owner.to_le_bytes().into_iter().chain(key.to_le_bytes())).collect()
}

fn pair(bytes: &[u8]) -> Option<(u32, i64)> {
    let (owner, key) = bytes.split_at_checked(4)?;
    Some((u32::from_le_bytes(owner.try_into().ok()?), i64::from_le_bytes(key.try_into().ok()?)))
}

/// Calls `f` with row, person and key of every row that has one and that the filter takes.
fn rows(values: &[ArrayRef], filter: Option<&BooleanArray>, mut f: impl FnMut(usize, (u32, i64))) -> Result<()> {
    let owners = values.first().and_then(|v| v.as_primitive_opt::<UInt32Type>());
    let keys = values.get(1).and_then(|v| v.as_primitive_opt::<Int64Type>());
    let (Some(owners), Some(keys)) = (owners, keys) else {
        return Err(internal_datafusion_err!("events are counted over person numbers and keys"));
    };
    let taken = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
    for row in (0..owners.len()).filter(|row| taken(*row)) {
        if owners.is_valid(row) && keys.is_valid(row) {
            f(row, (owners.value(row), keys.value(row)));
        }
    }
    Ok(())
}

fn merge(pairs: &mut Pairs, bytes: &[u8]) {
    pairs.extend(bytes.chunks_exact(PAIR).filter_map(pair));
}

fn sets(values: &[ArrayRef]) -> Result<&BinaryArray> {
    let found = values.first().and_then(|v| v.as_binary_opt::<i32>());
    found.ok_or_else(|| internal_datafusion_err!("sets of events are binary"))
}

fn size(pairs: &Pairs) -> usize {
    pairs.capacity() * (size_of::<(u32, i64)>() + 1)
}

#[derive(Debug, Default)]
struct Groups {
    groups: Vec<Pairs>,
    /// Pairs over all groups, counted as they come: a walk over all groups in each batch would cost more than the work.
    pairs: usize,
}

impl Groups {
    fn take(&mut self, emit_to: EmitTo) -> Vec<Pairs> {
        let groups = emit_to.take_needed(&mut self.groups);
        self.pairs = self.groups.iter().map(HashSet::len).sum();
        groups
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
        self.groups.resize(total_num_groups, Pairs::default());
        let (groups, mut grown) = (self.groups.as_mut_slice(), 0);
        rows(values, opt_filter, |row, pair| {
            if let Some(pairs) = group_indices.get(row).and_then(|group| groups.get_mut(*group)) {
                grown += usize::from(pairs.insert(pair));
            }
        })?;
        self.pairs += grown;
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from_iter_values(self.take(emit_to).iter().map(|pairs| pairs.len() as i64))))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![Arc::new(BinaryArray::from_iter_values(self.take(emit_to).iter().map(bytes)))])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.groups.resize(total_num_groups, Pairs::default());
        for (set, group) in sets(values)?.iter().zip(group_indices) {
            if let (Some(set), Some(pairs)) = (set, self.groups.get_mut(*group)) {
                let before = pairs.len();
                merge(pairs, set);
                self.pairs += pairs.len() - before;
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut states = vec![Pairs::default(); values.first().map_or(0, |column| column.len())];
        rows(values, opt_filter, |row, pair| {
            if let Some(pairs) = states.get_mut(row) {
                pairs.insert(pair);
            }
        })?;
        Ok(vec![Arc::new(BinaryArray::from_iter_values(states.iter().map(bytes)))])
    }

    fn size(&self) -> usize {
        // A hash set has up to twice the room that it needs.
        self.groups.capacity() * size_of::<Pairs>() + self.pairs * 2 * (size_of::<(u32, i64)>() + 1)
    }
}

/// The same without groups.
#[derive(Debug, Default)]
struct Single {
    pairs: Pairs,
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        rows(values, None, |_, pair| {
            self.pairs.insert(pair);
        })
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(self.pairs.len() as i64)))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + size(&self.pairs)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(bytes(&self.pairs)))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        sets(states)?.iter().flatten().for_each(|set| merge(&mut self.pairs, set));
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Udaf {
    signature: Signature,
}

impl AggregateUDFImpl for Udaf {
    fn name(&self) -> &str {
        "renkei_keys"
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
        Ok(vec![Arc::new(Field::new("keys", DataType::Binary, false))])
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

static KEYS: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
    let signature = Signature::exact(vec![DataType::UInt32, DataType::Int64], Volatility::Immutable);
    Arc::new(AggregateUDF::from(Udaf { signature }))
});

/// `(UInt32 person number, Int64 key) → Int64 distinct pairs`.
pub(super) fn keys_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&KEYS)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::UInt32Array;

    use super::*;

    fn values(rows: &[(u32, Option<i64>)]) -> Vec<ArrayRef> {
        let owners = UInt32Array::from_iter_values(rows.iter().map(|(owner, _)| *owner));
        vec![Arc::new(owners), Arc::new(rows.iter().map(|(_, key)| *key).collect::<Int64Array>())]
    }

    fn counts(array: &ArrayRef) -> Vec<i64> {
        array.as_primitive::<Int64Type>().values().to_vec()
    }

    #[test]
    fn the_same_number_of_two_persons_is_two_events() {
        let rows = [(1, Some(7)), (1, Some(7)), (2, Some(7)), (2, None), (3, Some(i64::MIN))];
        let (mut one, mut two, mut whole) = (Groups::default(), Groups::default(), Groups::default());
        one.update_batch(&values(&rows), &[0, 0, 0, 0, 1], None, 2).unwrap();
        let filter = BooleanArray::from(vec![Some(true), Some(false), None, Some(true), Some(true)]);
        two.update_batch(&values(&rows), &[0, 1, 1, 0, 0], Some(&filter), 2).unwrap();
        for part in [&mut one, &mut two] {
            whole.merge_batch(&part.state(EmitTo::All).unwrap(), &[0, 1], 2).unwrap();
        }
        assert_eq!(counts(&whole.evaluate(EmitTo::All).unwrap()), [3, 1]);
        let direct = whole.convert_to_state(&values(&rows), None).unwrap();
        whole.merge_batch(&direct, &[0, 0, 0, 1, 1], 2).unwrap();
        assert_eq!(counts(&whole.evaluate(EmitTo::All).unwrap()), [2, 1]);
        let mut single = Single::default();
        single.update_batch(&values(&rows)).unwrap();
        assert_eq!(single.evaluate().unwrap(), ScalarValue::Int64(Some(3)));
    }
}
