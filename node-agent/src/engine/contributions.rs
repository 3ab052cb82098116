//! Who contributes to a cell, and with what: one pass, one comparison per row on data sorted by person.
//!
//! Snapshots are sorted by the dense person number, so a group sees each person's rows together: a part is appended
//! only when the person differs from the group's last one, else the last part grows. What moves between partitions are
//! the parts themselves; they are put together, counted and compressed once, at the end. On data that a join has left
//! unsorted the result is the same; it is sorted then.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, UInt32Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type, UInt32Type};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, TypeSignature, Volatility,
};
use renkei_disclosure::{Contributions, PersonPart};

/// Bytes of one part between partial and final aggregation.
const PART: usize = 24;

/// The parts of one group, in order of arrival.
type Parts = Vec<PersonPart>;

#[inline]
fn add(parts: &mut Parts, part: PersonPart) -> bool {
    match parts.last_mut() {
        Some(last) if last.person == part.person => {
            last.add(&part);
            false
        }
        _ => {
            parts.push(part);
            true
        }
    }
}

fn bytes(parts: &Parts) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.len() * PART);
    for part in parts {
        bytes.extend(part.person.to_le_bytes());
        bytes.extend(part.rows.to_le_bytes());
        bytes.extend(part.sum.to_le_bytes());
        bytes.extend(part.amount.to_le_bytes());
    }
    bytes
}

fn part(bytes: &[u8]) -> Option<PersonPart> {
    let (person, rest) = bytes.split_first_chunk()?;
    let (rows, rest) = rest.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let (amount, _) = rest.split_first_chunk()?;
    Some(PersonPart {
        person: u32::from_le_bytes(*person),
        rows: u32::from_le_bytes(*rows),
        sum: i64::from_le_bytes(*sum),
        amount: f64::from_le_bytes(*amount),
    })
}

fn merge(parts: &mut Parts, bytes: &[u8]) -> Result<()> {
    if !bytes.len().is_multiple_of(PART) {
        return Err(internal_datafusion_err!("contributions between partitions are malformed"));
    }
    bytes.chunks_exact(PART).filter_map(part).for_each(|part| {
        add(parts, part);
    });
    Ok(())
}

fn column(sets: impl Iterator<Item = Vec<u8>>) -> ArrayRef {
    Arc::new(BinaryArray::from_iter_values(sets))
}

fn sets(values: &[ArrayRef]) -> Result<&BinaryArray> {
    let found = values.first().and_then(|v| v.as_binary_opt::<i32>());
    found.ok_or_else(|| internal_datafusion_err!("contributions are binary"))
}

/// The arguments: person numbers, then none, one or two columns of values.
struct Rows<'a> {
    owners: &'a UInt32Array,
    first: Option<&'a Float64Array>,
    second: Option<&'a Float64Array>,
}

impl<'a> Rows<'a> {
    fn of(values: &'a [ArrayRef]) -> Result<Self> {
        let owners = values.first().and_then(|v| v.as_primitive_opt::<UInt32Type>());
        let owners = owners.ok_or_else(|| internal_datafusion_err!("contributions are those of person numbers"))?;
        let value = |i: usize| values.get(i).and_then(|v| v.as_primitive_opt::<Float64Type>());
        Ok(Self { owners, first: value(1), second: value(2) })
    }

    /// What a row brings: of a pair, both values and their product.
    #[inline]
    fn at(&self, row: usize) -> PersonPart {
        let person = self.owners.value(row);
        let value = |column: Option<&Float64Array>| {
            column.filter(|column| column.is_valid(row)).map_or(0.0, |column| column.value(row))
        };
        let y = value(self.first);
        let mut part = PersonPart::of(person, y);
        if self.second.is_some() {
            let x = value(self.second);
            let other = PersonPart::of(person, x);
            let product = PersonPart::of(person, x * y);
            part.sum = part.sum.wrapping_mul(31).wrapping_add(other.sum).wrapping_mul(31).wrapping_add(product.sum);
            part.amount += other.amount;
        }
        part
    }

