//! The engine's result as raw cells.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, StructArray};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Result, internal_datafusion_err};
use renkei_disclosure::{Raw, RawState};
use renkei_plan::{ReleasePoint, StateKind};

use super::bind::{PERSONS, contributors_name};

/// Reads the aggregate's output: keys, states, persons, contributors.
pub(super) fn read(point: &ReleasePoint, guarded: bool, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Raw> {
    let batch = concat_batches(schema, batches)?;
    let column = |name: &str| {
        batch.column_by_name(name).cloned().ok_or_else(|| internal_datafusion_err!("the result has no column {name}"))
    };
    let mut keys = Vec::with_capacity(point.keys.len());
    for (i, key) in point.keys.iter().enumerate() {
        keys.push(cast(&column(&format!("k{i}"))?, &key.data_type)?);
    }
    let mut states = Vec::with_capacity(point.states.len());
    for (i, state) in point.states.iter().enumerate() {
        let contributors = match (&state.contributors, guarded) {
            (Some(_), true) => Some(integers(&column(&contributors_name(i))?)),
            _ => None,
        };
        states.push(RawState {
            state: structure(state.kind, &column(&format!("s{i}"))?)?,
            contributors,
            conditional: state.conditional,
        });
    }
    let persons = if guarded { Some(integers(&column(PERSONS)?)) } else { None };
    Ok(Raw { schema: point.cell_schema(), keys, states, persons })
}

fn integers(column: &ArrayRef) -> Int64Array {
    column.as_primitive::<Int64Type>().clone()
}

/// Counts come as plain integers, the rest as the state's struct already.
fn structure(kind: StateKind, column: &ArrayRef) -> Result<StructArray> {
    let columns = match kind {
        StateKind::Count | StateKind::Persons | StateKind::Keys => vec![Arc::clone(column)],
        StateKind::SumInteger | StateKind::SumFloat | StateKind::Moments | StateKind::Comoments => {
            column.as_struct().columns().to_vec()
        }
    };
    Ok(StructArray::try_new(kind.fields(), columns, None)?)
}
