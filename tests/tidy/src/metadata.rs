//! What cargo knows about the workspace, and what the lock file says about everything below it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

/// The workspace's packages.
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    /// Members, in no particular order.
    pub packages: Vec<Package>,
}

/// One member.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its manifest's absolute path.
    pub manifest_path: String,
    /// What it depends on, of every kind.
    pub dependencies: Vec<Dependency>,
    /// What is built from it.
    pub targets: Vec<Target>,
}

/// One direct dependency.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// `dev`, `build`, or none where it is part of the product.
    pub kind: Option<String>,
}

/// One library, program or test.
#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// `lib`, `bin`, `test`, …
    pub kind: Vec<String>,
    /// Its root file's absolute path.
    pub src_path: String,
}

impl Metadata {
    /// Asks cargo, without touching the network.
    ///
    /// # Errors
    /// When cargo cannot read the manifests.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
            .current_dir(root)
            .output()
            .context("cargo metadata cannot be run")?;
        ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The member of that name.
    #[must_use]
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }
}

impl Package {
    /// Direct dependencies that are part of the product.
    pub fn product(&self) -> impl Iterator<Item = &str> {
        self.dependencies.iter().filter(|dep| dep.kind.is_none()).map(|dep| dep.name.as_str())
    }

    /// The package's folder, from the repository's root.
    #[must_use]
    pub fn folder(&self, root: &Path) -> String {
        let manifest = Path::new(&self.manifest_path);
        let folder = manifest.parent().unwrap_or(manifest);
        folder.strip_prefix(root).unwrap_or(folder).display().to_string()
    }

    /// Whether it has a program of that name.
    #[must_use]
    pub fn has_program(&self, name: &str) -> bool {
        self.programs().any(|program| program == name)
    }

    /// The names of its programs.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| kind == "bin"))
            .map(|target| target.name.as_str())
    }
}

/// Direct dependencies of every package in the lock file, for all platforms and features: never fewer than are built.
#[derive(Debug, Clone, Default)]
pub struct Lock(BTreeMap<String, BTreeSet<String>>);

impl Lock {
    /// Reads a lock file's text. Versions of one name are taken together.
    ///
    /// # Errors
    /// When the text is not a lock file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct File {
            package: Vec<Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            name: String,
            #[serde(default)]
            dependencies: Vec<String>,
        }
        let file: File = toml::from_str(text).context("Cargo.lock")?;
        let mut below: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for entry in file.package {
            let names = entry.dependencies.iter().filter_map(|dep| dep.split(' ').next()).map(str::to_owned);
            below.entry(entry.name).or_default().extend(names);
        }
        Ok(Self(below))
    }

    /// Everything that can be reached from `from`, itself included.
    #[must_use]
    pub fn reach<'a>(&'a self, from: &'a str) -> BTreeSet<&'a str> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(name) = open.pop() {
            if seen.insert(name) {
                open.extend(self.0.get(name).into_iter().flatten().map(String::as_str));
            }
        }
        seen
    }
}
