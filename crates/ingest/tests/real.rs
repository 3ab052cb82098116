//! Third-party data with its dirt, where this machine has it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use renkei_cdm::Kind;
use renkei_ingest::Rule;
use renkei_ingest::omop::{Folder, SourceVersion};

use crate::support::{find, read, shared};

/// Accepted rows and rejected rows by table; all rejects have to be for the person.
fn counts(folder: &Folder) -> BTreeMap<&'static str, (usize, usize)> {
    let person = read(find(folder, "person"), None);
    let ids: HashSet<i64> = person.batch.column(0).as_primitive::<Int64Type>().values().iter().copied().collect();
    let exists = |id: i64| ids.contains(&id);
    let mut counts = BTreeMap::new();
    for files in folder.tables() {
        let local = files.table().kind == Kind::Local && files.table().name != "person";
        let table = read(files, if local { Some(&exists) } else { None });
        let others: Vec<_> = table.rejects.iter().filter(|reject| reject.rule != Rule::Person).collect();
        assert!(others.is_empty(), "{:?}", others.first());
        counts.insert(files.table().name, (table.batch.num_rows(), table.rejects.len()));
    }
    counts
}

/// The rows of each table according to whoever made the files.
fn manifest(path: &Path) -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(path.join("_manifest.json")).unwrap();
    let tables: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let rows = |table: &serde_json::Value| table["rows"].as_u64().unwrap() as usize;
    tables.iter().map(|table| (table["table"].as_str().unwrap().to_owned(), rows(table))).collect()
}

/// Every row of every table is accepted, but for the persons' strangers.
fn check(path: &Path, version: SourceVersion, strangers: &[(&str, usize)]) {
    let folder = Folder::open(path).unwrap();
    assert_eq!(folder.version(), version);
    let counts = counts(&folder);
    let expect = manifest(path);
    assert_eq!(counts.len(), expect.len());
    for (table, rows) in expect {
        let rejected = strangers.iter().find(|(name, _)| *name == table).map_or(0, |(_, rejected)| *rejected);
        assert_eq!(counts[table.as_str()], (rows - rejected, rejected), "{table}");
    }
}

#[test]
fn gibleed() {
    let Some(path) = shared("gibleed_v5.3") else { return };
    check(&path, SourceVersion::V5_3, &[("observation_period", 2649)]);
}

#[test]
fn synthea() {
    let Some(path) = shared("synthea1k_v5.4") else { return };
    check(&path, SourceVersion::V5_4, &[]);
}

#[test]
fn vocabulary() {
    let Some(path) = shared("mini_vocab") else { return };
    let folder = Folder::open(&path).unwrap();
    for (table, rows) in [("concept", 6488), ("concept_relationship", 285_728), ("concept_ancestor", 154_163)] {
        let table = read(find(&folder, table), None);
        assert_eq!((table.batch.num_rows(), table.rejects.len()), (rows, 0));
    }
}
