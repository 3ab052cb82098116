//! Editions on the disk.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The form of the files of an edition. Another one is imported again.
const FORMAT: u32 = 1;
const CURRENT: &str = "current";
const MANIFEST: &str = "manifest.json";
/// What an import that was cut short leaves.
const DRAFT: &str = "draft";

/// One table of an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableFile {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    version: String,
    tables: BTreeMap<String, TableFile>,
}

/// A whole edition.
#[derive(Debug, Clone)]
pub(super) struct Edition {
    folder: PathBuf,
    manifest: Manifest,
}

impl Edition {
    /// The current edition, if there is one.
    pub(super) fn current(folder: &Path) -> anyhow::Result<Option<Self>> {
        let Some(name) = current(folder)? else { return Ok(None) };
        let folder = folder.join(&name);
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
        let again = "import the vocabulary again";
        let manifest: Manifest =
            serde_json::from_str(&text).with_context(|| format!("`{}` is damaged; {again}", path.display()))?;
        if manifest.format != FORMAT {
            bail!("`{}` is of form {}, and this program reads form {FORMAT}; {again}", path.display(), manifest.format);
        }
        let edition = Self { folder, manifest };
        for (name, file) in edition.tables() {
            let path = edition.file(name);
            let found = fs::metadata(&path).with_context(|| format!("`{}` is gone; {again}", path.display()))?;
            if found.len() != file.bytes {
                bail!("`{}` has {} bytes instead of {}; {again}", path.display(), found.len(), file.bytes);
            }
        }
        Ok(Some(edition))
    }

    pub(super) fn version(&self) -> &str {
        &self.manifest.version
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = (&str, &TableFile)> {
        self.manifest.tables.iter().map(|(name, file)| (name.as_str(), file))
    }

    pub(super) fn file(&self, table: &str) -> PathBuf {
        self.folder.join(format!("{table}.parquet"))
    }
}

fn current(folder: &Path) -> anyhow::Result<Option<String>> {
    let path = folder.join(CURRENT);
    match fs::read_to_string(&path) {
        Ok(name) => Ok(Some(name.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("`{}` cannot be read", path.display())),
    }
}

/// An edition that is being written. Dropping it leaves nothing that anybody reads.
pub(super) struct Draft {
    root: PathBuf,
    folder: PathBuf,
    manifest: Manifest,
}

impl Draft {
    /// Begins anew; what an earlier import left behind is removed.
    pub(super) fn begin(root: &Path) -> anyhow::Result<Self> {
        let cannot = |what: &str, path: &Path| format!("the folder `{}` cannot be {what}", path.display());
        make(root).with_context(|| cannot("made", root))?;
        let folder = root.join(DRAFT);
        remove(&folder).with_context(|| cannot("removed", &folder))?;
        make(&folder).with_context(|| cannot("made", &folder))?;
        let manifest = Manifest { format: FORMAT, version: String::new(), tables: BTreeMap::new() };
        Ok(Self { root: root.to_owned(), folder, manifest })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Notes a table whose file is complete.
    pub(super) fn add(&mut self, table: &str, rows: u64) -> anyhow::Result<()> {
        let path = self.folder.join(format!("{table}.parquet"));
        let bytes = fs::metadata(&path).with_context(|| format!("`{}` cannot be read", path.display()))?.len();
        self.manifest.tables.insert(table.to_owned(), TableFile { rows, bytes });
        Ok(())
    }

    /// Makes it the current edition.
    pub(super) fn publish(mut self, version: String) -> anyhow::Result<()> {
        self.manifest.version = version;
        let text = serde_json::to_string_pretty(&self.manifest)?;
        let name: String = Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        write(&self.folder.join(MANIFEST), &text)?;
        let (before, target) = (current(&self.root)?, self.root.join(&name));
        // The same vocabulary again: what stands there has the same manifest, and may be read at this moment.
        if before.as_deref() == Some(name.as_str()) && Edition::current(&self.root).is_ok() {
            remove(&self.folder)?;
            return Ok(());
        }
        remove(&target)?;
        fs::rename(&self.folder, &target)?;
        sync(&self.root)?;
        let temporary = self.root.join("current.tmp");
        remove(&temporary)?;
        write(&temporary, &name)?;
        fs::rename(&temporary, self.root.join(CURRENT))?;
        sync(&self.root)?;
        self.forget(&name, before.as_deref())
    }

    /// Removes all editions but two.
    fn forget(&self, current: &str, before: Option<&str>) -> anyhow::Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name();
            let edition = entry.path().join(MANIFEST).exists();
            if edition && name != current && before.is_none_or(|before| name != before) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

fn make(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all().with_context(|| format!("`{}` cannot be written", path.display()))
}

fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn remove(path: &Path) -> std::io::Result<()> {
    let done = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match done {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
