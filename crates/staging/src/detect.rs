//! What a folder holds, by its names: so that whoever installs a node can point at it and need not know the words.

use std::fs;
use std::path::{Path, PathBuf};

use renkei_ingest::{dpc, fhir, ssmix2};

use crate::{Error, Format};

/// Names that are looked at before a folder counts as unrecognised.
const LOOK: usize = 2_000;

/// What a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detected {
    /// Tables of OMOP CDM.
    Omop,
    /// A vocabulary: CONCEPT.csv and the like, without persons.
    Vocabulary,
    /// Records in another format.
    Records(Format),
}

/// Says what a folder, or a file, holds.
///
/// # Errors
/// [`Error::Io`]; [`Error::Unrecognised`].
pub fn detect(path: &Path) -> Result<Detected, Error> {
    let metadata = fs::metadata(path).map_err(Error::io("look at", path))?;
    if metadata.is_file() {
        return file(path).map(Detected::Records).ok_or_else(|| unrecognised(path));
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(Error::io("look into", path))?.take(LOOK) {
        names.push(entry.map_err(Error::io("look into", path))?.path());
    }
    let table = |name: &str| {
        names.iter().any(|path| path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case(name)) && tabular(path))
    };
    if table("person") {
        return Ok(Detected::Omop);
    }
    if table("concept") || table("vocabulary") || table("source_to_concept_map") {
        return Ok(Detected::Vocabulary);
    }
    if transactions(&names) {
        return Err(Error::Transactions { path: path.to_owned() });
    }
    if ssmix2::looks_like(path) {
        return Ok(Detected::Records(Format::Ssmix2));
    }
    if renkei_cdm::tables().iter().any(|known| table(known.name)) {
        return Ok(Detected::Omop);
    }
    names.sort();
    let within = names.iter().filter(|path| path.is_file()).find_map(|path| file(path));
    // Exports often lie one folder down, by date.
    let below = || {
        let folders = names.iter().filter(|path| path.is_dir()).take(20);
        folders.filter_map(|folder| detect(folder).ok()).find(|found| matches!(found, Detected::Records(_)))
    };
    within.map(Detected::Records).or_else(below).ok_or_else(|| unrecognised(path))
}

/// Whether a folder, or one below it that is named by a year, holds files of SS-MIX2's transaction storage.
fn transactions(names: &[PathBuf]) -> bool {
    let transaction = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
        name.starts_with("TR_") && name.ends_with(".DAT")
    };
    let year = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        name.len() == 4 && name.iter().all(u8::is_ascii_digit)
    };
    let mut below = names.iter().filter(year).filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    names.iter().any(|path| transaction(path)) || below.by_ref().take(LOOK).any(|entry| transaction(&entry.path()))
}

fn file(path: &Path) -> Option<Format> {
    if fhir::looks_like(path).is_ok_and(|is| is) {
        Some(Format::Fhir)
    } else if dpc::FileKind::by_name(&path.to_string_lossy()).is_some() {
        Some(Format::Dpc)
    } else {
        None
    }
}

fn tabular(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    path.is_dir()
        || extension.is_some_and(|extension| ["csv", "tsv", "txt", "parquet"].iter().any(|known| extension == *known))
}

fn unrecognised(path: &Path) -> Error {
    Error::Unrecognised { path: path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_storage_is_told_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let year = dir.path().join("2026");
        fs::create_dir(&year).unwrap();
        fs::write(year.join("TR_20261130120000000_00001.DAT"), "x").unwrap();
        for path in [dir.path(), &year] {
            let error = detect(path).unwrap_err();
            assert!(error.to_string().contains("standardized storage"), "{error}");
        }
        fs::rename(year.join("TR_20261130120000000_00001.DAT"), year.join("other.dat")).unwrap();
        assert!(matches!(detect(dir.path()), Err(Error::Unrecognised { .. })));
    }
}
