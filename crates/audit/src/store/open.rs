//! Opening a log: what is on disk is read, checked against what was signed, and continued; or not.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use super::disk::{Disk, Tail, make_folder};
use super::journal::{self, Rest};
use super::layout::Layout;
use super::publish::Segment;
use super::reader::{ReadError, Reader, read};
use crate::entry::{Body, Entry};
use crate::note::{Checkpoint, Note, Origin, VerifierKey};
use crate::tree::{Frontier, Hash, Nodes as _, Rows, WIDTH};

/// Why a log does not open. None of these is repaired by trying again: somebody has to look (the ceremony is in the
/// operations guide).
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the audit log is open in another process")]
    Locked,
    /// A file cannot be read, or is damaged or missing.
    #[error("the audit log cannot be continued")]
    Read(#[from] ReadError),
    /// The checkpoint is not signed by this log's key, or is of another log.
    #[error("the checkpoint is not this log's")]
    Foreign,
    /// The entries are fewer than were signed: an older copy, or entries are lost.
    #[error("the log has {have} entries, but {signed} were signed")]
    Behind {
        /// Entries on disk.
        have: u64,
        /// Entries signed.
        signed: u64,
    },
    /// The entries do not lead to the root that was signed.
    #[error("the entries are not those that were signed")]
    Changed,
    /// The system failed.
    #[error("the audit log's folder cannot be used")]
    System(#[from] io::Error),
}

/// A torn end that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The size of the log without it.
    pub size: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256; they are kept in `cut/`.
    pub digest: Hash,
}

/// What was found when a log was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Entries on disk.
    pub size: u64,
    /// Entries that the newest checkpoint covers.
    pub signed: u64,
    /// The torn end, where there was one. It is the log's next entry.
    pub cut: Option<Cut>,
}

/// All that the writer continues from.
pub(super) struct Found {
    pub(super) lock: File,
    pub(super) tail: Box<dyn Tail>,
    pub(super) length: u64,
    pub(super) frontier: Frontier,
    pub(super) rows: Rows,
    pub(super) waiting: Vec<Segment>,
    pub(super) segment: Segment,
    pub(super) checkpoint: Option<Note>,
    pub(super) recovery: Recovery,
    pub(super) last: Option<Entry>,
    pub(super) beat: u64,
    torn: Vec<u8>,
}

/// How often a held lock is tried.
const PATIENCE: u32 = 50;

