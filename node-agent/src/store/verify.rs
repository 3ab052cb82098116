//! Whether a snapshot still is what was published: every byte against the manifest, the order of rows, and the person index
//! against the person table and every row's owner.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt32Type};
use renkei_types::SnapshotId;

use super::persons::{self, Person};
use super::{Error, Fault, FileEntry, MANIFEST, Manifest, Shape, durable, parquet_file, snapshot};

/// Something that is wrong with a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which file.
    pub path: PathBuf,
    /// What.
    pub fault: Fault,
}

/// What [`Store::verify`](super::Store::verify) saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The snapshot.
    pub id: SnapshotId,
    /// Files looked at.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// What is wrong; empty if nothing is.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// Whether the snapshot is whole and unchanged.
    #[must_use]
    pub fn sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// Notes a damaged file; any other error stops the check.
    fn note<T>(&mut self, result: Result<T, Error>) -> Result<Option<T>, Error> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::Damaged { path, fault }) => {
                self.findings.push(Finding { path, fault });
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }
}

/// Checks the snapshot `id` in the folder `dir`.
pub(super) fn run(dir: &Path, id: &SnapshotId) -> Result<Verification, Error> {
    let mut report = Verification { id: id.clone(), files: 1, bytes: 0, findings: Vec::new() };
    let Some(manifest) = report.note(Manifest::read(&dir.join(MANIFEST), id))? else { return Ok(report) };
    unlisted(dir, &manifest, &mut report)?;
    let index = persons::read(dir);
    let index = report.note(index)?;
    if let Some(index) = &index {
        report.note(consistent(dir, &manifest, index))?;
    }
    for entry in &manifest.contents.files {
        report.files += 1;
        report.bytes += entry.bytes;
        let whole = hash(dir, entry).and_then(|()| snapshot::check(dir, entry));
        let whole = report.note(whole)?.is_some();
        if let (true, Some(index)) = (whole, &index) {
            report.note(owners(dir, entry, index))?;
        }
    }
    report.findings.sort_by(|a, b| a.path.cmp(&b.path));
    report.findings.dedup();
    Ok(report)
}

fn unlisted(dir: &Path, manifest: &Manifest, report: &mut Verification) -> Result<(), Error> {
    let known: BTreeSet<&str> =
        manifest.contents.files.iter().map(|file| file.name.as_str()).chain([MANIFEST]).collect();
    for name in durable::names(dir)?.iter().filter(|name| !known.contains(name.as_str())) {
        report.findings.push(Finding { path: dir.join(name), fault: Fault::Unlisted });
    }
    Ok(())
}

fn hash(dir: &Path, entry: &FileEntry) -> Result<(), Error> {
    let path = dir.join(&entry.name);
    if !path.exists() {
        return Err(Error::damaged(&path, Fault::Missing));
    }
    match durable::hash_file(&path)? {
        (_, found) if found != entry.bytes => Err(Error::damaged(&path, Fault::Size { expected: entry.bytes, found })),
        (sha256, _) if sha256 != entry.sha256 => Err(Error::damaged(&path, Fault::Hash)),
        _ => Ok(()),
    }
}

fn consistent(dir: &Path, manifest: &Manifest, index: &[Person]) -> Result<(), Error> {
    let fault = |why| Err(Error::damaged(&dir.join(persons::FILE), Fault::Index { why }));
    if index.len() as u64 != u64::from(manifest.contents.numbers) {
        return fault("it does not have as many numbers as the manifest says");
    }
    let ids: Vec<i64> = index.iter().filter_map(|person| person.person_id).collect();
    if ids.len() as u64 != manifest.contents.persons {
        return fault("it does not have as many persons as the manifest says");
    }
    if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() {
        return fault("two numbers have the same person_id");
    }
    Ok(())
}

/// That a Local table's rows are sorted by owner, and that every owner is a person of the snapshot, the right one.
fn owners(dir: &Path, entry: &FileEntry, index: &[Person]) -> Result<(), Error> {
    let Some(shape) = entry.table.as_deref().and_then(renkei_cdm::table).map(Shape::of) else { return Ok(()) };
    let Some(person) = shape.table.person_column() else { return Ok(()) };
    let path = dir.join(&entry.name);
    let mut last = 0;
    for batch in parquet_file::scan(&path, &shape, &[person.name, renkei_cdm::OWNER_COLUMN])? {
        let batch = batch?;
        let people = batch.column(0).as_primitive::<Int64Type>().values();
        for (&owner, &person_id) in batch.column(1).as_primitive::<UInt32Type>().values().iter().zip(people) {
            if owner < last {
                return Err(Error::damaged(&path, Fault::Unsorted));
            }
            last = owner;
            if index.get(owner as usize).is_none_or(|person| person.person_id != Some(person_id)) {
                return Err(Error::damaged(&path, Fault::Owner));
            }
        }
    }
    Ok(())
}
