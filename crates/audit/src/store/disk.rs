//! The few operations on files that the log's promises rest on, as a trait, so that tests can let each of them fail.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// A disk.
pub trait Disk: Send {
    /// Opens a file for appending, making it and its folder, durably.
    ///
    /// # Errors
    /// As the system reports.
    fn tail(&self, path: &Path) -> io::Result<Box<dyn Tail>>;

    /// Puts a whole file in place: after a crash there is either the old one or the new one.
    ///
    /// # Errors
    /// As the system reports.
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Removes a file that may be absent.
    ///
    /// # Errors
    /// As the system reports.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Bytes that may still be written below a folder.
    ///
    /// # Errors
    /// As the system reports.
    fn free(&self, folder: &Path) -> io::Result<u64>;
}

/// A file that grows at its end.
pub trait Tail: Send {
    /// Its length.
    ///
    /// # Errors
    /// As the system reports.
    fn length(&self) -> io::Result<u64>;

    /// Writes at the end.
    ///
    /// # Errors
    /// As the system reports; part of the bytes may have been written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all that was written is on the device.
    ///
    /// # Errors
    /// As the system reports; what is on the device is then unknown.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to a length.
    ///
    /// # Errors
    /// As the system reports.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// Files of the system, readable by their owner alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Folder;

/// Makes a folder and those above it, each durable in the one above.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let above = above(path)?;
    make_folder(above)?;
    DirBuilder::new().mode(0o700).create(path)?;
    sync_folder(if above.as_os_str().is_empty() { Path::new(".") } else { above })
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn above(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl Disk for Folder {
    fn tail(&self, path: &Path) -> io::Result<Box<dyn Tail>> {
        make_folder(above(path)?)?;
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        sync_folder(above(path)?)?;
        Ok(Box::new(file))
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = above(path)?;
        make_folder(folder)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let beside = folder.join(name);
        let written = write_whole(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
        if let Err(error) = written {
            // It would keep the room that was missing.
            let _ = std::fs::remove_file(&beside);
            return Err(error);
        }
        sync_folder(folder)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn free(&self, folder: &Path) -> io::Result<u64> {
        let found = rustix::fs::statvfs(folder)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

impl Tail for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.sync_all()
    }
}
