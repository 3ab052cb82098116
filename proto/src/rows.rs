//! One hash of an answer's rows, the same however they were cut into batches.
//!
//! The gateway commits to it in its log and the one who asked computes it from what arrived, so it must not depend on
//! how Arrow lays out memory: neither on chunks and offsets nor on what lies under a NULL. SHA-256 over
//!
//! ```text
//! "renkei/rows/v1\n"
//! number of columns, then for each column: name, type           texts behind their length; integers of 4 bytes
//! for each row, for each column: 0 for NULL, or 1 and the value
//! ```
//!
//! with integers big-endian; numbers, times and decimals as Arrow has them (little-endian, IEEE 754), booleans as one
//! byte, texts and binary behind their length, and whatever is nested as Arrow's text form of it.

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, Schema};
use sha2::{Digest as _, Sha256};

const TITLE: &[u8] = b"renkei/rows/v1\n";

/// Hashes rows as they come.
#[derive(Debug, Clone)]
pub struct Rows {
    hash: Sha256,
    count: u64,
}

impl Rows {
    /// Begins with the columns.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        let mut this = Self { hash: Sha256::new(), count: 0 };
        this.hash.update(TITLE);
        this.hash.update(length(schema.fields().len()));
        for field in schema.fields() {
            this.text(field.name().as_bytes());
            this.text(field.data_type().to_string().as_bytes());
        }
        this
    }

    /// Takes the next rows.
    ///
    /// # Errors
    /// For a value that has no text form.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let columns = batch.columns().iter().map(|column| Column::of(column.as_ref()));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            for (column, array) in columns.iter().zip(batch.columns()) {
                if array.is_null(row) || *array.data_type() == DataType::Null {
                    self.hash.update([0]);
                    continue;
                }
                self.hash.update([1]);
                match column {
                    Column::Fixed(bytes, width) => self.hash.update(&bytes[row * width..(row + 1) * width]),
                    Column::Flags(array) => self.hash.update([u8::from(array.as_boolean().value(row))]),
                    Column::Text(array) => self.text(array.as_string::<i32>().value(row).as_bytes()),
                    Column::Bytes(array) => self.text(array.as_binary::<i32>().value(row)),
                    Column::Shown(formatter) => self.text(formatter.value(row).try_to_string()?.as_bytes()),
                }
            }
        }
        self.count += batch.num_rows() as u64;
        Ok(())
    }

    /// How many rows there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.hash.finalize().into()
    }

    fn text(&mut self, bytes: &[u8]) {
        self.hash.update(length(bytes.len()));
        self.hash.update(bytes);
    }
}

fn length(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes()
}

/// How the values of a column are read.
enum Column<'a> {
    Fixed(Vec<u8>, usize),
    Flags(&'a dyn Array),
    Text(&'a dyn Array),
    Bytes(&'a dyn Array),
    Shown(ArrayFormatter<'a>),
}

impl<'a> Column<'a> {
    fn of(array: &'a dyn Array) -> Result<Self, ArrowError> {
        Ok(match (array.data_type(), array.data_type().primitive_width()) {
            (DataType::Boolean, _) => Self::Flags(array),
            (DataType::Utf8, _) => Self::Text(array),
            (DataType::Binary, _) => Self::Bytes(array),
            (_, Some(width)) => {
                let data = array.to_data();
                let (from, to) = (data.offset() * width, (data.offset() + data.len()) * width);
                let bytes = data.buffers().first().and_then(|buffer| buffer.as_slice().get(from..to));
                let missing = || ArrowError::InvalidArgumentError("a column without values".into());
                Self::Fixed(bytes.ok_or_else(missing)?.to_vec(), width)
            }
            _ => Self::Shown(ArrayFormatter::try_new(array, &FormatOptions::default())?),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::Int32Type;
    use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StringArray};

    use super::*;

    fn batch(numbers: Vec<Option<i64>>) -> RecordBatch {
        let n = numbers.len();
        let texts = numbers.iter().map(|number| number.map(|n| format!("値{n}")));
        let lists = numbers.iter().map(|number| number.map(|n| vec![Some(i32::try_from(n).unwrap()), None]));
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(Int64Array::from(numbers.clone()))),
            ("f", Arc::new(Float64Array::from_iter_values((0_u32..).take(n).map(f64::from)))),
            ("b", Arc::new(BooleanArray::from_iter(numbers.iter().map(|n| n.map(|n| n > 2))))),
            ("t", Arc::new(StringArray::from_iter(texts))),
            ("l", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    }

    fn hash(batches: &[RecordBatch]) -> [u8; 32] {
        let mut rows = Rows::new(&batches[0].schema());
        batches.iter().for_each(|batch| rows.add(batch).unwrap());
        assert_eq!(rows.count(), batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>());
        rows.finish()
    }

    #[test]
    fn the_hash_is_that_of_the_rows_however_they_are_cut() {
        let whole = batch(vec![Some(1), None, Some(3), Some(4), None]);
        let expected = hash(std::slice::from_ref(&whole));
        for at in 0..=5 {
            assert_eq!(hash(&[whole.slice(0, at), whole.slice(at, 5 - at)]), expected, "cut at {at}");
        }
        // What lies under a NULL is nobody's business.
        let over = Int64Array::new(vec![1, 77, 3, 4, 88].into(), Some(vec![true, false, true, true, false].into()));
        let mut columns = whole.columns().to_vec();
        columns[0] = Arc::new(over);
        assert_eq!(hash(&[RecordBatch::try_new(whole.schema(), columns).unwrap()]), expected);
    }

    #[test]
    fn another_value_order_name_or_type_is_another_hash() {
        let expected = hash(&[batch(vec![Some(1), None])]);
        let renamed = |batch: RecordBatch| {
            let columns = batch.columns().iter().cloned().zip(["m", "f", "b", "t", "l"]);
            RecordBatch::try_from_iter_with_nullable(columns.map(|(array, name)| (name, array, true))).unwrap()
        };
        let typed = |batch: RecordBatch| {
            let mut columns = batch.columns().to_vec();
            columns[0] = arrow_cast::cast(&columns[0], &DataType::UInt64).unwrap();
            let columns = columns.into_iter().zip(["n", "f", "b", "t", "l"]);
            RecordBatch::try_from_iter_with_nullable(columns.map(|(array, name)| (name, array, true))).unwrap()
        };
        for other in [
            batch(vec![Some(2), None]),
            batch(vec![None, Some(1)]),
            batch(vec![Some(1)]),
            batch(vec![Some(1), None, None]),
            renamed(batch(vec![Some(1), None])),
            typed(batch(vec![Some(1), None])),
        ] {
            assert_ne!(hash(&[other]), expected);
        }
    }
}
