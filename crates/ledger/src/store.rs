//! The file: records one after another, each under a tag that continues the one before.
//!
//! A record is its length (u32, little-endian), its bytes, and HMAC-SHA-256 over the tag before and the bytes. The head
//! (how many records, the last tag) is a file of its own, replaced after each commit and not flushed: after a crash it
//! may be behind the records, never before them, so records that are fewer than the head says are an older copy.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;
use crate::hash::Secret;
use crate::record::Record;

const MAGIC: &[u8; 16] = b"renkei-ledger-1\n";
const TAG: usize = 32;
/// Bytes of one record at most: a set of every person there can be, with marks.
const MAX_RECORD: usize = 1 << 30;

/// What for the ledger is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// To keep what leaves: by one process at a time.
    Keep,
    /// To continue with what is left of a damaged one.
    Recover,
    /// To read beside a process that keeps. Nothing is changed, and a torn end is passed over.
    Look,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    file: File,
    secret: Secret,
    end: u64,
    records: u64,
    tag: [u8; TAG],
    /// A write failed: what is on the disk is not known.
    stopped: bool,
}

/// Who is shown each record with its place while the ledger is opened: all of them do not fit into memory.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&Secret, Record, (u64, u32)) -> Result<(), Error>;

/// How often a held lock is tried again.
const PATIENCE: u32 = 50;

/// Takes the lock. A process that is being started shares its parent's files until it runs its own program, a lock
/// included: so a ledger that was just closed may seem held for a moment.
fn lock(file: &File, patience: u32) -> Result<(), TryLockError> {
    for _ in 0..patience {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            other => return other,
        }
    }
    file.try_lock()
}

