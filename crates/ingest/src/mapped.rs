//! Tables of the hospital's own, mapped to the CDM by a file.
//!
//! What must stay true: a mapping is checked as a whole before any row is read, with every mistake at once and at its
//! place; a row becomes one record, exactly, or is left out by a condition of the mapping, or is rejected with its line,
//! the rule and the column. Free text has no way in: columns of the CDM that hold it cannot be mapped, and a column
//! for codes needs the name of their system.
//!
//! # The mapping file
//! One TOML for one table; [`SAMPLE`] is one, with a comment for every key. Source columns are named as the header
//! names them; full and half width, case and blanks do not count. A value goes through: the columns under `from`
//! (several are joined with a blank), else those under `otherwise`; `empty`; `map`; `default`; and is then read as the
//! type of its CDM column. Tests stand in the file itself and are run by [`Mapping::run_tests`].
//!
//! # Keys
//! With `key`, a row replaces the row of the same key that an earlier version (`version`) or file had. Without, a row
//! is what stands on its line of its file; of `person` and `death` there is one per patient anyway.
//!
//! # Rejected
//! Expressions: whoever can write a formula can write one that is wrong at one hospital in twenty. What `map`, `where`
//! and joined columns cannot say is for the export to say. A delimiter that can be the second byte of a character of
//! CP932 (`|`): rows are split before they are decoded.

mod check;
mod column;
mod date;
mod document;
mod fold;
mod limited;
mod names;
mod number;
mod parse;
mod reader;
mod row;
mod spec;
mod trial;

use renkei_cdm::Table;

use crate::charset::Charset;

pub use date::Format;
pub use document::Mistake;
pub use reader::REMARKS;
pub use trial::Failure;

use check::Required;
use column::Column;
use trial::Trial;

/// A mapping to begin with: laboratory results, with a comment for every key.
pub const SAMPLE: &str = include_str!("mapped/sample.toml");

/// How the rows of a hospital's table become rows of the CDM.
#[derive(Debug, Clone)]
pub struct Mapping {
    table: &'static Table,
    /// Patterns of file names.
    files: Vec<String>,
    /// What the mapping says; each file decides otherwise.
    encoding: Option<Charset>,
    delimiter: u8,
    header: bool,
    /// Source columns that are used, as the mapping writes them. Everything else points into this list.
    names: Vec<String>,
    patient: usize,
    visit: Option<usize>,
    key: Vec<usize>,
    version: Option<usize>,
    /// The patient's name, to know test patients by; it goes nowhere.
    name: Option<usize>,
    columns: Vec<Column>,
    required: Vec<Required>,
    conditions: Vec<Condition>,
    trials: Vec<Trial>,
}

/// What a row must fulfil to be taken.
#[derive(Debug, Clone)]
struct Condition {
    column: usize,
    demand: Demand,
}

/// Folded texts are compared.
#[derive(Debug, Clone)]
enum Demand {
    Is(Vec<String>),
    Not(Vec<String>),
    Filled(bool),
}

impl Mapping {
    /// The table of the CDM that the rows are for.
    #[must_use]
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// Whether a file of this name, without its folder, is one of those that the mapping is for.
    #[must_use]
    pub fn reads(&self, file: &str) -> bool {
        self.files.iter().any(|pattern| fold::fits(pattern, file))
    }
}
