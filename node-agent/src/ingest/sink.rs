//! Where the rows of a table go: a thread of its own that sorts and writes while the source is read.
//!
//! Rows in order, or almost, are written as they come. When a window turns out to belong before rows that were
//! written already, the table is sorted outside of memory: what was written, what waits and what is still to come go through
//! [`Engine::sort`] into a new file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use datafusion::common::DataFusionError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::IngestError;
use super::engine::{Engine, Rows};
use super::window::{Ready, Window};
use crate::store::{self, FileEntry, Shape, Writer};

/// Batches that may wait between reading and writing.
const AHEAD: usize = 8;

/// A table that was written.
#[derive(Debug)]
pub(super) struct Sunk {
    /// The manifest's entry.
    pub(super) entry: FileEntry,
    /// Whether the rows had to be sorted outside of memory.
    pub(super) resorted: bool,
}

/// The way to the file of one table.
pub(super) struct Sink {
    table: &'static str,
    sender: SyncSender<RecordBatch>,
    thread: JoinHandle<Result<Sunk, IngestError>>,
}

impl Sink {
    /// Starts the thread that writes `path`.
    pub(super) fn open(shape: Shape, path: PathBuf, engine: Arc<Engine>) -> Self {
        let (sender, batches) = sync_channel(AHEAD);
        let table = shape.table.name;
        let thread = std::thread::spawn(move || Table { shape, path, engine }.write(batches));
        Self { table, sender, thread }
    }

    /// Hands over rows; false when the thread has given up, of which [`Self::finish`] tells the reason.
    #[must_use]
    pub(super) fn send(&self, batch: RecordBatch) -> bool {
        batch.num_rows() == 0 || self.sender.send(batch).is_ok()
    }

    /// Waits until all is written.
    pub(super) fn finish(self) -> Result<Sunk, IngestError> {
        drop(self.sender);
        self.thread.join().unwrap_or(Err(IngestError::Lost { table: self.table }))
    }
}

struct Table {
    shape: Shape,
    path: PathBuf,
    engine: Arc<Engine>,
}

impl Table {
    fn write(self, batches: Receiver<RecordBatch>) -> Result<Sunk, IngestError> {
        let mut writer = self.writer()?;
        let mut window = Window::new(&self.shape.schema, &self.shape.order, self.engine.memory());
        let mut batches = batches.into_iter();
        loop {
            let (ready, ended) = match batches.next() {
                Some(batch) => (window.push(batch), false),
                None => (window.end(), true),
            };
            match ready.map_err(|source| self.form(source))? {
                Ready::Rows(rows) => writer.write(&rows)?,
                Ready::Disorder => return self.resort(writer, window, batches),
                Ready::Wait => {}
            }
            if ended {
                return Ok(Sunk { entry: writer.finish(Some(self.shape.table.name))?, resorted: false });
            }
        }
    }

    fn resort(
        &self,
        writer: Writer,
        window: Window,
        batches: impl Iterator<Item = RecordBatch> + Send + 'static,
    ) -> Result<Sunk, IngestError> {
        writer.finish(None)?;
        let head = self.engine.spill().join(format!("{}-head.parquet", self.shape.table.name));
        fs::rename(&self.path, &head).map_err(store::Error::io("rename to", &head))?;
        let rest = window.into_rows().into_iter().chain(batches).map(Ok);
        let rows: Rows = Box::new(read(&head)?.chain(rest));
        let mut writer = self.writer()?;
        let mut failed = None;
        let sorted = self.engine.sort(&self.shape.schema, &self.shape.order, rows, |batch| {
            writer.write(&batch).map_err(|error| {
                failed = Some(error);
                DataFusionError::Execution("the sorted rows could not be written".into())
            })
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        sorted.map_err(|source| IngestError::Sort {
            table: self.shape.table.name,
            spill: self.engine.spill().to_owned(),
            source,
        })?;
        fs::remove_file(&head).map_err(store::Error::io("remove", &head))?;
        Ok(Sunk { entry: writer.finish(Some(self.shape.table.name))?, resorted: true })
    }

    fn writer(&self) -> Result<Writer, store::Error> {
        Writer::create(&self.path, &self.shape.schema, &self.shape.order)
    }

    fn form(&self, source: ArrowError) -> IngestError {
        IngestError::Form { table: self.shape.table.name, source }
    }
}

fn read(
    path: &Path,
) -> Result<impl Iterator<Item = Result<RecordBatch, DataFusionError>> + Send + use<>, store::Error> {
    let failed = |error| store::Error::io("read", path)(std::io::Error::other(error));
    let file = fs::File::open(path).map_err(store::Error::io("open", path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|reader| reader.with_batch_size(8192).build());
    Ok(reader.map_err(failed)?.map(|batch| batch.map_err(DataFusionError::from)))
}
