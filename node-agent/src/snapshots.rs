//! The snapshot that questions run on, as the engine reads it: made once, renewed when another process switches.

mod left_out;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use renkei_types::{ProjectId, SnapshotId};

use crate::engine::SnapshotTables;
use crate::store::{Error, Store};
pub(crate) use left_out::LeftOut;

/// Why there is nothing to run on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unready {
    /// Nothing was ingested yet.
    #[error("there is no snapshot: run `renkei-node ingest`")]
    Empty,
    /// The snapshot that was asked for is not there any more.
    #[error("the site does not have the snapshot {0} any more")]
    Gone(SnapshotId),
    /// The snapshot is not whole.
    #[error("the snapshot cannot be used")]
    Store(#[from] Error),
    /// Nobody knows who opted out.
    #[error(transparent)]
    OptOut(#[from] crate::optout::ListError),
    /// The patient numbers cannot be read.
    #[error("the patient numbers cannot be read")]
    Crosswalk(#[from] renkei_staging::Error),
}

#[derive(Debug)]
pub(crate) struct Snapshots {
    store: Store,
    ready: Mutex<Option<Arc<SnapshotTables>>>,
    left_out: left_out::List,
}

impl Snapshots {
    /// Snapshots of `store`, and the list of patients who opted out.
    pub(crate) fn new(store: Store, opt_out: Option<PathBuf>) -> Self {
        Self { store, ready: Mutex::new(None), left_out: left_out::List::new(opt_out) }
    }

    /// Who is in no answer to `project`.
    pub(crate) fn left_out(&self, tables: &SnapshotTables, project: &ProjectId) -> Result<LeftOut, Unready> {
        self.left_out.of(&self.store, tables.snapshot(), project)
    }

    /// The wished snapshot, or the current one.
    pub(crate) fn tables(&self, wish: Option<&SnapshotId>) -> Result<Arc<SnapshotTables>, Unready> {
        let current = self.current()?;
        match wish {
            Some(id) if current.snapshot().id() != id => match self.store.get(id) {
                Err(Error::Unknown { id }) => Err(Unready::Gone(id)),
                snapshot => Ok(Arc::new(SnapshotTables::new(snapshot?))),
            },
            _ => Ok(current),
        }
    }

    fn current(&self) -> Result<Arc<SnapshotTables>, Unready> {
        let snapshot = self.store.current()?.ok_or(Unready::Empty)?;
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tables) = ready.as_ref().filter(|tables| tables.snapshot().id() == snapshot.id()) {
            return Ok(Arc::clone(tables));
        }
        let tables = Arc::new(SnapshotTables::new(snapshot));
        *ready = Some(Arc::clone(&tables));
        Ok(tables)
    }
}
