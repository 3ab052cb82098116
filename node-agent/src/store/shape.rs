//! How a table lies in a snapshot: its columns, and the order of its rows.
//!
//! A Local table is sorted by owner, so that per-person work streams and a set of persons is built from one
//! comparison a row; then by its first required date, then by its primary key, so that one person's history
//! reads forward and the same records give the same bytes in whatever order the source had them. The other tables
//! are sorted by their leading ids: a lookup by concept then reads a row group instead of the file.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use renkei_cdm::{ColumnType, Kind, OWNER_COLUMN, Table};

/// Columns and order of one table in a snapshot.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The table.
    pub table: &'static Table,
    /// The CDM's columns and, in a Local table, the owner as the last one.
    pub schema: SchemaRef,
    /// Indices of the columns that the rows are sorted by: at most three, all integers, dates or datetimes.
    /// Ascending, nulls last.
    pub order: Vec<usize>,
}

impl Shape {
    /// The shape of `table`.
    #[must_use]
    pub fn of(table: &'static Table) -> Self {
        let cdm = table.arrow_schema();
        if table.kind != Kind::Local {
            let ids = |column: &&renkei_cdm::Column| matches!(column.kind, ColumnType::Id | ColumnType::Concept);
            let order = (0..table.columns.iter().take_while(ids).take(2).count()).collect();
            return Self { table, schema: cdm, order };
        }
        let mut fields: Vec<_> = cdm.fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(OWNER_COLUMN, DataType::UInt32, false)));
        let position = |wanted: &dyn Fn(&renkei_cdm::Column) -> bool| table.columns.iter().position(wanted);
        let order = [
            Some(table.columns.len()),
            position(&|column| column.kind == ColumnType::Date && column.required),
            position(&|column| column.primary_key && column.kind == ColumnType::Id),
        ];
        Self { table, schema: Arc::new(Schema::new(fields)), order: order.into_iter().flatten().collect() }
    }

    /// Index of the owner column; `None` unless the table is Local.
    #[must_use]
    pub fn owner(&self) -> Option<usize> {
        (self.table.kind == Kind::Local).then_some(self.table.columns.len())
    }
}
