//! The columns of a file, matched with those of its table.

use std::path::Path;

use renkei_cdm::{Column, Table, added_in_v54, nearest, v53_rename};

use super::error::Problem;
use super::fill;
use super::version::{Evidence, SourceVersion};

/// A file or a column that is no part of the CDM and is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Name of the file, or of the folder.
    pub file: String,
    /// The column; `None` where it is the whole file.
    pub column: Option<String>,
    /// Why, in a line, with the names that may have been meant.
    pub reason: String,
}

/// Which field of a file holds which column of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The names as the file has them, in lower case, without blanks around them.
    pub(super) names: Vec<String>,
    /// By column of the table: the position in the file.
    pub(super) sources: Vec<Option<usize>>,
    /// Positions that no column claims, with the reason.
    unused: Vec<(usize, String)>,
    /// Columns that the file has twice.
    twice: Vec<&'static str>,
}

/// The name as it is compared.
pub(super) fn canonical(name: &str) -> String {
    name.trim().to_lowercase()
}

impl Header {
    pub(super) fn new(table: &'static Table, names: Vec<String>) -> Self {
        let mut header =
            Self { sources: vec![None; table.columns.len()], unused: Vec::new(), twice: Vec::new(), names };
        let position = |name: &str| table.columns.iter().position(|column| column.name == name);
        let mut renamed = Vec::new();
        for (index, name) in header.names.iter().enumerate() {
            if let Some(column) = position(name) {
                match &mut header.sources[column] {
                    Some(_) => header.twice.push(table.columns[column].name),
                    free => *free = Some(index),
                }
            } else if let Some(column) = v53_rename(table.name, name).and_then(position) {
                renamed.push((index, column));
            } else {
                header.unused.push((index, unknown(table, name)));
            }
        }
        for (index, column) in renamed {
            match &mut header.sources[column] {
                Some(_) => header.unused.push((index, format!("{} is there too", table.columns[column].name))),
                free => *free = Some(index),
            }
        }
        header
    }

    /// What the columns say about the version of the source.
    pub(super) fn evidence(&self, table: &Table) -> Evidence {
        let mut evidence = Evidence::default();
        for (column, source) in table.columns.iter().zip(&self.sources) {
            let added = added_in_v54(table.name, column.name);
            let Some(name) = source.and_then(|index| self.names.get(index)) else {
                evidence.lacks_added |= added;
                continue;
            };
            // Sites with v5.3 have `cohort` from the results schema, so its columns say nothing.
            evidence.has_added |= added && table.name != "cohort";
            evidence.has_renamed |= name != column.name;
        }
        evidence.lacks_added &= !evidence.has_added && table.name != "cohort";
        evidence
    }

    /// What is wrong with the file's columns, read as one of `version`.
    pub(super) fn problems(&self, table: &'static Table, version: SourceVersion, file: &Path) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !self.twice.is_empty() {
            let what = format!("its header has {} twice", self.twice.join(", "));
            problems.push(Problem::new(file, what, "keep one of them"));
        }
        let missing: Vec<&Column> = self.missing(table, version);
        if !missing.is_empty() {
            let names: Vec<&str> = missing.iter().map(|column| column.name).collect();
            let what = format!("{} needs {}; {}", table.name, names.join(", "), self.present(table, &names));
            let remedy = format!("export {} with the columns of OMOP CDM v5.3 or v5.4 and a header line", table.name);
            problems.push(Problem::new(file, what, remedy));
        }
        problems
    }

    /// The columns that are left alone, once the file is accepted.
    pub(super) fn ignored(&self, file: &str) -> Vec<Ignored> {
        let unused = self.unused.iter();
        unused
            .map(|(index, reason)| Ignored {
                file: file.to_owned(),
                column: self.names.get(*index).cloned(),
                reason: reason.clone(),
            })
            .collect()
    }

    fn missing(&self, table: &'static Table, version: SourceVersion) -> Vec<&'static Column> {
        let fills = if version == SourceVersion::V5_3 { fill::of(table) } else { Vec::new() };
        let columns = table.columns.iter().zip(&self.sources);
        columns
            .filter(|(column, source)| source.is_none() && column.required)
            .map(|(column, _)| column)
            .filter(|column| !fills.iter().any(|filled| filled.column == column.name))
            .collect()
    }

    /// The columns that the file does have, in words. They are shown only if they look like a header: the first line
    /// of a file without one is a record, and no error may print one.
    fn present(&self, table: &Table, missing: &[&str]) -> String {
        let near = |name: &str| nearest(name, missing.iter().copied()).first().copied();
        let known = self.sources.iter().flatten().count();
        let nearly = self.names.iter().filter(|name| near(name).is_some()).count();
        if known == 0 && nearly * 2 < self.names.len() || !self.names.iter().all(|name| is_name(name)) {
            let count = self.names.len();
            return format!("{known} of the {count} fields of its first line are names of columns of {}", table.name);
        }
        let claimed = |index| self.sources.contains(&Some(index));
        let names = self.names.iter().enumerate().map(|(index, name)| match near(name) {
            Some(near) if !claimed(index) => format!("{name} (did you mean {near}?)"),
            _ => name.clone(),
        });
        format!("it has {}", names.collect::<Vec<_>>().join(", "))
    }
}

/// Whether this could be the name of a column.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn unknown(table: &Table, name: &str) -> String {
    let near = nearest(name, table.columns.iter().map(|column| column.name));
    let base = format!("{} has no such column", table.name);
    if near.is_empty() { base } else { format!("{base}; the nearest are {}", near.join(", ")) }
}
