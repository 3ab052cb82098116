//! Acts of somebody at the machine, done by another process than the one that writes the log: they wait in a folder until
//! that one, which alone writes, records them.
//!
//! An act is on the disk before its effect. It is taken at the next look and removed once it is in the log; a crash
//! between the two records it twice, never not at all. What cannot be read as an act was not written by this program:
//! it is put aside under another name, and that it was there is recorded.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{CryptoRng, RngCore};
use renkei_audit::entry::{Act, Admin, Body, Draft, Line, Private};
use renkei_audit::store::{Disk as _, Folder, Log};
use renkei_audit::tree::Hash;
use renkei_types::{Clock, Timestamp};
use serde::{Deserialize, Serialize};

use crate::chain;

/// What somebody did: all that is recorded of it. Nothing of a record, no number that was counted from records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// What kind.
    pub act: Act,
    /// In a sentence.
    pub detail: String,
    /// SHA-256 of the document concerned.
    pub digest: Option<Hash>,
    /// What the owner of the log keeps to itself, by names of lower-case letters and `_`.
    pub sealed: BTreeMap<String, String>,
    /// What it was done to.
    pub subject: String,
}

impl Deed {
    /// That entries of the log were shown.
    #[must_use]
    pub fn log_shown(entries: u64, questions: bool) -> Self {
        let of = if questions { " of questions" } else { "" };
        Self::plain(Act::LogRead, "log", format!("the newest {entries} entries{of} shown"), None)
    }

    /// That old entries were removed from the log's folder after they were exported; `manifest` is the SHA-256 of the
    /// archive's.
    #[must_use]
    pub fn log_archived(until: u64, manifest: Hash) -> Self {
        Self::plain(Act::Archive, "log", format!("entries before {until} were exported and removed"), Some(manifest))
    }

    /// With nothing sealed.
    #[must_use]
    pub fn plain(act: Act, subject: impl Into<String>, detail: impl Into<String>, digest: Option<Hash>) -> Self {
        Self { act, detail: detail.into(), digest, sealed: BTreeMap::new(), subject: subject.into() }
    }
}

/// What was done, when, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// When.
    pub at: Timestamp,
    /// The account's number on this machine.
    pub account: u32,
    /// What.
    pub deed: Deed,
}

impl Left {
    /// The entry. Which account it was, and what is sealed, the log's owner alone can read.
    pub fn draft<R: RngCore + CryptoRng>(&self, rng: &mut R) -> Draft {
        let (mut private, mut openings) = (Private::default(), Vec::new());
        let mut seal = |name: &str, value: &str| {
            if private.seal(name, value, &mut *rng, &mut openings).is_err() {
                tracing::error!(name, "a field of an act cannot be sealed and is not recorded");
            }
        };
        seal("account", &self.account.to_string());
        self.deed.sealed.iter().for_each(|(name, value)| seal(name, value));
        let detail = format!("{} (at {})", self.deed.detail, seconds(self.at));
        let admin = Admin {
            act: self.deed.act,
            detail: Line::lossy(&detail),
            digest: self.deed.digest,
            private,
            subject: Line::lossy(&self.deed.subject),
            who: None,
        };
        Draft { body: Body::Admin(admin), openings }
    }
}

/// `2027-01-15T08:00:00Z`.
fn seconds(at: Timestamp) -> String {
    let at = chrono::DateTime::from_timestamp_micros(at.0);
    at.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

/// One file of the folder.
#[derive(Debug)]
pub enum Waiting {
    /// An act.
    Act(PathBuf, Left),
    /// Something else, now under another name.
    PutAside(PathBuf),
}

/// Where acts wait.
#[must_use]
pub fn folder(state: &Path) -> PathBuf {
    state.join("acts")
}

/// Leaves an act for the program that writes the log. Durable when it returns.
///
/// # Errors
/// When it cannot be written: then what it tells of must not happen.
pub fn leave(state: &Path, clock: &dyn Clock, deed: Deed) -> io::Result<()> {
    let left = Left { at: clock.now(), account: rustix::process::getuid().as_raw(), deed };
    let (folder, bytes) = (folder(state), serde_json::to_vec(&left)?);
    // Several acts of one process may share a time; none may take another's place.
    let name = |n: u32| folder.join(format!("{:020}-{}-{n:04}.json", left.at.0, std::process::id()));
    let free = (0..10_000).map(name).find(|path| !path.exists());
    Folder.put(&free.unwrap_or_else(|| name(10_000)), &bytes)
}

/// What waits, oldest first. Files that are no acts are renamed, so that each is met once.
#[must_use]
pub fn waiting(state: &Path) -> Vec<Waiting> {
    let Ok(files) = fs::read_dir(folder(state)) else { return Vec::new() };
    let files = files.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    files.into_iter().filter_map(read).collect()
}

fn read(path: PathBuf) -> Option<Waiting> {
    match fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        Some(left) => Some(Waiting::Act(path, left)),
        None => {
            let aside = path.with_extension("unreadable");
            // One that cannot even be renamed would be recorded every second.
            fs::rename(&path, &aside).ok().map(|()| Waiting::PutAside(aside))
        }
    }
}

/// Records what waits, and removes what is recorded.
pub async fn record(log: &Log, state: &Path, entropy: &Mutex<StdRng>) {
    for waiting in waiting(state) {
        let draft = match &waiting {
            Waiting::Act(_, left) => left.draft(&mut *entropy.lock().unwrap_or_else(PoisonError::into_inner)),
            Waiting::PutAside(file) => {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                tracing::warn!(name, "a file among the acts that wait for the log is none; it was put aside");
                Body::Admin(put_aside()).into()
            }
        };
        match (log.append(draft).await, waiting) {
            (Ok(_), Waiting::Act(file, _)) => drop(fs::remove_file(file)),
            (Ok(_), Waiting::PutAside(_)) => {}
            (Err(error), _) => tracing::error!(error = chain(&error), "the audit log takes nothing"),
        }
    }
}

fn put_aside() -> Admin {
    Admin {
        act: Act::Ceremony,
        detail: Line::lossy("a file that is no act was put aside"),
        digest: None,
        private: Private::default(),
        subject: Line::lossy("acts"),
        who: None,
    }
}

#[cfg(test)]
mod tests;
