//! Is this log what it was? Offline, read-only, with nothing but the files and the public keys.
//!
//! Each [`Check`] finds one kind of change, so that a report says not only that something is wrong but what somebody
//! did. Without the log's key nothing signed can be changed: roots, tiles and signatures show it. With the key
//! everything can be signed anew: then what the entries say of each other (sequence, time, heartbeats, pairs) and what
//! witnesses have seen show it. What neither shows, a log and all its witnesses acting together, is out of reach, and
//! said so.

use std::time::Duration;

use renkei_types::Timestamp;

use crate::note::{Head, Origin, VerifierKey};

mod heads;
mod pairs;
mod reconcile;
mod report;
mod walk;

pub use reconcile::{Class, Item, Reconciliation, reconcile};
pub use report::{Check, Finding, Report};
pub use walk::verify;

/// Whom the verifier believes, and what it expects.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The log.
    pub origin: Origin,
    /// Its keys: the present one and those before.
    pub keys: Vec<VerifierKey>,
    /// Witnesses' keys.
    pub witnesses: Vec<VerifierKey>,
    /// How many of them must have cosigned.
    pub quorum: usize,
    /// Heads of this log that others have seen, such as those in their COSIGN entries.
    pub known: Vec<Head>,
    /// The longest time between two entries of a running log.
    pub silence: Duration,
    /// The longest time that an entry may stand unsigned or without cosignature, and a question without outcome.
    pub delay: Duration,
    /// Whether this log sees every question of a project, so that their sequences have no gaps: the gateway's does.
    pub complete: bool,
    /// Whether the openings lie beside the log, and a seal without one is a loss: so at its owner's.
    pub openings: bool,
    /// When the files were taken.
    pub as_of: Timestamp,
}

impl Trust {
    /// Believes one key, expects a heartbeat every minute and everything else within ten.
    #[must_use]
    pub fn new(key: VerifierKey, as_of: Timestamp) -> Self {
        Self {
            origin: key.name().clone(),
            keys: vec![key],
            witnesses: Vec::new(),
            quorum: 0,
            known: Vec::new(),
            silence: Duration::from_secs(180),
            delay: Duration::from_secs(600),
            complete: false,
            openings: false,
            as_of,
        }
    }
}
