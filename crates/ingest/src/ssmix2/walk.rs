//! A walk through a storage, file by file, in the order of names.
//!
//! One listing per level is held at a time, so memory grows with the largest folder, not with the storage. Kinds of
//! entries come with the listing; only files that are handed out are asked for size and time. Links are never
//! followed: whatever they lead to lies either outside, or is met anyway.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::kind::Kind;
use super::name::Name;

/// Levels below the root: two of beginnings, patient, day, kind, and the content folder of the extended storage.
const MAX_DEPTH: usize = 6;
/// Entries that are looked at to tell a storage from another folder.
const PROBES: usize = 400;

/// A file of the storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its name; in the extended storage, that of the content folder.
    pub name: Name,
    /// Its size.
    pub bytes: u64,
    /// When it was written, in nanoseconds since 1970-01-01T00:00Z.
    pub modified: i64,
}

/// What cannot be read, or does not belong where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where it is. Paths hold patient numbers: for the quarantine only.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What can be wrong with an entry of a storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The system does not let it be read.
    Unreadable(io::ErrorKind),
    /// It is a link.
    Link,
    /// It is neither file nor folder.
    Special,
    /// Its name is not that of such a file.
    Name,
    /// Its name is right, but it lies under another patient, day or kind.
    Misplaced,
    /// Folders within folders where files should be.
    Deep,
}

struct Entry {
    name: OsString,
    kind: fs::FileType,
}

/// The walk: files, and what is no such file, in the order of their paths.
pub struct Walk {
    /// Folder of the innermost listing.
    path: PathBuf,
    /// Listings not yet finished, outermost first, each with the folder it lists; sorted from last to first.
    levels: Vec<Vec<Entry>>,
    /// Troubles of a listing, and the root before it is listed.
    pending: Vec<Result<Found, Trouble>>,
}

impl Walk {
    /// A walk through the storage below a folder.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let mut walk = Self { path: root.into(), levels: Vec::new(), pending: Vec::new() };
        walk.enter();
        walk
    }

    /// Goes into the folder of `self.path`.
    fn enter(&mut self) {
        let path = self.path.clone();
        let mut entries = self.list(&path);
        entries.sort_unstable_by(|a, b| b.name.cmp(&a.name));
        self.levels.push(entries);
    }

    /// What is in a folder, as far as it can be read.
    fn list(&mut self, path: &Path) -> Vec<Entry> {
        let mut entries = Vec::new();
        let listed = fs::read_dir(path).and_then(|listing| {
            for entry in listing {
                let entry = entry?;
                entries.push(Entry { kind: entry.file_type()?, name: entry.file_name() });
            }
            Ok(())
        });
        if let Err(error) = listed {
            self.trouble(path.to_owned(), Reason::Unreadable(error.kind()));
        }
        entries
    }

    fn trouble(&mut self, path: PathBuf, reason: Reason) {
        self.pending.push(Err(Trouble { path, reason }));
    }

    fn leave(&mut self) {
        self.levels.pop();
        self.path.pop();
    }

    fn visit(&mut self, entry: &Entry) {
        let path = self.path.join(&entry.name);
        if entry.kind.is_symlink() {
            self.trouble(path, Reason::Link);
        } else if entry.kind.is_file() {
            let found = match Name::at(&path).ok_or_else(|| wrong(&entry.name)) {
                Ok(name) => look(path.clone(), name).map_err(|error| Reason::Unreadable(error.kind())),
                Err(reason) => Err(reason),
            };
            self.pending.push(found.map_err(|reason| Trouble { path, reason }));
        } else if !entry.kind.is_dir() {
            self.trouble(path, Reason::Special);
        } else if self.levels.len() > MAX_DEPTH {
            self.trouble(path, Reason::Deep);
        } else if Name::parse(&entry.name).is_some() {
            self.content(path, &entry.name);
        } else {
            self.path = path;
            self.enter();
        }
    }

    /// A content folder of the extended storage: its main document, or its first file where none is called so.
    fn content(&mut self, path: PathBuf, folder: &OsStr) {
        let entries = self.list(&path);
        let files = entries.into_iter().filter(|entry| entry.kind.is_file()).map(|entry| entry.name);
        let Some(main) = files.min_by_key(|file| (!is_main(file), file.clone())).map(|file| path.join(file)) else {
            return self.trouble(path, Reason::Name);
        };
        let found = match Name::at(&main) {
            Some(name) => look(main.clone(), name).map_err(|error| Reason::Unreadable(error.kind())),
            None => Err(wrong(folder)),
        };
        self.pending.push(found.map_err(|reason| Trouble { path: main, reason }));
    }
}

fn is_main(file: &OsStr) -> bool {
    file.as_encoded_bytes().starts_with(b"main_document")
}

/// Why a file that is not in its place is not.
fn wrong(name: &OsStr) -> Reason {
    if Name::parse(name).is_some() { Reason::Misplaced } else { Reason::Name }
}

fn look(path: PathBuf, name: Name) -> io::Result<Found> {
    let metadata = fs::symlink_metadata(&path)?;
    let modified = metadata.modified()?;
    let modified = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    };
    Ok(Found { path, name, bytes: metadata.len(), modified })
}

impl Iterator for Walk {
    type Item = Result<Found, Trouble>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.pending.pop() {
                return Some(item);
            }
            match self.levels.last_mut()?.pop() {
                Some(entry) => self.visit(&entry),
                None => self.leave(),
            }
        }
    }
}

/// Whether a folder is the root of a storage: whether some file, or content folder, a few levels below is in its place.
#[must_use]
pub fn looks_like(path: &Path) -> bool {
    let mut probes = PROBES;
    probe(path, 0, &mut probes)
}

fn probe(path: &Path, depth: usize, probes: &mut usize) -> bool {
    let Ok(listing) = fs::read_dir(path) else { return false };
    for entry in listing.flatten() {
        if *probes == 0 {
            return false;
        }
        *probes -= 1;
        let Ok(kind) = entry.file_type() else { continue };
        let path = entry.path();
        let found = if kind.is_file() {
            depth >= 3 && Name::at(&path).is_some_and(|name| !matches!(name.kind, Kind::Other(_)))
        } else {
            kind.is_dir() && depth < MAX_DEPTH && probe(&path, depth + 1, probes)
        };
        if found {
            return true;
        }
    }
    false
}
