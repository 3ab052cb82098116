//! The local side: what the disk must have taken, and why it did not.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::{Error, Kind};

/// Keeps other pulls, of this process or another, away from a folder, until the file is dropped; `None` where the disk
/// cannot do that. It is the folder itself that is locked, so that nothing is left in it.
#[cfg(unix)]
pub(crate) fn hold(folder: &Path) -> Result<Option<File>, Error> {
    let file = File::open(folder).map_err(|error| local(folder, "cannot be used", error))?;
    // A program that is just being started shares every open file until it runs: not each lock is another pull's.
    for pause in [20, 100, 400, 0].map(Duration::from_millis) {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
        }
    }
    let what = format!("{} is being filled by another pull", folder.display());
    Err(Error::new(Kind::Local, what, "wait until that one has ended"))
}

#[cfg(not(unix))]
pub(crate) fn hold(_: &Path) -> Result<Option<File>, Error> {
    Ok(None)
}

/// Renames are on the disk only when the folder is.
#[cfg(unix)]
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Why the local side failed.
pub(crate) fn local(path: &Path, what: &str, error: io::Error) -> Error {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on that disk, and start again",
        io::ErrorKind::PermissionDenied => "let the node's account write there",
        _ => "check the path, the disk and the rights of the node's account",
    };
    Error::new(Kind::Local, format!("{} {what}", path.display()), remedy).by(error)
}
