//! One source's staging file: which files were read, and what they say.
//!
//! ```sql
//! file(id, path, bytes, modified, kind, outcome, remarks)   -- path within the source; NULL outcome: not read to its end
//! statement(file, patient, body)                            -- body: postcard of the statements of one patient
//! alias(file, reference, patient)                           -- numbers of one patient that differ within the source
//! shared(file, key, body)                                   -- codes of things that statements name by a reference
//! gone(file, key, until)                                    -- statements that the source says it has deleted
//! code(coding, body, display)                               -- every code that was seen, and its text
//! reject(file, name, line, rule, place, record)             -- for the quarantine
//! ```
//!
//! Everything of a file is written in one transaction, or, of a large file, in several of which the last one sets the
//! outcome: after a crash a file without an outcome is read again from its start.

mod gone;
mod read;
mod write;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use renkei_ingest::Coding;
use rusqlite::{Connection, OptionalExtension, params};

use crate::Error;
pub(crate) use gone::Gone;
pub(crate) use write::Entry;

/// Version of this layout and of the statements' encoding. Another one is read afresh.
const FORMAT: u32 = 3;

/// More than this module has, so that none is prepared twice.
const STATEMENTS: usize = 32;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS file(id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, bytes INTEGER NOT NULL,
        modified INTEGER NOT NULL, kind TEXT NOT NULL, outcome TEXT, remarks TEXT);
    CREATE TABLE IF NOT EXISTS statement(file INTEGER NOT NULL, patient TEXT NOT NULL, count INTEGER NOT NULL,
        body BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS statement_patient ON statement(patient, count);
    CREATE INDEX IF NOT EXISTS statement_file ON statement(file);
    CREATE TABLE IF NOT EXISTS alias(file INTEGER NOT NULL, reference TEXT NOT NULL, patient TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS alias_file ON alias(file);
    CREATE TABLE IF NOT EXISTS shared(file INTEGER NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS shared_file ON shared(file);
    CREATE TABLE IF NOT EXISTS gone(file INTEGER NOT NULL, key TEXT NOT NULL, until INTEGER);
    CREATE INDEX IF NOT EXISTS gone_file ON gone(file);
    CREATE TABLE IF NOT EXISTS code(coding TEXT PRIMARY KEY, body BLOB NOT NULL, display TEXT) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS reject(file INTEGER NOT NULL, name TEXT NOT NULL, line INTEGER NOT NULL,
        rule TEXT NOT NULL, place TEXT, record TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS reject_file ON reject(file);
";

/// The staging file of one source.
#[derive(Debug)]
pub struct Stage {
    path: PathBuf,
    database: Connection,
    afresh: bool,
    /// Codes that this run has written, and whether with their text.
    written: RefCell<HashMap<Coding, bool>>,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: i64,
    pub(crate) bytes: u64,
    pub(crate) modified: i64,
    pub(crate) whole: bool,
}

impl Stage {
    /// Opens a staging file, makes it where there is none, and empties it where `digest` (of everything that decides
    /// how records are converted) or the layout is not that of before.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn open(path: &Path, digest: &str) -> Result<Self, Error> {
        let fault = || Error::database(path);
        let database = Connection::open(path).map_err(fault())?;
        restrict(path)?;
        let set = |name: &str, value: &str| database.pragma_update(None, name, value).map_err(fault());
        set("journal_mode", "wal")?;
        set("synchronous", "normal")?;
        set("cache_size", "-65536")?;
        // 64 MiB of log: a page that many batches write to is moved into the file once.
        set("wal_autocheckpoint", "16384")?;
        set("temp_store", "memory")?;
        database.set_prepared_statement_cache_capacity(STATEMENTS);
        let mark = format!("{FORMAT} {digest}");
        let (before, afresh) = match mark_of(&database) {
            Ok(before) => (before.clone(), before.is_some_and(|before| before != mark)),
            Err(_) => (None, false),
        };
        if afresh {
            let tables = ["meta", "file", "statement", "alias", "shared", "gone", "code", "reject"];
            let drop: String = tables.iter().map(|table| format!("DROP TABLE IF EXISTS {table};")).collect();
            database.execute_batch(&format!("BEGIN; {drop} COMMIT; VACUUM;")).map_err(fault())?;
        }
        database.execute_batch(SCHEMA).map_err(fault())?;
        if before.as_ref() != Some(&mark) {
            database.execute("INSERT OR REPLACE INTO meta VALUES ('mark', ?1)", params![mark]).map_err(fault())?;
        }
        Ok(Self { path: path.to_owned(), database, afresh, written: RefCell::default() })
    }

    /// Whether it was emptied when it was opened.
    #[must_use]
    pub fn afresh(&self) -> bool {
        self.afresh
    }

    /// What is known of a file.
    pub(crate) fn known(&self, path: &[u8]) -> Result<Option<Known>, Error> {
        let mut select = self
            .database
            .prepare_cached("SELECT id, bytes, modified, outcome IS NOT NULL FROM file WHERE path = ?1")
            .map_err(self.fault())?;
        let known = select.query_row(params![path], |row| {
            let bytes: i64 = row.get(1)?;
            Ok(Known {
                id: row.get(0)?,
                bytes: u64::try_from(bytes).unwrap_or(0),
                modified: row.get(2)?,
                whole: row.get(3)?,
            })
        });
        known.optional().map_err(self.fault())
    }

    fn fault(&self) -> impl FnOnce(rusqlite::Error) -> Error + use<> {
        Error::database(&self.path)
    }
}

fn mark_of(database: &Connection) -> rusqlite::Result<Option<String>> {
    database.query_row("SELECT value FROM meta WHERE key = 'mark'", [], |row| row.get(0)).optional()
}

/// Numbers of patients are in there: nobody else may read it.
pub(crate) fn restrict(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(Error::io("protect", path))
}