fn lock(layout: &Layout) -> Result<File, OpenError> {
    make_folder(layout.root())?;
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(layout.lock())?;
    // A process that is being started shares its parent's files until it runs its own program, a lock included: so a log
    // that was just closed may seem held for a moment.
    for _ in 0..PATIENCE {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    Err(OpenError::Locked)
}

/// Reads the log and makes ready to continue it.
pub(super) fn open(
    disk: &dyn Disk,
    layout: &Layout,
    origin: &Origin,
    keys: &[VerifierKey],
) -> Result<Found, OpenError> {
    let lock = lock(layout)?;
    let reader = Reader::new(layout.root());
    let journals = reader.journals()?;
    let first = match journals.first() {
        Some(first) => *first,
        None if layout.tiles().exists() || layout.checkpoint().exists() => {
            return Err(ReadError::Missing("journal".into()).into());
        }
        None => 0,
    };
    let frontier = Frontier::load(&reader, first * WIDTH as u64)?;
    let mut found = Found {
        lock,
        tail: disk.tail(&layout.journal(first))?,
        length: 0,
        rows: rows(&reader, first)?,
        frontier,
        waiting: Vec::new(),
        segment: Segment::new(first),
        checkpoint: reader.checkpoint()?,
        recovery: Recovery { size: 0, signed: 0, cut: None },
        last: None,
        beat: 0,
        torn: Vec::new(),
    };
    for number in &journals {
        found.replay(disk, layout, *number, Some(number) == journals.last())?;
    }
    found.recovery.size = found.frontier.size();
    found.compare(&reader, origin, keys)?;
    found.remember(&reader)?;
    found.cut(disk, layout)?;
    Ok(found)
}

/// The partial tiles of a log of `bundles` full bundles.
pub(crate) fn rows(reader: &Reader, bundles: u64) -> Result<Rows, ReadError> {
    let mut rows = vec![(bundles, Vec::new())];
    let (mut level, mut count) = (8_u8, bundles);
    while count > 0 {
        let from = count - count % WIDTH as u64;
        let row: Result<_, _> = (from..count).map(|index| reader.node(level, index)).collect();
        rows.push((count / WIDTH as u64, row?));
        (level, count) = (level + 8, count / WIDTH as u64);
    }
    Ok(Rows::new(rows))
}

impl Found {
    fn replay(&mut self, disk: &dyn Disk, layout: &Layout, number: u64, last: bool) -> Result<(), OpenError> {
        let damaged = || OpenError::Read(ReadError::Damaged(format!("journal {number}")));
        if number != self.segment.number {
            return Err(OpenError::Read(ReadError::Missing(format!("journal {}", self.segment.number))));
        }
        let bytes = read(&layout.journal(number))?.unwrap_or_default();
        let scan = journal::scan(&bytes, self.frontier.size());
        let whole = scan.records.len() == WIDTH;
        if scan.rest == Rest::Damaged || scan.records.len() > WIDTH || !(last || whole && scan.rest == Rest::Nothing) {
            return Err(damaged());
        }
        for record in scan.records {
            let leaf = Hash::leaf(&record.entry);
            self.frontier.push(leaf);
            self.segment.tiles.extend(self.rows.push(leaf));
            self.segment.entries.push(record.entry);
            self.segment.openings.push(record.openings);
        }
        self.tail = disk.tail(&layout.journal(number))?;
        self.length = scan.good as u64;
        if scan.rest == Rest::Torn {
            self.torn = bytes[scan.good..].to_vec();
        }
        if whole {
            let next = Segment::new(number + 1);
            self.waiting.push(std::mem::replace(&mut self.segment, next));
            if last {
                self.tail = disk.tail(&layout.journal(number + 1))?;
                self.length = 0;
            }
        }
        Ok(())
    }

    /// Cuts the torn end, once it is known that nothing signed is in it.
    fn cut(&mut self, disk: &dyn Disk, layout: &Layout) -> Result<(), OpenError> {
        if self.torn.is_empty() {
            return Ok(());
        }
        let (size, torn) = (self.frontier.size(), std::mem::take(&mut self.torn));
        if disk.put(&layout.cut(size), &torn).is_err() {
            // On a full disk there is the reserve.
            disk.remove(&layout.reserve())?;
            disk.put(&layout.cut(size), &torn)?;
        }
        self.tail.cut(self.length)?;
        self.recovery.cut = Some(Cut { size, bytes: torn.len() as u64, digest: Hash::of(&torn) });
        Ok(())
    }

    /// The signed head must be a head of these entries.
    fn compare(&mut self, reader: &Reader, origin: &Origin, keys: &[VerifierKey]) -> Result<(), OpenError> {
        let Some(note) = &self.checkpoint else { return Ok(()) };
        let opened = keys.iter().find_map(|key| Checkpoint::open(note, key).ok());
        let head = opened.filter(|checkpoint| checkpoint.origin == *origin).ok_or(OpenError::Foreign)?.head;
        let have = self.frontier.size();
        if have < head.size {
            return Err(OpenError::Behind { have, signed: head.size });
        }
        if reader.head(head.size)? != head {
            return Err(OpenError::Changed);
        }
        self.recovery.signed = head.size;
        Ok(())
    }

    /// The last entry, and the number of the last heartbeat.
    fn remember(&mut self, reader: &Reader) -> Result<(), OpenError> {
        let decode = |bytes: &[u8]| {
            Entry::decode(bytes).map_err(|error| OpenError::Read(ReadError::Damaged(format!("an entry is {error}"))))
        };
        if let Some(last) = self.frontier.size().checked_sub(1) {
            self.last = Some(decode(&reader.entry(last)?)?);
        }
        for number in (reader.first() / WIDTH as u64..self.frontier.size().div_ceil(WIDTH as u64)).rev() {
            for bytes in reader.bundle(number)?.iter().rev() {
                // The kind is looked for before a megabyte of others is decoded.
                if bytes.windows(12).any(|part| part == b"{\"heartbeat\"")
                    && let Body::Heartbeat(beat) = decode(bytes)?.body
                {
                    self.beat = beat.beat.get();
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
