//! Two programs that cosign each other's checkpoints: what each shows, and what each says to what it is shown.
//!
//! What must stay true: a cosignature leaves only after the head that it is for is durable in the cosigner's own log; a
//! log that went back or changed, and a key that changed, is an alarm in the log of whoever saw it, once for each.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use renkei_audit::entry::{Act, Admin, Body, Line, Private};
use renkei_audit::note::{Checkpoint, Head, Kind, Note, Origin, SigningKey, VerifierKey};
use renkei_audit::store::{Log, ReadError, Reader, StoreError};
use renkei_audit::witness::{Ask, Denied};

use super::peers::{Meeting, Peers};

/// What a witness says of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It is cosigned: the note with the witness's signature.
    Cosigned(Box<Note>),
    /// The witness saw this size last; the proof has to lead from there.
    From(u64),
    /// It is not cosigned, and why. An alarm was recorded where the log contradicts what it had shown.
    Refused(&'static str),
}

/// The log's key is not the one that is known.
pub const OTHER_KEY: &str = "it signs with another key than before";
/// The log went back, or was changed.
pub const FORKED: &str = "it does not continue what it had shown: it went back, or was changed";
/// The checkpoint is not signed by its own log.
pub const UNSIGNED: &str = "its checkpoint is not signed by its own key";
/// The witness cannot record it.
pub const UNRECORDED: &str = "the witness cannot record it";

/// One side.
#[derive(Debug)]
pub struct Cosigner {
    log: Log,
    witness: Arc<SigningKey>,
    name: Origin,
    key: VerifierKey,
    peers: Peers,
    /// The alarms of each log, so that none is recorded again and again, nor two in turn.
    alarms: Mutex<BTreeSet<(Origin, String)>>,
}

impl Cosigner {
    /// The side whose log this is.
    #[must_use]
    pub fn new(log: Log, key: &SigningKey, witness: Arc<SigningKey>, peers: Peers) -> Self {
        let key = key.verifier().clone();
        Self { log, witness, name: key.name().clone(), key, peers, alarms: Mutex::default() }
    }

    /// The key of its log.
    #[must_use]
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The key with which it cosigns.
    #[must_use]
    pub fn witness_key(&self) -> &VerifierKey {
        self.witness.verifier()
    }

    /// The keys of others.
    #[must_use]
    pub fn peers(&self) -> &Peers {
        &self.peers
    }

    /// A reader of its own log.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.log.reader()
    }

    /// Its newest checkpoint with the proof from a size; without a proof where the log never had that size, which the
    /// witness will take for what it is. `None` before the first checkpoint.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn show(&self, old_size: u64) -> Result<Option<Ask>, ReadError> {
        let reader = self.log.reader();
        let Some(note) = reader.checkpoint()? else { return Ok(None) };
        let Ok(checkpoint) = Checkpoint::parse(note.text()) else { return Ok(None) };
        let size = checkpoint.head.size;
        let proof = if old_size <= size { reader.consistency(old_size, size)? } else { Vec::new() };
        Ok(Some(Ask { old_size, proof, note }))
    }

    /// The size of the other's log that it cosigned last; 0 for none.
    #[must_use]
    pub fn seen(&self, origin: &Origin) -> u64 {
        self.log.reader().seen().ok().and_then(|seen| seen.get(origin).map(|head| head.size)).unwrap_or(0)
    }

    /// Looks at another log's checkpoint and cosigns it, if it continues what was seen before.
    pub async fn witness(&self, key: &VerifierKey, ask: Ask) -> Said {
        let origin = key.name();
        if *origin == self.name || key.kind() != Kind::Log {
            return Said::Refused(UNSIGNED);
        }
        match self.meet(key).await {
            Ok(()) => {}
            Err(refused) => return Said::Refused(refused),
        }
        let mut signed = ask.note.clone();
        match self.log.witness(ask, key.clone(), Arc::clone(&self.witness)).await {
            Ok(signature) => match signed.add(signature) {
                Ok(()) => Said::Cosigned(Box::new(signed)),
                Err(_) => Said::Refused(UNSIGNED),
            },
            Err(StoreError::Denied(Denied::Stale(size))) => Said::From(size),
            Err(StoreError::Denied(Denied::Forked(_))) => {
                self.alarm(origin, FORKED).await;
                Said::Refused(FORKED)
            }
            Err(StoreError::Denied(Denied::Signature(_)) | StoreError::Note(_)) => {
                self.alarm(origin, UNSIGNED).await;
                Said::Refused(UNSIGNED)
            }
            Err(error) => {
                tracing::error!(error = crate::chain(&error), "another log's checkpoint cannot be recorded");
                Said::Refused(UNRECORDED)
            }
        }
    }

    /// Takes up a witness's signature under its own checkpoint.
    ///
    /// # Errors
    /// A sentence, where the signature is not the witness's, or its key is another than before.
    pub async fn take(&self, key: &VerifierKey, note: Note) -> Result<(), &'static str> {
        if key.kind() != Kind::Witness || note.verify(key).is_err() {
            return Err("the cosignature does not verify");
        }
        self.meet(key).await?;
        self.log.cosigned(note, key.clone()).await.map_err(|error| {
            tracing::warn!(error = crate::chain(&error), "a cosignature is not taken");
            "the cosignature is not under a checkpoint of this log"
        })
    }

    /// Records an alarm about another log, once for each run of the program.
    pub async fn alarm(&self, origin: &Origin, what: &str) {
        let new = self.alarms.lock().unwrap_or_else(PoisonError::into_inner).insert((origin.clone(), what.to_owned()));
        if !new {
            return;
        }
        tracing::error!(log = %origin, what, "ALARM: an audit log contradicts what was seen of it");
        let admin = Admin {
            act: Act::Alarm,
            detail: Line::lossy(what),
            digest: None,
            private: Private::default(),
            subject: Line::lossy(origin.as_str()),
            who: None,
        };
        if let Err(error) = self.log.append(Body::Admin(admin)).await {
            tracing::error!(error = crate::chain(&error), "the alarm could not be recorded");
        }
    }

    async fn meet(&self, key: &VerifierKey) -> Result<(), &'static str> {
        let unkept = |error: io::Error| {
            tracing::error!(error = crate::chain(&error), "the key of another log cannot be remembered");
            UNRECORDED
        };
        match self.peers.meet(key).map_err(unkept)? {
            Meeting::Known => Ok(()),
            Meeting::Changed => {
                self.alarm(key.name(), OTHER_KEY).await;
                Err(OTHER_KEY)
            }
            Meeting::TooMany => Err(UNRECORDED),
        }
    }
}

/// The head that a checkpoint says it has, unverified.
#[must_use]
pub fn head(note: &Note) -> Option<Head> {
    Checkpoint::parse(note.text()).ok().map(|checkpoint| checkpoint.head)
}
