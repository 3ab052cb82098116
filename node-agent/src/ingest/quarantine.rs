//! The quarantine: the source rows that could not be represented, for the site's own eyes.
//!
//! `table,file,line,rule,column,record`, one CSV record each. It holds patients' data like the tables do, is readable by the
//! agent's user alone, and no part of it is quoted anywhere else.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use renkei_ingest::Reject;

use crate::store::{self, create_file};

/// File name of the quarantine.
pub const FILE: &str = "quarantine.csv";

/// The file that is being written.
pub(super) struct Quarantine {
    path: PathBuf,
    rows: csv::Writer<BufWriter<File>>,
}

impl Quarantine {
    /// Starts it in the folder `dir`.
    pub(super) fn create(dir: &Path) -> Result<Self, store::Error> {
        let path = dir.join(FILE);
        let rows = csv::Writer::from_writer(BufWriter::new(create_file(&path)?));
        let mut quarantine = Self { path, rows };
        quarantine.record(["table", "file", "line", "rule", "column", "record"])?;
        Ok(quarantine)
    }

    /// Adds a row under a rule's name.
    pub(super) fn add(&mut self, reject: &Reject, rule: &str) -> Result<(), store::Error> {
        let (line, column) = (reject.line.to_string(), reject.column.as_deref().unwrap_or_default());
        self.record([reject.table, &reject.file, &line, rule, column, &reject.record])
    }

    /// Flushes it to the disk.
    pub(super) fn finish(self) -> Result<(), store::Error> {
        let path = self.path;
        let buffer = self.rows.into_inner().map_err(|error| store::Error::io("write", &path)(error.into_error()))?;
        let file = buffer.into_inner().map_err(|error| store::Error::io("write", &path)(error.into_error()))?;
        file.sync_all().map_err(store::Error::io("write", &path))
    }

    fn record(&mut self, fields: [&str; 6]) -> Result<(), store::Error> {
        self.rows.write_record(fields).map_err(|error| {
            let source = match error.into_kind() {
                csv::ErrorKind::Io(source) => source,
                _ => io::Error::from(io::ErrorKind::InvalidData),
            };
            store::Error::io("write", &self.path)(source)
        })
    }
}
