//! One Parquet file, chunk by chunk: only the columns of the table are decoded, row group after row group.

use std::fs::File;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::assemble::{Failures, csv_record};
use super::cast;
use super::error::ReadError;
use super::header::canonical;
use super::inspect::Source;
use super::reader::{CHUNK_BYTES, CHUNK_ROWS, Chunk, Context};
use crate::{Reject, Rule};

pub(super) struct ParquetPart<'a> {
    context: Context<'a>,
    source: &'a Source,
    reader: ParquetRecordBatchReader,
    /// By column of the table: the position among the decoded columns.
    positions: Vec<Option<usize>>,
    rows: u64,
    total: u64,
}

impl<'a> ParquetPart<'a> {
    pub(super) fn open(context: Context<'a>, source: &'a Source) -> Result<Self, ReadError> {
        let file =
            File::open(&source.path).map_err(|error| ReadError::Io { file: source.path.clone(), source: error })?;
        let damaged = |error: ParquetError| ReadError::Parquet { file: source.path.clone(), source: error.into() };
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
        let fields = builder.schema().fields();
        if !fields.iter().map(|field| canonical(field.name())).eq(source.header.names.iter().cloned()) {
            return Err(ReadError::Changed { file: source.path.clone() });
        }
        let mut roots: Vec<usize> = source.header.sources.iter().flatten().copied().collect();
        roots.sort_unstable();
        let position = |root: &Option<usize>| roots.binary_search(root.as_ref()?).ok();
        let positions = source.header.sources.iter().map(position).collect();
        let metadata = builder.metadata();
        let total = metadata.file_metadata().num_rows().max(0).cast_unsigned();
        let batch = chunk_rows(metadata);
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let reader = builder.with_projection(mask).with_batch_size(batch).build().map_err(damaged)?;
        Ok(Self { context, source, reader, positions, rows: 0, total })
    }

    pub(super) fn source(&self) -> &'a Source {
        self.source
    }

    /// The next chunk, whose first row has number `first` in the table.
    pub(super) fn next(&mut self, first: u64) -> Result<Option<Chunk>, ReadError> {
        let Some(batch) = self.reader.next() else { return Ok(None) };
        let arrow = |source: ArrowError| ReadError::Arrow { file: self.source.path.clone(), source };
        let batch = batch.map_err(|source| ReadError::Parquet { file: self.source.path.clone(), source })?;
        let rows = batch.num_rows();
        let (columns, failures) = self.convert(&batch).map_err(arrow)?;
        let rejects = self.rejects(&batch, &columns, &failures).map_err(arrow)?;
        let batch = self.context.assembly.batch(columns, rows, &failures, first).map_err(arrow)?;
        self.rows += rows as u64;
        let bytes = u128::from(self.source.bytes) * u128::from(self.rows) / u128::from(self.total.max(1));
        let bytes = u64::try_from(bytes).unwrap_or(self.source.bytes);
        Ok(Some(Chunk { batch, rejects, bytes, read: rows as u64 }))
    }

    fn convert(&self, batch: &RecordBatch) -> Result<(Vec<Option<ArrayRef>>, Failures), ArrowError> {
        let mut failures = Failures::new();
        let mut columns = Vec::with_capacity(self.positions.len());
        for (index, column) in self.context.table().columns.iter().enumerate() {
            let Some(source) = self.positions[index].map(|position| batch.column(position)) else {
                columns.push(None);
                continue;
            };
            let (array, broken) = cast::convert(source, column.kind)?;
            let demanded = self.context.assembly.demands(index) && array.null_count() > 0;
            for (row, rule) in &broken {
                failures.entry(*row).or_insert((*rule, Some(index)));
            }
            for row in (0..array.len()).filter(|row| demanded && array.is_null(*row)) {
                failures.entry(row).or_insert((Rule::Required, Some(index)));
            }
            columns.push(Some(array));
        }
        self.strangers(&columns, &mut failures);
        Ok((columns, failures))
    }

    fn strangers(&self, columns: &[Option<ArrayRef>], failures: &mut Failures) {
        let Some((persons, index)) = self.context.persons.zip(self.context.person_column()) else { return };
        let Some(ids) = columns.get(index).and_then(Option::as_ref) else { return };
        for (row, id) in ids.as_primitive::<Int64Type>().iter().enumerate() {
            if id.is_some_and(|id| !persons(id)) {
                failures.entry(row).or_insert((Rule::Person, Some(index)));
            }
        }
    }

    /// Whether a row is of somebody of whom nothing is handed out.
    fn left_out(&self, columns: &[Option<ArrayRef>], row: usize) -> bool {
        let column = self.context.person_column().and_then(|index| columns.get(index)?.as_ref());
        let Some((left_out, ids)) = self.context.left_out.zip(column) else { return false };
        ids.is_valid(row) && left_out(ids.as_primitive::<Int64Type>().value(row))
    }

    fn rejects(
        &self,
        batch: &RecordBatch,
        cast: &[Option<ArrayRef>],
        failures: &Failures,
    ) -> Result<Vec<Reject>, ArrowError> {
        if failures.is_empty() {
            return Ok(Vec::new());
        }
        let options = FormatOptions::default();
        let columns = batch.columns().iter();
        let fields: Vec<ArrayFormatter<'_>> =
            columns.map(|column| ArrayFormatter::try_new(column, &options)).collect::<Result<_, _>>()?;
        let table = self.context.table();
        let reject = |(row, (rule, column)): (&usize, &(Rule, Option<usize>))| {
            let texts: Vec<String> =
                fields.iter().map(|field| field.value(*row).try_to_string().unwrap_or_default()).collect();
            Reject {
                table: table.name,
                file: self.source.name.clone(),
                line: self.rows + *row as u64 + 1,
                rule: *rule,
                column: column.map(|column| table.columns[column].name.to_owned()),
                record: csv_record(texts.iter().map(String::as_bytes)),
            }
        };
        Ok(failures.iter().filter(|(row, _)| !self.left_out(cast, **row)).map(reject).collect())
    }
}

/// Fewer rows at a time where they are long, so that a chunk of notes stays within memory.
fn chunk_rows(metadata: &ParquetMetaData) -> usize {
    let groups = metadata.row_groups().iter();
    let longest = groups.map(|group| group.total_byte_size() / group.num_rows().max(1)).max().unwrap_or(0);
    let longest = usize::try_from(longest).unwrap_or(0).max(1);
    (CHUNK_BYTES / longest).clamp(64, CHUNK_ROWS)
}
