//! Raw cells between the engine and whoever reviews them: one shape, made on one side and checked on the other.
//!
//! A release point's raw cells are one relation: keys `k0…`, states `s0…`, then, where the permit is guarded, the
//! contributions to each cell, to each state that not every row contributes to, and to each without those whom a clip has
//! moved. The engine writes it; the reader takes nothing for granted, since the bytes may come from another process:
//! types are compared with those that the release point itself demands, and what may not be NULL is not.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, StructArray};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{Result, internal_datafusion_err};
use renkei_disclosure::bins::raw_fields;
use renkei_disclosure::{Raw, RawState};
use renkei_plan::{ReleasePoint, StateKind};

use super::bind::{PERSONS, contributors_name, free_name, moved_name};

/// Cells that are not what the release point demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the raw cells are malformed: {0}")]
pub struct Malformed(&'static str);

/// The shape of a release point's raw cells.
pub(crate) fn schema(point: &ReleasePoint, guarded: bool) -> SchemaRef {
    let keys = point.keys.iter().enumerate();
    let mut fields: Vec<Field> =
        keys.map(|(i, key)| Field::new(format!("k{i}"), key.data_type.clone(), true)).collect();
    for (i, state) in point.states.iter().enumerate() {
        let inner = match state.kind {
            StateKind::Bins => raw_fields(),
            kind => kind.fields(),
        };
        fields.push(Field::new(format!("s{i}"), DataType::Struct(inner), false));
    }
    if guarded {
        fields.push(Field::new(PERSONS, DataType::Binary, false));
        for (i, state) in point.states.iter().enumerate() {
            let contributors = state.contributors.is_some().then(|| contributors_name(i));
            let free = state.free.is_some().then(|| free_name(i));
            let moved = state.moved.is_some().then(|| moved_name(i));
            let names = contributors.into_iter().chain(free).chain(moved);
            fields.extend(names.map(|name| Field::new(name, DataType::Binary, false)));
        }
    }
    Arc::new(Schema::new(fields))
}

/// The aggregate's output in that shape.
pub(super) fn shaped(
    point: &ReleasePoint,
    guarded: bool,
    output: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<RecordBatch> {
    let batch = concat_batches(output, batches)?;
    let shape = schema(point, guarded);
    let column = |name: &str| {
        batch.column_by_name(name).cloned().ok_or_else(|| internal_datafusion_err!("the result has no column {name}"))
    };
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(shape.fields().len());
    for (i, key) in point.keys.iter().enumerate() {
        columns.push(cast(&column(&format!("k{i}"))?, &key.data_type)?);
    }
    for (i, state) in point.states.iter().enumerate() {
        columns.push(Arc::new(structure(state.kind, &column(&format!("s{i}"))?)?));
    }
    for field in shape.fields().iter().skip(columns.len()) {
        columns.push(column(field.name())?);
    }
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(shape, columns, &rows)?)
}

/// Reads raw cells, whoever wrote them.
///
/// # Errors
/// [`Malformed`] for anything that [`shaped`] would not make of this release point.
pub(crate) fn read(point: &ReleasePoint, guarded: bool, batches: &[RecordBatch]) -> Result<Raw, Malformed> {
    let shape = schema(point, guarded);
    let mut checked = Vec::with_capacity(batches.len());
    for batch in batches {
        let same = batch.num_columns() == shape.fields().len()
            && batch.columns().iter().zip(shape.fields()).all(|(c, f)| c.data_type() == f.data_type());
        if !same {
            return Err(Malformed("columns of other types"));
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(SchemaRef::clone(&shape), batch.columns().to_vec(), &rows);
        checked.push(batch.map_err(|_| Malformed("NULL where there is none"))?);
    }
    let batch = concat_batches(&shape, &checked).map_err(|_| Malformed("more than one column can hold"))?;
    let column = |name: &str| batch.column_by_name(name).ok_or(Malformed("a column is missing"));
    let keys = (0..point.keys.len()).map(|i| column(&format!("k{i}")).cloned()).collect::<Result<_, _>>()?;
    let states = point.states.iter().enumerate().map(|(i, state)| {
        let contributors = match (&state.contributors, guarded) {
            (Some(_), true) => Some(sets(column(&contributors_name(i))?)?),
            _ => None,
        };
        let free = match (&state.free, guarded) {
            (Some(_), true) => Some(sets(column(&free_name(i))?)?),
            _ => None,
        };
        let moved = match (&state.moved, guarded) {
            (Some(_), true) => Some(sets(column(&moved_name(i))?)?),
            _ => None,
        };
        let whole = RawState {
            state: structured(column(&format!("s{i}"))?)?,
            contributors,
            free,
            moved,
            conditional: state.conditional,
            amounts: amounts(state.kind),
            presence: state.kind == StateKind::Persons,
            alike: point.states.iter().position(|other| other.contributors == state.contributors),
        };
        Ok(whole)
    });
    let states = states.collect::<Result<_, Malformed>>()?;
    let persons = if guarded { Some(sets(column(PERSONS)?)?) } else { None };
    Ok(Raw { schema: point.cell_schema(), keys, sets: point.sets.is_some(), states, persons })
}

/// A state's struct, without NULL in it.
fn structured(column: &ArrayRef) -> Result<StructArray, Malformed> {
    let structure = column.as_struct_opt().cloned().ok_or(Malformed("a state that is none"))?;
    let whole = |array: &dyn Array| array.null_count() == 0;
    if !whole(&structure) || !structure.columns().iter().all(|child| whole(child)) {
        return Err(Malformed("a state without a value"));
    }
    Ok(structure)
}

fn sets(column: &ArrayRef) -> Result<BinaryArray, Malformed> {
    column.as_binary_opt::<i32>().cloned().ok_or(Malformed("contributions that are none"))
}

/// Whether a kind of state adds up values of persons.
pub(super) fn amounts(kind: StateKind) -> bool {
    match kind {
        StateKind::Count | StateKind::Persons | StateKind::Keys | StateKind::Bins => false,
        StateKind::SumInteger | StateKind::SumFloat | StateKind::Moments | StateKind::Comoments => true,
    }
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
