//! Rows that a site maps to the CDM itself.

use serde::{Deserialize, Serialize};

use super::Codes;
use crate::when::Day;

/// A row that a site maps to the CDM itself, column by column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Name of the CDM table.
    pub table: String,
    /// Position of the column within the table, and its value. Primary key, person and empty columns are left out.
    pub cells: Vec<(u16, Cell)>,
    /// Codes whose concept is still to be found: position of the `*_source_value` column, and the codes.
    pub codes: Vec<(u16, Codes)>,
    /// [`Visit::key`] of this row's visit, or, in the table of visits, of this row itself.
    pub visit: Option<String>,
}

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    /// An id, a concept id, a number without fraction.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A date.
    Day(Day),
    /// A datetime, in microseconds since 1970-01-01T00:00 without zone.
    Time(i64),
    /// A text.
    Text(String),
}
