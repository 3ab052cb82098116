//! The engine's result as raw cells.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, BinaryArray, StructArray};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Result, internal_datafusion_err};
use renkei_disclosure::{Raw, RawState};
use renkei_plan::{ReleasePoint, StateKind};

use super::bind::{PERSONS, contributors_name, free_name};

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
            (Some(_), true) => Some(sets(&column(&contributors_name(i))?)?),
            _ => None,
        };
        let free = match (&state.free, guarded) {
            (Some(_), true) => Some(sets(&column(&free_name(i))?)?),
            _ => None,
        };
        states.push(RawState {
            state: structure(state.kind, &column(&format!("s{i}"))?)?,
            contributors,
            free,
            conditional: state.conditional,
            amounts: amounts(state.kind),
        });
    }
    let persons = if guarded { Some(sets(&column(PERSONS)?)?) } else { None };
    Ok(Raw { schema: point.cell_schema(), keys, sets: point.sets.is_some(), states, persons })
}

/// Whether a kind of state adds up values of persons.
pub(super) fn amounts(kind: StateKind) -> bool {
    match kind {
        StateKind::Count | StateKind::Persons | StateKind::Keys | StateKind::Bins => false,
        StateKind::SumInteger | StateKind::SumFloat | StateKind::Moments | StateKind::Comoments => true,
    }
}

fn sets(column: &ArrayRef) -> Result<BinaryArray> {
    let sets = column.as_binary_opt::<i32>().cloned();
    sets.ok_or_else(|| internal_datafusion_err!("contributions are binary"))
}

/// Counts come as plain integers, the rest as the state's struct already.
fn structure(kind: StateKind, column: &ArrayRef) -> Result<StructArray> {
    let columns = match kind {
        StateKind::Count | StateKind::Persons | StateKind::Keys => vec![Arc::clone(column)],
        StateKind::SumInteger | StateKind::SumFloat | StateKind::Moments | StateKind::Comoments => {
            column.as_struct().columns().to_vec()
        }
        // With persons still in them; the release puts them into the form that leaves.
        StateKind::Bins => return Ok(column.as_struct().clone()),
    };
    Ok(StructArray::try_new(kind.fields(), columns, None)?)
}
