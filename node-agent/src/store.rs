//! The snapshot store: immutable sets of Parquet files, and one name for the set that questions run on.
//!
//! What must stay true: a snapshot never changes after it has its name; its id stands for exactly one content; a person
//! number means the same person in every snapshot of the store; at every moment, also after a crash, `current` names a
//! whole snapshot or there is none; what is in use is not deleted.
//!
//! ```text
//! <state>/
//!   lock                    held by whoever changes the store (advisory; ends with its process)
//!   lineage.json            the store's id and the secret of the person index
//!   current                 the id of the snapshot that questions run on
//!   maps-seen.json          the latest version of each signed map that was taken (`crate::maps`)
//!   acts/                   what was done to the store, until the agent has it in the audit log (`crate::acts`)
//!   staging/                what sorting spills
//!   snapshots/
//!     .new-<random>/        a snapshot in the making
//!     .old-<id>/            a snapshot being deleted
//!     <id>/                 20261122t193200z-1a2b3c4d5e6f: when it was made, and the head of its content's hash
//!       manifest.json       what it is; name, size, rows and SHA-256 of every other file
//!       <table>.parquet     the rows, in the order of `Shape`; one file for each table that the source has
//!       persons.parquet     the person index: every person of the lineage by dense number
//!       report.json         what the ingest counted
//!       quarantine.csv      the rows that could not be represented
//! ```
//!
//! Everything is readable by the agent's own user alone.
//!
//! How it changes, and what a crash leaves at each step; [`Store::open`] clears it up unless somebody holds the lock:
//!
//! | step | a crash leaves | afterwards |
//! |---|---|---|
//! | files are written to `.new-…`, each flushed when complete | `.new-…`, `staging` | both removed; `current` is the old one |
//! | `manifest.json` is written, the folder flushed | the same | the same |
//! | `.new-…` is renamed to `<id>`, `snapshots` flushed | a whole snapshot that is not current | kept: listed, its person numbers are continued by the next ingest; `current` is the old one |
//! | `current.tmp` is written and flushed, renamed to `current`, the folder flushed | the old or the new name | `current.tmp` removed |
//! | retention renames `<id>` to `.old-<id>`, then deletes | `.old-…`, in part | removed |
//!
//! Retention keeps the current snapshot, the newest ones, and always the newest of all: it carries the person numbers, which
//! the next ingest continues even after `current` was set back to an older one.
//!
//! Rejected: a table format with transaction log (Iceberg, Delta): a snapshot here is a whole, replaced at once, and has one
//! writer. SQLite for the list of snapshots: a second truth beside the folders. A symbolic link for `current`: it cannot be
//! flushed, and not every share has it. Hard links to files that did not change: real exports change every file.
//! Reference counts of snapshots in use: they do not reach another process, locks do.

mod draft;
mod durable;
mod error;
mod lineage;
mod lock;
mod manifest;
mod parquet_file;
mod persons;
mod shape;
mod snapshot;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rand::CryptoRng;
use renkei_audit::tree::Hash;
use renkei_types::{Clock, SnapshotId};

use crate::acts::{self, Done};

pub use error::{Error, Fault};
pub use lineage::{Lineage, Token};
pub use lock::Guard;
pub use manifest::{Contents, FORMAT, FileEntry, Identity, Manifest, Seal};
pub use parquet_file::ROW_GROUP_ROWS;
pub use persons::Person;
pub use shape::Shape;
pub use snapshot::Snapshot;
pub use verify::{Finding, Verification};

pub(crate) use draft::Draft;
pub(crate) use durable::{create_dir, create_file, hex, remove, replace};
pub(crate) use parquet_file::{Writer, scan};
pub(crate) use persons::{identities, read as read_persons, write as write_persons};

const MANIFEST: &str = "manifest.json";
const PREPARED: &str = ".new-";
const DELETED: &str = ".old-";

/// One line of the list of snapshots.
#[derive(Debug)]
pub struct Listed {
    /// The id.
    pub id: SnapshotId,
    /// Whether questions run on it.
    pub current: bool,
    /// Its manifest, or why there is no reading it.
    pub manifest: Result<Manifest, Error>,
}

/// A state folder's snapshots.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    clock: Arc<dyn Clock>,
    open: Mutex<Option<Arc<Snapshot>>>,
}

