//! The local side: what the disk must have taken, and why it did not.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::{Error, Kind};

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
