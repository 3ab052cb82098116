//! FHIR Bulk Data Access: an export of a FHIR server (hl7.org/fhir/uv/bulkdata) into a folder of NDJSON files.
//!
//! # Layout
//! `export.json` says what is known from one run to the next. Each finished run is a folder, `000001`, `000002`, …,
//! with `<Type>.<number>.ndjson` in it, `deleted/` with Bundles of what is to be removed, and `errors/` with the
//! server's OperationOutcomes. The first run holds everything, each later one what has changed since the moment of the
//! run before it (`_since` with the server's own `transactionTime`), unless the configuration asks for other resources
//! than before: that run holds everything again. Later runs count over earlier ones.
//!
//! # What must stay true
//! A run's folder is complete: while files come it is called `000002.part`, and it is renamed when each of them is
//! whole and on the disk. A run that was interrupted, by whatever, is continued by the next call: with the same export
//! of the server, from the file and the byte where it ended. Only if the server no longer has it a new export is
//! started. The server is told to throw an export away when it has been fetched, or was given up.
//!
//! The token goes to the server of the configuration and to hosts that it names, and nowhere else, whatever a redirect
//! or a list of files says. Records and tokens never cross a network in the clear. Every answer has a limit of size and
//! of silence; failures that pass (429, 5xx, broken connections) are tried again, at the time that the server wishes.
//!
//! # Rejected
//! Parallel downloads: the hospital's server has other work. POST kick-off: GET is what every server has.
//! Compressed transfer: continuing a broken file then depends on each server's reading of ranges.

mod asking;
mod config;
mod download;
mod http;
mod job;
mod lines;
mod manifest;
mod state;
mod token;
mod trouble;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use renkei_types::Clock;

use self::asking::Asking;
pub use self::config::{Auth, Config, Scope};
pub use self::lines::deletions;
use self::manifest::{Listed, Role};
use self::state::Store;
use self::trouble::Trouble;
use crate::disk::local;
use crate::{Error, Kind};

/// How far a pull is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The server prepares the files.
    Preparing {
        /// Since the export was started.
        waited: Duration,
        /// What the server says about it (`X-Progress`).
        said: Option<String>,
    },
    /// Files are fetched.
    Fetching {
        /// The file, such as `Patient.00001.ndjson`.
        file: String,
        /// Bytes of it that are here.
        bytes: u64,
        /// Files that are complete.
        done: usize,
        /// All files.
        of: usize,
    },
}

/// What was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The run's folder.
    pub folder: PathBuf,
    /// The moment that the resources are of, as the server wrote it.
    pub transaction_time: String,
    /// The moment since which changes were asked for; `None` if everything was.
    pub since: Option<String>,
    /// Files of resources, without those of deletions and errors.
    pub files: Vec<PulledFile>,
    /// Files of deletions, for [`deletions`].
    pub deleted_files: Vec<PathBuf>,
    /// Resources that the server says were deleted, by type.
    pub deleted: BTreeMap<String, u64>,
    /// OperationOutcomes of the server, which are in the run's folder `errors`.
    pub outcomes: u64,
    /// Whether the server threw the export away.
    pub discarded: bool,
}

/// One file of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledFile {
    /// Name in the run's folder.
    pub name: String,
    /// Resource type, as the server says.
    pub kind: String,
    /// Resources.
    pub resources: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Pulls what the server has, or what has changed there, into a new run below the folder; continues a run that was
/// interrupted. Blocks; must not be called from within an asynchronous runtime.
///
/// # Errors
/// The reason, with the remedy; what has come is kept for the next call, outside of any finished run.
pub fn pull(
    config: &Config,
    out: &Path,
    clock: Arc<dyn Clock>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Pulled, Error> {
    config.check()?;
    let store = Store::open(out, &config.base_url()?)?;
    let asking = Asking::new(config, Arc::clone(&clock))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Error::new(Kind::Local, "no thread can be set up for the network", "report this").by(error))?;
    runtime.block_on(Run { config, store, asking, clock }.pull(progress))
}

struct Run<'a> {
    config: &'a Config,
    store: Store,
    asking: Asking,
    clock: Arc<dyn Clock>,
}

