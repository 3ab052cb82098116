//! Old entries in a folder of their own, sealed: what a retention rule takes out of a log without losing it.
//!
//! ```text
//! archive.json         which entries of which log, the root up to them, SHA-256 and size of every other file
//! archive.json.note    the log's signature over it (`signed_file`)
//! checkpoint           a signed head of the log that covers them, with its cosignatures
//! tile/…, openings/…   bundles, their hashes and openings, under the names that they have in the log
//! ```
//!
//! What must stay true: entries leave the log's folder only when an archive of exactly these entries was read back byte
//! by byte and a witness has cosigned a head that covers them. The log keeps all its hashes: it stays provable, to its
//! first entry, that an archive is what was taken out ([`Reader::with_archives`] reads both as one log). The marker
//! `archived` in the log's folder says up to where entries are gone; it is written before the first of them goes, so
//! that a crash leaves files too many, never a log that nobody can read.
//!
//! Turned down: a compressed single file. An auditor in ten years should need no more than the log's own tools, and a
//! damaged block should cost one bundle.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use renkei_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entry::{Act, Body, Entry};
use crate::note::{Checkpoint, Note, NoteError, Origin, SigningKey, VerifierKey};
use crate::signed_file::{FileName, SignedFile, SignedFileError, note_path};
use crate::store::{Disk, Folder, Layout, ReadError, Reader};
use crate::tree::{Hash, Row, TileId, WIDTH};

/// The manifest's name.
pub const MANIFEST: &str = "archive.json";

const ENTRIES: u64 = WIDTH as u64;

/// Bytes of a manifest at most.
const MAX_MANIFEST: u64 = 256 << 20;

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its path below the archive's folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
}

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The log.
    pub log: Origin,
    /// The first entry.
    pub from: u64,
    /// The first entry behind it.
    pub until: u64,
    /// The root of the log's first `until` entries.
    pub root: Hash,
    /// Time of the first entry.
    pub first: Timestamp,
    /// Time of the last entry.
    pub last: Timestamp,
    /// When it was made.
    pub made: Timestamp,
    /// Every file but the manifest and its note, by path.
    pub files: Vec<File>,
}

/// Why something is not archived, or an archive is not believed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The log, or the archive's copy of it.
    #[error("a log cannot be read")]
    Read(#[from] ReadError),
    /// The file system.
    #[error("`{}` cannot be used", .0.display())]
    System(PathBuf, #[source] io::Error),
    /// There is something in the folder already.
    #[error("`{}` is not empty: name a new folder", .0.display())]
    NotEmpty(PathBuf),
    /// A signature could not be made.
    #[error("the archive cannot be signed")]
    Note(#[from] NoteError),
    /// The manifest is missing or none.
    #[error("`{}` is missing or no archive's manifest", .0.display())]
    Manifest(PathBuf),
    /// The manifest is not signed by the log.
    #[error("the archive's manifest is not what the log signed")]
    Signature(#[from] SignedFileError),
    /// A file is not what the manifest says.
    #[error("`{0}` is missing from the archive, or changed")]
    File(String),
    /// It is of another log, or of other entries.
    #[error("the archive holds entries {} to {} of {}, not those that are to be removed: {reason}", .found.from, .found.until, .found.log)]
    Other {
        /// What it holds.
        found: Box<Manifest>,
        /// What is wrong.
        reason: &'static str,
    },
    /// No witness has seen these entries.
    #[error(
        "a witness has cosigned {witnessed} entries, and {until} are to be removed: entries stay until a witness has \
         seen them"
    )]
    Unwitnessed {
        /// Entries under the largest cosigned head.
        witnessed: u64,
        /// Entries that were to be covered.
        until: u64,
    },
}

fn system(path: &Path) -> impl Fn(io::Error) -> ArchiveError + '_ {
    |error| ArchiveError::System(path.to_owned(), error)
}

/// The whole bundles that may be archived: those whose entries are all older than `before` and under a signed head, and
/// that a start of the program does not need. `None` where there are none.
///
/// # Errors
/// [`ArchiveError::Read`]
pub fn due(reader: &Reader, before: Timestamp) -> Result<Option<Range<u64>>, ArchiveError> {
    let from = reader.first();
    let Some(note) = reader.checkpoint()? else { return Ok(None) };
    let damaged = || ReadError::Damaged("checkpoint".into());
    let signed = Checkpoint::parse(note.text()).map_err(|_| damaged())?.head.size;
    let last = needed(reader, from)?.min(signed) / ENTRIES;
    let mut until = from;
    for number in from / ENTRIES..last {
        let at = |bytes: &[u8]| {
            let damaged = |_| ReadError::Damaged(format!("entries of bundle {number}"));
            Entry::decode(bytes).map(|entry| entry.at).map_err(damaged)
        };
        // Time never goes back, so the last entry is the latest.
        let bundle = reader.bundle(number)?;
        if bundle.last().map(|bytes| at(bytes)).transpose()?.is_none_or(|at| at >= before) {
            break;
        }
        until = (number + 1) * ENTRIES;
    }
    Ok((until > from).then_some(from..until))
}

