//! The rows of a table, chunk by chunk, through all its files.

use std::fmt;

use arrow_array::RecordBatch;
use renkei_cdm::Table;

use super::assemble::Assembly;
use super::csv_part::CsvPart;
use super::error::ReadError;
use super::inspect::{Shape, Source};
use super::parquet_part::ParquetPart;
use crate::Reject;

/// About as many source rows make a chunk.
pub(super) const CHUNK_ROWS: usize = 8192;
/// Fewer make one where the rows are as long as this, in bytes of a whole chunk.
pub(super) const CHUNK_BYTES: usize = 16 << 20;

/// Some consecutive rows of a table.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The accepted rows, in the schema of the table (it may be empty).
    pub batch: RecordBatch,
    /// The others, in their order.
    pub rejects: Vec<Reject>,
    /// Bytes of the table's files consumed so far, this chunk included.
    pub bytes: u64,
    /// Source rows in this chunk: the accepted and the rejected.
    pub read: u64,
}

/// Where a chunk's rows stand, and who may own them.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) assembly: Assembly<'a>,
    pub(super) persons: Option<&'a dyn Fn(i64) -> bool>,
    /// Whose rows are never handed out as rejects.
    pub(super) left_out: Option<&'a dyn Fn(i64) -> bool>,
}

impl Context<'_> {
    /// The position of the column that names the person, if anybody asks for persons.
    pub(super) fn person_column(&self) -> Option<usize> {
        self.persons.or(self.left_out)?;
        let person = self.assembly.table.person_column()?;
        self.assembly.table.columns.iter().position(|column| column.name == person.name)
    }

    pub(super) fn table(&self) -> &'static Table {
        self.assembly.table
    }
}

/// Reads a table; ends after the first error.
pub struct Reader<'a> {
    context: Context<'a>,
    waiting: std::slice::Iter<'a, Source>,
    part: Option<Part<'a>>,
    /// Bytes of the files that are done.
    done: u64,
    /// Rows read so far.
    rows: u64,
}

enum Part<'a> {
    Csv(Box<CsvPart<'a>>),
    Parquet(Box<ParquetPart<'a>>),
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        assembly: Assembly<'a>,
        sources: &'a [Source],
        persons: Option<&'a dyn Fn(i64) -> bool>,
        left_out: Option<&'a dyn Fn(i64) -> bool>,
    ) -> Self {
        let context = Context { assembly, persons, left_out };
        Self { context, waiting: sources.iter(), part: None, done: 0, rows: 0 }
    }

    fn chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        loop {
            let Some(part) = &mut self.part else {
                let Some(source) = self.waiting.next() else { return Ok(None) };
                self.part = Some(match source.shape {
                    Shape::Csv(dialect) => Part::Csv(Box::new(CsvPart::open(self.context, source, &dialect)?)),
                    Shape::Parquet => Part::Parquet(Box::new(ParquetPart::open(self.context, source)?)),
                });
                continue;
            };
            let (chunk, bytes) = match part {
                Part::Csv(part) => (part.next(self.rows + 1)?, part.source().bytes),
                Part::Parquet(part) => (part.next(self.rows + 1)?, part.source().bytes),
            };
            if let Some(mut chunk) = chunk {
                chunk.bytes = self.done + chunk.bytes.min(bytes);
                self.rows += chunk.read;
                return Ok(Some(chunk));
            }
            self.done += bytes;
            self.part = None;
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let chunk = self.chunk();
        if chunk.is_err() {
            self.part = None;
            self.waiting = [].iter();
        }
        chunk.transpose()
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("table", &self.context.table().name)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
