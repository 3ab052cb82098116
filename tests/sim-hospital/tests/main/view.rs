//! Columns of a table by name.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use renkei_sim_hospital::Omop;

/// One table.
#[derive(Clone, Copy)]
pub struct View<'a>(pub &'a RecordBatch);

pub fn view<'a>(omop: &'a Omop, table: &str) -> View<'a> {
    View(omop.table(table).unwrap_or_else(|| panic!("no table {table}")))
}

impl View<'_> {
    /// Whole numbers of any width.
    pub fn ints(&self, column: &str) -> Vec<Option<i64>> {
        let values = self.0.column_by_name(column).unwrap_or_else(|| panic!("no column {column}"));
        match values.data_type() {
            DataType::Int32 => values.as_primitive::<Int32Type>().iter().map(|v| v.map(i64::from)).collect(),
            DataType::Date32 => values.as_primitive::<Date32Type>().iter().map(|v| v.map(i64::from)).collect(),
            _ => values.as_primitive::<Int64Type>().iter().collect(),
        }
    }

    /// Whole numbers that are all there.
    pub fn all(&self, column: &str) -> Vec<i64> {
        self.ints(column).into_iter().map(|value| value.expect("a value")).collect()
    }

    pub fn floats(&self, column: &str) -> Vec<Option<f64>> {
        self.0.column_by_name(column).unwrap().as_primitive::<Float64Type>().iter().collect()
    }

    pub fn texts(&self, column: &str) -> Vec<Option<&str>> {
        self.0.column_by_name(column).unwrap().as_string::<i32>().iter().collect()
    }

    pub fn nulls(&self, column: &str) -> usize {
        self.0.column_by_name(column).unwrap().null_count()
    }
}
