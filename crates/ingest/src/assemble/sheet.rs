//! Rows under construction, table by table.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use arrow_array::builder::{
    Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Schema, SchemaRef};
use renkei_cdm::{ColumnType, Table};

use super::Each;
use crate::code::Coding;
use crate::record::Cell;
use crate::when::{Day, When};

/// Rows in a batch.
const ROWS: usize = 8192;

/// The tables.
#[derive(Default)]
pub(super) struct Sheets {
    sheets: BTreeMap<&'static str, Sheet>,
    /// Values that did not fit their column.
    pub(super) misfits: u64,
}

impl Sheets {
    /// Starts a row, under the next primary key of the table.
    pub(super) fn row(&mut self, table: &'static str) -> Option<RowBuilder<'_>> {
        if !self.sheets.contains_key(table) {
            self.sheets.insert(table, Sheet::new(renkei_cdm::table(table)?));
        }
        let sheet = self.sheets.get_mut(table)?;
        sheet.id += 1;
        let id = sheet.id;
        let mut row = RowBuilder { sheet, misfits: &mut self.misfits, next: 0 };
        if let Some(at) = row.sheet.key {
            row.put(at, Cell::Integer(id));
        }
        Some(row)
    }

    /// The primary key that the table's next row will get.
    pub(super) fn next_id(&self, table: &'static str) -> i64 {
        self.sheets.get(table).map_or(1, |sheet| sheet.id + 1)
    }

    /// Hands out full batches.
    pub(super) fn flush(&mut self, each: Each<'_>) -> io::Result<()> {
        self.sheets.values_mut().filter(|sheet| sheet.rows >= ROWS).try_for_each(|sheet| sheet.flush(each))
    }

    /// Hands out everything.
    pub(super) fn finish(&mut self, each: Each<'_>) -> io::Result<()> {
        self.sheets.values_mut().filter(|sheet| sheet.rows > 0).try_for_each(|sheet| sheet.flush(each))
    }
}

struct Sheet {
    table: &'static Table,
    /// Nothing is required here: a row that lacks something is for the quarantine to tell.
    schema: SchemaRef,
    columns: Vec<Column>,
    cells: Vec<Option<Cell>>,
    key: Option<usize>,
    id: i64,
    rows: usize,
}

impl Sheet {
    fn new(table: &'static Table) -> Self {
        let key = table.columns.iter().position(|column| column.primary_key && table.name != "person");
        Self {
            table,
            schema: Arc::new(Schema::new(
                table.columns.iter().map(|c| c.field().with_nullable(true)).collect::<Vec<_>>(),
            )),
            columns: table.columns.iter().map(|column| Column::new(column.kind)).collect(),
            cells: vec![None; table.columns.len()],
            key,
            id: 0,
            rows: 0,
        }
    }

    fn flush(&mut self, each: Each<'_>) -> io::Result<()> {
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        self.rows = 0;
        let batch = RecordBatch::try_new(SchemaRef::clone(&self.schema), columns).map_err(io::Error::other)?;
        each(self.table, batch)
    }
}

/// One row; setting columns in the table's order is quickest.
pub(super) struct RowBuilder<'a> {
    sheet: &'a mut Sheet,
    misfits: &'a mut u64,
    next: usize,
}

