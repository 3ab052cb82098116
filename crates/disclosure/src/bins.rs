//! Bins of values as they may leave: each with enough persons, merged along the grid where there are fewer.
//!
//! The engine counts rows and collects persons in each bin of the grid ([`renkei_types::grid`]). Neighbours are merged
//! from below until a range holds the minimum of *distinct persons*; what is left at the top joins the range below it.
//! Rows never count: a hundred values of one person are one person. A single bin with enough persons keeps its edges.
//! Between merged ranges stands the roundest edge of the grid that separates them, and the outermost ones are open, so
//! that no edge tells where the smallest or the largest value lies: an extreme is one person.
//!
//! Rejected: leaving out what is below the minimum (with a count beside it the rest is a subtraction away), and merging
//! whole decades (one wrong unit would blur everybody).

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, Int64Array, ListArray, StructArray, UInt32Array};
use arrow_buffer::{BooleanBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields};
use renkei_types::grid;

/// The name of the child that holds bins, in raw and in released states.
const BINS: &str = "bins";

fn integer(name: &str) -> Field {
    Field::new(name, DataType::Int64, false)
}

fn list(name: &str, items: Fields) -> Field {
    Field::new(name, DataType::List(Arc::new(Field::new("item", DataType::Struct(items), false))), false)
}

fn raw_items() -> Fields {
    let person = Arc::new(Field::new("item", DataType::UInt32, false));
    vec![integer("bin"), integer("rows"), Field::new("persons", DataType::List(person), false)].into()
}

fn released_items() -> Fields {
    vec![integer("from"), integer("to"), integer("rows")].into()
}

/// Fields of a state of bins inside the hospital: `n`, and per bin its rows and persons (sorted, distinct).
#[must_use]
pub fn raw_fields() -> Fields {
    vec![integer("n"), list(BINS, raw_items())].into()
}

/// Fields of a state of bins as it leaves: `n`, and ranges of bins (`from ≤ bin < to`) with their rows, in order.
#[must_use]
pub fn released_fields() -> Fields {
    vec![integer("n"), list(BINS, released_items())].into()
}

/// Whether a state holds raw bins.
pub(crate) fn is_raw(state: &StructArray) -> bool {
    *state.fields() == raw_fields()
}

/// One bin with its rows and persons.
#[derive(Debug, Clone, Copy)]
struct Bin<'a> {
    at: i64,
    rows: i64,
    persons: &'a [u32],
}

/// A range of bins that has enough persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: i64,
    last: i64,
    rows: i64,
}

/// The released form of raw bins, and in which cells there are enough persons at all.
pub(crate) fn merged(raw: &StructArray, minimum: u32) -> Result<(StructArray, BooleanBuffer), ArrowError> {
    let bins = raw.column_by_name(BINS).and_then(|bins| bins.as_list_opt::<i32>());
    let bins = bins.ok_or_else(|| ArrowError::SchemaError("raw bins without bins".to_owned()))?;
    let (mut enough, mut lengths) = (Vec::with_capacity(raw.len()), Vec::with_capacity(raw.len()));
    let (mut from, mut to, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for cell in 0..bins.len() {
        let cell = bins.value(cell);
        let found = read(&cell)?;
        let ranges = ranges(&found, minimum as usize);
        enough.push(!ranges.is_empty() || (found.is_empty() && minimum <= 1));
        lengths.push(ranges.len());
        for (low, high, count) in edges(&ranges) {
            from.push(low);
            to.push(high);
            rows.push(count);
        }
    }
    let columns: Vec<ArrayRef> = [from, to, rows].map(|column| Arc::new(Int64Array::from(column)) as ArrayRef).into();
    let items = StructArray::try_new(released_items(), columns, None)?;
    let item = Arc::new(Field::new("item", DataType::Struct(released_items()), false));
    let released = ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), Arc::new(items), None)?;
    let state = StructArray::try_new(released_fields(), vec![Arc::clone(raw.column(0)), Arc::new(released)], None)?;
    Ok((state, BooleanBuffer::from(enough)))
}

/// An empty list of ranges, in place of what is held.
pub(crate) fn none() -> ListArray {
    let items = released_items();
    let item = Arc::new(Field::new("item", DataType::Struct(items.clone()), false));
    let empty: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
    let columns = vec![empty; items.len()];
    ListArray::new(item, OffsetBuffer::from_lengths([0]), Arc::new(StructArray::new(items, columns, None)), None)
}

fn read(cell: &ArrayRef) -> Result<Vec<Bin<'_>>, ArrowError> {
    let malformed = || ArrowError::SchemaError("raw bins of another shape".to_owned());
    let cell = cell.as_struct_opt().ok_or_else(malformed)?;
    let [at, rows, persons] = cell.columns() else { return Err(malformed()) };
    let (at, rows) = (at.as_primitive_opt::<Int64Type>(), rows.as_primitive_opt::<Int64Type>());
    let (at, rows) = (at.ok_or_else(malformed)?, rows.ok_or_else(malformed)?);
    let persons = persons.as_list_opt::<i32>().ok_or_else(malformed)?;
    let numbers: &UInt32Array = persons.values().as_primitive_opt::<UInt32Type>().ok_or_else(malformed)?;
    let mut bins = Vec::with_capacity(at.len());
    for (i, ends) in persons.value_offsets().windows(2).enumerate() {
        let &[start, end] = ends else { return Err(malformed()) };
        let within = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let persons = within.and_then(|(start, end)| numbers.values().get(start..end)).ok_or_else(malformed)?;
        bins.push(Bin { at: at.value(i), rows: rows.value(i), persons });
    }
    // In order and each once: ranges would overlap otherwise.
    if bins.windows(2).any(|pair| matches!(pair, [a, b] if a.at >= b.at)) {
        return Err(malformed());
    }
    Ok(bins)
}

/// Ranges with at least `minimum` distinct persons each; none where all bins together have fewer.
fn ranges(bins: &[Bin<'_>], minimum: usize) -> Vec<Range> {
    let mut done: Vec<Range> = Vec::new();
    let mut open: Option<Range> = None;
    let mut persons: BTreeSet<u32> = BTreeSet::new();
    for bin in bins {
        let range = open.get_or_insert(Range { first: bin.at, last: bin.at, rows: 0 });
        range.last = bin.at;
        range.rows += bin.rows;
        // Enough by itself, or one by one until there are.
        let mut enough = bin.persons.len() >= minimum;
        for person in bin.persons {
            if enough {
                break;
            }
            persons.insert(*person);
            enough = persons.len() >= minimum;
        }
        if enough {
            done.extend(open.take());
            persons.clear();
        }
    }
    if let (Some(rest), Some(below)) = (open, done.last_mut()) {
        below.last = rest.last;
        below.rows += rest.rows;
    }
    done
}

/// Ranges with the edges that are told: `(from, to, rows)`.
fn edges(ranges: &[Range]) -> Vec<(i64, i64, i64)> {
    let between = |a: &Range, b: &Range| grid::roundest(a.last + 1, b.first);
    let mut told = Vec::with_capacity(ranges.len());
    for (i, range) in ranges.iter().enumerate() {
        let below = i.checked_sub(1).and_then(|i| ranges.get(i));
        let above = ranges.get(i + 1);
        let (from, to) = if range.first == range.last {
            (range.first, range.last + 1)
        } else {
            (
                below.map_or(grid::OPEN_LOW, |below| between(below, range)),
                above.map_or(grid::OPEN_HIGH, |above| between(range, above)),
            )
        };
        told.push((from, to, range.rows));
    }
    told
}

#[cfg(test)]
mod tests;
