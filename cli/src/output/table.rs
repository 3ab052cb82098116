//! Columns for a person. Rows are held until the widths are known, and no more than are shown.

use std::io::Write;

use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, SchemaRef};

use crate::console::clean;
use crate::grid::{self, Column};
use crate::output::{Closing, Destination, Fault, Flow, Sink};

/// Shown for NULL, which is neither 0 nor empty text.
const NULL: &str = "–";
/// Marks a row that misses cells of some site.
const MARK: &str = "*";
/// The column that counts the sites whose part of a row is held.
pub const HELD: &str = "renkei_held";

/// Rows that miss cells of sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Marked rows.
    pub rows: u64,
    /// The fewest sites held in a marked row.
    pub fewest: i64,
    /// The most.
    pub most: i64,
}

/// A table at work.
pub struct Table {
    out: Destination,
    columns: Vec<Column>,
    held_column: Option<usize>,
    rows: Vec<Vec<String>>,
    /// 0 for no limit.
    limit: usize,
    closing: Closing,
}

impl Table {
    /// Begins a table of at most `limit` rows, 0 for all.
    pub fn new(out: Destination, schema: &SchemaRef, limit: usize) -> Self {
        let column = |field: &arrow_schema::FieldRef| Column {
            title: clean(field.name()),
            right: field.data_type().is_numeric(),
        };
        let held_column = schema.fields().iter().position(|f| f.name() == HELD && f.data_type().is_integer());
        let columns = schema.fields().iter().map(column).collect();
        Self { out, columns, held_column, rows: Vec::new(), limit, closing: Closing::default() }
    }

    fn note_held(&mut self, sites: i64) {
        let held = self.closing.held.get_or_insert(Held { rows: 0, fewest: sites, most: sites });
        held.rows += 1;
        held.fewest = held.fewest.min(sites);
        held.most = held.most.max(sites);
    }
}

impl Sink for Table {
    fn write(&mut self, batch: &RecordBatch) -> Result<Flow, Fault> {
        let options = FormatOptions::new();
        let shown = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
        let shown = shown.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            if self.limit > 0 && self.rows.len() == self.limit {
                self.closing.cut = Some(self.limit);
                return Ok(Flow::Enough);
            }
            let mut cells = Vec::with_capacity(self.columns.len() + 1);
            for (array, shown) in batch.columns().iter().zip(&shown) {
                let null = array.is_null(row) || *array.data_type() == DataType::Null;
                cells.push(if null { NULL.to_owned() } else { clean(&shown.value(row).try_to_string()?) });
            }
            let sites = self.held_column.and_then(|index| cells[index].parse::<i64>().ok()).filter(|sites| *sites > 0);
            if let Some(sites) = sites {
                self.note_held(sites);
                cells.push(MARK.to_owned());
            }
            self.rows.push(cells);
        }
        Ok(Flow::More)
    }

    fn finish(mut self: Box<Self>) -> Result<(Destination, Closing), Fault> {
        if self.closing.held.is_some() {
            self.columns.push(Column { title: String::new(), right: false });
            for row in &mut self.rows {
                row.resize(self.columns.len(), String::new());
            }
        }
        let text = grid::render(&self.columns, &self.rows);
        self.out.write_all(text.as_bytes())?;
        self.out.flush()?;
        Ok((self.out, self.closing))
    }
}