/// The first entry that an opening of the log reads: its last heartbeat or start, whichever comes first.
fn needed(reader: &Reader, from: u64) -> Result<u64, ArchiveError> {
    let (mut beat, mut start) = (None, None);
    for number in (from / ENTRIES..reader.size()?.div_ceil(ENTRIES)).rev() {
        for (at, bytes) in reader.bundle(number)?.iter().enumerate().rev() {
            let index = number * ENTRIES + at as u64;
            let damaged = |_| ReadError::Damaged(format!("entry {index}"));
            match Entry::decode(bytes).map_err(damaged)?.body {
                Body::Heartbeat(_) => _ = beat.get_or_insert(index),
                Body::Admin(admin) if admin.act == Act::Start => _ = start.get_or_insert(index),
                _ => {}
            }
        }
        if let (Some(beat), Some(start)) = (beat, start) {
            return Ok(beat.min(start));
        }
    }
    Ok(from)
}

/// Writes the entries of a range of whole bundles into a new folder, and signs what is in it.
///
/// # Errors
/// [`ArchiveError`]; the folder may then hold a part of it, without a manifest.
pub fn export(
    reader: &Reader,
    range: &Range<u64>,
    out: &Path,
    key: &SigningKey,
    made: Timestamp,
) -> Result<Manifest, ArchiveError> {
    fs::create_dir_all(out).map_err(system(out))?;
    if fs::read_dir(out).map_err(system(out))?.next().is_some() {
        return Err(ArchiveError::NotEmpty(out.to_owned()));
    }
    let (from, to) = (reader.layout(), Layout::new(out));
    let mut files = Vec::new();
    let mut copy = |source: PathBuf, target: PathBuf, needed: bool| -> Result<(), ArchiveError> {
        let bytes = match fs::read(&source) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !needed => return Ok(()),
            bytes => bytes.map_err(system(&source))?,
        };
        Folder.put(&target, &bytes).map_err(system(&target))?;
        let path = target.strip_prefix(out).unwrap_or(&target).to_string_lossy().into_owned();
        files.push(File { path, bytes: bytes.len() as u64, sha256: Hash::of(&bytes) });
        Ok(())
    };
    for number in range.start / ENTRIES..range.end / ENTRIES {
        let bundle = TileId::full(Row::Entries, number);
        copy(from.tile(&bundle), to.tile(&bundle), true)?;
        let hashes = TileId::full(Row::Hashes(0), number);
        copy(from.tile(&hashes), to.tile(&hashes), true)?;
        copy(from.openings(number), to.openings(number), false)?;
    }
    copy(from.checkpoint(), to.checkpoint(), true)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let at = |index: u64| -> Result<Timestamp, ArchiveError> {
        let damaged = |_| ReadError::Damaged(format!("entry {index}"));
        Ok(Entry::decode(&reader.entry(index)?).map_err(damaged)?.at)
    };
    let manifest = Manifest {
        log: key.verifier().name().clone(),
        from: range.start,
        until: range.end,
        root: reader.head(range.end)?.root,
        first: at(range.start)?,
        last: at(range.end - 1)?,
        made,
        files,
    };
    seal(&manifest, out, key)?;
    Ok(manifest)
}

fn seal(manifest: &Manifest, out: &Path, key: &SigningKey) -> Result<(), ArchiveError> {
    let path = out.join(MANIFEST);
    let bytes = serde_json::to_vec_pretty(manifest).map_err(|error| system(&path)(error.into()))?;
    let about = SignedFile {
        signer: key.verifier().name().clone(),
        kind: kind()?,
        name: name("entries")?,
        version: manifest.until,
        hash: Hash::of(&bytes),
        bytes: bytes.len() as u64,
        issued: manifest.made,
    };
    let (note, beside) = (about.sign(key)?, note_path(&path));
    Folder.put(&beside, note.to_string().as_bytes()).map_err(system(&beside))?;
    // Last: without it the folder is no archive.
    Folder.put(&path, &bytes).map_err(system(&path))
}

fn name(text: &str) -> Result<FileName, ArchiveError> {
    FileName::new(text).map_err(|_| ArchiveError::Signature(SignedFileError::Malformed))
}

fn kind() -> Result<FileName, ArchiveError> {
    name("log-archive")
}

/// Reads an archive's manifest and every file that it names. Which entries these are, and that the log had them,
/// [`crate::verify::verify`] checks over a reader of both.
///
/// # Errors
/// [`ArchiveError`]
pub fn check(archive: &Path, keys: &[VerifierKey]) -> Result<(Manifest, Hash), ArchiveError> {
    let (manifest, hash) = manifest(archive, keys)?;
    for file in &manifest.files {
        let changed = || ArchiveError::File(file.path.clone());
        // A path that leads elsewhere names no file of an archive.
        let plain = |part: &str| !matches!(part, "" | "." | "..");
        let path = Some(archive.join(&file.path)).filter(|_| file.path.split('/').all(plain)).ok_or_else(changed)?;
        let bytes = fs::read(path).map_err(|_| changed())?;
        if bytes.len() as u64 != file.bytes || Hash::of(&bytes) != file.sha256 {
            return Err(changed());
        }
    }
    Ok((manifest, hash))
}

