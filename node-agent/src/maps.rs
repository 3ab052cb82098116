//! Maps that the consortium signed, as this hospital takes them.
//!
//! What must stay true: a signed map counts only if one of the keys in the hospital's own configuration signed exactly
//! these bytes, under a version that is not older than one that was taken before. Anything else stops the ingest: codes
//! that silently lead elsewhere than agreed are worse than no new snapshot. The bytes that were checked are the bytes
//! that are used.
//!
//! `maps-seen.json` in the state folder remembers the latest version of each name with its hash. It is written before
//! a map is used; a crash in between costs nothing, since taking the same map again is always allowed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use renkei_audit::note::{Note, NoteError, VerifierKey};
use renkei_audit::signed_file::{FileName, MAX_FILE, SignedFile, SignedFileError, note_path};
use renkei_audit::tree::Hash;
use renkei_ingest::Day;
use renkei_ingest::codes::MapFile;
use renkei_types::{Clock, Timestamp};
use serde::{Deserialize, Serialize};

use crate::acts::{self, Done};
use crate::config::Codes;
use crate::ingest::Language;
use crate::store::{self, Fault};

/// What a note has to be about.
const MAP: &str = "map";

/// File in the state folder.
const SEEN: &str = "maps-seen.json";

/// A map whose signature was checked, with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMap {
    path: PathBuf,
    content: Vec<u8>,
    about: SignedFile,
}

impl SignedMap {
    /// What was signed about it.
    #[must_use]
    pub fn about(&self) -> &SignedFile {
        &self.about
    }

    /// The map for whoever reads it.
    #[must_use]
    pub fn file(&self) -> MapFile {
        MapFile { path: self.path.clone(), content: Some(self.content.clone()) }
    }
}

/// Why a signed map is refused.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The map or its note cannot be read.
    #[error("the map {} cannot be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no note beside it.
    #[error(
        "the map {} is not signed: there is no {} beside it. Get the note from the coordinator together with the map, or \
         name the file under `[codes] maps` if it is the hospital's own", path.display(), note_path(path).display()
    )]
    Unsigned {
        /// The map.
        path: PathBuf,
    },
    /// The note is none.
    #[error("{} is damaged or no signed note; get it from the coordinator again", path.display())]
    Note {
        /// The note.
        path: PathBuf,
        /// Why.
        source: NoteError,
    },
    /// The map is larger than any map is.
    #[error("the map {} is larger than 1 GiB; it is no map", path.display())]
    Size {
        /// The map.
        path: PathBuf,
    },
    /// The note does not vouch for the map.
    #[error(
        "the map {} is refused: {why}. Get map and note from the coordinator again; which keys are trusted stands under \
         `[codes] keys`", path.display()
    )]
    Untrusted {
        /// The map.
        path: PathBuf,
        /// Why.
        why: SignedFileError,
    },
    /// It is older than one that was taken before.
    #[error(
        "the map {} is {name} version {version}, and version {seen} was taken before; an older map is not taken again. If \
         the coordinator wants to go back, the older map has to be signed under a newer version", path.display()
    )]
    Older {
        /// The map.
        path: PathBuf,
        /// Its name.
        name: FileName,
        /// Its version.
        version: u64,
        /// The version that was taken.
        seen: u64,
    },
    /// One version was signed twice, with different contents.
    #[error(
        "the map {} is {name} version {version}, and another file was taken under that version before; ask the coordinator \
         which one counts, and for a newer version of it", path.display()
    )]
    Twice {
        /// The map.
        path: PathBuf,
        /// Its name.
        name: FileName,
        /// Its version.
        version: u64,
    },
    /// Two files of the configuration have one name.
    #[error("the map {} is {name}, as is another file under `[codes] signed_maps`; leave only the newer one", path.display())]
    Name {
        /// The second of the two.
        path: PathBuf,
        /// Their name.
        name: FileName,
    },
    /// What was seen before cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The latest version of a map that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Taken {
    version: u64,
    sha256: Hash,
}

type Seen = BTreeMap<String, Taken>;

/// A map that an ingest used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapInForce {
    /// The file's name.
    pub file: String,
    /// SHA-256 of its bytes, in base64.
    pub sha256: Hash,
    /// What is signed about it; absent for the hospital's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed: Option<Signed>,
}

/// What a report says of a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The map's name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// Who signed it.
    pub signer: String,
    /// When.
    pub issued: Timestamp,
}

impl MapInForce {
    /// One line for people.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let file = &self.file;
        let Some(Signed { name, version, signer, issued }) = &self.signed else {
            return match language {
                Language::English => format!("{file}: the hospital's own"),
                Language::Japanese => format!("{file}: 自施設の対応表"),
            };
        };
        let (year, month, day) = Day(issued.days()).date();
        match language {
            Language::English => {
                format!("{file}: {name} version {version}, signed by {signer} on {year}-{month:02}-{day:02}")
            }
            Language::Japanese => format!("{file}: {name} 第{version}版、{signer} が{year}年{month}月{day}日に署名"),
        }
    }
}

