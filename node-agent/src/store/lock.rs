//! Who may change the store, and which snapshots are in use.
//!
//! Both are advisory locks of the operating system on open files, so they end with the process that holds them,
//! however it ends, and they work between the agent, its workers and an ingest that runs beside them.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use super::{Error, Fault};

/// The right to change the store; there is one at a time.
#[derive(Debug)]
pub struct Guard {
    _file: File,
}

impl Guard {
    /// Takes the lock of the state folder `root`.
    ///
    /// # Errors
    /// [`Error::Busy`] when somebody else has it; [`Error::Io`].
    pub(crate) fn take(root: &Path) -> Result<Self, Error> {
        let path = root.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        // A worker that is just being started shares the agent's open files until it runs: not each lock is somebody's.
        for pause in [10, 40, 150, 0].map(Duration::from_millis) {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
                Err(TryLockError::Error(source)) => return Err(Error::io("lock", &path)(source)),
            }
        }
        Err(Error::Busy { root: root.to_owned() })
    }
}

/// The sign that a snapshot is in use: as long as it is held nobody deletes the snapshot.
#[derive(Debug)]
pub(crate) struct InUse {
    _file: File,
}

impl InUse {
    /// Marks the snapshot whose manifest is at `path` as in use.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not there, or is being deleted at this moment; [`Error::Io`].
    pub(crate) fn mark(path: &Path) -> Result<Self, Error> {
        let gone = || Error::damaged(path, Fault::Missing);
        let file = File::open(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => gone(),
            _ => Error::io("open", path)(source),
        })?;
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(gone()),
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", path)(source)),
        }
        // Whoever deletes renames the folder first, while holding the lock alone: still there means not deleted.
        if path.exists() { Ok(Self { _file: file }) } else { Err(gone()) }
    }

    /// Runs `delete` if nobody uses the snapshot whose manifest is at `path`; says whether it ran.
    ///
    /// # Errors
    /// [`Error::Io`], and whatever `delete` gives.
    pub(crate) fn unless(path: &Path, delete: impl FnOnce() -> Result<(), Error>) -> Result<bool, Error> {
        let file = match File::open(path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("open", path)(error)),
        };
        if let Some(file) = &file {
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(false),
                Err(TryLockError::Error(source)) => return Err(Error::io("lock", path)(source)),
            }
        }
        delete().map(|()| true)
    }
}
