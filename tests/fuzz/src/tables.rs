//! Tables that are read from the disk.

use std::fs;

use renkei_ingest::Day;
use renkei_ingest::codes::{Map, Master, MasterKind, Masters, diff};
use renkei_ingest::omop::Folder;
use tempfile::TempDir;

use super::{choice, pick};

/// Tables with every type of column, and one of the vocabulary.
const TABLES: [&str; 6] = ["person.csv", "measurement.csv", "death.tsv", "note.csv", "CONCEPT.csv", "cost.csv"];

/// A map or a master of codes, as a file of the site.
pub fn codes_csv(bytes: &[u8]) {
    let (kind, text) = choice(bytes);
    let place = TempDir::new().expect("a folder for the bytes");
    let file = place.path().join("codes.csv");
    fs::write(&file, text).expect("a file for the bytes");
    let rows = text.len() + 1;
    let kinds = [None, Some(MasterKind::MedisDisease), Some(MasterKind::MedisHot), Some(MasterKind::ReceiptDrug)];
    match pick(&kinds, kind) {
        None => {
            let today = Day::of(2026, 1, 1).expect("a day");
            if let Ok(map) = Map::read(&[file], today) {
                assert!(map.len() <= rows && diff(&map, &map).is_empty());
            }
        }
        Some(kind) => {
            let master = Master { kind, file, key_column: None, target_column: None };
            if let Ok(masters) = Masters::load(&[master]) {
                assert!(masters.len() <= 2 * rows);
            }
        }
    }
}

/// A table of the CDM: every row comes out or is put aside.
pub fn omop_csv(bytes: &[u8]) {
    let (table, text) = choice(bytes);
    let place = TempDir::new().expect("a folder for the bytes");
    fs::write(place.path().join(pick(&TABLES, table)), text).expect("a file for the bytes");
    let Ok(folder) = Folder::open(place.path()) else { return };
    let known = |person: i64| person % 2 == 0;
    for files in folder.tables() {
        for chunk in files.read(Some(&known)).map_while(Result::ok) {
            let rows = chunk.batch.num_rows() as u64 + chunk.rejects.len() as u64;
            assert_eq!(rows, chunk.read);
        }
    }
}