impl Store {
    /// Opens the state folder `root`, makes it where it is missing, and removes what a crash left behind.
    ///
    /// # Errors
    /// [`Error::Io`] naming the path that the file system refused.
    pub fn open(root: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let store = Self { root: root.into(), clock, open: Mutex::new(None) };
        create_dir(&store.snapshots())?;
        match store.lock() {
            Ok(_guard) => store.clear()?,
            // Somebody is at work: what lies about is theirs.
            Err(Error::Busy { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(store)
    }

    /// The state folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The clock that the store was given.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The snapshot that questions run on; `None` before the first ingest. Sees at once what another process switched.
    ///
    /// # Errors
    /// [`Error::Current`] when the name is unreadable or names nothing; [`Error::Damaged`] when the snapshot is not whole.
    pub fn current(&self) -> Result<Option<Arc<Snapshot>>, Error> {
        let Some(id) = self.current_id()? else { return Ok(None) };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(snapshot) = open.as_ref().filter(|snapshot| *snapshot.id() == id) {
            return Ok(Some(Arc::clone(snapshot)));
        }
        *open = None;
        let snapshot = self.get(&id).map_err(|error| match error {
            Error::Unknown { id } => self.current_fault(format!("names the snapshot {id}, which is not there")),
            other => other,
        })?;
        *open = Some(Arc::clone(&snapshot));
        Ok(Some(snapshot))
    }

    /// Opens a snapshot by its id.
    ///
    /// # Errors
    /// [`Error::Unknown`]; [`Error::Damaged`] naming the file that is not what it should be.
    pub fn get(&self, id: &SnapshotId) -> Result<Arc<Snapshot>, Error> {
        Snapshot::open(&self.existing(id)?).map(Arc::new)
    }

    /// Every snapshot, the oldest first.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Current`].
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let current = self.current_id()?;
        let mut listed: Vec<Listed> = self
            .ids()?
            .into_iter()
            .map(|id| {
                let manifest = Manifest::read(&self.dir(&id).join(MANIFEST), &id);
                Listed { current: current.as_ref() == Some(&id), manifest, id }
            })
            .collect();
        listed.sort_by_key(|one| one.manifest.as_ref().map_or(0, |manifest| manifest.contents.sequence));
        Ok(listed)
    }

    /// Reads every byte of a snapshot and compares it with its manifest, its tables' order and its person index.
    ///
    /// # Errors
    /// [`Error::Unknown`]; [`Error::Io`]. What is wrong with the snapshot is in the answer, not an error.
    pub fn verify(&self, id: &SnapshotId) -> Result<Verification, Error> {
        verify::run(&self.existing(id)?, id)
    }

    /// Makes another snapshot the current one: back to an older one, or forward again.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Damaged`]: then nothing has changed. [`Error::Busy`]; [`Error::Io`].
    pub fn set_current(&self, id: &SnapshotId) -> Result<Arc<Snapshot>, Error> {
        let _guard = self.lock()?;
        let id = self.get(id)?.id().clone();
        self.leave(Done::SnapshotUsed { id: id.clone() })?;
        self.switch(&id)
    }

    /// Deletes old snapshots: all but the current one, the `keep` newest (at least one), and those in use. Gives the
    /// deleted ones.
    ///
    /// # Errors
    /// [`Error::Busy`]; [`Error::Current`]; [`Error::Io`].
    pub fn prune(&self, keep: usize) -> Result<Vec<SnapshotId>, Error> {
        let _guard = self.lock()?;
        drop(self.current()?);
        let listed = self.list()?;
        let old = listed.len().saturating_sub(keep.max(1));
        let mut deleted = Vec::new();
        // A snapshot whose manifest is damaged counts as oldest; it is left for somebody to look at.
        for one in listed.into_iter().take(old).filter(|one| !one.current && one.manifest.is_ok()) {
            if self.delete(&one.id)? {
                deleted.push(one.id);
            }
        }
        Ok(deleted)
    }

    /// Takes the right to change the store.
    pub(crate) fn lock(&self) -> Result<Guard, Error> {
        Guard::take(&self.root)
    }

    /// The newest snapshot, whose person numbers the next one continues.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a snapshot that may be newer has no readable manifest: numbers may be in it that nobody
    /// else knows.
    pub(crate) fn newest(&self) -> Result<Option<Manifest>, Error> {
        let (mut newest, mut damaged) = (None::<Manifest>, Vec::new());
        for one in self.list()? {
            match one.manifest {
                Ok(manifest) => newest = Some(manifest),
                Err(error) => damaged.push((one.id, error)),
            }
        }
        match damaged.into_iter().find(|(id, _)| newest.as_ref().is_none_or(|newest| *id > newest.id)) {
            Some((_, error)) => Err(error),
            None => Ok(newest),
        }
    }

    /// The lineage; made with the first snapshot.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is lost or belongs to other snapshots than these.
    pub(crate) fn lineage(&self, newest: Option<&Manifest>, entropy: &mut dyn CryptoRng) -> Result<Lineage, Error> {
        let path = self.root.join("lineage.json");
        match (Lineage::read(&path)?, newest) {
            (Some(lineage), Some(newest)) if lineage.id() != newest.contents.lineage => {
                Err(Error::damaged(&path, Fault::Lineage { why: "belongs to other snapshots" }))
            }
            (Some(lineage), _) => Ok(lineage),
            (None, None) => Lineage::create(&path, entropy),
            (None, Some(_)) => Err(Error::damaged(&path, Fault::Lineage { why: "is lost" })),
        }
    }

    /// The lineage of the snapshots that are there.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is lost; [`Error::Io`].
    pub(crate) fn known_lineage(&self) -> Result<Lineage, Error> {
        let path = self.root.join("lineage.json");
        Lineage::read(&path)?.ok_or_else(|| Error::damaged(&path, Fault::Lineage { why: "is lost" }))
    }

    /// Starts a snapshot.
    pub(crate) fn draft(&self, guard: Guard, entropy: &mut dyn CryptoRng) -> Result<Draft, Error> {
        Draft::start(&self.snapshots(), &self.root.join("staging"), guard, entropy)
    }

    /// Publishes a snapshot and makes it the current one; that it was made waits for the audit log before it is.
    pub(crate) fn publish(&self, mut draft: Draft, contents: Contents) -> Result<Arc<Snapshot>, Error> {
        let Manifest { id, content_id, contents } = draft.publish(contents)?;
        self.leave(Done::SnapshotMade { id: id.clone(), seal: contents.seal, contents: Hash::from_hex(&content_id) })?;
        self.switch(&id)
    }

    fn leave(&self, done: Done) -> Result<(), Error> {
        acts::leave(&self.root, &*self.clock, done)
    }

    /// The folder of a snapshot.
    pub(crate) fn dir(&self, id: &SnapshotId) -> PathBuf {
        self.snapshots().join(id.as_str())
    }

    fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    fn existing(&self, id: &SnapshotId) -> Result<PathBuf, Error> {
        let dir = self.dir(id);
        if dir.is_dir() { Ok(dir) } else { Err(Error::Unknown { id: id.clone() }) }
    }

    fn ids(&self) -> Result<Vec<SnapshotId>, Error> {
        Ok(durable::names(&self.snapshots())?.into_iter().filter_map(|name| SnapshotId::new(name).ok()).collect())
    }

    fn current_id(&self) -> Result<Option<SnapshotId>, Error> {
        let path = self.root.join("current");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        SnapshotId::new(text.trim_end())
            .map(Some)
            .map_err(|_| self.current_fault("does not hold a snapshot id".to_owned()))
    }

    fn current_fault(&self, reason: String) -> Error {
        Error::Current { path: self.root.join("current"), reason }
    }

    fn switch(&self, id: &SnapshotId) -> Result<Arc<Snapshot>, Error> {
        let snapshot = self.get(id)?;
        replace(&self.root.join("current"), format!("{id}\n").as_bytes())?;
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&snapshot));
        Ok(snapshot)
    }

    fn delete(&self, id: &SnapshotId) -> Result<bool, Error> {
        let dir = self.dir(id);
        let doomed = dir.with_file_name(format!("{DELETED}{id}"));
        lock::InUse::unless(&dir.join(MANIFEST), || {
            self.leave(Done::SnapshotRemoved { id: id.clone() })?;
            durable::rename(&dir, &doomed)?;
            remove(&doomed)
        })
    }

    fn clear(&self) -> Result<(), Error> {
        let snapshots = self.snapshots();
        for name in durable::names(&snapshots)? {
            if name.starts_with(PREPARED) || name.starts_with(DELETED) {
                remove(&snapshots.join(name))?;
            }
        }
        for path in ["current", "lineage.json"] {
            remove(&durable::temporary(&self.root.join(path)))?;
        }
        remove(&self.root.join("staging"))
    }
}
