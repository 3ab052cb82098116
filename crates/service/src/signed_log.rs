//! A program's own signed log, as it lies in its state folder.
//!
//! ```text
//! audit/        the log (renkei-audit's store)
//! audit.key     the seed of its key, for the service user alone
//! audit.pub     the half of the key that verifies, for whoever checks
//! witness.pub   the half that verifies its cosignatures of others' logs; its seed is derived from the log's
//! peers.keys    the keys of other logs and witnesses, as they were configured or first seen
//! ```
//!
//! What must stay true: a log without its key is not continued under another one, and what was begun when a program
//! ended is closed before anything else is recorded. Node and gateway open their logs here, and their command lines
//! read them here.

pub mod acts;
pub mod archive;
mod cosigning;
mod peers;
mod pulse;

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use renkei_audit::archive::ArchiveError;
use renkei_audit::entry::{Act, Admin, Body, Cells, Count, Line, Outcome, Private, State};
use renkei_audit::note::{BadKey, Kind, Origin, SigningKey, VerifierKey};
use renkei_audit::store::{Config, Disk as _, Folder, Log, OpenError, ReadError, Reader, StoreError, key_digest};
use renkei_audit::tree::Hash;
use renkei_audit::verify::{Report, Trust, verify};
use renkei_pki::PeerName;
use renkei_types::{Clock, Code, QueryId, Timestamp};
use serde::Deserialize;

pub use cosigning::{Cosigner, FORKED, OTHER_KEY, Said, UNRECORDED, UNSIGNED, head};
pub use peers::{MOST as MOST_PEERS, Meeting, Peers};
pub use pulse::{Pulse, clock_state, clock_words};

