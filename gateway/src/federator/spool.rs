//! The rows of a very large answer, on the disk until all of them are known.
//!
//! What must stay true: nobody reads the file but the answer that wrote it. It has no name from the moment it is there,
//! so that it is gone with the answer, or with the program, however that ends. It leaves [`ROOM`] on the disk, which is
//! the log's too.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use renkei_audit::store::{Disk as _, Folder};
use renkei_proto::rows::Rows;
use renkei_service::chain;
use renkei_types::{Code, Refusal};

/// Bytes of the disk that stay free.
const ROOM: u64 = 1 << 30;

/// Rows that are written as they come, with their digest.
pub(super) struct Spool {
    file: StreamWriter<BufWriter<File>>,
    folder: PathBuf,
    rows: Rows,
    /// Bytes of rows in memory's measure, of so many that may be.
    bytes: usize,
    most: usize,
}

/// Rows that are all there.
pub(super) struct Spooled {
    pub(super) digest: [u8; 32],
    pub(super) count: u64,
    file: File,
}

impl Spool {
    /// Begins with rows of this shape, in a folder; `columns` are what the digest begins with.
    pub(super) fn begin(folder: &Path, shape: &SchemaRef, columns: &SchemaRef, most: usize) -> Result<Self, Refusal> {
        let file = tempfile::tempfile_in(folder).map_err(|error| fault(&error))?;
        let file = StreamWriter::try_new(BufWriter::new(file), shape).map_err(|error| fault(&error))?;
        Ok(Self { file, folder: folder.to_owned(), rows: Rows::new(columns), bytes: 0, most })
    }

    /// Takes the next rows.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<(), Refusal> {
        self.bytes = self.bytes.saturating_add(batch.get_array_memory_size());
        if self.bytes > self.most {
            let message = format!("the answer is larger than {} MiB", self.most >> 20);
            return Err(Refusal::new(Code::TooLarge, message)
                .hint("ask for fewer rows, or have `limits.answer_mib` of the gateway raised"));
        }
        if Folder.free(&self.folder).is_ok_and(|free| free < ROOM) {
            tracing::warn!("an answer that has to be put on the disk finds too little room there");
            return Err(Refusal::new(Code::TooLarge, "the gateway has too little room for an answer of this size")
                .hint("ask for fewer rows, or tell whoever runs the gateway"));
        }
        self.rows.add(batch).and_then(|()| self.file.write(batch)).map_err(|error| fault(&error))
    }

    /// All rows are there.
    pub(super) fn finish(self) -> Result<Spooled, Refusal> {
        let Self { file, rows, .. } = self;
        let back = |file: StreamWriter<BufWriter<File>>| -> Result<File, ArrowError> {
            let mut file = file.into_inner()?.into_inner().map_err(io::Error::from)?;
            file.seek(SeekFrom::Start(0))?;
            Ok(file)
        };
        let file = back(file).map_err(|error| fault(&error))?;
        Ok(Spooled { count: rows.count(), digest: rows.finish(), file })
    }
}

impl Spooled {
    /// The rows again.
    pub(super) fn rows(self) -> BoxStream<'static, Result<RecordBatch, Refusal>> {
        let reader = StreamReader::try_new(BufReader::new(self.file), None).map_err(|error| fault(&error));
        match reader {
            Ok(reader) => stream::unfold(Some(reader), next).boxed(),
            Err(refusal) => stream::iter([Err(refusal)]).boxed(),
        }
    }
}

type Reader = StreamReader<BufReader<File>>;

async fn next(reader: Option<Reader>) -> Option<(Result<RecordBatch, Refusal>, Option<Reader>)> {
    let mut reader = reader?;
    let read = tokio::task::spawn_blocking(move || reader.next().map(|batch| (batch, reader))).await;
    match read {
        Ok(Some((Ok(batch), reader))) => Some((Ok(batch), Some(reader))),
        Ok(Some((Err(error), _))) => Some((Err(fault(&error)), None)),
        Ok(None) => None,
        Err(error) => Some((Err(fault(&error)), None)),
    }
}

pub(super) fn fault(error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::error!(error = chain(error), "the rows of a large answer cannot be kept until all are there");
    Refusal::new(Code::Failed, "the gateway cannot keep the rows of the answer until all of them are there")
        .hint("whoever runs the gateway finds the reason in its own log")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(from: i64) -> RecordBatch {
        let numbers: ArrayRef = Arc::new((from..from + 1_000).collect::<Int64Array>());
        let texts: ArrayRef =
            Arc::new((from..from + 1_000).map(|n| (n % 7 > 0).then(|| n.to_string())).collect::<StringArray>());
        RecordBatch::try_from_iter_with_nullable([("n", numbers, false), ("t", texts, true)]).unwrap()
    }

    #[tokio::test]
    async fn rows_come_back_as_they_were_with_the_digest_of_all() {
        let folder = tempfile::tempdir().unwrap();
        let schema = batch(0).schema();
        let mut spool = Spool::begin(folder.path(), &schema, &schema, 1 << 30).unwrap();
        let mut rows = Rows::new(&schema);
        for from in 0..5 {
            spool.add(&batch(from)).unwrap();
            rows.add(&batch(from)).unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
        let spooled = spool.finish().unwrap();
        assert_eq!((spooled.count, spooled.digest), (5_000, rows.finish()));
        let back: Vec<RecordBatch> = spooled.rows().map(Result::unwrap).collect().await;
        assert_eq!(back, (0..5).map(batch).collect::<Vec<_>>());
    }

    #[test]
    fn more_than_may_be_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let schema = batch(0).schema();
        let mut spool = Spool::begin(folder.path(), &schema, &schema, 100_000).unwrap();
        let refused = (0..100).map(|from| spool.add(&batch(from))).find_map(Result::err).unwrap();
        assert_eq!(refused.code, Code::TooLarge);
        let missing = Spool::begin(&folder.path().join("missing"), &schema, &schema, 1).err().unwrap();
        assert_eq!(missing.code, Code::Failed);
    }
}
