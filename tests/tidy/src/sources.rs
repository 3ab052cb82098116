//! Rust files: each crate argues for itself, and no file grows beyond what one reader holds in mind.

use std::path::Path;

use crate::{Metadata, Repository};

/// Lines that a file of Rust may have. Half of it is already a lot.
pub const MAX_LINES: usize = 500;

/// Written by a program, so not held to a length.
const GENERATED: &str = "/generated/";

/// Crate roots that do not open with an essay.
#[must_use]
pub fn crate_docs(repository: &Repository, metadata: &Metadata) -> Vec<String> {
    let mut problems = Vec::new();
    for target in metadata.packages.iter().flat_map(|package| &package.targets) {
        let path = Path::new(&target.src_path);
        let path = path.strip_prefix(repository.root()).unwrap_or(path).display().to_string();
        match repository.text(&path) {
            Some(text) if text.starts_with("//!") => {}
            Some(_) => problems.push(format!("{path}: open the file with `//!` and say what must stay true")),
            None => problems.push(format!("{path}: cannot be read")),
        }
    }
    problems
}

/// Files that are too long, or named `mod.rs`.
#[must_use]
pub fn shape<'a>(files: impl Iterator<Item = (&'a str, String)>) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in files.filter(|(path, _)| !path.contains(GENERATED)) {
        let lines = text.lines().count();
        if lines > MAX_LINES {
            problems.push(format!(
                "{path} has {lines} lines, the limit is {MAX_LINES}: give its second noun a file of its own"
            ));
        }
        if let Some(folder) = path.strip_suffix("/mod.rs") {
            problems.push(format!("{path}: rename it to {folder}.rs, beside the folder"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_and_mod_files_are_found() {
        let long = "//\n".repeat(MAX_LINES + 1);
        let files = [
            ("a/long.rs", long.clone()),
            ("a/generated/long.rs", long),
            ("a/full.rs", "//\n".repeat(MAX_LINES)),
            ("a/b/mod.rs", String::new()),
        ];
        let problems = shape(files.into_iter());
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("a/long.rs has 501 lines") && problems[1].contains("a/b.rs"), "{problems:?}");
    }
}
