//! The snapshot that a question runs on: which tables it has, and its files, to be handed over open.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::files::TableFile;
use crate::store::Snapshot;

/// The tables of one snapshot, and the snapshot itself, so that nobody deletes its files.
pub struct SnapshotTables {
    snapshot: Arc<Snapshot>,
}

impl std::fmt::Debug for SnapshotTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnapshotTables").field("snapshot", self.snapshot.id()).finish_non_exhaustive()
    }
}

impl SnapshotTables {
    /// The tables of a snapshot.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self { snapshot }
    }

    /// The snapshot.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Whether the source that the snapshot was made from had the table, be it empty.
    #[must_use]
    pub fn has(&self, table: &str) -> bool {
        !self.snapshot.table_files(table).is_empty()
    }

    /// Whether every file of the table is there, as long as it was when it was published.
    #[must_use]
    pub fn whole(&self, table: &str) -> bool {
        let manifest = self.snapshot.manifest();
        self.snapshot.table_files(table).iter().all(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            let expected = name.and_then(|name| manifest.file(&name)).map(|entry| entry.bytes);
            std::fs::metadata(path).is_ok_and(|found| Some(found.len()) == expected)
        })
    }

    /// Bytes of the files of some tables.
    pub fn bytes<'a>(&self, tables: impl IntoIterator<Item = &'a String>) -> u64 {
        let files = &self.snapshot.manifest().contents.files;
        let of =
            |table| files.iter().filter(|file| file.table.as_ref() == Some(table)).map(|file| file.bytes).sum::<u64>();
        tables.into_iter().map(of).sum()
    }

    /// Opens the files of some tables for reading, and reads nothing. A table that the snapshot does not have brings none.
    ///
    /// # Errors
    /// The file system's, also where a file is not as long as its manifest says.
    pub fn open<'a>(&self, tables: impl IntoIterator<Item = &'a String>) -> io::Result<Vec<TableFile>> {
        let mut open = Vec::new();
        for table in tables {
            for path in self.snapshot.table_files(table) {
                let file = File::open(path)?;
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let bytes = file.metadata()?.len();
                if self.snapshot.manifest().file(&name).map(|entry| entry.bytes) != Some(bytes) {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "a file of the snapshot was cut"));
                }
                open.push(TableFile { table: table.clone(), name, bytes, file: Arc::new(file) });
            }
        }
        Ok(open)
    }
}
