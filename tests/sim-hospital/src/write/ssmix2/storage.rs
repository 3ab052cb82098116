//! The tree of folders and files.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::Piece;
use crate::write::japanese::Encoder;

/// A storage that is being written, patient after patient.
pub(super) struct Storage {
    root: PathBuf,
    encoder: Encoder,
    counts: BTreeMap<&'static str, usize>,
    patient: String,
    folder: PathBuf,
    /// Folders of the patient that are there already: most days and kinds have several files.
    made: HashSet<PathBuf>,
}

impl Storage {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.into(),
            encoder: Encoder::iso_2022_jp(),
            counts: BTreeMap::new(),
            patient: String::new(),
            folder: PathBuf::new(),
            made: HashSet::new(),
        }
    }

    /// Files by kind.
    pub(super) fn counts(&self) -> Vec<(&'static str, PathBuf, usize)> {
        self.counts.iter().map(|(kind, files)| (*kind, self.root.clone(), *files)).collect()
    }

    /// Goes to the folder of a patient.
    pub(super) fn enter(&mut self, number: &str) -> io::Result<()> {
        number.clone_into(&mut self.patient);
        let parts = [number.get(..3), number.get(3..6), Some(number)];
        self.folder = parts.into_iter().flatten().fold(self.root.clone(), |path, part| path.join(part));
        self.made.clear();
        fs::create_dir_all(&self.folder)
    }

    /// Writes a message under its name.
    pub(super) fn put(&mut self, piece: &Piece, flag: char) -> io::Result<()> {
        let day = piece.day.map_or_else(|| "-".to_owned(), |day| day.format("%Y%m%d").to_string());
        let order = piece.order.unwrap_or(999_999_999_999_999);
        let department = piece.department.map_or("-", crate::write::department_code);
        let name = format!(
            "{}_{day}_{}_{order:015}_{}000_{department}_{flag}",
            self.patient,
            piece.kind,
            piece.at.format("%Y%m%d%H%M%S"),
        );
        let folder = self.folder.join(&day);
        self.make(&folder)?;
        let folder = folder.join(piece.kind);
        self.make(&folder)?;
        fs::write(folder.join(name), self.encoder.encode(piece.message.text())?)?;
        *self.counts.entry(piece.kind).or_default() += 1;
        Ok(())
    }

    fn make(&mut self, folder: &Path) -> io::Result<()> {
        if self.made.contains(folder) {
            return Ok(());
        }
        match fs::create_dir(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => self.made.insert(folder.into()),
        };
        Ok(())
    }
}
