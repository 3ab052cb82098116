//! The files of the tables: Parquet, one to a table.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use renkei_cdm::Table;

/// The files that are being written.
pub(super) struct Tables {
    folder: PathBuf,
    writers: BTreeMap<&'static str, ArrowWriter<File>>,
}

impl Tables {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), writers: BTreeMap::new() }
    }

    pub(super) fn write(&mut self, table: &'static Table, batch: &RecordBatch) -> io::Result<()> {
        if !self.writers.contains_key(table.name) {
            let file = File::create_new(self.folder.join(format!("{}.parquet", table.name)))?;
            // Read once and thrown away: quick to write is all it has to be.
            let properties = WriterProperties::builder()
                .set_compression(Compression::LZ4_RAW)
                .set_max_row_group_row_count(Some(1 << 17))
                .build();
            let writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(io::Error::other)?;
            self.writers.insert(table.name, writer);
        }
        let writer = self.writers.get_mut(table.name).ok_or(io::ErrorKind::NotFound)?;
        writer.write(batch).map_err(io::Error::other)
    }

    pub(super) fn finish(self) -> io::Result<()> {
        for writer in self.writers.into_values() {
            writer.close().map_err(io::Error::other)?;
        }
        Ok(())
    }
}