    /// Calls `f` with row and part of every row that has a person and that the filter takes.
    #[inline]
    fn each(&self, filter: Option<&BooleanArray>, mut f: impl FnMut(usize, PersonPart)) {
        let plain = self.owners.null_count() == 0 && self.first.is_none() && filter.is_none();
        if plain {
            for (row, person) in self.owners.values().iter().enumerate() {
                f(row, PersonPart { person: *person, rows: 1, sum: 0, amount: 0.0 });
            }
            return;
        }
        let taken = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        for row in (0..self.owners.len()).filter(|row| taken(*row) && self.owners.is_valid(*row)) {
            f(row, self.at(row));
        }
    }
}

#[derive(Debug, Default)]
struct Groups {
    groups: Vec<Parts>,
    /// Parts over all groups, counted as they come: a walk over all groups in each batch would cost more than the work.
    parts: usize,
}

impl Groups {
    fn take(&mut self, emit_to: EmitTo) -> Vec<Parts> {
        let groups = emit_to.take_needed(&mut self.groups);
        self.parts = self.groups.iter().map(Vec::len).sum();
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
        self.groups.resize(total_num_groups, Parts::default());
        let (groups, mut grown) = (self.groups.as_mut_slice(), 0);
        Rows::of(values)?.each(opt_filter, |row, part| {
            if let Some(parts) = group_indices.get(row).and_then(|group| groups.get_mut(*group)) {
                grown += usize::from(add(parts, part));
            }
        });
        self.parts += grown;
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(column(self.take(emit_to).into_iter().map(|parts| Contributions::from_parts(parts).encode())))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![column(self.take(emit_to).iter().map(bytes))])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.groups.resize(total_num_groups, Parts::default());
        for (set, group) in sets(values)?.iter().zip(group_indices) {
            if let (Some(set), Some(parts)) = (set, self.groups.get_mut(*group)) {
                let before = parts.len();
                merge(parts, set)?;
                self.parts += parts.len() - before;
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut rows = vec![Vec::new(); values.first().map_or(0, |column| column.len())];
        Rows::of(values)?.each(opt_filter, |row, part| {
            if let Some(bytes_of_row) = rows.get_mut(row) {
                *bytes_of_row = bytes(&vec![part]);
            }
        });
        Ok(vec![column(rows.into_iter())])
    }

    fn size(&self) -> usize {
        // A growing vector has up to twice the room that it needs.
        self.groups.capacity() * size_of::<Parts>() + self.parts * size_of::<PersonPart>() * 2
    }
}

/// The same without groups.
#[derive(Debug, Default)]
struct Single {
    parts: Parts,
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let parts = &mut self.parts;
        Rows::of(values)?.each(None, |_, part| {
            add(parts, part);
        });
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Binary(Some(Contributions::from_parts(std::mem::take(&mut self.parts)).encode())))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.parts.capacity() * size_of::<PersonPart>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(bytes(&std::mem::take(&mut self.parts))))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        sets(states)?.iter().flatten().try_for_each(|set| merge(&mut self.parts, set))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Udaf {
    signature: Signature,
}

impl AggregateUDFImpl for Udaf {
    fn name(&self) -> &str {
        "renkei_contributions"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn state_fields(&self, _args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new("contributions", DataType::Binary, false))])
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

static CONTRIBUTIONS: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
    let arguments = |values: usize| [vec![DataType::UInt32], vec![DataType::Float64; values]].concat();
    let signatures = (0..=2).map(|values| TypeSignature::Exact(arguments(values))).collect();
    let signature = Signature::one_of(signatures, Volatility::Immutable);
    Arc::new(AggregateUDF::from(Udaf { signature }))
});

/// `(UInt32 person number[, Float64 value[, Float64 value]]) → Binary`, the bytes of [`Contributions`].
pub(super) fn contributions_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&CONTRIBUTIONS)
}

#[cfg(test)]
mod tests;
