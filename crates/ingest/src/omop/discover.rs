//! Which files of a folder belong to which table.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use renkei_cdm::{Table, dropped_since_v53, nearest, table, tables};

use super::error::Problem;
use super::header::{Ignored, canonical};

/// How a file is encoded, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Parquet,
}

/// The files of one table.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) table: &'static Table,
    /// The file or the folder of parts.
    pub(super) path: PathBuf,
    pub(super) files: Vec<(PathBuf, Format)>,
}

/// What lies in a folder.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    pub(super) found: Vec<Found>,
    pub(super) ignored: Vec<Ignored>,
    pub(super) problems: Vec<Problem>,
}

const COMPRESSED: [&str; 7] = ["gz", "zip", "bz2", "xz", "zst", "7z", "lz4"];

impl Discovery {
    /// Looks through the folders.
    pub(super) fn of(folders: &[&Path]) -> Self {
        let mut discovery = Self::default();
        for folder in folders {
            for path in discovery.list(folder) {
                discovery.entry(path);
            }
        }
        discovery.refuse_twice();
        discovery
    }

    fn list(&mut self, folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>());
        match entries {
            Ok(mut paths) => {
                paths.sort();
                paths
            }
            Err(error) => {
                let remedy = "name a folder that this account may list";
                self.problems.push(Problem::new(folder, format!("the folder cannot be listed ({error})"), remedy));
                Vec::new()
            }
        }
    }

    fn entry(&mut self, path: PathBuf) {
        let folder = path.is_dir();
        match meaning(&path, folder) {
            Meaning::Table(table, _) if folder => self.parts(table, path),
            Meaning::Table(table, format) => {
                self.found.push(Found { table, files: vec![(path.clone(), format)], path });
            }
            Meaning::Compressed(table) => self.compressed(table, path),
            Meaning::Other(reason) => self.ignore(&path, reason),
        }
    }

    fn compressed(&mut self, table: &Table, path: PathBuf) {
        let what = format!("the table {} is compressed", table.name);
        self.problems.push(Problem::new(path, what, "decompress it; Parquet is small without"));
    }

    fn ignore(&mut self, path: &Path, reason: String) {
        self.ignored.push(Ignored { file: file_name(path), column: None, reason });
    }

    /// A folder with the parts of one table.
    fn parts(&mut self, table: &'static Table, folder: PathBuf) {
        let mut files = Vec::new();
        for path in self.list(&folder) {
            let name = file_name(&path);
            let other = match meaning(&path, false) {
                Meaning::Table(other, _) if other.name != table.name => Some(other),
                _ => None,
            };
            match format_of(&path) {
                _ if path.is_dir() || name.starts_with(['_', '.']) => {
                    self.ignore(&path, format!("no part of the table {}", table.name));
                }
                Some(_) if other.is_some() => {
                    let other = other.map_or("", |other| other.name);
                    let what = format!("it is named {other}, but lies among the parts of {}", table.name);
                    self.problems.push(Problem::new(path, what, "move it, or rename the folder and name it beside"));
                }
                Some(format) => files.push((path, format)),
                None if compressed(&name).is_some() => self.compressed(table, path),
                None => self.ignore(&path, format!("no part of the table {}", table.name)),
            }
        }
        if files.is_empty() {
            let what = format!("the folder holds no part of {}", table.name);
            self.problems.push(Problem::new(folder, what, "put its CSV or Parquet files there, or remove the folder"));
        } else {
            self.found.push(Found { table, path: folder, files });
        }
    }

    fn refuse_twice(&mut self) {
        let mut first: BTreeMap<&str, &Path> = BTreeMap::new();
        for found in &self.found {
            if let Some(other) = first.insert(found.table.name, &found.path) {
                let what = format!("the table {} is in {} too", found.table.name, other.display());
                self.problems.push(Problem::new(&found.path, what, "keep one of them"));
            }
        }
    }
}

enum Meaning {
    Table(&'static Table, Format),
    Compressed(&'static Table),
    Other(String),
}

/// What a file, or a folder, is by its name.
fn meaning(path: &Path, folder: bool) -> Meaning {
    let name = file_name(path);
    let format = format_of(path);
    let stem = match format {
        Some(_) => canonical(&path.file_stem().unwrap_or_default().to_string_lossy()),
        None => canonical(&name),
    };
    match (table(&stem), format) {
        (Some(table), Some(format)) => Meaning::Table(table, format),
        (Some(table), None) if folder => Meaning::Table(table, Format::Csv),
        (Some(_), None) => Meaning::Other("neither .csv, .tsv nor .parquet".into()),
        (None, _) => match compressed(&name).filter(|_| !folder) {
            Some(table) => Meaning::Compressed(table),
            None => Meaning::Other(unknown(&stem, format.is_some() || folder)),
        },
    }
}

fn unknown(stem: &str, tabular: bool) -> String {
    if dropped_since_v53(stem) {
        return "a table of OMOP CDM v5.3 that v5.4 dropped".into();
    }
    let near = nearest(stem, tables().iter().map(|table| table.name));
    if near.is_empty() || !tabular {
        return "no table of OMOP CDM".into();
    }
    format!("no table of OMOP CDM; the nearest are {}", near.join(", "))
}

/// The table of a compressed file: `person.csv.gz`, `person.zip`.
fn compressed(name: &str) -> Option<&'static Table> {
    let (rest, extension) = name.rsplit_once('.')?;
    let stem = rest.split('.').next().unwrap_or(rest);
    COMPRESSED.contains(&canonical(extension).as_str()).then(|| table(&canonical(stem))).flatten()
}

fn format_of(path: &Path) -> Option<Format> {
    match canonical(&path.extension()?.to_string_lossy()).as_str() {
        "csv" | "tsv" => Some(Format::Csv),
        "parquet" => Some(Format::Parquet),
        _ => None,
    }
}

/// The name without the folder.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
