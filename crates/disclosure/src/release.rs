//! What leaves: listed cells, NULL where an aggregate is held, sorted by their keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, Scalar,
    StructArray, UInt32Array,
};
use arrow_buffer::NullBuffer;
use arrow_row::{RowConverter, SortField};
use arrow_schema::{ArrowError, DataType};
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take_record_batch;
use arrow_select::zip::zip;

use crate::contributions::BadContributions;
use crate::review::{Point, State};
use crate::{Part, Reason, bins};

/// Cells that may leave the hospital.
#[derive(Debug, Clone)]
pub struct Released {
    batch: RecordBatch,
    held: bool,
    findings: Findings,
}

/// What was decided, cell by cell, for the node's own eyes.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The keys of all raw cells, listed or not.
    pub keys: Vec<ArrayRef>,
    /// Why a cell is not listed.
    pub unlisted: Vec<Option<Reason>>,
    /// For each aggregate, why it is held in a cell.
    pub held: Vec<Vec<Option<Reason>>>,
    /// For each cell, whether an earlier answer leaves in place of one of its aggregates.
    pub substituted: Vec<bool>,
}

impl Findings {
    /// How many cells are not listed, and how many aggregates of listed cells are held, for a reason.
    #[must_use]
    pub fn count(&self, reason: Reason) -> usize {
        let unlisted = self.unlisted.iter().filter(|found| **found == Some(reason)).count();
        let held = self.held.iter().flat_map(|held| held.iter().zip(&self.unlisted));
        unlisted + held.filter(|(held, unlisted)| unlisted.is_none() && **held == Some(reason)).count()
    }
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

    /// What was decided and why. It stays inside the node.
    #[must_use]
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    pub(crate) fn of(index: usize, point: Point, substituted: &BTreeSet<Part>) -> Result<Self, ReleaseError> {
        let listed: BooleanArray = (0..point.rows).map(|cell| Some(point.listed(cell))).collect();
        let of_cell = |cell: usize| {
            substituted
                .iter()
                .any(|part| matches!(part, Part::Cell { point, cell: c, .. } if *point == index && *c == cell))
        };
        let findings = Findings {
            keys: point.keys.clone(),
            unlisted: point.unlisted,
            held: point.states.iter().map(|state| state.held.clone()).collect(),
            substituted: (0..point.rows).map(of_cell).collect(),
        };
        let keys = point.keys.len();
        let mut columns = point.keys;
        for state in point.states {
            columns.push(guard(state)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(point.rows));
        let batch = RecordBatch::try_new_with_options(point.schema, columns, &options)?;
        let batch = sorted(filter_record_batch(&batch, &listed)?, keys)?;
        let held = batch.columns().iter().skip(keys).any(|column| column.null_count() > 0);
        Ok(Self { batch, held, findings })
    }
}

/// Why nothing can be released. A fault of the program or of the ledger, never of the data.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The permit demands a minimum, and persons were not counted.
    #[error("persons were not counted although the permit demands a minimum")]
    Uncounted,
    /// Columns of different lengths.
    #[error("raw cells are of different lengths")]
    Lengths,
    /// Contributions that cannot be read.
    #[error(transparent)]
    Contributions(#[from] BadContributions),
    /// Columns of other types.
    #[error("raw cells are malformed")]
    Malformed(#[from] ArrowError),
    /// What left before is not known, or what leaves cannot be kept.
    #[error("the ledger failed")]
    Memory(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ReleaseError {
    pub(crate) fn memory(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Memory(Box::new(error))
    }
}

/// One aggregate as it may leave: NULL where it is held.
fn guard(state: State) -> Result<ArrayRef, ReleaseError> {
    let valid: BooleanArray = state.held.iter().map(|held| Some(held.is_none())).collect();
    if valid.true_count() == valid.len() {
        return Ok(Arc::new(state.array));
    }
    let (fields, columns, _) = state.array.into_parts();
    let columns = columns.iter().map(|column| wipe(column, &valid)).collect::<Result<_, _>>()?;
    let nulls = NullBuffer::new(valid.values().clone());
    Ok(Arc::new(StructArray::try_new(fields, columns, Some(nulls))?))
}

/// Zero in place of every held value: what lies under a NULL is still in the buffer that leaves.
fn wipe(column: &ArrayRef, valid: &BooleanArray) -> Result<ArrayRef, ReleaseError> {
    let zero: ArrayRef = match column.data_type() {
        DataType::Int64 => Arc::new(Int64Array::from(vec![0])),
        DataType::Float64 => Arc::new(Float64Array::from(vec![0.0])),
        DataType::Decimal128(precision, scale) => {
            Arc::new(Decimal128Array::from(vec![0]).with_precision_and_scale(*precision, *scale)?)
        }
        found if *found == *bins::none().data_type() => Arc::new(bins::none()),
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
pub(crate) mod tests;
