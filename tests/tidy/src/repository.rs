//! The files of the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// The files that git lists, by their path from the root.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    files: Vec<String>,
}

impl Repository {
    /// The repository that this crate is part of: seen from its folder, where cargo runs the tests.
    ///
    /// # Errors
    /// When git is missing or the folder is no repository.
    pub fn open() -> anyhow::Result<Self> {
        let root = Path::new("../..");
        let root = root.canonicalize().with_context(|| format!("cannot open {}", root.display()))?;
        let output = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
            .current_dir(&root)
            .output()
            .context("git is needed to list the repository's files")?;
        ensure!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
        let listed = String::from_utf8(output.stdout).context("a file's name is not UTF-8")?;
        let mut files: Vec<String> = listed
            .split('\0')
            .filter(|path| !path.is_empty() && root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(Self { root, files })
    }

    /// The root folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every file, sorted.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// Every file whose name ends so.
    pub fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = &'a str> {
        self.files().filter(move |path| path.ends_with(end))
    }

    /// Whether a file or folder of that path is there.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.files().any(|file| file == path || file.starts_with(&folder))
    }

    /// The text of a file; `None` where it is not text.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }

    /// Path and text of every text file whose name ends so.
    pub fn texts<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, String)> {
        self.ending(end).filter_map(|path| Some((path, self.text(path)?)))
    }
}
