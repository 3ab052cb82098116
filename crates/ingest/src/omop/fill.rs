//! Values for what v5.4 requires and v5.3 does not have.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Date32Array, Int32Array, Int64Array, StringArray};
use renkei_cdm::Table;

/// What stands where a v5.3 source has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Concept 0, "no matching concept".
    Zero,
    /// The empty text.
    Empty,
    /// The date in that column of the same row, or 1970-01-01 where that is unknown too.
    OtherDate(&'static str),
    /// The number of the row in its table, from 1.
    RowNumber,
}

/// A column that gets a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// The column.
    pub column: &'static str,
    /// Its default.
    pub with: Fill,
}

/// The columns that v5.4 requires and v5.3 did not (OHDSI CommonDataModel, field-level definitions of both).
const NEWLY_REQUIRED: [(&str, Filled); 7] = [
    ("cdm_source", Filled { column: "cdm_source_abbreviation", with: Fill::Empty }),
    ("cdm_source", Filled { column: "cdm_holder", with: Fill::Empty }),
    ("cdm_source", Filled { column: "source_release_date", with: Fill::OtherDate("cdm_release_date") }),
    ("cdm_source", Filled { column: "cdm_release_date", with: Fill::OtherDate("source_release_date") }),
    ("cdm_source", Filled { column: "cdm_version_concept_id", with: Fill::Zero }),
    ("cdm_source", Filled { column: "vocabulary_version", with: Fill::Empty }),
    ("metadata", Filled { column: "metadata_id", with: Fill::RowNumber }),
];

/// The columns of `table` that v5.4 newly requires.
pub(super) fn of(table: &Table) -> Vec<Filled> {
    NEWLY_REQUIRED.iter().filter(|(name, _)| *name == table.name).map(|(_, filled)| *filled).collect()
}

/// Puts the defaults in place of nulls. `arrays` are the table's columns in order; `first` is the number of the first
/// row. These tables have a handful of rows.
pub(super) fn apply(table: &Table, fills: &[Filled], arrays: &mut [ArrayRef], first: u64) {
    let position = |name: &str| table.columns.iter().position(|column| column.name == name);
    let before = arrays.to_vec();
    for filled in fills {
        let Some(index) = position(filled.column) else { continue };
        if let Some(array) = arrays.get_mut(index).filter(|array| array.null_count() > 0) {
            let other = match filled.with {
                Fill::OtherDate(name) => position(name).and_then(|other| before.get(other)),
                _ => None,
            };
            *array = without_nulls(array, filled.with, other, first);
        }
    }
}

fn without_nulls(array: &ArrayRef, fill: Fill, other: Option<&ArrayRef>, first: u64) -> ArrayRef {
    match fill {
        Fill::Zero => {
            Arc::new(array.as_primitive::<Int32Type>().iter().map(|v| v.unwrap_or(0)).collect::<Int32Array>())
        }
        Fill::Empty => {
            Arc::new(StringArray::from_iter_values(array.as_string::<i32>().iter().map(Option::unwrap_or_default)))
        }
        Fill::RowNumber => {
            let numbers = first.cast_signed()..;
            let values = array.as_primitive::<Int64Type>().iter().zip(numbers);
            Arc::new(values.map(|(value, number)| value.unwrap_or(number)).collect::<Int64Array>())
        }
        Fill::OtherDate(_) => {
            let other = other.map(|other| other.as_primitive::<Date32Type>());
            let known = |row: usize| other.filter(|o| o.is_valid(row)).map_or(0, |o| o.value(row));
            let dates = array.as_primitive::<Date32Type>().iter().enumerate();
            Arc::new(Date32Array::from_iter_values(dates.map(|(row, date)| date.unwrap_or_else(|| known(row)))))
        }
    }
}
