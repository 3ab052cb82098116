//! A copy of somebody else's log, made of what they hand out and believed only as far as it was checked.
//!
//! What must stay true: a copy's checkpoint is one that the log's key signed and whose entries are all there and lead to
//! its root; it continues what the copy had before, entry by entry; what does not is refused and leaves the copy as it
//! was. A copy has the layout of a published log ([`crate::store`]), without openings: what a site keeps to itself does
//! not leave it.
//!
//! Entries arrive in bundles. Full ones are put in place as they come, since a log need not fit into memory; they count
//! only once the checkpoint above them was checked and put in place, last. A crash before that leaves files that the
//! next copying writes again.

use std::io;
use std::path::{Path, PathBuf};

use crate::note::{Checkpoint, Head, Note, NoteError, VerifierKey};
use crate::store::{Disk, Folder, Layout, ReadError, Reader, Segment, cosigned_line, hashes, partial, rows};
use crate::tree::{Frontier, Hash, Row, Rows, TileId, WIDTH, unbundle};

const ENTRIES: u64 = WIDTH as u64;

/// Why a copy is not continued. It is then as it was.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The copy itself is damaged.
    #[error("the copy cannot be continued; move its folder away and copy anew")]
    Read(#[from] ReadError),
    /// The file system.
    #[error("`{}` cannot be written", .0.display())]
    System(PathBuf, #[source] io::Error),
    /// Its checkpoint, or the one that was handed out, is not signed by the log's key.
    #[error("the checkpoint is not signed by the log's key")]
    Signature(#[source] NoteError),
    /// Bytes that are no bundle, or one too many or too few.
    #[error("what was handed out as bundle {0} of the log is none")]
    Bundle(u64),
    /// An entry that the copy has is another one now.
    #[error("entry {0} is not the one that was handed out before: the log was rewritten. Keep the copy")]
    Rewritten(u64),
    /// The log has become shorter than the copy.
    #[error("the log has {now} entries, and {before} were handed out before: it was cut. Keep the copy")]
    Shorter {
        /// Entries under the checkpoint now.
        now: u64,
        /// Entries of the copy.
        before: u64,
    },
    /// The entries do not lead to the signed root.
    #[error("the entries that were handed out are not those that the log signed")]
    Root,
}

fn system(path: &Path) -> impl Fn(io::Error) -> CopyError + '_ {
    |error| CopyError::System(path.to_owned(), error)
}

/// A copy that is being continued.
#[derive(Debug)]
pub struct Copying {
    layout: Layout,
    key: VerifierKey,
    before: Head,
    frontier: Frontier,
    rows: Rows,
    /// The bundle that comes next, with the entries of it that the copy has.
    number: u64,
    known: Vec<Vec<u8>>,
    /// The last bundle, where it is not full.
    last: Segment,
    written: Vec<PathBuf>,
}

impl Copying {
    /// Begins where the copy in a folder ends; a folder that is not there is an empty copy.
    ///
    /// # Errors
    /// [`CopyError`]
    pub fn begin(root: &Path, key: &VerifierKey) -> Result<Self, CopyError> {
        let reader = Reader::new(root);
        let before = match reader.checkpoint()? {
            Some(note) => Checkpoint::open(&note, key).map_err(CopyError::Signature)?.head,
            None => Head { size: 0, root: Hash::empty() },
        };
        let number = before.size / ENTRIES;
        let known = if before.size.is_multiple_of(ENTRIES) { Vec::new() } else { reader.bundle(number)? };
        let frontier = Frontier::load(&reader, number * ENTRIES)?;
        let mut whole = frontier.clone();
        known.iter().for_each(|entry| whole.push(Hash::leaf(entry)));
        if whole.root() != before.root || whole.size() != before.size {
            return Err(ReadError::Damaged("the copy's entries are not those of its checkpoint".into()).into());
        }
        let rows = rows(&reader, number)?;
        let (layout, last) = (Layout::new(root), Segment::new(number));
        Ok(Self { layout, key: key.clone(), before, frontier, rows, number, known, last, written: Vec::new() })
    }

    /// The head that the copy has.
    #[must_use]
    pub fn before(&self) -> Head {
        self.before
    }

    /// Entries that were taken, those of before included.
    #[must_use]
    pub fn size(&self) -> u64 {
        if self.number == self.before.size / ENTRIES && self.last.entries.is_empty() {
            return self.before.size;
        }
        self.frontier.size()
    }

    /// The number of the bundle to take next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.number
    }

    /// Takes the next bundle: full, but for the last one.
    ///
    /// # Errors
    /// [`CopyError`]; then nothing more is to be taken.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), CopyError> {
        let number = self.number;
        let wrong = || CopyError::Bundle(number);
        let entries = unbundle(bytes).map_err(|_| wrong())?;
        if entries.is_empty() || !self.last.entries.is_empty() {
            return Err(wrong());
        }
        // Fewer than the copy has are told by the checkpoint above them.
        let other = self.known.iter().zip(&entries).position(|(known, entry)| known != entry);
        if let Some(at) = other {
            return Err(CopyError::Rewritten(number * ENTRIES + at as u64));
        }
        let mut tiles = Vec::new();
        for entry in &entries {
            let leaf = Hash::leaf(entry);
            self.frontier.push(leaf);
            tiles.extend(self.rows.push(leaf));
        }
        if entries.len() < WIDTH {
            self.last.entries = entries.into_iter().map(<[u8]>::to_vec).collect();
            return Ok(());
        }
        for tile in tiles {
            let path = self.layout.tile(&TileId::full(Row::Hashes(tile.level), tile.index));
            self.put(path, &hashes(&tile.hashes))?;
        }
        self.put(self.layout.tile(&TileId::full(Row::Entries, number)), bytes)?;
        (self.number, self.known) = (number + 1, Vec::new());
        self.last = Segment::new(number + 1);
        Ok(())
    }

    fn put(&mut self, path: PathBuf, bytes: &[u8]) -> Result<(), CopyError> {
        Folder.put(&path, bytes).map_err(system(&path))?;
        self.written.push(path);
        Ok(())
    }

    /// Checks what was taken against the log's checkpoint, and makes it the copy's. `cosigned` are the checkpoints that
    /// others cosigned, as the log has them.
    ///
    /// # Errors
    /// [`CopyError`]; what was put in place is removed again.
    pub fn finish(self, note: &Note, cosigned: &[Note]) -> Result<Head, CopyError> {
        let checked = self.check(note);
        if checked.is_err() {
            // Files behind the checkpoint do no harm where they stay.
            self.written.iter().for_each(|path| drop(Folder.remove(path)));
        }
        let head = checked?;
        partial(&Folder, &self.layout, &self.rows, &self.last).map_err(system(self.layout.root()))?;
        let notes: String = cosigned.iter().map(cosigned_line).collect();
        let path = self.layout.cosigned();
        Folder.put(&path, notes.as_bytes()).map_err(system(&path))?;
        let path = self.layout.checkpoint();
        Folder.put(&path, note.to_string().as_bytes()).map_err(system(&path))?;
        Ok(head)
    }

    fn check(&self, note: &Note) -> Result<Head, CopyError> {
        let head = Checkpoint::open(note, &self.key).map_err(CopyError::Signature)?.head;
        if head.size < self.before.size {
            return Err(CopyError::Shorter { now: head.size, before: self.before.size });
        }
        if self.frontier.size() != head.size {
            return Err(CopyError::Bundle(self.number));
        }
        if self.frontier.root() == head.root { Ok(head) } else { Err(CopyError::Root) }
    }
}
