//! The log on disk.
//!
//! What must stay true: an entry that was acknowledged is on disk and stays in its place; what is signed was on disk
//! before; a log that cannot be continued truthfully is not continued.
//!
//! ```text
//! lock                      held by the one writer
//! checkpoint                the newest signed note, with its cosignatures
//! cosigned                  every cosigned checkpoint, behind its length
//! seen                      the newest head of each other log that this one's owner cosigned
//! journal/N                 the entries N · 256 and following, with their openings, until the bundle N is on disk
//! tile/…                    C2SP tlog-tiles: full tiles and bundles; partial ones of the newest checkpoint
//! openings/N                the openings of the entries of bundle N
//! cut/N                     bytes of a torn end, cut when the log was opened at size N
//! archived                  up to where entries are in archives only (`crate::archive`), with the archive's hash
//! reserve                   room for refusals when the disk is full
//! ```
//!
//! **Change.** An append writes one record per entry (checksummed, with its index) to the journal and syncs once for
//! all that wait: whatever arrives during a sync shares the next one, so nothing waits for a timer. A full journal
//! becomes a bundle, its openings and its tiles, each written beside, synced and renamed; only then is the journal
//! removed. A checkpoint is signed over what is synced, and renamed into place last.
//!
//! **Crash.** Tiles and bundles are derived from journals and are written again. A group that is incomplete at the end
//! of the last journal was never acknowledged: it is cut, kept in `cut/`, and the cut is the first new entry. An
//! invalid record before the last group is no torn end but damage: the log does not open. Neither does one that is
//! shorter than its checkpoint, or that leads to another root.
//!
//! **Faults.** After a failed write or sync nobody knows what is on disk (Rebello et al., ATC 2020): the log is closed
//! for good and must be opened again, which reads what is there. A full disk is the exception, since it is reported
//! before anything is lost: the reserve is given up, questions are refused, and refusals, outcomes and acts are still
//! recorded, until there is room for the reserve again. So that it does not come to that, the free room is looked at
//! every second, and questions are refused while there is less than a log that grows needs.
//!
//! **Turned down.** A database: its own journal would sit between us and the disk, and no auditor could check it with
//! the published tools. Batching by a timer: it adds its period to every answer.

mod disk;
mod journal;
mod layout;
mod log;
mod memory;
mod notes;
mod open;
mod pending;
mod publish;
mod reader;
mod writer;

pub use disk::{Disk, Folder, Tail};
pub(crate) use layout::Layout;
pub use log::{Config, Log};
pub use memory::{Memory, Remembered, digest as key_digest};
pub(crate) use notes::cosigned_line;
pub(crate) use open::rows;
pub use open::{Cut, OpenError, Recovery};
pub use pending::Pending;
pub(crate) use publish::{Segment, hashes, partial};
pub use reader::{ReadError, Reader};

use renkei_types::Timestamp;

use crate::entry::Malformed;
use crate::note::NoteError;
use crate::tree::Hash;
use crate::witness::Denied;

/// Where an entry stands, durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Its index.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// Its time.
    pub at: Timestamp,
}

/// Why something is not recorded. In every case: no record, no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The entry cannot be written.
    #[error("the entry cannot be written: {0}")]
    Entry(Malformed),
    /// The disk is full: questions are refused until there is room.
    #[error("the disk of the audit log is full")]
    Full,
    /// A write or a sync failed; nothing is recorded until the log is opened again.
    #[error("the audit log is closed after a fault of its disk: {0}")]
    Poisoned(String),
    /// The writer has ended.
    #[error("the audit log is closed")]
    Closed,
    /// The note is not a checkpoint of this log, or not signed by whom it should be.
    #[error("the note is not accepted: {0}")]
    Note(NoteError),
    /// The checkpoint of another log is not cosigned.
    #[error("not cosigned: {0}")]
    Denied(Denied),
}
