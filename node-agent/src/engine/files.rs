//! Files of a snapshot that were handed over open: the engine reads what it was given and can name nothing else.
//!
//! The descriptors come with a question and are dropped after it. A file has the name that its manifest gives it, in a
//! store that the engine knows under one address; there is no path in it, so that a process that may open no file at all
//! scans a snapshot all the same.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

const NAME: &str = "snapshot";

/// The scheme and host under which the engine finds the files.
pub(super) const ADDRESS: &str = "snapshot://files";

/// One open file of a table.
#[derive(Debug, Clone)]
pub struct TableFile {
    /// The CDM table.
    pub table: String,
    /// The file's name in the snapshot's folder.
    pub name: String,
    /// Bytes, as the manifest says.
    pub bytes: u64,
    /// The open file.
    pub file: Arc<File>,
}

/// The files of one question.
#[derive(Debug)]
pub(super) struct Files(BTreeMap<Path, (Arc<File>, u64)>);

impl Files {
    pub(super) fn new(snapshot: &str, files: &[TableFile]) -> Self {
        Self(files.iter().map(|f| (path(snapshot, &f.name), (Arc::clone(&f.file), f.bytes))).collect())
    }

    fn find(&self, location: &Path) -> Result<(Arc<File>, u64)> {
        let missing = || Error::NotFound { path: location.to_string(), source: "no such file was handed over".into() };
        self.0.get(location).cloned().ok_or_else(missing)
    }
}

/// Where a file is in the store. A snapshot's id is in it, since what is known of a file is kept under its path.
pub(super) fn path(snapshot: &str, name: &str) -> Path {
    Path::from_iter([snapshot, name])
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic { store: NAME, source: source.into() }
}

fn read_only(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.to_owned(), implementer: NAME.to_owned() }
}

/// Reads a range that lies within the file.
fn read(file: &File, size: u64, range: &Range<u64>) -> Result<Bytes> {
    let length = range.end.checked_sub(range.start).filter(|_| range.end <= size);
    let length = length.and_then(|length| usize::try_from(length).ok());
    let mut bytes = vec![0; length.ok_or_else(|| failed("a range beyond the file"))?];
    file.read_exact_at(&mut bytes, range.start).map_err(failed)?;
    Ok(bytes.into())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

#[async_trait::async_trait]
impl ObjectStore for Files {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(read_only("put"))
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only("put"))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (file, size) = self.find(location)?;
        let meta = ObjectMeta {
            location: location.clone(),
            // A snapshot's files never change: their path says which they are.
            last_modified: chrono::DateTime::UNIX_EPOCH,
            size,
            e_tag: None,
            version: None,
        };
        options.check_preconditions(&meta)?;
        let range = match options.range {
            Some(range) => range.as_range(size).map_err(failed)?,
            None => 0..size,
        };
        let payload = if options.head {
            stream::empty().boxed()
        } else {
            let wanted = range.clone();
            let bytes = blocking(move || read(&file, size, &wanted)).await?;
            stream::once(async { Ok(bytes) }).boxed()
        };
        Ok(GetResult { payload: GetResultPayload::Stream(payload), meta, range, attributes: Attributes::default() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let (file, size) = self.find(location)?;
        let ranges = ranges.to_vec();
        blocking(move || ranges.iter().map(|range| read(&file, size, range)).collect()).await
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        stream::once(async { Err(read_only("delete")) }).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::once(async { Err(read_only("list")) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(read_only("list"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(read_only("copy"))
    }
}
