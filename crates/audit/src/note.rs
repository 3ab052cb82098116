//! Signed notes (C2SP signed-note), checkpoints (tlog-checkpoint) and cosignatures (tlog-cosignature).
//!
//! There is one spelling of each note: what [`Note::parse`] accepts is written back byte for byte, base64 and numbers
//! in their canonical form only, no key signs twice. A signature that no known key made says nothing and is ignored;
//! one that claims a known key and does not verify makes the note worthless.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

mod checkpoint;
mod key;

pub use checkpoint::{BadCheckpoint, Checkpoint, Head};
pub use key::{BadKey, Kind, Origin, SigningKey, VerifierKey};

/// Bytes of a note at most.
pub const MAX_NOTE: usize = 65_536;

/// Signatures of a note at most.
pub const MAX_SIGNATURES: usize = 64;

/// A signature line: who, which key, and the bytes, which only that key's kind can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The key's name.
    pub name: Origin,
    /// The key's id: the first four bytes of a hash over name, kind and public key.
    pub id: u32,
    /// What follows the id.
    pub body: Vec<u8>,
}

/// A text with signatures below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// Why bytes are no note, or a note cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the one spelling of a note.
    #[error("not a signed note")]
    Malformed,
    /// The key has not signed.
    #[error("the note has no signature by this key")]
    Unsigned,
    /// The signature is not by the key that it names.
    #[error("the signature does not verify")]
    Forged,
    /// The key has signed already, or the note has as many signatures as it may.
    #[error("the note takes no further signature by this key")]
    Taken,
}

impl Note {
    /// A note without signatures.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] unless the text ends in a newline, has no blank line at its end and holds no control
    /// character but newlines.
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        let control = text.chars().any(|c| c.is_ascii_control() && c != '\n');
        if control || !text.ends_with('\n') || text == "\n" || text.ends_with("\n\n") || text.len() > MAX_NOTE / 2 {
            return Err(NoteError::Malformed);
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note with at least one signature.
    ///
    /// # Errors
    /// [`NoteError::Malformed`]
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        if whole.len() > MAX_NOTE {
            return Err(NoteError::Malformed);
        }
        let at = whole.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let mut note = Self::new(&whole[..=at])?;
        let lines = whole[at + 2..].strip_suffix('\n').ok_or(NoteError::Malformed)?;
        for line in lines.split('\n') {
            note.add(Signature::parse(line).ok_or(NoteError::Malformed)?).map_err(|_| NoteError::Malformed)?;
        }
        if note.to_string() == whole { Ok(note) } else { Err(NoteError::Malformed) }
    }

    /// The signed text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, as they stand.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Signs with a log's key.
    ///
    /// # Errors
    /// [`NoteError::Taken`]
    pub fn sign(&mut self, key: &SigningKey) -> Result<(), NoteError> {
        self.add(key.sign(&self.text, 0))
    }

    /// Signs with a witness's key at a time in seconds since 1970.
    ///
    /// # Errors
    /// [`NoteError::Taken`]
    pub fn cosign(&mut self, key: &SigningKey, seconds: u64) -> Result<(), NoteError> {
        self.add(key.sign(&self.text, seconds))
    }

    /// Adds a signature that was made elsewhere, unverified.
    ///
    /// # Errors
    /// [`NoteError::Taken`] where the key has signed, or there are too many.
    pub fn add(&mut self, signature: Signature) -> Result<(), NoteError> {
        let twice = self.signatures.iter().any(|s| s.id == signature.id && s.name == signature.name);
        if twice || self.signatures.len() == MAX_SIGNATURES {
            return Err(NoteError::Taken);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Checks the key's signature; the time in seconds where the key is a witness's, else 0.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`] or [`NoteError::Forged`]
    pub fn verify(&self, key: &VerifierKey) -> Result<u64, NoteError> {
        let signature = self.signature_of(key).ok_or(NoteError::Unsigned)?;
        key.verify(&self.text, &signature.body).ok_or(NoteError::Forged)
    }

    /// The line of a key, unverified.
    #[must_use]
    pub fn signature_of(&self, key: &VerifierKey) -> Option<&Signature> {
        self.signatures.iter().find(|s| s.id == key.id() && s.name == *key.name())
    }
}

impl Signature {
    /// Reads one line, without its newline.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (id, body) = bytes.split_first_chunk::<4>()?;
        if body.is_empty() {
            return None;
        }
        Some(Self { name: Origin::new(name).ok()?, id: u32::from_be_bytes(*id), body: body.to_vec() })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes()[..], &self.body].concat();
        write!(f, "\u{2014} {} {}", self.name, STANDARD.encode(bytes))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

#[cfg(test)]
mod tests;
