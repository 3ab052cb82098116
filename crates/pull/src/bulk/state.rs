//! What is known from one run to the next: `export.json`, written anew as a whole and renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use renkei_types::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::manifest::{Listed, Listing};
use crate::disk::{hold, local, sync};
use crate::{Error, Kind};

const FILE: &str = "export.json";
const VERSION: u32 = 1;

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    /// The server.
    base: String,
    /// What the finished runs asked for: another question does not continue them.
    pub(super) query: String,
    /// Number of the last run that was finished; 0 for none.
    pub(super) runs: u32,
    /// The moment of the last run, as the server wrote it.
    pub(super) since: Option<String>,
    /// The run that is under way.
    pub(super) job: Option<Job>,
}

/// A run under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) query: String,
    pub(super) since: Option<String>,
    /// Where the server tells how far it is.
    pub(super) status: Url,
    pub(super) started: Timestamp,
    pub(super) listing: Option<Listing>,
}

/// The folder with its state.
pub(super) struct Store {
    root: PathBuf,
    pub(super) state: State,
    _hold: Option<File>,
}

impl Store {
    /// Opens the folder, which is made where it is missing, and is otherwise empty or one of this server's.
    pub(super) fn open(root: &Path, base: &Url) -> Result<Self, Error> {
        let failed = |error| local(root, "cannot be used", error);
        fs::create_dir_all(root).map_err(failed)?;
        let hold = hold(root)?;
        let path = root.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::fresh(root, base, hold),
            Err(error) => return Err(local(&path, "cannot be read", error)),
        };
        let wrong = |what: &str, remedy| Error::new(Kind::Local, format!("{} {what}", path.display()), remedy);
        let state: State = serde_json::from_slice(&text)
            .map_err(|_| wrong("cannot be understood", "name an empty folder; everything is then fetched anew"))?;
        if state.version != VERSION {
            return Err(wrong("was written by another version", "name an empty folder, or run that version"));
        }
        if state.base != base.as_str() {
            return Err(wrong("belongs to another server", "name a folder of its own for each server"));
        }
        Ok(Self { root: root.to_owned(), state, _hold: hold })
    }

    fn fresh(root: &Path, base: &Url, hold: Option<File>) -> Result<Self, Error> {
        let failed = |error| local(root, "cannot be used", error);
        let part = format!("{FILE}.part");
        for entry in fs::read_dir(root).map_err(failed)? {
            if entry.map_err(failed)?.file_name() != *part {
                let what = format!("the folder {} holds files of something else", root.display());
                return Err(Error::new(Kind::Local, what, "name an empty folder"));
            }
        }
        let state =
            State { version: VERSION, base: base.to_string(), query: String::new(), runs: 0, since: None, job: None };
        Ok(Self { root: root.to_owned(), state, _hold: hold })
    }

    pub(super) fn save(&self) -> Result<(), Error> {
        let (path, part) = (self.root.join(FILE), self.root.join(format!("{FILE}.part")));
        let write = || {
            let text = serde_json::to_vec_pretty(&self.state)?;
            let mut file = File::create(&part)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&part, &path)?;
            sync(&self.root)
        };
        write().map_err(|error| local(&path, "cannot be written", error))
    }

    /// Forgets the run under way, and what it fetched.
    pub(super) fn forget(&mut self) -> Result<(), Error> {
        self.state.job = None;
        self.save()?;
        let part = self.part();
        match fs::remove_dir_all(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(local(&part, "cannot be removed", error)),
            _ => Ok(()),
        }
    }

    /// The run under way becomes a finished one.
    pub(super) fn finish(&mut self) -> Result<PathBuf, Error> {
        let (part, whole) = (self.part(), self.whole());
        let rename = || {
            // The power may have gone between the renaming and the saving.
            if part.exists() || !whole.exists() {
                fs::rename(&part, &whole)?;
            }
            sync(&self.root)
        };
        rename().map_err(|error| local(&part, "cannot be renamed", error))?;
        if let Some(job) = self.state.job.take() {
            self.state.since = job.listing.map(|listing| listing.transaction_time);
            self.state.query = job.query;
        }
        self.state.runs += 1;
        self.save()?;
        Ok(whole)
    }

    /// The folder that the run under way fills.
    pub(super) fn part(&self) -> PathBuf {
        self.root.join(format!("{:06}.part", self.state.runs + 1))
    }

    fn whole(&self) -> PathBuf {
        self.root.join(format!("{:06}", self.state.runs + 1))
    }

    /// Whether the run under way was renamed already.
    pub(super) fn is_renamed(&self) -> bool {
        !self.part().exists() && self.whole().exists()
    }

    /// The files of the run under way.
    pub(super) fn files(&self) -> &[Listed] {
        self.state.job.as_ref().and_then(|job| job.listing.as_ref()).map_or(&[], |listing| &listing.files)
    }

    pub(super) fn change(&mut self, index: usize, change: impl FnOnce(&mut Listed)) -> Result<(), Error> {
        let listing = self.state.job.as_mut().and_then(|job| job.listing.as_mut());
        if let Some(file) = listing.and_then(|listing| listing.files.get_mut(index)) {
            change(file);
        }
        self.save()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://fhir.example.org/r4/").unwrap()
    }

    fn job() -> Job {
        let listing = Listing { transaction_time: "2026-11-25T07:00:00Z".into(), token: true, files: Vec::new() };
        let status = Url::parse("https://fhir.example.org/status/1").unwrap();
        Job { query: "q".into(), since: None, status, started: Timestamp(7), listing: Some(listing) }
    }

    #[test]
    fn power_may_go_at_any_moment() {
        // Before the renaming, between it and the saving, after both.
        for moment in 0..3 {
            let dir = tempfile::tempdir().unwrap();
            let mut store = Store::open(dir.path(), &base()).unwrap();
            store.state.job = Some(job());
            store.save().unwrap();
            fs::create_dir(store.part()).unwrap();
            fs::write(dir.path().join("export.json.part"), "half of").unwrap();
            let (saved, before) = (dir.path().join(FILE), fs::read(dir.path().join(FILE)).unwrap());
            match moment {
                0 => {}
                1 => {
                    store.finish().unwrap();
                    fs::write(&saved, before).unwrap();
                }
                _ => drop(store.finish().unwrap()),
            }
            assert!(Store::open(dir.path(), &base()).is_err(), "two at a time");
            drop(store);
            let mut again = Store::open(dir.path(), &base()).unwrap();
            if moment < 2 {
                assert_eq!(again.is_renamed(), moment == 1);
                assert_eq!(again.finish().unwrap(), dir.path().join("000001"));
            }
            let state = &again.state;
            assert_eq!((state.runs, state.query.as_str(), &state.job), (1, "q", &None), "{moment}");
            assert_eq!(state.since.as_deref(), Some("2026-11-25T07:00:00Z"));
            assert!(dir.path().join("000001").is_dir() && !again.part().exists());
        }
    }

    #[test]
    fn what_is_no_state_is_refused() {
        for (text, expected) in [
            ("{", "cannot be understood"),
            ("{\"version\":2,\"base\":\"x\",\"query\":\"\",\"runs\":0}", "another version"),
            ("{\"version\":1,\"base\":\"x\",\"query\":\"\",\"runs\":0}", "another server"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(FILE), text).unwrap();
            let error = Store::open(dir.path(), &base()).err().unwrap();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
