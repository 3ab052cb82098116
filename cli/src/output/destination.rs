//! Standard output or a file.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Stdout, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::{NamedTempFile, PersistError};

use crate::failure::Failure;
use crate::output::Fault;

/// Where an answer goes. A file is written beside its place and takes its name with [`Destination::commit`].
pub struct Destination {
    place: Place,
    trouble: Trouble,
}

enum Place {
    Standard(BufWriter<Stdout>),
    New(BufWriter<NamedTempFile>, PathBuf),
    /// A device or a named pipe: nothing to rename.
    Device(BufWriter<File>),
}

/// Remembers the first error of a destination, since formats wrap it in their own.
#[derive(Clone, Default)]
pub struct Trouble(Arc<Mutex<Option<io::Error>>>, Option<PathBuf>);

impl Destination {
    /// Standard output, or the file `path`.
    ///
    /// # Errors
    /// [`Failure::Io`] when there is no place to write.
    pub fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self { place: Place::Standard(BufWriter::new(io::stdout())), trouble: Trouble::default() });
        };
        let wrong = |error| Failure::io(path.display().to_string(), error);
        let special = path.metadata().is_ok_and(|found| !found.is_file());
        let place = if special {
            Place::Device(BufWriter::new(File::options().write(true).open(path).map_err(wrong)?))
        } else {
            // A link keeps pointing where it points.
            let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // What the file before it had, else what the person's umask leaves of the usual.
            let mode = target.metadata().map_or_else(|_| Permissions::from_mode(0o666), |before| before.permissions());
            let mut builder = tempfile::Builder::new();
            let builder = builder.prefix(".renkei-").suffix(".part").permissions(mode);
            let file = builder.tempfile_in(folder).map_err(wrong)?;
            Place::New(BufWriter::new(file), target)
        };
        Ok(Self { place, trouble: Trouble(Arc::default(), Some(path.to_owned())) })
    }

    /// What will know of errors.
    pub fn trouble(&self) -> Trouble {
        self.trouble.clone()
    }

    /// Ends the output; a file takes its name.
    pub fn commit(mut self) -> Result<(), Fault> {
        self.flush()?;
        let Place::New(file, target) = self.place else { return Ok(()) };
        let finished = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| {
            file.as_file().sync_all()?;
            file.persist(&target).map_err(|PersistError { error, .. }| error)
        });
        finished.map(drop).map_err(|error| self.trouble.note(error).into())
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.place {
            Place::Standard(out) => out.write(bytes),
            Place::New(out, _) => out.write(bytes),
            Place::Device(out) => out.write(bytes),
        };
        written.map_err(|error| self.trouble.note(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = match &mut self.place {
            Place::Standard(out) => out.flush(),
            Place::New(out, _) => out.flush(),
            Place::Device(out) => out.flush(),
        };
        flushed.map_err(|error| self.trouble.note(error))
    }
}

impl Trouble {
    fn note(&self, error: io::Error) -> io::Error {
        let copy = error.raw_os_error().map_or_else(|| io::Error::from(error.kind()), io::Error::from_raw_os_error);
        if let Ok(mut slot) = self.0.lock() {
            slot.get_or_insert(copy);
        }
        error
    }

    /// What a form's objection really was.
    pub fn explain(&self, fault: Fault) -> Failure {
        match self.0.lock().ok().and_then(|mut slot| slot.take()) {
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Failure::Closed,
            Some(error) => {
                let place = self.1.as_deref().map_or_else(|| "stdout".to_owned(), |path| path.display().to_string());
                Failure::io(place, error)
            }
            None => Failure::Answer(fault.0),
        }
    }
}
