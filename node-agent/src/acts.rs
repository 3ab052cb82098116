//! Acts of somebody at the site, done by another process than the agent: they wait in a folder until the agent, which
//! alone writes the log, records them.
//!
//! An act is on the disk before its effect is shown. The agent takes it at its next look and removes it once it is in
//! the log; a crash between the two records it twice, never not at all.

use std::fs;
use std::path::{Path, PathBuf};

use renkei_types::{Clock, Timestamp};
use serde::{Deserialize, Serialize};

use crate::store::{self, Error};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Act {
    /// When.
    pub(crate) at: Timestamp,
    /// To what.
    pub(crate) subject: String,
    /// In a sentence, without anything of a record.
    pub(crate) detail: String,
}

fn folder(state: &Path) -> PathBuf {
    state.join("acts")
}

/// Leaves an act for the agent. Durable when it returns.
pub(crate) fn leave(state: &Path, clock: &dyn Clock, subject: &str, detail: String) -> Result<(), Error> {
    let act = Act { at: clock.now(), subject: subject.to_owned(), detail };
    let bytes = serde_json::to_vec(&act).unwrap_or_default();
    store::create_dir(&folder(state))?;
    store::replace(&folder(state).join(format!("{:020}-{}.json", act.at.0, std::process::id())), &bytes)
}

/// The acts that wait, oldest first, each with its file.
pub(crate) fn waiting(state: &Path) -> Vec<(PathBuf, Act)> {
    let Ok(files) = fs::read_dir(folder(state)) else { return Vec::new() };
    let files = files.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "json"));
    let acts = files.filter_map(|path| {
        let act = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok())?;
        Some((path, act))
    });
    let mut acts: Vec<_> = acts.collect();
    acts.sort_by(|a, b| a.0.cmp(&b.0));
    acts
}

#[cfg(test)]
mod tests {
    use renkei_types::FixedClock;

    use super::*;

    #[test]
    fn acts_wait_in_order_until_they_are_taken() {
        let state = tempfile::tempdir().unwrap();
        assert!(waiting(state.path()).is_empty());
        for (at, detail) in [(2, "later"), (1, "earlier")] {
            leave(state.path(), &FixedClock(Timestamp(at)), "dm", detail.to_owned()).unwrap();
        }
        let details: Vec<_> = waiting(state.path()).into_iter().map(|(_, act)| act.detail).collect();
        assert_eq!(details, ["earlier", "later"]);
    }
}