/// The configuration's signed maps, each checked against the keys and against what was taken before.
///
/// # Errors
/// [`MapError`]: the first that cannot be believed.
pub fn verified(codes: &Codes, state: &Path) -> Result<Vec<SignedMap>, MapError> {
    let keys: Vec<VerifierKey> = codes.keys.iter().map(|key| key.0.clone()).collect();
    let seen = read_seen(state)?;
    let mut maps = Vec::<SignedMap>::new();
    for path in &codes.signed_maps {
        let map = check(path, &keys, &seen)?;
        if maps.iter().any(|other| other.about.name == map.about.name) {
            return Err(MapError::Name { path: path.clone(), name: map.about.name });
        }
        maps.push(map);
    }
    Ok(maps)
}

/// Remembers that these maps were taken, and leaves each that is new for the audit log.
///
/// # Errors
/// When it cannot be written.
pub fn remember(state: &Path, maps: &[SignedMap], clock: &dyn Clock) -> Result<(), MapError> {
    let before = read_seen(state)?;
    let mut seen = before.clone();
    for SignedMap { about, .. } in maps {
        seen.insert(about.name.to_string(), Taken { version: about.version, sha256: about.hash });
    }
    if seen == before {
        return Ok(());
    }
    for (name, taken) in seen.iter().filter(|(name, taken)| before.get(*name) != Some(*taken)) {
        let Taken { version, sha256 } = *taken;
        acts::leave(state, clock, Done::MapTaken { name: name.clone(), version, sha256 })?;
    }
    Ok(store::replace(&state.join(SEEN), &serde_json::to_vec_pretty(&seen).unwrap_or_default())?)
}

/// Takes what was seen in one state folder over to another, so that a trial run refuses what a real one would.
///
/// # Errors
/// When it cannot be read or written.
pub fn carry(from: &Path, to: &Path) -> Result<(), MapError> {
    let seen = read_seen(from)?;
    if seen.is_empty() {
        return Ok(());
    }
    Ok(store::replace(&to.join(SEEN), &serde_json::to_vec_pretty(&seen).unwrap_or_default())?)
}

/// The maps in force, in the order in which they count: the site's own, the last first, then the consortium's.
///
/// # Errors
/// [`MapError::Io`] when one of the site's own is not there any more.
pub fn in_force(codes: &Codes, signed: &[SignedMap]) -> Result<Vec<MapInForce>, MapError> {
    let own = codes.maps.iter().rev().map(|path| {
        let content = fs::read(path).map_err(|source| MapError::Io { path: path.clone(), source })?;
        Ok(MapInForce { file: name(path), sha256: Hash::of(&content), signed: None })
    });
    let shared = signed.iter().rev().map(|SignedMap { path, about, .. }| {
        let SignedFile { signer, name, version, issued, hash, .. } = about;
        let (name, signer) = (name.to_string(), signer.to_string());
        let signed = Signed { name, version: *version, signer, issued: *issued };
        Ok(MapInForce { file: self::name(path), sha256: *hash, signed: Some(signed) })
    });
    own.chain(shared).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn check(path: &Path, keys: &[VerifierKey], seen: &Seen) -> Result<SignedMap, MapError> {
    let io = |source| MapError::Io { path: path.to_owned(), source };
    if fs::metadata(path).map_err(io)?.len() > MAX_FILE {
        return Err(MapError::Size { path: path.to_owned() });
    }
    let content = fs::read(path).map_err(io)?;
    let beside = note_path(path);
    let note = match fs::read(&beside) {
        Ok(bytes) => Note::parse(&bytes).map_err(|source| MapError::Note { path: beside, source })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(MapError::Unsigned { path: path.to_owned() });
        }
        Err(source) => return Err(MapError::Io { path: beside, source }),
    };
    let untrusted = |why| MapError::Untrusted { path: path.to_owned(), why };
    let kind = FileName::new(MAP).map_err(|_| untrusted(SignedFileError::Malformed))?;
    let about = SignedFile::open(&note, keys, &kind).map_err(untrusted)?;
    about.covers(&content).map_err(untrusted)?;
    let (name, version) = (about.name.clone(), about.version);
    match seen.get(name.as_str()) {
        Some(taken) if taken.version > version => {
            Err(MapError::Older { path: path.to_owned(), name, version, seen: taken.version })
        }
        Some(taken) if taken.version == version && taken.sha256 != about.hash => {
            Err(MapError::Twice { path: path.to_owned(), name, version })
        }
        _ => Ok(SignedMap { path: path.to_owned(), content, about }),
    }
}

fn read_seen(state: &Path) -> Result<Seen, MapError> {
    let path = state.join(SEEN);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| {
            store::Error::damaged(&path, Fault::Unreadable { what: "the list of maps that were taken" }).into()
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Seen::new()),
        Err(error) => Err(store::Error::io("read", &path)(error).into()),
    }
}

#[cfg(test)]
mod tests;
