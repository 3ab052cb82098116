//! A copy of somebody else's log, made of what they hand out and believed only as far as it was checked.
//!
//! What must stay true: a copy's checkpoint is one that the log's key signed and whose entries are all there and lead to
//! its root; it continues what the copy had before, entry by entry; what does not is refused and leaves the copy as it
//! was. A copy has the layout of a published log ([`crate::store`]), without openings: what a site keeps to itself does
//! not leave it.
//!
//! Entries arrive in bundles. Full ones are put in place before the last one has come, since a log need not fit into
//! memory; they count only once the checkpoint above them was checked and put in place. Whoever has a head that it
//! believes, and proofs that lead to it, checks each bundle before it is written. A crash leaves files that the next
//! copying writes again.
//!
//! The list of cosigned checkpoints comes last and only grows: a copy has the beginning of its owner's list.

use std::io;
use std::path::{Path, PathBuf};

use crate::note::{Checkpoint, Head, Note, NoteError, VerifierKey};
use crate::store::{Disk, Folder, Layout, ReadError, Reader, Segment, cosigned_line, hashes, partial, rows};
use crate::tree::{Frontier, Hash, Row, Rows, TileId, WIDTH, unbundle, verify_consistency};

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
    /// Up to the last full bundle.
    frontier: Frontier,
    rows: Rows,
    /// The bundle that comes next, with the entries of it that the copy has.
    number: u64,
    known: Vec<Vec<u8>>,
    /// The last bundle, where it is not full.
    last: Vec<Vec<u8>>,
    /// Files of full bundles that were taken and are not written yet.
    staged: Vec<(PathBuf, Vec<u8>)>,
    written: Vec<PathBuf>,
    /// Bytes of the list of cosigned checkpoints, and what was taken for it.
    cosigned: u64,
    notes: Vec<(Note, u64)>,
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
        let rows = rows(&reader, number)?;
        let layout = Layout::new(root);
        // What a crash left behind the last whole note is cut before anything is added.
        let cosigned = reader.cosigned()?.iter().map(|note| cosigned_line(note).len() as u64).sum();
        let this = Self {
            layout,
            key: key.clone(),
            before,
            frontier,
            rows,
            number,
            known,
            last: Vec::new(),
            staged: Vec::new(),
            written: Vec::new(),
            cosigned,
            notes: Vec::new(),
        };
        if this.head() != before {
            return Err(ReadError::Damaged("the copy's entries are not those of its checkpoint".into()).into());
        }
        Ok(this)
    }

    /// The head that the copy has.
    #[must_use]
    pub fn before(&self) -> Head {
        self.before
    }

    /// Entries that were taken, those of before included.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.number * ENTRIES + self.end().len() as u64
    }

    /// The number of the bundle to take next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.number
    }

    /// The place in the owner's list of cosigned checkpoints, in bytes, from which they are wanted
    /// ([`Reader::cosigned_from`]).
    #[must_use]
    pub fn cosigned(&self) -> u64 {
        self.cosigned + self.notes.iter().map(|(note, _)| cosigned_line(note).len() as u64).sum::<u64>()
    }

    /// The entries behind the last full bundle.
    fn end(&self) -> &[Vec<u8>] {
        if self.last.is_empty() { &self.known } else { &self.last }
    }

    /// The head of all that was taken.
    fn head(&self) -> Head {
        let mut frontier = self.frontier.clone();
        self.end().iter().for_each(|entry| frontier.push(Hash::leaf(entry)));
        Head { root: frontier.root(), size: frontier.size() }
    }

    /// Takes the next bundle: full, but for the last one, which may be taken again when there is more in it. Nothing is
    /// written yet.
    ///
    /// # Errors
    /// [`CopyError`]; then nothing more is to be taken.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), CopyError> {
        let number = self.number;
        let wrong = || CopyError::Bundle(number);
        let entries = unbundle(bytes).map_err(|_| wrong())?;
        if entries.is_empty() {
            return Err(wrong());
        }
        if !self.last.is_empty() {
            self.known = std::mem::take(&mut self.last);
        }
        // Fewer than the copy has are told by the checkpoint above them.
        let other = self.known.iter().zip(&entries).position(|(known, entry)| known != entry);
        if let Some(at) = other {
            return Err(CopyError::Rewritten(number * ENTRIES + at as u64));
        }
        if entries.len() < WIDTH {
            self.last = entries.into_iter().map(<[u8]>::to_vec).collect();
            return Ok(());
        }
        for entry in &entries {
            let leaf = Hash::leaf(entry);
            self.frontier.push(leaf);
            for tile in self.rows.push(leaf) {
                let path = self.layout.tile(&TileId::full(Row::Hashes(tile.level), tile.index));
                self.staged.push((path, hashes(&tile.hashes)));
            }
        }
        self.staged.push((self.layout.tile(&TileId::full(Row::Entries, number)), bytes.to_vec()));
        (self.number, self.known) = (number + 1, Vec::new());
        Ok(())
    }

    /// Takes the next checkpoints that others cosigned, as the owner's list has them. Nothing is written yet.
    ///
    /// # Errors
    /// [`CopyError::Signature`] where one is not signed by the log's key.
    pub fn take_cosigned(&mut self, notes: Vec<Note>) -> Result<(), CopyError> {
        for note in notes {
            let head = Checkpoint::open(&note, &self.key).map_err(CopyError::Signature)?.head;
            self.notes.push((note, head.size));
        }
        Ok(())
    }

    /// Checks that all that was taken is what the log begins with under a head that is believed, by the proof of that.
    /// Without it, only [`Copying::finish`] tells what the entries are worth.
    ///
    /// # Errors
    /// [`CopyError::Root`]; then nothing more is to be taken.
    pub fn check(&self, head: Head, proof: &[Hash]) -> Result<(), CopyError> {
        let own = self.head();
        verify_consistency((own.size, own.root), (head.size, head.root), proof).map_err(|_| CopyError::Root)
    }

    /// Writes the full bundles that were taken. They count once a checkpoint above them is the copy's.
    ///
    /// # Errors
    /// [`CopyError::System`]
    pub fn write(&mut self) -> Result<(), CopyError> {
        for (path, bytes) in std::mem::take(&mut self.staged) {
            Folder.put(&path, &bytes).map_err(system(&path))?;
            self.written.push(path);
        }
        Ok(())
    }

    /// Checks what was taken against the log's checkpoint, makes it the copy's, and adds the cosigned checkpoints of heads
    /// that the copy has. The copy may be continued after it.
    ///
    /// # Errors
    /// [`CopyError`]; what was put in place is removed again, and nothing more is to be taken.
    pub fn finish(&mut self, note: &Note) -> Result<Head, CopyError> {
        let head = match self.complete(note).and_then(|head| self.write().map(|()| head)) {
            Ok(head) => head,
            Err(error) => {
                // Files behind the checkpoint do no harm where they stay.
                self.written.iter().for_each(|path| drop(Folder.remove(path)));
                return Err(error);
            }
        };
        if head != self.before {
            self.put_end(note).map_err(system(self.layout.root()))?;
        }
        self.written.clear();
        (self.before, self.known) = (head, std::mem::take(&mut self.last));
        self.add_notes(head.size)?;
        Ok(head)
    }

    fn complete(&mut self, note: &Note) -> Result<Head, CopyError> {
        let head = Checkpoint::open(note, &self.key).map_err(CopyError::Signature)?.head;
        if head.size < self.before.size {
            return Err(CopyError::Shorter { now: head.size, before: self.before.size });
        }
        let own = self.head();
        if own.size != head.size {
            return Err(CopyError::Bundle(self.number));
        }
        if own.root != head.root {
            return Err(CopyError::Root);
        }
        if self.last.is_empty() {
            self.last = std::mem::take(&mut self.known);
        }
        Ok(head)
    }

    /// Writes the partial tiles of the end, then the checkpoint, and removes the partial tiles of the one before.
    fn put_end(&self, note: &Note) -> io::Result<()> {
        let mut rows = self.rows.clone();
        self.last.iter().for_each(|entry| _ = rows.push(Hash::leaf(entry)));
        let end = Segment { entries: self.last.clone(), ..Segment::new(self.number) };
        let tiles = partial(&Folder, &self.layout, &rows, &end)?;
        Folder.put(&self.layout.checkpoint(), note.to_string().as_bytes())?;
        for old in TileId::partial(self.before.size).filter(|old| !tiles.contains(old)) {
            Folder.remove(&self.layout.tile(&old))?;
        }
        Ok(())
    }

    /// Adds the cosigned checkpoints up to the first of a head beyond the copy; the rest comes with the next copying.
    fn add_notes(&mut self, size: u64) -> Result<(), CopyError> {
        let notes = std::mem::take(&mut self.notes);
        let lines: String =
            notes.iter().take_while(|(_, of)| *of <= size).map(|(note, _)| cosigned_line(note)).collect();
        let path = self.layout.cosigned();
        if lines.is_empty() && self.cosigned == 0 {
            return Ok(());
        }
        let added = Folder.tail(&path).and_then(|mut tail| {
            if tail.length()? != self.cosigned {
                tail.cut(self.cosigned)?;
            }
            if lines.is_empty() {
                return Ok(());
            }
            tail.write(lines.as_bytes())?;
            tail.sync()
        });
        added.map_err(system(&path))?;
        self.cosigned += lines.len() as u64;
        Ok(())
    }
}
