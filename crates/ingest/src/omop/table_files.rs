//! The files of one table.

use std::path::PathBuf;

use renkei_cdm::Table;

use super::assemble::Assembly;
use super::fill::{self, Filled};
use super::inspect::Source;
use super::reader::Reader;
use super::version::SourceVersion;

/// The files of one table, inspected and ready to be read.
#[derive(Debug)]
pub struct TableFiles {
    table: &'static Table,
    files: Vec<PathBuf>,
    sources: Vec<Source>,
    fills: Vec<Filled>,
}

impl TableFiles {
    pub(super) fn new(table: &'static Table, sources: Vec<Source>, version: SourceVersion) -> Self {
        let fills = if version == SourceVersion::V5_3 { fill::of(table) } else { Vec::new() };
        let files = sources.iter().map(|source| source.path.clone()).collect();
        Self { table, files, sources, fills }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// The size on disk, for progress.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sources.iter().map(|source| source.bytes).sum()
    }

    /// The files, in the order in which they are read.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The columns that get a default where this v5.3 source has no value.
    #[must_use]
    pub fn filled(&self) -> &[Filled] {
        &self.fills
    }

    /// The columns that the source does not have and that are therefore NULL or, in [`filled`](Self::filled), a default.
    pub fn absent(&self) -> impl Iterator<Item = &'static str> + '_ {
        let columns = self.table.columns.iter().enumerate();
        columns
            .filter(|(index, _)| self.sources.iter().all(|source| source.header.sources[*index].is_none()))
            .map(|(_, column)| column.name)
    }

    /// Reads the rows. `persons` says whether a person exists; without it no row is rejected for its person.
    #[must_use]
    pub fn read<'a>(&'a self, persons: Option<&'a dyn Fn(i64) -> bool>) -> Reader<'a> {
        self.read_without(persons, None)
    }

    /// As [`read`](Self::read), but of persons of whom `left_out` says so no row is handed out as a reject; accepted rows
    /// are handed out all the same.
    #[must_use]
    pub fn read_without<'a>(
        &'a self,
        persons: Option<&'a dyn Fn(i64) -> bool>,
        left_out: Option<&'a dyn Fn(i64) -> bool>,
    ) -> Reader<'a> {
        Reader::new(Assembly { table: self.table, fills: &self.fills }, &self.sources, persons, left_out)
    }
}
