//! Minimum persons, per cell and per aggregate.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, Scalar,
    StructArray, UInt32Array,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_row::{RowConverter, SortField};
use arrow_schema::{ArrowError, DataType};
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take_record_batch;
use arrow_select::zip::zip;
use renkei_policy::Permit;

use crate::{Raw, RawState};

/// Cells that may leave the hospital.
#[derive(Debug, Clone)]
pub struct Released {
    batch: RecordBatch,
    held: bool,
}

impl Released {
    /// The cells: keys, then one struct per state, NULL where held.
    #[must_use]
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// Whether a listed cell holds an aggregate. Cells that are not listed leave no trace here.
    #[must_use]
    pub fn held(&self) -> bool {
        self.held
    }
}

/// Why nothing can be released. A fault of the program, never of the data.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The permit demands a minimum, and persons were not counted.
    #[error("persons were not counted although the permit demands a minimum")]
    Uncounted,
    /// Columns of different lengths or types.
    #[error("raw cells are malformed")]
    Malformed(#[from] ArrowError),
}

/// Applies the permit to raw cells.
///
/// # Errors
/// [`ReleaseError`] when the cells are malformed or persons were not counted; then nothing leaves.
pub fn release(permit: &Permit, raw: Raw) -> Result<Released, ReleaseError> {
    let keys = raw.keys.len();
    let listed = listed(permit, &raw)?;
    let mut columns = raw.keys;
    for state in raw.states {
        columns.push(guard(permit, state, raw.persons.as_ref())?);
    }
    let rows = columns.first().map_or(0, |column| column.len());
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(raw.schema, columns, &options)?;
    let batch = match listed {
        Some(listed) => filter_record_batch(&batch, &listed)?,
        None => batch,
    };
    let batch = sorted(batch, keys)?;
    let held = batch.columns().iter().skip(keys).any(|column| column.null_count() > 0);
    Ok(Released { batch, held })
}

/// The cells with enough persons; `None` where the permit holds nothing.
fn listed(permit: &Permit, raw: &Raw) -> Result<Option<BooleanArray>, ReleaseError> {
    if !permit.guarded() {
        return Ok(None);
    }
    let persons = raw.persons.as_ref().ok_or(ReleaseError::Uncounted)?;
    let enough = |n: Option<i64>| Some(n.is_some_and(|n| n >= i64::from(permit.minimum_persons())));
    Ok(Some(persons.iter().map(enough).collect()))
}

/// One aggregate as it may leave: NULL where its contributors or their conditional rest are few, and where it is not a
/// number: an infinite total says of everybody else that they did not matter.
fn guard(permit: &Permit, raw: RawState, persons: Option<&Int64Array>) -> Result<ArrayRef, ReleaseError> {
    let mut valid = finite(&raw.state);
    if let Some(contributors) = raw.contributors.filter(|_| permit.guarded()) {
        let persons = persons.ok_or(ReleaseError::Uncounted)?;
        let few = |n: i64| n != 0 && n < i64::from(permit.minimum_persons());
        let enough = contributors.iter().zip(persons.iter()).map(|(contributing, all)| {
            let (contributing, all) = (contributing.unwrap_or(0), all.unwrap_or(0));
            !(few(contributing) || raw.conditional && few(all - contributing))
        });
        valid = &valid & &enough.collect();
    }
    if valid.count_set_bits() == valid.len() {
        return Ok(Arc::new(raw.state));
    }
    let valid = BooleanArray::new(valid, None);
    let (fields, columns, _) = raw.state.into_parts();
    let columns = columns.iter().map(|column| wipe(column, &valid)).collect::<Result<_, _>>()?;
    let nulls = NullBuffer::new(valid.values().clone());
    Ok(Arc::new(StructArray::try_new(fields, columns, Some(nulls))?))
}

/// The cells whose numbers are numbers.
fn finite(state: &StructArray) -> BooleanBuffer {
    let floats: Vec<&Float64Array> =
        state.columns().iter().filter_map(|column| column.as_any().downcast_ref()).collect();
    BooleanBuffer::collect_bool(state.len(), |row| floats.iter().all(|column| column.value(row).is_finite()))
}

/// Zero in place of every held value: what lies under a NULL is still in the buffer that leaves.
fn wipe(column: &ArrayRef, valid: &BooleanArray) -> Result<ArrayRef, ReleaseError> {
    let zero: ArrayRef = match column.data_type() {
        DataType::Int64 => Arc::new(Int64Array::from(vec![0])),
        DataType::Float64 => Arc::new(Float64Array::from(vec![0.0])),
        DataType::Decimal128(precision, scale) => {
            Arc::new(Decimal128Array::from(vec![0]).with_precision_and_scale(*precision, *scale)?)
        }
        other => return Err(ArrowError::SchemaError(format!("a state of type {other} cannot be held")).into()),
    };
    Ok(zip(valid, column, &Scalar::new(zero))?)
}

fn sorted(batch: RecordBatch, keys: usize) -> Result<RecordBatch, ReleaseError> {
    if keys == 0 || batch.num_rows() < 2 {
        return Ok(batch);
    }
    let columns = batch.columns().get(..keys).unwrap_or_default();
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let rows = RowConverter::new(fields)?.convert_columns(columns)?;
    let mut order: Vec<(usize, arrow_row::Row<'_>)> = rows.iter().enumerate().collect();
    order.sort_unstable_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(&b.0)));
    let order = order.into_iter().map(|(i, _)| u32::try_from(i).unwrap_or(u32::MAX));
    Ok(take_record_batch(&batch, &UInt32Array::from_iter_values(order))?)
}

#[cfg(test)]
mod tests;