/// Why a program's log cannot be opened or read. The program does not start.
#[derive(Debug, thiserror::Error)]
pub enum SignedLogError {
    /// A file or folder cannot be read or made.
    #[error("`{}` cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file of the key is not 32 bytes long.
    #[error("the key of the audit log, `{}`, is damaged", .0.display())]
    Damaged(PathBuf),
    /// There is a log and no key.
    #[error("the key of the audit log, `{}`, is lost, but there is a log; see docs/operations/audit.md", .0.display())]
    Lost(PathBuf),
    /// The file beside the log holds no key.
    #[error("`{}` holds no key", .0.display())]
    NoKey(PathBuf),
    /// The log begins when the program first runs.
    #[error("`{}` is not there; the log begins when the program first runs", .0.display())]
    NoLog(PathBuf),
    /// The program's name cannot be a log's.
    #[error("the log cannot have the program's name")]
    Name(#[source] BadKey),
    /// The log is damaged, in use, or not what was signed.
    #[error("the audit log cannot be opened")]
    Open(#[from] OpenError),
    /// The log cannot be read.
    #[error("the audit log cannot be read")]
    Read(#[from] ReadError),
    /// Entries are not archived.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The log takes nothing.
    #[error("the audit log takes nothing")]
    Store(#[from] StoreError),
}

/// An open log with its keys.
#[derive(Debug)]
pub struct Opened {
    /// The log.
    pub log: Log,
    /// Its key.
    pub key: Arc<SigningKey>,
    /// The key with which its owner cosigns others' logs.
    pub witness: Arc<SigningKey>,
    peers: Peers,
}

/// A key of a log or witness in a configuration, as `audit key` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PeerKey(pub VerifierKey);

impl TryFrom<String> for PeerKey {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "not a key such as `renkei-node audit key` and `renkei-gateway audit key` print";
        VerifierKey::parse(&text).map(Self).map_err(|_| wrong)
    }
}

/// What a configuration says of the signed log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Keys of other logs and witnesses, in place of those that were first seen.
    pub peers: Vec<PeerKey>,
}

impl Settings {
    /// The keys.
    #[must_use]
    pub fn peers(&self) -> Vec<VerifierKey> {
        self.peers.iter().map(|peer| peer.0.clone()).collect()
    }
}

impl Opened {
    /// The log with its key, and the side of cosigning.
    #[must_use]
    pub fn parts(self) -> (Log, Arc<SigningKey>, Arc<Cosigner>) {
        let cosigner = Cosigner::new(self.log.clone(), &self.key, self.witness, self.peers);
        (self.log, self.key, Arc::new(cosigner))
    }
}

/// Folder of the log within the state folder.
#[must_use]
pub fn folder(state: &Path) -> PathBuf {
    state.join("audit")
}

/// A reader of the log.
#[must_use]
pub fn reader(state: &Path) -> Reader {
    Reader::new(&folder(state))
}

/// The key that verifies the log, as it lies beside it for whoever checks.
///
/// # Errors
/// When there is no log yet, or the file is no key.
pub fn verifier(state: &Path) -> Result<VerifierKey, SignedLogError> {
    public(state.join("audit.pub"))
}

/// The key that verifies what the log's owner cosigned of others.
///
/// # Errors
/// As [`verifier`].
pub fn witness_verifier(state: &Path) -> Result<VerifierKey, SignedLogError> {
    public(state.join("witness.pub"))
}

/// The keys as a command line prints them: the log's, then the witness's.
///
/// # Errors
/// As [`verifier`].
pub fn keys(state: &Path) -> Result<String, SignedLogError> {
    Ok(format!("{}\n{}\n", verifier(state)?, witness_verifier(state)?))
}

fn public(path: PathBuf) -> Result<VerifierKey, SignedLogError> {
    match fs::read_to_string(&path) {
        Ok(text) => VerifierKey::parse(text.trim()).map_err(|_| SignedLogError::NoKey(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SignedLogError::NoLog(path)),
        Err(source) => Err(SignedLogError::File { path, source }),
    }
}

/// Opens the log under the state folder, and makes it and its key the first time. What was begun and not ended when the
/// program stopped is recorded as aborted. Where the configuration names another key for a log than the one that was seen,
/// that log begins anew for this witness, which is recorded as a ceremony.
///
/// # Errors
/// [`SignedLogError`]
pub fn open(
    state: &Path,
    name: &PeerName,
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> Result<Opened, SignedLogError> {
    fs::create_dir_all(state).map_err(|source| SignedLogError::File { path: state.to_owned(), source })?;
    let (key, witness) = key(state, name)?;
    let (key, witness) = (Arc::new(key), Arc::new(witness));
    let (peers, replaced) = Peers::open(state, &settings.peers())?;
    forget(state, &replaced)?;
    let (log, recovery) = Log::open(Config::new(folder(state), Arc::clone(&key), clock))?;
    if let Some(cut) = recovery.cut {
        tracing::warn!(?cut, "the audit log had a torn end, which was cut and recorded");
    }
    for (query, part) in log.reader().open_intents()? {
        log.append(outcome(query, part, State::Aborted, None, Cells::default(), 0)).wait()?;
    }
    for key in replaced {
        let admin = Admin {
            act: Act::Ceremony,
            detail: Line::lossy(
                "the configuration names another key of this log; what was seen of it before is closed",
            ),
            digest: Some(key_digest(&key)),
            private: Private::default(),
            subject: Line::lossy(key.name().as_str()),
            who: None,
        };
        log.append(Body::Admin(admin)).wait()?;
    }
    Ok(Opened { log, key, witness, peers })
}

/// What was seen of logs whose keys were replaced is no measure of what comes.
fn forget(state: &Path, replaced: &[VerifierKey]) -> Result<(), SignedLogError> {
    let mut seen = reader(state).seen()?;
    let before = seen.len();
    replaced.iter().for_each(|key| _ = seen.remove(key.name()));
    if seen.len() == before {
        return Ok(());
    }
    let path = folder(state).join("seen");
    let written = serde_json::to_vec(&seen).map_err(io::Error::from).and_then(|bytes| Folder.put(&path, &bytes));
    written.map_err(|source| SignedLogError::File { path, source })
}

/// The log's key and the witness's: a seed for the service user alone, and beside it the halves that verify.
fn key(state: &Path, name: &PeerName) -> Result<(SigningKey, SigningKey), SignedLogError> {
    let path = state.join("audit.key");
    let fault = |path: &Path| {
        let path = path.to_owned();
        move |source| SignedLogError::File { path, source }
    };
    let mut seed = [0; 32];
    match fs::read(&path) {
        Ok(bytes) => seed = bytes.try_into().map_err(|_| SignedLogError::Damaged(path))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if folder(state).exists() {
                return Err(SignedLogError::Lost(path));
            }
            StdRng::from_os_rng().fill_bytes(&mut seed);
            let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            file.and_then(|mut file| file.write_all(&seed).and_then(|()| file.sync_all())).map_err(fault(&path))?;
        }
        Err(source) => return Err(SignedLogError::File { path, source }),
    }
    let origin = Origin::new(name.to_string()).map_err(SignedLogError::Name)?;
    let key = SigningKey::from_seed(origin.clone(), Kind::Log, &seed).map_err(SignedLogError::Name)?;
    let seed = Hash::of(&[b"renkei/witness/v1\n", &seed[..]].concat()).0;
    let witness = SigningKey::from_seed(origin, Kind::Witness, &seed).map_err(SignedLogError::Name)?;
    for (file, key) in [("audit.pub", &key), ("witness.pub", &witness)] {
        let public = state.join(file);
        fs::write(&public, format!("{}\n", key.verifier())).map_err(fault(&public))?;
    }
    Ok((key, witness))
}

/// The OUTCOME of a part of a question, without what is kept to oneself, without a site.
#[must_use]
pub fn outcome(query: QueryId, part: u32, state: State, code: Option<Code>, cells: Cells, micros: u64) -> Body {
    Body::Outcome(Box::new(Outcome {
        cells,
        code: code.map(|code| Line::lossy(code.as_str())),
        micros: Count::saturating(micros),
        part,
        private: Private::default(),
        query,
        result: None,
        site: None,
        state,
    }))
}

/// Checks a whole log in its owner's state folder. `complete`: whether it sees every question of a project.
///
/// # Errors
/// [`SignedLogError`] where there is no log or no key.
pub fn check(state: &Path, complete: bool, now: Timestamp) -> Result<Report, SignedLogError> {
    let trust = Trust { openings: true, complete, ..Trust::new(verifier(state)?, now) };
    Ok(verify(&reader(state), &trust))
}

/// What a command line says of a checked log: one line for each check that found something, and the size where nothing
/// makes the log unbelievable.
#[must_use]
pub fn told(report: &Report, japanese: bool) -> String {
    let mut text: String = report.sentences(japanese).iter().map(|sentence| format!("{sentence}\n")).collect();
    if report.sound() {
        let entries = report.entries;
        text.push_str(&match japanese {
            false => format!("{entries} entries, all in order\n"),
            true => format!("{entries} 件の記録に異常はありません\n"),
        });
    }
    text
}

/// The newest `last` entries as they are written, one JSON object a line, the newest last; `questions` leaves out
/// heartbeats, cosignatures and administrative acts.
///
/// # Errors
/// [`ReadError`]
pub fn lines(state: &Path, last: u64, questions: bool) -> Result<String, ReadError> {
    let reader = reader(state);
    let mut lines = Vec::new();
    for index in (reader.first()..reader.size()?).rev() {
        if lines.len() as u64 >= last {
            break;
        }
        let entry = String::from_utf8_lossy(&reader.entry(index)?).into_owned();
        if !questions || ["intent", "outcome", "refusal"].iter().any(|kind| is(&entry, kind)) {
            lines.push(entry);
        }
    }
    Ok(lines.iter().rev().map(|line| format!("{line}\n")).collect())
}

fn is(entry: &str, kind: &str) -> bool {
    entry.contains(&format!("\"body\":{{\"{kind}\":"))
}