impl RowBuilder<'_> {
    /// Its table.
    pub(super) fn table(&self) -> &'static Table {
        self.sheet.table
    }

    /// Sets a column; one that the table does not have is left alone.
    pub(super) fn set(&mut self, column: &str, cell: impl Into<Option<Cell>>) -> &mut Self {
        let columns = self.sheet.table.columns;
        let place =
            (self.next..columns.len()).chain(0..self.next.min(columns.len())).find(|&at| columns[at].name == column);
        if let (Some(at), Some(cell)) = (place, cell.into()) {
            self.put(at, cell);
        }
        self.next = place.map_or(self.next, |at| at + 1);
        self
    }

    /// Sets the column at a position.
    pub(super) fn put(&mut self, at: usize, cell: Cell) {
        if let Some(place) = self.sheet.cells.get_mut(at) {
            *place = Some(cell);
        }
    }

    /// Sets a number that may be absent.
    pub(super) fn id(&mut self, column: &str, id: Option<i64>) -> &mut Self {
        self.set(column, id.map(Cell::Integer))
    }

    /// Sets a concept.
    pub(super) fn concept(&mut self, column: &str, concept: impl Into<Option<i32>>) -> &mut Self {
        self.set(column, concept.into().map(|concept| Cell::Integer(concept.into())))
    }

    /// Sets an amount.
    pub(super) fn amount(&mut self, column: &str, amount: Option<f64>) -> &mut Self {
        self.set(column, amount.filter(|amount| amount.is_finite()).map(Cell::Float))
    }

    /// Sets a date.
    pub(super) fn day(&mut self, column: &str, day: impl Into<Option<Day>>) -> &mut Self {
        self.set(column, day.into().map(Cell::Day))
    }

    /// Sets a datetime; one without a time of day is left empty.
    pub(super) fn time(&mut self, column: &str, when: Option<When>) -> &mut Self {
        self.set(column, when.and_then(When::micros).map(Cell::Time))
    }

    /// Sets a source value.
    pub(super) fn code(&mut self, column: &str, coding: Option<&Coding>) -> &mut Self {
        self.set(column, coding.map(|coding| Cell::Text(coding.source_value())))
    }

    /// Ends the row.
    pub(super) fn end(&mut self) {
        for (column, cell) in self.sheet.columns.iter_mut().zip(&mut self.sheet.cells) {
            let fits = column.push(cell.take());
            *self.misfits += u64::from(!fits);
        }
        self.sheet.rows += 1;
    }
}

enum Column {
    Id(Int64Builder),
    Int(Int32Builder),
    Float(Float64Builder),
    Date(Date32Builder),
    Datetime(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

impl Column {
    fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Id => Self::Id(Int64Builder::new()),
            ColumnType::Concept | ColumnType::Integer => Self::Int(Int32Builder::new()),
            ColumnType::Float => Self::Float(Float64Builder::new()),
            ColumnType::Date => Self::Date(Date32Builder::new()),
            ColumnType::Datetime => Self::Datetime(TimestampMicrosecondBuilder::new()),
            ColumnType::Text(_) => Self::Text(StringBuilder::new()),
        }
    }

    /// Appends a value, or null where there is none; false where it does not fit and null stands for it.
    fn push(&mut self, cell: Option<Cell>) -> bool {
        let present = cell.is_some();
        macro_rules! append {
            ($column:expr, $value:expr) => {{
                let value = $value;
                let fits = value.is_some();
                $column.append_option(value);
                fits
            }};
        }
        let fits = match self {
            Self::Id(column) => append!(column, integer(&cell)),
            Self::Int(column) => append!(column, integer(&cell).and_then(|value| i32::try_from(value).ok())),
            Self::Float(column) => append!(column, float(&cell)),
            Self::Date(column) => append!(column, day(&cell)),
            Self::Datetime(column) => append!(column, time(&cell)),
            Self::Text(column) => append!(column, text(cell)),
        };
        fits || !present
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Id(column) => Arc::new(column.finish()),
            Self::Int(column) => Arc::new(column.finish()),
            Self::Float(column) => Arc::new(column.finish()),
            Self::Date(column) => Arc::new(column.finish()),
            Self::Datetime(column) => Arc::new(column.finish()),
            Self::Text(column) => Arc::new(column.finish()),
        }
    }
}

fn integer(cell: &Option<Cell>) -> Option<i64> {
    match cell {
        Some(Cell::Integer(value)) => Some(*value),
        _ => None,
    }
}

fn float(cell: &Option<Cell>) -> Option<f64> {
    match cell {
        Some(Cell::Float(value)) => Some(*value),
        Some(Cell::Integer(value)) => Some(*value as f64),
        _ => None,
    }
}

fn day(cell: &Option<Cell>) -> Option<i32> {
    match cell {
        Some(Cell::Day(value)) => Some(value.0),
        _ => None,
    }
}

fn time(cell: &Option<Cell>) -> Option<i64> {
    match cell {
        Some(Cell::Time(value)) => Some(*value),
        _ => None,
    }
}

fn text(cell: Option<Cell>) -> Option<String> {
    match cell {
        Some(Cell::Text(value)) => Some(value),
        _ => None,
    }
}
