//! Parquet files as the store writes and checks them.
//!
//! Row groups of 256 Ki rows: 10 million rows make some 40 of them, so that two to four scanning partitions get even
//! shares and a filter on owner or date skips most. One file per table: DataFusion splits a file at row groups, so parts
//! would only multiply footers.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::durable::{self, Hashing};
use super::{Error, Fault, FileEntry, Shape};

/// Rows in a row group.
pub const ROW_GROUP_ROWS: usize = 1 << 18;

/// A Parquet file that is being written.
pub(crate) struct Writer {
    path: PathBuf,
    inner: ArrowWriter<Hashing>,
    rows: u64,
}

impl Writer {
    /// Starts a new file whose rows will come sorted by the columns `order` of `schema`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn create(path: &Path, schema: &SchemaRef, order: &[usize]) -> Result<Self, Error> {
        let file = Hashing::new(durable::create_file(path)?);
        let inner = ArrowWriter::try_new(file, Arc::clone(schema), Some(properties(order)?)).map_err(written(path))?;
        Ok(Self { path: path.to_owned(), inner, rows: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.inner.write(batch).map_err(written(&self.path))?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Completes the file and flushes it to the disk.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn finish(self, table: Option<&str>) -> Result<FileEntry, Error> {
        let file = self.inner.into_inner().map_err(written(&self.path))?;
        let (sha256, bytes) = file.finish().map_err(Error::io("write", &self.path))?;
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(FileEntry { name, table: table.map(str::to_owned), rows: Some(self.rows), bytes, sha256 })
    }
}

fn properties(order: &[usize]) -> Result<WriterProperties, Error> {
    let sorting = order
        .iter()
        .map(|&column| SortingColumn {
            column_idx: i32::try_from(column).unwrap_or(i32::MAX),
            descending: false,
            nulls_first: false,
        })
        .collect();
    Ok(WriterProperties::builder()
        .set_created_by(concat!("renkei-node ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting))
        .build())
}

/// Reads and checks the end of a Parquet file: that it is complete, and has these columns.
///
/// # Errors
/// [`Error::Damaged`] naming the file; [`Error::Io`].
pub(crate) fn footer(path: &Path, schema: &Schema, table: &str) -> Result<(File, ArrowReaderMetadata), Error> {
    let file = File::open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::damaged(path, Fault::Missing),
        _ => Error::io("open", path)(source),
    })?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
        .map_err(|_| Error::damaged(path, Fault::Unreadable { what: "Parquet" }))?;
    if metadata.schema().fields() != schema.fields() {
        return Err(Error::damaged(path, Fault::Schema { table: table.to_owned() }));
    }
    Ok((file, metadata))
}

/// Streams the named columns of a table's file, in the schema's order.
///
/// # Errors
/// [`Error::Damaged`] naming the file; [`Error::Io`].
pub(crate) fn scan(
    path: &Path,
    shape: &Shape,
    columns: &[&str],
) -> Result<impl Iterator<Item = Result<RecordBatch, Error>> + use<>, Error> {
    let (file, metadata) = footer(path, &shape.schema, shape.table.name)?;
    let path = path.to_owned();
    let unreadable = move || Error::damaged(&path, Fault::Unreadable { what: "Parquet" });
    let columns = ProjectionMask::columns(metadata.parquet_schema(), columns.iter().copied());
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .with_projection(columns)
        .with_batch_size(1 << 16)
        .build()
        .map_err(|_| unreadable())?;
    Ok(reader.map(move |batch| batch.map_err(|_| unreadable())))
}

/// Rows as the footer states them.
pub(crate) fn rows(metadata: &ArrowReaderMetadata) -> u64 {
    u64::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
}

/// A failed write: the system's error where there is one inside, a disk that is full above all.
fn written(path: &Path) -> impl FnOnce(ParquetError) -> Error {
    let path = path.to_owned();
    move |error| {
        let source = match error {
            ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
                Ok(io) => *io,
                Err(other) => std::io::Error::other(other),
            },
            other => std::io::Error::other(other),
        };
        Error::io("write", &path)(source)
    }
}
