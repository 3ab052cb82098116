//! The list of cosigned checkpoints: each note behind its length, in decimal digits and a newline. It only grows.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::reader::{ReadError, Reader, read};
use crate::note::{MAX_NOTE, Note};

/// Bytes of one note with its length at most.
const MAX_LINE: usize = MAX_NOTE + 8;

/// A note as the list has it.
pub(crate) fn cosigned_line(note: &Note) -> String {
    let text = note.to_string();
    format!("{}\n{text}", text.len())
}

/// The whole notes, and whether the bytes end with the last of them.
fn notes(bytes: &[u8]) -> Result<(Vec<Note>, bool), ReadError> {
    let damaged = || ReadError::Damaged("cosigned".into());
    let (mut rest, mut notes) = (bytes, Vec::new());
    while let Some(at) = rest.iter().position(|b| *b == b'\n') {
        let length: Option<usize> = std::str::from_utf8(&rest[..at]).ok().and_then(|text| text.parse().ok());
        let length = length.filter(|length| *length <= MAX_NOTE && length.to_string().len() == at);
        let Some(end) = length.map(|length| at + 1 + length) else { return Err(damaged()) };
        // An incomplete note at the end was being written.
        let Some(note) = rest.get(at + 1..end) else { break };
        notes.push(Note::parse(note).map_err(|_| damaged())?);
        rest = &rest[end..];
    }
    Ok((notes, rest.is_empty()))
}

impl Reader {
    /// All checkpoints that others cosigned, unverified, oldest first.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn cosigned(&self) -> Result<Vec<Note>, ReadError> {
        self.cosigned_whole().map(|(notes, _)| notes)
    }

    /// The same, with whether the file ends with its last note.
    pub(crate) fn cosigned_whole(&self) -> Result<(Vec<Note>, bool), ReadError> {
        notes(&read(&self.layout().cosigned())?.unwrap_or_default())
    }

    /// The cosigned checkpoints from a place of the list on, in bytes: at least one where there is one, and no more than
    /// about `most` bytes of them. None beyond the end.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::Damaged`] also where no note begins at that place.
    pub fn cosigned_from(&self, from: u64, most: usize) -> Result<Vec<Note>, ReadError> {
        let system = |error| ReadError::System("cosigned".into(), error);
        let mut file = match File::open(self.layout().cosigned()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file.map_err(system)?,
        };
        file.seek(SeekFrom::Start(from)).map_err(system)?;
        let mut bytes = Vec::new();
        file.take(most.max(MAX_LINE) as u64).read_to_end(&mut bytes).map_err(system)?;
        notes(&bytes).map(|(notes, _)| notes)
    }
}
