//! Who is left out of answers: the list of patients who opted out, as person numbers of a snapshot.
//!
//! The list is looked at before every question, so that it holds from the moment it is written. A patient's number leads
//! to the person through the crosswalk of converted sources, or is itself what the source's person table has.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use renkei_staging::{Crosswalk, without_zeros};
use renkei_types::{ProjectId, SnapshotId};

use super::Unready;
use crate::ingest;
use crate::optout::{ListError, OptOuts};
use crate::store::{self, Identity, Lineage, Snapshot, Store, Token};

/// Person numbers that are in no answer.
pub(crate) type LeftOut = Arc<[u32]>;

/// The list, as it was last read.
#[derive(Debug)]
pub(super) struct List {
    path: Option<PathBuf>,
    read: Mutex<Option<Read>>,
}

#[derive(Debug)]
struct Read {
    mark: Mark,
    list: OptOuts,
    known: Option<(SnapshotId, ProjectId, LeftOut)>,
}

/// By what a changed file is told.
type Mark = (Option<SystemTime>, u64);

impl List {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, read: Mutex::new(None) }
    }

    /// The persons of `snapshot` who are in no answer to `project`, in ascending order.
    pub(super) fn of(&self, store: &Store, snapshot: &Snapshot, project: &ProjectId) -> Result<LeftOut, Unready> {
        let Some(path) = &self.path else { return Ok(Arc::from([])) };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = mark(path)?;
        let read = match read.take().filter(|read| read.mark == mark) {
            Some(same) => read.insert(same),
            None => read.insert(Read { mark, list: OptOuts::read(Some(path))?, known: None }),
        };
        if let Some((id, of, persons)) = &read.known
            && id == snapshot.id()
            && of == project
        {
            return Ok(Arc::clone(persons));
        }
        let persons: LeftOut = persons(store, snapshot, &read.list, project)?.into();
        read.known = Some((snapshot.id().clone(), project.clone(), Arc::clone(&persons)));
        Ok(persons)
    }
}

fn mark(path: &Path) -> Result<Mark, Unready> {
    let metadata = std::fs::metadata(path).map_err(|error| ListError::unreadable(path, &error))?;
    Ok((metadata.modified().ok(), metadata.len()))
}

fn persons(store: &Store, snapshot: &Snapshot, list: &OptOuts, project: &ProjectId) -> Result<Vec<u32>, Unready> {
    let numbers: HashSet<&str> = list.of_project(project.as_str()).map(without_zeros).collect();
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let lineage = store.known_lineage()?;
    let raw = list.of_project(project.as_str());
    let mut tokens: HashSet<Token> = raw.chain(numbers.iter().copied()).flat_map(|n| tokens(&lineage, n)).collect();
    let crosswalk = ingest::sources_folder(store.root()).join("crosswalk.sqlite");
    if crosswalk.exists() {
        let pseudonyms = Crosswalk::open(&crosswalk)?.pseudonyms(|patient| numbers.contains(without_zeros(patient)))?;
        tokens.extend(pseudonyms.iter().flat_map(|pseudonym| self::tokens(&lineage, pseudonym)));
    }
    let index = store::read_persons(snapshot.dir())?;
    Ok(index.into_iter().filter(|person| tokens.contains(&person.identity)).map(|person| person.owner).collect())
}

/// What the person index may have for a number, by whichever identifier the source has.
fn tokens(lineage: &Lineage, number: &str) -> impl Iterator<Item = Token> + use<> {
    let by_text = lineage.token(Identity::SourceValue, number.as_bytes());
    let by_id = number.parse::<i64>().ok().map(|id| lineage.token(Identity::PersonId, &id.to_le_bytes()));
    std::iter::once(by_text).chain(by_id)
}
