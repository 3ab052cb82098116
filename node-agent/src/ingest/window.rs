//! Putting rows into order as they come, where they almost are: whole windows are sorted in memory, and as long as each window
//! starts where the last one ended, together they are the sorted table. A source that is sorted by person (most are) needs no
//! more than this, and neither does a table that fits into one window.

use std::cmp::Ordering;

use arrow::compute::{concat_batches, take_record_batch};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, DataType, SchemaRef, TimeUnit};

/// Rows in a window.
const ROWS: usize = 1 << 18;
/// Most bytes in a window: tables of notes fill it long before the rows do.
const BYTES: usize = 64 << 20;

/// The values that a row is sorted by; a null is last.
type Key = [i64; 3];

/// Rows that wait for their place.
pub(super) struct Window {
    schema: SchemaRef,
    order: Vec<usize>,
    limit: usize,
    waiting: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    last: Option<Key>,
}

/// What a window makes of the rows that it has.
pub(super) enum Ready {
    /// Nothing yet.
    Wait,
    /// These follow the ones before.
    Rows(RecordBatch),
    /// Some belong before rows that were handed out already.
    Disorder,
}

impl Window {
    /// An empty one, for rows of `schema` sorted by its columns `order`, with a quarter of `memory` at most.
    pub(super) fn new(schema: &SchemaRef, order: &[usize], memory: usize) -> Self {
        let (schema, order, limit) = (SchemaRef::clone(schema), order.to_vec(), BYTES.min(memory / 4));
        Self { schema, order, limit, waiting: Vec::new(), rows: 0, bytes: 0, last: None }
    }

    /// Adds rows.
    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<Ready, ArrowError> {
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        self.waiting.push(batch);
        if self.rows < ROWS && self.bytes < self.limit { Ok(Ready::Wait) } else { self.drain(false) }
    }

    /// The rest.
    pub(super) fn end(&mut self) -> Result<Ready, ArrowError> {
        if self.waiting.is_empty() { Ok(Ready::Wait) } else { self.drain(true) }
    }

    /// The rows that still wait, in no order.
    pub(super) fn into_rows(self) -> Vec<RecordBatch> {
        self.waiting
    }

    fn drain(&mut self, all: bool) -> Result<Ready, ArrowError> {
        let rows = concat_batches(&self.schema, &self.waiting)?;
        let keys = keys(&rows, &self.order);
        if keys.iter().min().zip(self.last.as_ref()).is_some_and(|(least, last)| least < last) {
            return Ok(Ready::Disorder);
        }
        let (sorted, keys) = sorted(rows, keys)?;
        let split = if all { keys.len() } else { split(&keys) };
        self.last = split.checked_sub(1).and_then(|last| keys.get(last)).copied().or(self.last);
        self.waiting.clear();
        self.rows = sorted.num_rows() - split;
        if self.rows > 0 {
            self.waiting.push(take_record_batch(&sorted.slice(split, self.rows), &iota(self.rows))?);
        }
        self.bytes = self.waiting.iter().map(RecordBatch::get_array_memory_size).sum();
        if split == 0 { Ok(Ready::Wait) } else { Ok(Ready::Rows(sorted.slice(0, split))) }
    }
}

/// How many rows to hand out: the last person's may go on in the next window, unless they are most of this one.
fn split(keys: &[Key]) -> usize {
    let lead = |key: &Key| key[0];
    let last = keys.last().map(lead);
    match keys.partition_point(|key| Some(lead(key)) < last) {
        few if few < keys.len() / 2 => keys.len(),
        most => most,
    }
}

fn iota(rows: usize) -> UInt32Array {
    (0..u32::try_from(rows).unwrap_or(u32::MAX)).collect()
}

/// The rows and their keys in order; equal ones stay as they came.
fn sorted(rows: RecordBatch, keys: Vec<Key>) -> Result<(RecordBatch, Vec<Key>), ArrowError> {
    if keys.is_sorted() {
        return Ok((rows, keys));
    }
    let mut places: Vec<u32> = (0..u32::try_from(keys.len()).unwrap_or(u32::MAX)).collect();
    let compare = |a: &u32, b: &u32| -> Ordering { keys[*a as usize].cmp(&keys[*b as usize]) };
    places.sort_by(compare);
    let keys = places.iter().map(|&place| keys[place as usize]).collect();
    Ok((take_record_batch(&rows, &UInt32Array::from(places))?, keys))
}

fn keys(rows: &RecordBatch, order: &[usize]) -> Vec<Key> {
    let mut keys = vec![[0; 3]; rows.num_rows()];
    for (place, &column) in order.iter().enumerate().take(3) {
        let values = integers(rows.column(column));
        for (key, value) in keys.iter_mut().zip(values) {
            key[place] = value;
        }
    }
    keys
}

fn integers(column: &ArrayRef) -> Vec<i64> {
    let mut values: Vec<i64> = match column.data_type() {
        DataType::UInt32 => column.as_primitive::<UInt32Type>().values().iter().map(|&v| v.into()).collect(),
        DataType::Int32 => column.as_primitive::<Int32Type>().values().iter().map(|&v| v.into()).collect(),
        DataType::Date32 => column.as_primitive::<Date32Type>().values().iter().map(|&v| v.into()).collect(),
        DataType::Int64 => column.as_primitive::<Int64Type>().values().to_vec(),
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            column.as_primitive::<TimestampMicrosecondType>().values().to_vec()
        }
        _ => vec![0; column.len()],
    };
    if column.null_count() > 0 {
        values.iter_mut().enumerate().filter(|(row, _)| column.is_null(*row)).for_each(|(_, value)| *value = i64::MAX);
    }
    values
}
