//! Checkpoints and cosignatures between the wire and the log.

use renkei_audit::note::{MAX_NOTE, Note, VerifierKey};
use renkei_audit::tree::Hash;
use renkei_audit::witness::Ask;

use crate::v1::{Cosigned, Proof, Showing};

/// Hashes of a proof at most: two for each level of the largest tree.
const MAX_PROOF: usize = 128;

/// A message is no checkpoint, key, proof or cosignature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint with its key and proof")]
pub struct BadShowing;

/// A checkpoint as it is shown, with the key of its log.
#[must_use]
pub fn showing(key: &VerifierKey, ask: &Ask) -> Showing {
    let proof = hashes(&ask.proof);
    Showing { key: key.to_string(), note: ask.note.to_string(), old_size: ask.old_size, proof }
}

/// A proof from a size.
#[must_use]
pub fn proof(old_size: u64, proof: &[Hash]) -> Proof {
    Proof { old_size, proof: hashes(proof) }
}

/// A note with a witness's signature, and the witness's key.
#[must_use]
pub fn cosigned(key: &VerifierKey, note: &Note) -> Cosigned {
    Cosigned { key: key.to_string(), note: note.to_string() }
}

/// Reads what is shown.
///
/// # Errors
/// [`BadShowing`]
pub fn read_showing(shown: &Showing) -> Result<(VerifierKey, Ask), BadShowing> {
    let ask = Ask { old_size: shown.old_size, proof: read_hashes(&shown.proof)?, note: read_note(&shown.note)? };
    Ok((key(&shown.key)?, ask))
}

/// Reads a proof.
///
/// # Errors
/// [`BadShowing`]
pub fn read_proof(sent: &Proof) -> Result<(u64, Vec<Hash>), BadShowing> {
    Ok((sent.old_size, read_hashes(&sent.proof)?))
}

/// Reads a cosignature.
///
/// # Errors
/// [`BadShowing`]
pub fn read_cosigned(sent: &Cosigned) -> Result<(VerifierKey, Note), BadShowing> {
    Ok((key(&sent.key)?, read_note(&sent.note)?))
}

fn key(text: &str) -> Result<VerifierKey, BadShowing> {
    if text.len() > 512 { Err(BadShowing) } else { VerifierKey::parse(text).map_err(|_| BadShowing) }
}

/// Reads a signed note.
///
/// # Errors
/// [`BadShowing`]
pub fn read_note(text: &str) -> Result<Note, BadShowing> {
    if text.len() > MAX_NOTE { Err(BadShowing) } else { Note::parse(text.as_bytes()).map_err(|_| BadShowing) }
}

fn hashes(proof: &[Hash]) -> Vec<Vec<u8>> {
    proof.iter().map(|hash| hash.0.to_vec()).collect()
}

/// Reads the hashes of a proof.
///
/// # Errors
/// [`BadShowing`]
pub fn read_hashes(sent: &[Vec<u8>]) -> Result<Vec<Hash>, BadShowing> {
    if sent.len() > MAX_PROOF {
        return Err(BadShowing);
    }
    sent.iter().map(|bytes| bytes.as_slice().try_into().map(Hash).map_err(|_| BadShowing)).collect()
}
