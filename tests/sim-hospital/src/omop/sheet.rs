//! A table in the making: columns by name, nulls for the rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use chrono::{NaiveDate, NaiveDateTime};
use renkei_cdm::Table;

use super::OmopError;

/// Name and rows of a table.
pub(crate) type Named = (&'static str, RecordBatch);

/// A table of a known number of rows.
pub(crate) struct Sheet {
    table: &'static Table,
    rows: usize,
    columns: BTreeMap<&'static str, ArrayRef>,
}

impl Sheet {
    pub(crate) fn new(name: &'static str, rows: usize) -> Result<Self, OmopError> {
        let table = renkei_cdm::table(name).ok_or(OmopError::Table(name))?;
        Ok(Self { table, rows, columns: BTreeMap::new() })
    }

    /// Sets a column.
    pub(crate) fn set(mut self, column: &'static str, values: impl Array + 'static) -> Self {
        self.columns.insert(column, Arc::new(values));
        self
    }

    /// The table, checked against its schema.
    pub(crate) fn finish(mut self) -> Result<Named, OmopError> {
        let name = self.table.name;
        let schema = self.table.arrow_schema();
        let arrays = schema.fields().iter().map(|field| {
            let set = self.columns.remove(field.name().as_str());
            set.unwrap_or_else(|| new_null_array(field.data_type(), self.rows))
        });
        let arrays: Vec<ArrayRef> = arrays.collect();
        if let Some((column, _)) = self.columns.pop_first() {
            return Err(OmopError::Column(name, column));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let rows = RecordBatch::try_new_with_options(schema, arrays, &options);
        Ok((name, rows.map_err(|source| OmopError::Schema { table: name, source })?))
    }
}

/// Days since 1970-01-01.
pub(crate) fn day(date: NaiveDate) -> i32 {
    i32::try_from((date - NaiveDate::default()).num_days()).unwrap_or(i32::MAX)
}

pub(crate) fn longs<V: Into<Option<i64>>>(values: impl Iterator<Item = V>) -> Int64Array {
    values.map(Into::into).collect()
}

pub(crate) fn ints<V: Into<Option<i32>>>(values: impl Iterator<Item = V>) -> Int32Array {
    values.map(Into::into).collect()
}

pub(crate) fn floats<V: Into<Option<f64>>>(values: impl Iterator<Item = V>) -> Float64Array {
    values.map(Into::into).collect()
}

pub(crate) fn texts<S: AsRef<str>, V: Into<Option<S>>>(values: impl Iterator<Item = V>) -> StringArray {
    values.map(Into::into).collect()
}

pub(crate) fn dates<V: Into<Option<NaiveDate>>>(values: impl Iterator<Item = V>) -> Date32Array {
    values.map(|date| date.into().map(day)).collect()
}

pub(crate) fn instants<V: Into<Option<NaiveDateTime>>>(values: impl Iterator<Item = V>) -> TimestampMicrosecondArray {
    values.map(|at| at.into().map(|at| at.and_utc().timestamp_micros())).collect()
}
