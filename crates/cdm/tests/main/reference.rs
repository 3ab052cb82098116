//! The reference documentation in the repository is the one that the declarations yield.

use std::fs;
use std::path::PathBuf;

use renkei_cdm::{reference_markdown, tables};

fn page() -> PathBuf {
    PathBuf::from("../../docs/reference/cdm.md")
}

#[test]
fn reference_is_current() {
    let found = fs::read_to_string(page()).unwrap_or_default();
    assert!(
        found == reference_markdown(),
        "docs/reference/cdm.md is stale; run: cargo test -p renkei-cdm --test main -- --ignored regenerate_reference"
    );
}

#[test]
fn reference_has_every_column_once() {
    let text = reference_markdown();
    for table in tables() {
        let section = text.split("\n## ").find(|part| part.lines().next() == Some(table.name)).unwrap();
        for column in table.columns {
            let start = format!("| `{}` | ", column.name);
            let rows: Vec<_> = section.lines().filter(|line| line.starts_with(&start)).collect();
            assert_eq!(rows.len(), 1, "{}.{}", table.name, column.name);
            assert!(rows[0].ends_with(&format!("| {} | {} |", column.role, column.doc)), "{}", rows[0]);
            assert_eq!(rows[0].matches(" | ").count(), 5, "{}", rows[0]);
        }
    }
}

#[test]
#[ignore = "writes docs/reference/cdm.md"]
fn regenerate_reference() {
    fs::create_dir_all(page().parent().unwrap()).unwrap();
    fs::write(page(), reference_markdown()).unwrap();
}
