//! May this checkpoint be cosigned? Pure: what the witness last saw of a log, and what it is asked, in; a head or a
//! refusal out (C2SP tlog-witness, `add-checkpoint`).
//!
//! A cosignature says: I have seen every earlier head of this log that I signed continued in this one. So the caller
//! must make the new head durable, as a COSIGN entry in its own log, before the signature leaves; a witness that
//! forgets what it signed is none.

use crate::note::{Checkpoint, Head, Note, NoteError, VerifierKey};
use crate::tree::{Hash, ProofError, verify_consistency};

/// A request to cosign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The size that the asking side believes the witness saw last; 0 for none.
    pub old_size: u64,
    /// That the checkpoint continues the tree of that size.
    pub proof: Vec<Hash>,
    /// The checkpoint, signed by its log.
    pub note: Note,
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The log's own signature is missing or wrong.
    #[error("the checkpoint is not the log's own: {0}")]
    Signature(NoteError),
    /// The witness saw another size last, which is told so that the asking side can prove from there.
    #[error("the witness saw size {0} last")]
    Stale(u64),
    /// The log went back, or changed what it had shown: the alarm that witnesses are for.
    #[error("the checkpoint does not continue what the witness saw: {0}")]
    Forked(ProofError),
}

/// Decides, from the head last seen of this log.
///
/// # Errors
/// [`Denied`]
pub fn decide(seen: Option<Head>, ask: &Ask, key: &VerifierKey) -> Result<Checkpoint, Denied> {
    let checkpoint = Checkpoint::open(&ask.note, key).map_err(Denied::Signature)?;
    let seen = seen.unwrap_or(Head { size: 0, root: Hash::empty() });
    if checkpoint.head.size < seen.size {
        return Err(Denied::Forked(ProofError::Range));
    }
    if ask.old_size != seen.size {
        return Err(Denied::Stale(seen.size));
    }
    let new = (checkpoint.head.size, checkpoint.head.root);
    verify_consistency((seen.size, seen.root), new, &ask.proof).map_err(Denied::Forked)?;
    Ok(checkpoint)
}
