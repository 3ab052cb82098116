//! The index: built from logs, thrown away at will.

use std::collections::HashMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use renkei_audit::entry::{Entry, Malformed};
use renkei_audit::note::Origin;
use renkei_audit::store::{ReadError, Reader};
use renkei_types::QueryId;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::event::{Event, query_of};
use crate::terms;

mod search;
mod tags;

pub use search::{Filter, Found, Hit};
pub use tags::Tag;

/// The version of the tables; another one is built anew.
const VERSION: i64 = 1;

/// Entries between two commits.
const BATCH: u64 = 20_000;

/// Places for events within one millisecond: an event's number begins with its time, so that numbers sort by time.
const PLACES: i64 = 1 << 20;

const TABLES: &str = "
    CREATE TABLE log(id INTEGER PRIMARY KEY, origin TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, root TEXT NOT NULL);
    CREATE TABLE name(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL, uses INTEGER NOT NULL DEFAULT 0,
        UNIQUE(kind, text));
    CREATE TABLE event(id INTEGER PRIMARY KEY, log INTEGER NOT NULL, query TEXT, doc TEXT NOT NULL);
    CREATE INDEX event_query ON event(query, log) WHERE query IS NOT NULL;
    CREATE TABLE tag(name INTEGER NOT NULL, event INTEGER NOT NULL, PRIMARY KEY(name, event)) WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61 remove_diacritics 0');
";

/// Why the index cannot be built or asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The index's file.
    #[error("the index `{}` cannot be used", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// The index's tables.
    #[error("the index cannot be read or written; delete its file, it is built anew")]
    Tables(#[from] rusqlite::Error),
    /// The log.
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
    /// An event in the index.
    #[error("the index is damaged; delete its file, it is built anew")]
    Damaged(#[source] serde_json::Error),
}

/// What a look at a log brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Updated {
    /// Entries that were read now.
    pub read: u64,
    /// Entries of the log.
    pub size: u64,
    /// Entries that are not in the canonical form; `verify` says more.
    pub unreadable: u64,
    /// Whether the log was not what it had been, and the index was begun anew.
    pub anew: bool,
}

/// The index of some logs.
#[derive(Debug)]
pub struct Index {
    db: Connection,
}

