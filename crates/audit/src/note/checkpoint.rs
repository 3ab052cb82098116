//! What a log says of itself: so many entries, with this root.

use super::{Note, NoteError, Origin, SigningKey, VerifierKey};
use crate::tree::Hash;

/// A size with the root of the tree of that size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// Root of the tree of its entries.
    pub root: Hash,
    /// How many entries.
    pub size: u64,
}

/// The text of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// Its size and root.
    pub head: Head,
    /// Further lines, not empty.
    pub extensions: Vec<String>,
}

/// A text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint")]
pub struct BadCheckpoint;

impl Checkpoint {
    /// The text: origin, size, root, extension lines.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.head.size, self.head.root);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads a text in the one form that [`Checkpoint::text`] writes.
    ///
    /// # Errors
    /// [`BadCheckpoint`]
    pub fn parse(text: &str) -> Result<Self, BadCheckpoint> {
        let mut lines = text.strip_suffix('\n').ok_or(BadCheckpoint)?.split('\n');
        let mut next = || lines.next().ok_or(BadCheckpoint);
        let origin = Origin::new(next()?).map_err(|_| BadCheckpoint)?;
        let size = next()?.parse().map_err(|_| BadCheckpoint)?;
        let root = Hash::from_base64(next()?).map_err(|_| BadCheckpoint)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        let checkpoint = Self { origin, head: Head { size, root }, extensions };
        let blank = checkpoint.extensions.iter().any(String::is_empty);
        if blank || checkpoint.text() != text { Err(BadCheckpoint) } else { Ok(checkpoint) }
    }

    /// The note of this checkpoint, signed by the log.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] where an extension line holds a control character.
    pub fn sign(&self, key: &SigningKey) -> Result<Note, NoteError> {
        let mut note = Note::new(self.text())?;
        note.sign(key)?;
        Ok(note)
    }

    /// The checkpoint of a note that the log's key signed under the log's name.
    ///
    /// # Errors
    /// [`NoteError`]
    pub fn open(note: &Note, key: &VerifierKey) -> Result<Self, NoteError> {
        note.verify(key)?;
        let checkpoint = Self::parse(note.text()).map_err(|_| NoteError::Malformed)?;
        if checkpoint.origin == *key.name() { Ok(checkpoint) } else { Err(NoteError::Unsigned) }
    }
}
