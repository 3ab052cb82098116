//! Who is left out of answers: the list of patients who opted out, as person numbers of a snapshot.
//!
//! The list is looked at before every question, so that it holds from the moment it is written. A patient's number leads
//! to the person through the crosswalk of converted sources, or is itself what the source's person table has.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use renkei_audit::tree::Hash;
use renkei_staging::{Crosswalk, without_zeros};
use renkei_types::{ProjectId, SnapshotId};

use super::Unready;
use crate::ingest;
use crate::optout::{ListError, OptOuts, tokens};
use crate::store::{self, Snapshot, Store, Token};

/// Who is in no answer.
#[derive(Debug, Clone)]
pub(crate) struct LeftOut {
    /// Person numbers, in ascending order.
    pub(crate) persons: Arc<[u32]>,
    /// The list's version, for the audit log: keyed with the lineage's secret. `None` without a list.
    pub(crate) version: Option<Hash>,
}

/// The list, as it was last read.
#[derive(Debug)]
pub(super) struct List {
    path: Option<PathBuf>,
    read: Mutex<Option<Read>>,
}

#[derive(Debug)]
struct Read {
    list: OptOuts,
    /// By which a changed list is told: a time of the file would not do for two changes in one tick.
    version: Hash,
    known: Option<(SnapshotId, ProjectId, LeftOut)>,
}

impl List {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, read: Mutex::new(None) }
    }

    /// The persons of `snapshot` who are in no answer to `project`.
    pub(super) fn of(&self, store: &Store, snapshot: &Snapshot, project: &ProjectId) -> Result<LeftOut, Unready> {
        let Some(path) = &self.path else { return Ok(LeftOut { persons: Arc::from([]), version: None }) };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = std::fs::read(path).map_err(|error| ListError::unreadable(path, &error))?;
        let version = Hash::of(&bytes);
        let read = match read.take().filter(|read| read.version == version) {
            Some(same) => read.insert(same),
            None => read.insert(Read { list: OptOuts::of(path, &bytes)?, version, known: None }),
        };
        if let Some((id, of, left_out)) = &read.known
            && id == snapshot.id()
            && of == project
        {
            return Ok(left_out.clone());
        }
        let persons = persons(store, snapshot, &read.list, project)?.into();
        let version = store.known_lineage()?.version(&bytes);
        let left_out = LeftOut { persons, version: Some(version) };
        read.known = Some((snapshot.id().clone(), project.clone(), left_out.clone()));
        Ok(left_out)
    }
}

fn persons(store: &Store, snapshot: &Snapshot, list: &OptOuts, project: &ProjectId) -> Result<Vec<u32>, Unready> {
    let numbers: HashSet<&str> = list.of_project(project.as_str()).map(without_zeros).collect();
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let lineage = store.known_lineage()?;
    let raw = list.of_project(project.as_str());
    let mut out: HashSet<Token> = raw.chain(numbers.iter().copied()).flat_map(|n| tokens(&lineage, n)).collect();
    let crosswalk = ingest::sources_folder(store.root()).join("crosswalk.sqlite");
    if crosswalk.exists() {
        let pseudonyms = Crosswalk::open(&crosswalk)?.pseudonyms(|patient| numbers.contains(without_zeros(patient)))?;
        out.extend(pseudonyms.iter().flat_map(|pseudonym| tokens(&lineage, pseudonym)));
    }
    let index = store::identities(snapshot.dir())?;
    Ok(index.into_iter().filter(|(_, identity)| out.contains(identity)).map(|(owner, _)| owner).collect())
}