impl Index {
    /// Opens the index in a file, and makes it where there is none or one of another version.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let wrong = |error| IndexError::File(path.to_owned(), error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(wrong)?;
        }
        // It holds statements: for its owner alone.
        let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(wrong)?;
        drop(file);
        match Self::prepare(path) {
            Ok(index) => Ok(index),
            // A file that is no database, or a damaged one.
            Err(IndexError::Tables(rusqlite::Error::SqliteFailure(error, _)))
                if matches!(error.code, rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) =>
            {
                std::fs::write(path, []).map_err(wrong)?;
                Self::prepare(path)
            }
            Err(error) => Err(error),
        }
    }

    /// An index in memory, for whoever asks once.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn in_memory() -> Result<Self, IndexError> {
        let db = Connection::open_in_memory()?;
        db.execute_batch(TABLES)?;
        Ok(Self { db })
    }

    fn prepare(path: &Path) -> Result<Self, IndexError> {
        let mut db = Connection::open(path)?;
        db.busy_timeout(Duration::from_secs(60))?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "normal")?;
        db.pragma_update(None, "cache_size", -65_536)?;
        let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let version: i64 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version != VERSION {
            tx.execute_batch(
                "DROP TABLE IF EXISTS log; DROP TABLE IF EXISTS name; DROP TABLE IF EXISTS event; \
                 DROP TABLE IF EXISTS tag; DROP TABLE IF EXISTS words;",
            )?;
            tx.execute_batch(TABLES)?;
            tx.pragma_update(None, "user_version", VERSION)?;
        }
        tx.commit()?;
        Ok(Self { db })
    }

    /// Reads what a log has more than the index. `progress` hears of entries read and of all entries.
    ///
    /// # Errors
    /// [`IndexError`]; what was read before stays.
    pub fn update(
        &mut self,
        origin: &Origin,
        reader: &Reader,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Updated, IndexError> {
        let size = reader.size()?;
        let known: Option<(i64, String)> = self
            .db
            .query_row("SELECT size, root FROM log WHERE origin = ?1", [origin.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let mut updated = Updated { size, ..Updated::default() };
        let mut from = 0;
        if let Some((before, root)) = known {
            let before = u64::try_from(before).unwrap_or(0);
            if before <= size && reader.head(before)?.root.to_string() == root {
                from = before;
            } else {
                self.clear()?;
                updated.anew = true;
            }
        }
        let mut next = from;
        while next < size {
            let until = size.min(next + BATCH);
            self.batch(origin, reader, next, until, &mut updated)?;
            next = until;
            progress(next - from, size - from);
        }
        updated.read = next - from;
        Ok(updated)
    }

    fn batch(
        &mut self,
        origin: &Origin,
        reader: &Reader,
        from: u64,
        until: u64,
        updated: &mut Updated,
    ) -> Result<(), IndexError> {
        let root = reader.head(until)?.root.to_string();
        let tx = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        tx.execute("INSERT OR IGNORE INTO log(origin, size, root) VALUES(?1, 0, '')", [origin.as_str()])?;
        let log = tx.query_row("SELECT id FROM log WHERE origin = ?1", [origin.as_str()], |row| row.get(0))?;
        let mut batch = Batch { tx: &tx, log, changed: HashMap::new(), loose: Vec::new() };
        for entry in reader.entries(from)? {
            let (index, bytes) = entry?;
            if index >= until {
                break;
            }
            match Entry::decode(&bytes) {
                Ok(entry) => batch.take(&entry)?,
                Err(Malformed::TooLong | Malformed::Content | Malformed::Spelling | Malformed::Openings) => {
                    updated.unreadable += 1;
                }
            }
        }
        batch.write()?;
        let size = i64::try_from(until).unwrap_or(i64::MAX);
        tx.execute("UPDATE log SET size = ?1, root = ?2 WHERE id = ?3", params![size, root, log])?;
        tx.commit()?;
        Ok(())
    }

    fn clear(&mut self) -> Result<(), IndexError> {
        let tx = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        tx.execute_batch(
            "DELETE FROM log; DELETE FROM name; DELETE FROM event; DELETE FROM tag; \
             INSERT INTO words(words) VALUES('delete-all');",
        )?;
        tx.commit()?;
        Ok(())
    }
}

/// A thing with its number and the tags that the index has of it.
struct Changed {
    id: Option<i64>,
    tags: Vec<Tag>,
    event: Event,
}

/// Entries that are committed together.
struct Batch<'a> {
    tx: &'a Transaction<'a>,
    log: i64,
    changed: HashMap<QueryId, Changed>,
    /// Things without a question's id.
    loose: Vec<Event>,
}

impl Batch<'_> {
    fn take(&mut self, entry: &Entry) -> Result<(), IndexError> {
        let Some(query) = query_of(&entry.body) else {
            self.loose.extend(Event::begin(entry));
            return Ok(());
        };
        if !self.changed.contains_key(query) {
            let known = self.load(query)?;
            let changed = match known {
                Some(changed) => changed,
                None => match Event::begin(entry) {
                    Some(event) => Changed { id: None, tags: Vec::new(), event },
                    None => return Ok(()),
                },
            };
            self.changed.insert(query.clone(), changed);
        }
        if let Some(changed) = self.changed.get_mut(query) {
            changed.event.add(entry);
        }
        Ok(())
    }

    fn load(&self, query: &QueryId) -> Result<Option<Changed>, IndexError> {
        let mut find = self.tx.prepare_cached("SELECT id, doc FROM event WHERE query = ?1 AND log = ?2")?;
        let found: Option<(i64, String)> =
            find.query_row(params![query.as_str(), self.log], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((id, doc)) = found else { return Ok(None) };
        let event: Event = serde_json::from_str(&doc).map_err(IndexError::Damaged)?;
        Ok(Some(Changed { id: Some(id), tags: Tag::of(&event), event }))
    }

    fn write(&mut self) -> Result<(), IndexError> {
        let loose = std::mem::take(&mut self.loose).into_iter();
        let mut all: Vec<Changed> = loose.map(|event| Changed { id: None, tags: Vec::new(), event }).collect();
        all.extend(std::mem::take(&mut self.changed).into_values());
        // In their order in time, which is the order of their numbers.
        all.sort_by_key(|changed| (changed.event.at, changed.event.first()));
        for changed in &all {
            self.one(changed)?;
        }
        Ok(())
    }

    fn one(&self, changed: &Changed) -> Result<(), IndexError> {
        let event = &changed.event;
        let doc = serde_json::to_string(event).map_err(IndexError::Damaged)?;
        let id = match changed.id {
            Some(id) => {
                self.tx.prepare_cached("UPDATE event SET doc = ?1 WHERE id = ?2")?.execute(params![doc, id])?;
                id
            }
            None => self.insert(event, &doc)?,
        };
        let wanted = Tag::of(event);
        for tag in changed.tags.iter().filter(|tag| !wanted.contains(tag)) {
            tag.remove(self.tx, id)?;
        }
        for tag in wanted.iter().filter(|tag| !changed.tags.contains(tag)) {
            tag.add(self.tx, id)?;
        }
        Ok(())
    }

    fn insert(&self, event: &Event, doc: &str) -> Result<i64, IndexError> {
        let first = number(event.at.0);
        let taken: Option<i64> = self
            .tx
            .prepare_cached("SELECT max(id) FROM event WHERE id >= ?1 AND id < ?2")?
            .query_row([first, first + PLACES], |row| row.get(0))?;
        let id = taken.map_or(first, |taken| taken + 1);
        self.tx.prepare_cached("INSERT INTO event(id, log, query, doc) VALUES(?1, ?2, ?3, ?4)")?.execute(params![
            id,
            self.log,
            event.query.as_ref().map(QueryId::as_str),
            doc
        ])?;
        let parts = [&event.sql, &event.parameters, &event.purpose, &event.detail, &event.object, &event.ethics];
        let text: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        let words = terms::words(&text.join(" "));
        self.tx.prepare_cached("INSERT INTO words(rowid, text) VALUES(?1, ?2)")?.execute(params![id, words])?;
        Ok(id)
    }
}

/// The first number of a time.
fn number(micros: i64) -> i64 {
    micros.div_euclid(1_000).clamp(0, (1 << 42) - 1) * PLACES
}
