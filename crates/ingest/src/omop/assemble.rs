//! Columns, failures and defaults to one chunk: the part that CSV and Parquet share.

use std::collections::BTreeMap;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, new_null_array};
use arrow_schema::ArrowError;
use arrow_select::filter::FilterBuilder;
use renkei_cdm::Table;

use super::fill::{self, Filled};
use crate::Rule;

/// The rows of a chunk that are rejected, by row: the rule and the position of the column that breaks it.
pub(super) type Failures = BTreeMap<usize, (Rule, Option<usize>)>;

/// What a table's chunks are made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assembly<'a> {
    pub(super) table: &'static Table,
    pub(super) fills: &'a [Filled],
}

impl Assembly<'_> {
    /// Whether an empty value in the table's column of that position rejects the row.
    pub(super) fn demands(&self, column: usize) -> bool {
        self.table
            .columns
            .get(column)
            .is_some_and(|column| column.required && !self.fills.iter().any(|filled| filled.column == column.name))
    }

    /// The accepted rows, as a batch of the table's schema. `columns` are the table's, in order, all `rows` long, with
    /// `None` where the source has no such column; `first` is the number of the first row in its table.
    pub(super) fn batch(
        &self,
        columns: Vec<Option<ArrayRef>>,
        rows: usize,
        failures: &Failures,
        first: u64,
    ) -> Result<RecordBatch, ArrowError> {
        let schema = self.table.arrow_schema();
        let absent = |index: usize| new_null_array(schema.field(index).data_type(), rows);
        let columns = columns.into_iter().enumerate();
        let mut arrays: Vec<ArrayRef> = columns.map(|(i, array)| array.unwrap_or_else(|| absent(i))).collect();
        fill::apply(self.table, self.fills, &mut arrays, first);
        if !failures.is_empty() {
            let accepted: BooleanArray = (0..rows).map(|row| Some(!failures.contains_key(&row))).collect();
            let filter = FilterBuilder::new(&accepted).optimize().build();
            arrays = arrays.iter().map(|array| filter.filter(array)).collect::<Result<_, _>>()?;
        }
        RecordBatch::try_new(schema, arrays)
    }
}

/// The fields as one CSV record without its line end.
pub(super) fn csv_record<'a>(fields: impl Iterator<Item = &'a [u8]>) -> String {
    let mut line = String::new();
    for (index, field) in fields.enumerate() {
        if index > 0 {
            line.push(',');
        }
        let text = String::from_utf8_lossy(field);
        if text.contains([',', '"', '\n', '\r', '\t']) {
            line.push('"');
            line.push_str(&text.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(&text);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::csv_record;

    #[test]
    fn records_are_encoded_so_that_a_csv_reader_returns_the_fields() {
        let fields: [&[u8]; 5] = [b"1", b"a,b", b"5\" tube", "二行\n目".as_bytes(), b""];
        let line = csv_record(fields.into_iter());
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
        let record = reader.byte_records().next().unwrap().unwrap();
        assert_eq!(record.iter().collect::<Vec<_>>(), fields);
        assert_eq!(csv_record([b"\xff".as_slice()].into_iter()), "\u{fffd}");
    }
}