impl Store {
    /// Opens the ledger in `folder`, or makes it with `fresh` as its secret where there is none. Gives the bytes of a torn
    /// end that were cut.
    pub(crate) fn open(folder: &Path, fresh: [u8; 32], access: Access, visit: Visit<'_>) -> Result<(Self, u64), Error> {
        let damaged = |what| Error::Damaged { folder: folder.to_owned(), what };
        let (recover, look) = (access == Access::Recover, access == Access::Look);
        let [key, records, head] = ["key", "records", "head"].map(|name| folder.join(name));
        if look && !folder.join("records").exists() {
            return Err(Error::None { folder: folder.to_owned() });
        }
        if !folder.exists() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::io(folder, "made"))?;
        }
        let exists = [&key, &records, &head].map(|path| path.exists());
        if exists == [false; 3] || recover && !exists[0] {
            create(&key, &fresh)?;
        } else if !exists[0] {
            return Err(damaged("has lost its key"));
        }
        if !exists[1] {
            if (exists[0] || exists[2]) && !recover {
                return Err(damaged("has lost its records"));
            }
            create(&records, MAGIC)?;
            sync_folder(folder)?;
        }
        let secret = fs::read(&key).map_err(Error::io(&key, "read"))?;
        let secret = Secret::new(secret.try_into().map_err(|_| damaged("has a key that is cut"))?);
        let file = OpenOptions::new().read(true).write(!look).open(&records).map_err(Error::io(&records, "opened"))?;
        match lock(&file, if look { 0 } else { PATIENCE }) {
            Ok(()) => {}
            Err(_) if look => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy { folder: folder.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(Error::io(&records, "locked")(source)),
        }
        let mut store =
            Self { folder: folder.to_owned(), file, secret, end: 0, records: 0, tag: [0; TAG], stopped: false };
        let cut = store.read_all(access, visit)?;
        let (known, tag_then) = match fs::read(&head) {
            Ok(bytes) => read_head(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::NotFound => Default::default(),
            Err(error) => return Err(Error::io(&head, "read")(error)),
        };
        let fresh = store.records == 0 && !exists[2];
        if !recover && !fresh && (known > store.records || known == store.records && tag_then != store.tag) {
            return Err(damaged("is older than it was, or its end was cut"));
        }
        if !recover && !fresh && known == 0 && store.records > 0 {
            return Err(damaged("has lost its head"));
        }
        if !look {
            store.write_head()?;
        }
        Ok((store, cut))
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    fn damaged(&self, what: &'static str) -> Error {
        Error::Damaged { folder: self.folder.clone(), what }
    }

    /// Reads and checks every record; cuts a torn end, and gives how many bytes it had.
    fn read_all(&mut self, access: Access, visit: Visit<'_>) -> Result<u64, Error> {
        let recover = access == Access::Recover;
        let path = self.folder.join("records");
        let size = self.file.metadata().map_err(Error::io(&path, "read"))?.len();
        let mut magic = [0; MAGIC.len()];
        if self.file.read_exact_at(&mut magic, 0).is_err() || magic != *MAGIC {
            if !recover {
                return Err(self.damaged("does not begin like one"));
            }
            self.file.set_len(0).map_err(Error::io(&path, "cut"))?;
            self.file.write_all_at(MAGIC, 0).map_err(Error::io(&path, "written"))?;
            self.end = MAGIC.len() as u64;
            return Ok(size);
        }
        self.end = MAGIC.len() as u64;
        let mut reader = BufReader::with_capacity(1 << 20, &self.file);
        reader.seek(SeekFrom::Start(self.end)).map_err(Error::io(&path, "read"))?;
        let mut torn = false;
        while self.end < size {
            // Shorter than its length says: the process ended while it was written, before anything left.
            let Some((record, tag)) = next(&mut reader, size - self.end).map_err(Error::io(&path, "read"))? else {
                torn = true;
                break;
            };
            let expected = self.secret.tag(&self.tag, &record);
            let Some(read) = postcard::from_bytes::<Record>(&record).ok().filter(|_| expected == tag) else {
                if !recover {
                    return Err(self.damaged("was changed"));
                }
                torn = true;
                break;
            };
            visit(&self.secret, read, (self.end + 4, u32::try_from(record.len()).unwrap_or(u32::MAX)))?;
            self.end += (4 + record.len() + TAG) as u64;
            self.records += 1;
            self.tag = tag;
        }
        if !torn || access == Access::Look {
            return Ok(0);
        }
        self.file.set_len(self.end).map_err(Error::io(&path, "cut"))?;
        self.file.sync_all().map_err(Error::io(&path, "flushed"))?;
        Ok(size - self.end)
    }

    /// Appends records with one flush. Gives their places.
    pub(crate) fn append(&mut self, records: &[Record]) -> Result<Vec<(u64, u32)>, Error> {
        if self.stopped {
            return Err(Error::Stopped);
        }
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let path = self.folder.join("records");
        let (mut bytes, mut places, mut tag) = (Vec::new(), Vec::new(), self.tag);
        for record in records {
            let too_long = || Error::io(&path, "written")(io::Error::from(ErrorKind::FileTooLarge));
            let record = postcard::to_stdvec(record).map_err(|_| too_long())?;
            let len = u32::try_from(record.len()).ok().filter(|_| record.len() <= MAX_RECORD).ok_or_else(too_long)?;
            tag = self.secret.tag(&tag, &record);
            places.push((self.end + bytes.len() as u64 + 4, len));
            bytes.extend(len.to_le_bytes());
            bytes.extend(record);
            bytes.extend(tag);
        }
        let written = self.file.write_all_at(&bytes, self.end).and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // A flush that failed is never tried again: nobody knows what is on the disk.
            self.stopped = true;
            return Err(Error::io(&path, "written")(source));
        }
        self.end += bytes.len() as u64;
        self.records += records.len() as u64;
        self.tag = tag;
        self.write_head()?;
        Ok(places)
    }

    /// Reads one record again.
    pub(crate) fn record(&self, (offset, len): (u64, u32)) -> Result<Record, Error> {
        let path = self.folder.join("records");
        let mut bytes = vec![0; len as usize];
        self.file.read_exact_at(&mut bytes, offset).map_err(Error::io(&path, "read"))?;
        postcard::from_bytes(&bytes).map_err(|_| self.damaged("was changed"))
    }

    fn write_head(&self) -> Result<(), Error> {
        let (head, new) = (self.folder.join("head"), self.folder.join("head.new"));
        let tag: String = self.tag.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&new);
        file.and_then(|mut file| file.write_all(format!("{} {tag}\n", self.records).as_bytes()))
            .and_then(|()| fs::rename(&new, &head))
            .map_err(Error::io(&head, "written"))
    }
}

/// The next record and its tag; `None` where fewer bytes are left than it says.
fn next(reader: &mut impl Read, left: u64) -> io::Result<Option<(Vec<u8>, [u8; TAG])>> {
    let (mut len, mut tag) = ([0; 4], [0; TAG]);
    if left < 4 {
        return Ok(None);
    }
    reader.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len);
    if left < 4 + u64::from(len) + TAG as u64 {
        return Ok(None);
    }
    let mut record = vec![0; len as usize];
    reader.read_exact(&mut record)?;
    reader.read_exact(&mut tag)?;
    Ok(Some((record, tag)))
}

fn read_head(bytes: &[u8]) -> Option<(u64, [u8; TAG])> {
    let (count, tag) = std::str::from_utf8(bytes).ok()?.trim_end().split_once(' ')?;
    let mut read = [0; TAG];
    if tag.len() != 2 * TAG {
        return None;
    }
    for (i, byte) in read.iter_mut().enumerate() {
        *byte = u8::from_str_radix(tag.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some((count.parse().ok()?, read))
}

fn create(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all())).map_err(Error::io(path, "made"))
}

fn sync_folder(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(Error::io(path, "flushed"))
}