impl Run<'_> {
    async fn pull(mut self, progress: &mut dyn FnMut(Progress)) -> Result<Pulled, Error> {
        let stale = self.store.state.job.as_ref().is_some_and(|job| job.query != self.config.query());
        if stale {
            self.give_up().await?;
        }
        let mut resumed = self.store.state.job.is_some();
        loop {
            match self.attempt(progress).await {
                Ok(()) => return self.finish().await,
                Err(trouble) => {
                    let again = resumed && self.is_gone(&trouble);
                    if again || is_over(&trouble) {
                        self.give_up().await?;
                    }
                    if !again {
                        return Err(trouble.error);
                    }
                    resumed = false;
                }
            }
        }
    }

    /// Whether the server no longer has an export, or its files, that an earlier call began.
    fn is_gone(&self, trouble: &Trouble) -> bool {
        let fetching = !self.store.files().is_empty();
        match trouble.status.map(|status| status.as_u16()) {
            Some(404 | 410) => true,
            // Addresses that are signed for a time end so.
            Some(403) => fetching,
            _ => false,
        }
    }

    async fn give_up(&mut self) -> Result<(), Error> {
        if let Some(job) = self.store.state.job.clone() {
            self.store.forget()?;
            job::discard(&mut self.asking, &job.status).await;
        }
        Ok(())
    }

    async fn attempt(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), Trouble> {
        let config = self.config;
        let job = match self.store.state.job.clone() {
            Some(job) => job,
            None => {
                let continues = config.incremental && self.store.state.query == config.query();
                let since = self.store.state.since.clone().filter(|_| continues);
                let job = job::start(config, &mut self.asking, since, &*self.clock).await?;
                self.store.state.job = Some(job.clone());
                self.store.save().map_err(Trouble::lasting)?;
                job
            }
        };
        if job.listing.is_none() {
            let listing = job::wait(config, &mut self.asking, &job, &*self.clock, progress).await?;
            self.store.state.job = Some(state::Job { listing: Some(listing), ..job });
            self.store.save().map_err(Trouble::lasting)?;
        }
        if self.store.is_renamed() {
            return Ok(());
        }
        let part = self.store.part();
        fs::create_dir_all(&part).map_err(|error| Trouble::lasting(local(&part, "cannot be made", error)))?;
        for index in 0..self.store.files().len() {
            if !is_here(&part, &self.store.files()[index]) {
                download::fetch(config, &mut self.asking, &mut self.store, index, progress).await?;
            }
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Pulled, Error> {
        let Some(state::Job { status, since, listing: Some(listing), .. }) = self.store.state.job.clone() else {
            return Err(Error::new(Kind::Local, "the state of the export was lost", "start again"));
        };
        let folder = self.store.finish()?;
        let of = |role: Role| listing.files.iter().filter(move |file| file.role == role);
        let resources = |file: &Listed| file.complete.unwrap_or_default();
        let files = of(Role::Output).map(|file| {
            let (resources, bytes) = resources(file);
            PulledFile { name: file.name.clone(), kind: file.kind.clone(), resources, bytes }
        });
        let files = files.collect();
        let outcomes = of(Role::Error).map(|file| resources(file).0).sum();
        let deleted_files: Vec<PathBuf> = of(Role::Deleted).map(|file| folder.join(&file.name)).collect();
        let mut deleted = BTreeMap::new();
        for file in &deleted_files {
            let mut each = |kind: &str, _: &str| *deleted.entry(kind.to_owned()).or_default() += 1;
            deletions(file, &mut each).map_err(|error| local(file, "cannot be read", error))?;
        }
        let discarded = job::discard(&mut self.asking, &status).await;
        let transaction_time = listing.transaction_time;
        Ok(Pulled { folder, transaction_time, since, files, deleted_files, deleted, outcomes, discarded })
    }
}

/// Whether the export itself is at fault, so that asking for it again is of no use.
fn is_over(trouble: &Trouble) -> bool {
    match trouble.error.kind() {
        Kind::Source => true,
        Kind::Unreachable => !trouble.passing,
        Kind::Configuration | Kind::Refused | Kind::Local => false,
    }
}

/// Whether a file was fetched before, and is still what it was.
fn is_here(part: &Path, file: &Listed) -> bool {
    let size = fs::metadata(part.join(&file.name)).map(|metadata| metadata.len()).ok();
    file.complete.is_some_and(|(_, bytes)| size == Some(bytes))
}
