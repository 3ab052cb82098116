//! docs/security/attacks.md names a test for each attack, and each test of an attack is named there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from("../..")
}

/// The tests of a file: the functions under `#[test]`.
fn tests(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap();
    let after = text.split("#[test]").skip(1);
    after.filter_map(|rest| rest.split("fn ").nth(1)?.split('(').next().map(str::to_owned)).collect()
}

#[test]
fn every_attack_has_its_line_and_its_test() {
    let text = fs::read_to_string(root().join("docs/security/attacks.md")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("| RT-")).collect();
    let named: BTreeSet<u32> = lines
        .iter()
        .flat_map(|line| line.split('|').nth(1).unwrap().split(','))
        .map(|id| id.trim().trim_start_matches("RT-").parse().unwrap())
        .collect();
    let specified: BTreeSet<u32> =
        [1..=6, 8..=11, 13..=20, 24..=27, 29..=36, 38..=42, 47..=49].into_iter().flatten().collect();
    assert_eq!(named, specified, "attacks.md has a line for each attack of the specification");

    // `file::test` between backticks, files from the repository's root.
    let mut used = BTreeSet::new();
    for line in &lines {
        let cited: Vec<&str> = line.split('`').skip(1).step_by(2).filter(|cited| cited.contains("::")).collect();
        let open = line.contains("| not in this version") || line.contains("| open");
        assert!(open || !cited.is_empty(), "no test: {line}");
        for cited in cited {
            let (file, test) = cited.split_once("::").unwrap();
            let path = root().join(file);
            assert!(path.exists() && tests(&path).contains(test), "{cited} is not there");
            used.insert(cited.to_owned());
        }
    }
    let folder = root().join("tests/attack/tests/main");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = format!("tests/attack/tests/main/{}", path.file_name().unwrap().to_str().unwrap());
        // This one, and what a node starts as its worker.
        let none = ["table.rs", "worker.rs"].iter().any(|name| file.ends_with(name));
        for test in tests(&path).into_iter().filter(|_| !none) {
            assert!(used.contains(&format!("{file}::{test}")), "{file}::{test} is in no line of attacks.md");
        }
    }
}
