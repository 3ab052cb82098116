//! The statements that this hospital registered, as files of its state folder.
//!
//! `renkei-node preview --register` writes one after somebody saw what would leave; the agent reads them with each
//! question, so that a registration and its end hold at once. There is one for each statement of a project: what is
//! registered again, on another snapshot, takes the place of the earlier one. A file that cannot be read registers nothing.

use std::fs;
use std::path::{Path, PathBuf};

use renkei_policy::{Registration, Registry};
use renkei_types::ProjectId;
use sha2::{Digest, Sha256};

use crate::store::{self, Error};

/// Words that mean another time with each question.
const PRESENT: [&str; 5] = ["now", "current_date", "current_timestamp", "current_time", "today"];

/// What a statement is registered under: SHA-256 of its text, byte for byte.
#[must_use]
pub fn statement(sql: &str) -> [u8; 32] {
    Sha256::digest(sql.as_bytes()).into()
}

/// The word in a statement that means the present time, where there is one.
pub(crate) fn present(sql: &str) -> Option<&'static str> {
    let lower = sql.to_lowercase();
    let mut words = lower.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.find_map(|word| PRESENT.into_iter().find(|present| *present == word))
}

fn folder(state: &Path) -> PathBuf {
    state.join("registered")
}

fn file(state: &Path, registration: &Registration) -> PathBuf {
    let statement = store::hex(&registration.statement);
    folder(state).join(format!("{}-{statement}.json", registration.project))
}

fn files(state: &Path) -> impl Iterator<Item = (PathBuf, Registration)> {
    let entries = fs::read_dir(folder(state)).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    paths.sort();
    paths.into_iter().filter_map(|path| {
        let read = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Registration>(&bytes).ok());
        if read.is_none() {
            tracing::warn!(file = %path.display(), "a registered statement cannot be read; it is not exempt");
        }
        Some((path, read?))
    })
}

/// All that are in force.
#[must_use]
pub fn all(state: &Path) -> Registry {
    Registry::new(files(state).map(|(_, registration)| registration).collect())
}

/// Registers a statement. Durable when it returns.
///
/// # Errors
/// When it cannot be written.
pub fn keep(state: &Path, registration: &Registration) -> Result<(), Error> {
    store::create_dir(&folder(state))?;
    let path = file(state, registration);
    let bytes = serde_json::to_vec_pretty(registration).map_err(std::io::Error::from);
    store::replace(&path, &bytes.map_err(Error::io("write", &path))?)
}

/// Ends the registrations of a project under a name; gives how many there were.
///
/// # Errors
/// When one cannot be removed.
pub(crate) fn withdraw(state: &Path, project: &ProjectId, name: &str) -> Result<usize, Error> {
    end(state, |one| one.project == *project && one.name == name)
}

/// Ends all of them: the ledger that they were looked at with is another one.
///
/// # Errors
/// When one cannot be removed.
pub(crate) fn withdraw_all(state: &Path) -> Result<usize, Error> {
    end(state, |_| true)
}

fn end(state: &Path, which: impl Fn(&Registration) -> bool) -> Result<usize, Error> {
    let ended: Vec<PathBuf> = files(state).filter(|(_, one)| which(one)).map(|(path, _)| path).collect();
    ended.iter().try_for_each(|path| store::remove(path))?;
    Ok(ended.len())
}

#[cfg(test)]
mod tests {
    use renkei_types::{SnapshotId, Timestamp};

    use super::*;

    fn registration(name: &str, sql: &str, snapshot: &str) -> Registration {
        Registration {
            name: name.to_owned(),
            project: ProjectId::new("dm").unwrap(),
            statement: statement(sql),
            snapshot: SnapshotId::new(snapshot).unwrap(),
            ledger: u64::MAX,
            known: 4,
            at: Timestamp(1),
        }
    }

    #[test]
    fn registrations_come_back_replace_each_other_and_end() {
        let state = tempfile::tempdir().unwrap();
        let names = |state: &Path| all(state).iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        assert!(names(state.path()).is_empty());
        for one in [registration("a", "SELECT 1", "s1"), registration("b", "SELECT 2", "s1")] {
            keep(state.path(), &one).unwrap();
        }
        let again = registration("a", "SELECT 1", "s2");
        keep(state.path(), &again).unwrap();
        assert_eq!(names(state.path()).len(), 2);
        assert!(all(state.path()).iter().any(|one| *one == again), "the later one takes its place");
        fs::write(folder(state.path()).join("dm-x.json"), b"{}").unwrap();
        assert_eq!(names(state.path()).len(), 2, "what cannot be read registers nothing");
        assert_eq!(withdraw(state.path(), &again.project, "a").unwrap(), 1);
        assert_eq!(names(state.path()), ["b"]);
        assert_eq!(withdraw_all(state.path()).unwrap(), 1);
        assert!(names(state.path()).is_empty());
    }

    #[test]
    fn words_that_mean_the_present_are_found_however_they_are_written() {
        for (sql, expected) in [
            ("SELECT count(*) FROM person WHERE year_of_birth < 2000", None),
            ("SELECT count(*) FROM death WHERE death_date > NOW ()", Some("now")),
            ("SELECT count(*) FROM death WHERE death_date > \"now\"()", Some("now")),
            ("SELECT count(*) FROM death WHERE death_date > CURRENT_DATE - 7", Some("current_date")),
            ("SELECT count(*) AS known, 1 AS nowhere FROM person", None),
        ] {
            assert_eq!(present(sql), expected, "{sql}");
        }
        assert_ne!(statement("SELECT 1"), statement("SELECT 1 "), "byte for byte");
    }
}
