//! The folder that is filled: it becomes a data set all at once, or not at all.
//!
//! Files are written as `*.parquet.part`. When all tables are complete and on the disk, they are renamed, `person`
//! last: ingest refuses a folder without persons, so that one which lost power between two renames is no data set
//! either. What an earlier attempt left is removed by the next one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::disk::{hold, local, sync};
use crate::{Error, Kind};

const PART: &str = ".parquet.part";

/// A folder being filled; dropped without [`Filling::finish`], it is emptied.
pub(super) struct Filling {
    root: PathBuf,
    tables: Vec<&'static str>,
    _hold: Option<File>,
}

impl Filling {
    /// Takes the folder, which is made where it is missing, and must otherwise be empty.
    pub(super) fn of(root: &Path) -> Result<Self, Error> {
        let failed = |error| local(root, "cannot be filled", error);
        fs::create_dir_all(root).map_err(failed)?;
        let hold = hold(root)?;
        let mut left = Vec::new();
        for entry in fs::read_dir(root).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if !entry.file_name().to_string_lossy().ends_with(PART) {
                let what = format!("the folder {} is not empty", root.display());
                return Err(Error::new(Kind::Local, what, "name an empty one: what is in it would be mixed up"));
            }
            left.push(entry.path());
        }
        left.iter().try_for_each(fs::remove_file).map_err(failed)?;
        Ok(Self { root: root.to_owned(), tables: Vec::new(), _hold: hold })
    }

    /// The file of a table, to be written.
    pub(super) fn create(&mut self, table: &'static str) -> Result<File, Error> {
        self.tables.push(table);
        let path = self.part(table);
        File::create(&path).map_err(|error| local(&path, "cannot be written", error))
    }

    /// Renames all files, which are complete and on the disk.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let failed = |error| local(&self.root, "cannot be filled", error);
        let (persons, others): (Vec<_>, Vec<_>) = self.tables.iter().partition(|table| **table == "person");
        for tables in [others, persons] {
            for table in tables {
                fs::rename(self.part(table), self.root.join(format!("{table}.parquet"))).map_err(failed)?;
            }
            sync(&self.root).map_err(failed)?;
        }
        self.tables.clear();
        Ok(())
    }

    fn part(&self, table: &str) -> PathBuf {
        self.root.join(format!("{table}{PART}"))
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        for table in &self.tables {
            let _ = fs::remove_file(self.part(table));
            let _ = fs::remove_file(self.root.join(format!("{table}.parquet")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn all_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("new/folder");
        let mut filling = Filling::of(&root).unwrap();
        filling.create("person").unwrap();
        filling.create("death").unwrap();
        assert_eq!(names(&root), ["death.parquet.part", "person.parquet.part"]);
        let error = Filling::of(&root).err().unwrap();
        assert!(error.to_string().contains("another pull"), "{error}");
        assert_eq!(names(&root), ["death.parquet.part", "person.parquet.part"]);
        drop(filling);
        assert_eq!(names(&root), [""; 0]);
        fs::write(root.join("note.parquet.part"), "of a run that was killed").unwrap();
        let mut filling = Filling::of(&root).unwrap();
        filling.create("person").unwrap();
        filling.finish().unwrap();
        assert_eq!(names(&root), ["person.parquet"]);
        let error = Filling::of(&root).err().unwrap();
        assert_eq!(error.kind(), Kind::Local);
        assert!(error.to_string().contains("is not empty"), "{error}");
        assert_eq!(names(&root), ["person.parquet"]);
    }
}