/// Reads an archive's manifest and its signature, with the SHA-256 of the manifest.
///
/// # Errors
/// [`ArchiveError`]
pub fn manifest(archive: &Path, keys: &[VerifierKey]) -> Result<(Manifest, Hash), ArchiveError> {
    let path = archive.join(MANIFEST);
    let none = || ArchiveError::Manifest(path.clone());
    if fs::metadata(&path).map_err(|_| none())?.len() > MAX_MANIFEST {
        return Err(none());
    }
    let bytes = fs::read(&path).map_err(|_| none())?;
    let note = fs::read(note_path(&path)).map_err(|_| none())?;
    let about = SignedFile::open(&Note::parse(&note)?, keys, &kind()?)?;
    about.covers(&bytes)?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|_| none())?;
    let Manifest { from, until, .. } = &manifest;
    let whole = from.is_multiple_of(ENTRIES) && until.is_multiple_of(ENTRIES) && from < until;
    if manifest.log == about.signer && whole { Ok((manifest, Hash::of(&bytes))) } else { Err(none()) }
}

/// Removes the entries of an archive from its log's folder, after checking that the archive has them and that a witness
/// has seen them. `record` is called when it is certain, before anything goes. Returns how many entries are gone.
///
/// # Errors
/// [`ArchiveError`], or what `record` fails with; then nothing was removed.
pub fn remove<E: From<ArchiveError>>(
    reader: &Reader,
    archive: &Path,
    key: &VerifierKey,
    witnesses: &[VerifierKey],
    record: impl FnOnce(&Manifest, Hash) -> Result<(), E>,
) -> Result<u64, E> {
    let (manifest, hash) = check(archive, std::slice::from_ref(key))?;
    let again = agrees(reader, &manifest)?;
    let witnessed = witnessed(reader, key, witnesses)?;
    if witnessed < manifest.until {
        return Err(ArchiveError::Unwitnessed { witnessed, until: manifest.until }.into());
    }
    let layout = reader.layout();
    if !again {
        record(&manifest, hash)?;
        let path = layout.archived();
        let text = format!("{}\n{hash}\n", manifest.until);
        Folder.put(&path, text.as_bytes()).map_err(|error| E::from(system(&path)(error)))?;
    }
    for number in manifest.from / ENTRIES..manifest.until / ENTRIES {
        for path in [layout.tile(&TileId::full(Row::Entries, number)), layout.openings(number)] {
            Folder.remove(&path).map_err(|error| E::from(system(&path)(error)))?;
        }
    }
    Ok(manifest.until - manifest.from)
}

/// Whether the archive holds the log's oldest entries; true where it was begun to remove them before.
fn agrees(reader: &Reader, manifest: &Manifest) -> Result<bool, ArchiveError> {
    let other = |reason| ArchiveError::Other { found: Box::new(manifest.clone()), reason };
    if reader.head(manifest.until)?.root != manifest.root {
        return Err(other("the log has other entries"));
    }
    let first = reader.first();
    if first == manifest.until {
        return Ok(true);
    }
    if first != manifest.from {
        return Err(other("the log's first entry is another"));
    }
    for number in manifest.from / ENTRIES..manifest.until / ENTRIES {
        let tile = TileId::full(Row::Entries, number);
        let (own, kept) = (reader.layout().tile(&tile), tile.path());
        let bytes = fs::read(&own).map_err(system(&own))?;
        let same = manifest.files.iter().any(|file| file.path == kept && file.sha256 == Hash::of(&bytes));
        let openings = fs::read(reader.layout().openings(number)).ok().map(|bytes| Hash::of(&bytes));
        let kept = Layout::new(Path::new("")).openings(number).to_string_lossy().into_owned();
        let opened = openings.is_none_or(|hash| manifest.files.iter().any(|f| f.path == kept && f.sha256 == hash));
        if !same || !opened {
            return Err(other("it lacks some of the log's entries"));
        }
    }
    Ok(false)
}

/// Entries under the largest head that one of the witnesses cosigned.
fn witnessed(reader: &Reader, key: &VerifierKey, witnesses: &[VerifierKey]) -> Result<u64, ArchiveError> {
    let notes = reader.cosigned()?.into_iter().chain(reader.checkpoint()?);
    let sizes = notes.filter(|note| witnesses.iter().any(|witness| note.verify(witness).is_ok()));
    Ok(sizes.filter_map(|note| Checkpoint::open(&note, key).ok()).map(|c| c.head.size).max().unwrap_or(0))
}
