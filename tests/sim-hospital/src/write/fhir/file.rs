//! The files, one per type of resource.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

const TYPES: [&str; 10] = [
    "Condition",
    "Coverage",
    "Encounter",
    "MedicationAdministration",
    "MedicationRequest",
    "Observation",
    "Organization",
    "Patient",
    "Practitioner",
    "Procedure",
];

/// Bytes that are gathered before they are compressed or written.
const BUFFER: usize = 1 << 16;

enum Out {
    Plain(BufWriter<File>),
    Gzip(Box<BufWriter<GzEncoder<File>>>),
}

impl Out {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(out) => out,
            Self::Gzip(out) => &mut **out,
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Gzip(out) => out.into_inner().map_err(IntoInnerError::into_error)?.finish()?.flush(),
        }
    }
}

/// Open files with the number of their lines.
pub(super) struct Files(BTreeMap<&'static str, (PathBuf, Out, usize)>);

impl Files {
    pub(super) fn create(folder: &Path, gzip: bool) -> io::Result<Self> {
        let open = |name: &'static str| {
            let path = folder.join(format!("{name}.ndjson{}", if gzip { ".gz" } else { "" }));
            let file = File::create(&path)?;
            let out = if gzip {
                Out::Gzip(Box::new(BufWriter::with_capacity(BUFFER, GzEncoder::new(file, Compression::fast()))))
            } else {
                Out::Plain(BufWriter::with_capacity(BUFFER, file))
            };
            Ok((name, (path, out, 0)))
        };
        TYPES.into_iter().map(open).collect::<io::Result<_>>().map(Self)
    }

    /// Adds a resource to the file of its type, and the type to the resource.
    pub(super) fn put(&mut self, name: &str, mut resource: Value) -> io::Result<()> {
        if let Some(object) = resource.as_object_mut() {
            object.insert("resourceType".into(), name.into());
            object.retain(|_, value| !value.is_null());
        }
        let Some((_, out, lines)) = self.0.get_mut(name) else {
            return Err(io::Error::other(format!("no file for {name}")));
        };
        *lines += 1;
        serde_json::to_writer(out.writer(), &resource)?;
        out.writer().write_all(b"\n")
    }

    /// Ends the files.
    pub(super) fn finish(self) -> io::Result<Vec<(&'static str, PathBuf, usize)>> {
        let end = |(name, (path, out, lines)): (&'static str, (PathBuf, Out, usize))| {
            out.finish()?;
            Ok((name, path, lines))
        };
        self.0.into_iter().map(end).collect()
    }
}
