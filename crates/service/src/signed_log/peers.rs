//! The keys of other logs and witnesses, as they were configured or first seen.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use renkei_audit::note::{Kind, Origin, VerifierKey};
use renkei_audit::store::{Disk as _, Folder};

use super::SignedLogError;

/// Keys that are remembered: two of each of 128 sites and of the gateway, and some that were replaced.
pub const MOST: usize = 288;

/// The keys that are believed, in `peers.keys` of the state folder: one a line, each name with one key of each kind.
#[derive(Debug)]
pub struct Peers {
    path: PathBuf,
    known: Mutex<Known>,
}

type Known = BTreeMap<(Origin, Kind), VerifierKey>;

/// What a key is to whom it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// The key that is known, or the first of that name, which is known from here on.
    Known,
    /// Another key than the one that is known.
    Changed,
    /// One key more than are remembered.
    TooMany,
}

impl Peers {
    /// Reads the file; configured keys stand in place of those that were first seen. The logs' keys that so replace another
    /// come back.
    ///
    /// # Errors
    /// [`SignedLogError::File`], or [`SignedLogError::NoKey`] where a line is none.
    pub fn open(state: &Path, configured: &[VerifierKey]) -> Result<(Self, Vec<VerifierKey>), SignedLogError> {
        let path = state.join("peers.keys");
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|source| SignedLogError::File { path: path.clone(), source })?,
        };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let seen = lines.map(VerifierKey::parse).collect::<Result<Vec<_>, _>>();
        let seen = seen.map_err(|_| SignedLogError::NoKey(path.clone()))?;
        let mut known: Known = seen.into_iter().map(|key| (of(&key), key)).collect();
        let mut replaced = Vec::new();
        for key in configured {
            let before = known.insert(of(key), key.clone());
            if key.kind() == Kind::Log && before.is_some_and(|before| before != *key) {
                replaced.push(key.clone());
            }
        }
        let this = Self { path, known: Mutex::new(known) };
        let known = this.lock();
        write(&this.path, &known).map_err(|source| SignedLogError::File { path: this.path.clone(), source })?;
        drop(known);
        Ok((this, replaced))
    }

    /// Compares a key with the one that is known of its name. The first one is remembered, durably.
    ///
    /// # Errors
    /// Where it cannot be remembered.
    pub fn meet(&self, key: &VerifierKey) -> io::Result<Meeting> {
        let mut known = self.lock();
        match known.get(&of(key)) {
            Some(before) if before == key => return Ok(Meeting::Known),
            Some(_) => return Ok(Meeting::Changed),
            None if known.len() >= MOST => return Ok(Meeting::TooMany),
            None => {}
        }
        let mut more = known.clone();
        more.insert(of(key), key.clone());
        write(&self.path, &more)?;
        *known = more;
        Ok(Meeting::Known)
    }

    /// The log's key of a name, if it is known.
    #[must_use]
    pub fn log(&self, name: &Origin) -> Option<VerifierKey> {
        self.lock().get(&(name.clone(), Kind::Log)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of(key: &VerifierKey) -> (Origin, Kind) {
    (key.name().clone(), key.kind())
}

fn write(path: &Path, known: &Known) -> io::Result<()> {
    let text: String = known.values().map(|key| format!("{key}\n")).collect();
    Folder.put(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use renkei_audit::note::SigningKey;

    use super::*;

    fn key(name: &str, seed: u8) -> VerifierKey {
        let origin = Origin::new(format!("renkei://c/site/{name}")).unwrap();
        SigningKey::from_seed(origin, Kind::Log, &[seed; 32]).unwrap().verifier().clone()
    }

    #[test]
    fn the_first_key_of_a_name_is_kept_and_configured_ones_replace_it() {
        let state = tempfile::tempdir().unwrap();
        let open = |configured: &[VerifierKey]| Peers::open(state.path(), configured).unwrap();
        let (peers, replaced) = open(&[]);
        assert!(replaced.is_empty());
        assert_eq!(peers.meet(&key("a", 1)).unwrap(), Meeting::Known);
        assert_eq!(peers.meet(&key("a", 2)).unwrap(), Meeting::Changed);
        assert_eq!(peers.meet(&key("b", 2)).unwrap(), Meeting::Known);
        // Also after a start.
        let (peers, _) = open(&[]);
        assert_eq!(peers.meet(&key("a", 2)).unwrap(), Meeting::Changed);
        let (peers, replaced) = open(&[key("a", 2), key("b", 2)]);
        assert_eq!(replaced, [key("a", 2)]);
        assert_eq!(peers.meet(&key("a", 2)).unwrap(), Meeting::Known);
        assert_eq!(peers.log(key("a", 2).name()), Some(key("a", 2)));
        fs::write(state.path().join("peers.keys"), "no key\n").unwrap();
        assert!(matches!(Peers::open(state.path(), &[]), Err(SignedLogError::NoKey(_))));
    }
}
