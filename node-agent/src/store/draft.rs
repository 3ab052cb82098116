//! A snapshot in the making: written beside the others under a name that nobody opens, then published by one rename.

use std::path::{Path, PathBuf};

use rand::CryptoRng;

use super::durable::{self, hex};
use super::lock::Guard;
use super::manifest::Contents;
use super::{Error, FileEntry, MANIFEST, Manifest, PREPARED};

/// The folder of a snapshot that is not yet one. Dropped without [`Draft::publish`], it removes what it wrote.
#[derive(Debug)]
pub(crate) struct Draft {
    dir: PathBuf,
    staging: PathBuf,
    published: bool,
    _guard: Guard,
}

impl Draft {
    /// Starts one in `snapshots`, with `staging` for what will not be part of it.
    pub(super) fn start(
        snapshots: &Path,
        staging: &Path,
        guard: Guard,
        entropy: &mut dyn CryptoRng,
    ) -> Result<Self, Error> {
        let mut random = [0; 8];
        entropy.fill_bytes(&mut random);
        let dir = snapshots.join(format!("{PREPARED}{}", hex(&random)));
        let draft = Self { dir, staging: staging.to_owned(), published: false, _guard: guard };
        durable::remove(staging)?;
        durable::create_dir(staging)?;
        durable::create_dir(&draft.dir)?;
        Ok(draft)
    }

    /// Where the snapshot's files go.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where sorting may spill; emptied when the draft ends.
    pub(crate) fn staging(&self) -> &Path {
        &self.staging
    }

    /// Adds a small file.
    pub(crate) fn add(&self, name: &str, bytes: &[u8]) -> Result<FileEntry, Error> {
        let path = self.dir.join(name);
        durable::write_new(&path, bytes)?;
        self.entry(name)
    }

    /// The manifest's entry of a file that has been written and flushed.
    pub(crate) fn entry(&self, name: &str) -> Result<FileEntry, Error> {
        let (sha256, bytes) = durable::hash_file(&self.dir.join(name))?;
        Ok(FileEntry { name: name.to_owned(), table: None, rows: None, bytes, sha256 })
    }

    /// Seals the contents under a manifest and moves the folder to its final name.
    pub(super) fn publish(&mut self, contents: Contents) -> Result<Manifest, Error> {
        let path = self.dir.join(MANIFEST);
        let manifest = Manifest::seal(contents, &path)?;
        durable::write_new(&path, &manifest.encode())?;
        durable::sync_dir(&self.dir)?;
        durable::rename(&self.dir, &self.dir.with_file_name(manifest.id.as_str()))?;
        self.published = true;
        Ok(manifest)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What cannot be removed here is removed when the store is next opened.
        let _ = durable::remove(&self.staging);
        if !self.published {
            let _ = durable::remove(&self.dir);
        }
    }
}
