//! Folders that must not open: each says which file, what is wrong and what to do.

use crate::support::{MEASUREMENT, PERSONS, Site, array};
use arrow_array::{BooleanArray, Int64Array};

fn with(name: &str, content: impl AsRef<[u8]>) -> Site {
    Site::with_persons().csv(name, content)
}

#[test]
fn files_that_are_no_csv() {
    let utf16: Vec<u8> = "\u{feff}person_id,x\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bare: Vec<u8> = "person_id,x\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    with("measurement.csv", utf16).refused_for("measurement.csv", &["UTF-16", "UTF-8"]);
    with("measurement.csv", bare).refused_for("measurement.csv", &["UTF-16", "UTF-8"]);
    with("measurement.csv", b"\x1f\x8b\x08\x00rest").refused_for("measurement.csv", &["gzip", "gunzip"]);
    with("measurement.csv.gz", b"\x1f\x8b").refused_for("measurement.csv.gz", &["measurement", "decompress"]);
    with("measurement.csv", "").refused_for("measurement.csv", &["empty"]);
    with("measurement.csv", MEASUREMENT.replace(',', ";")).refused_for("measurement.csv", &["neither comma nor tab"]);
}

#[test]
fn missing_columns_name_what_is_there_and_the_nearest() {
    let header = MEASUREMENT.replace("person_id", "persn_id").replace("measurement_date,", "");
    with("measurement.csv", header).refused_for(
        "measurement.csv",
        &["needs person_id, measurement_date", "persn_id (did you mean person_id?)", "measurement_concept_id"],
    );
}

#[test]
fn the_first_record_of_a_file_without_header_is_not_printed() {
    let site = with("measurement.csv", "1,1,0,2020-01-01,0,5.4,Yamada\n");
    let [problem] = &site.refused()[..] else { panic!() };
    assert!(problem.contains("0 of the 7 fields") && problem.contains("header"), "{problem}");
    assert!(!problem.contains("Yamada") && !problem.contains("5.4,"), "{problem}");
}

#[test]
fn a_column_or_a_table_twice() {
    with("measurement.csv", format!("PERSON_ID,{MEASUREMENT}")).refused_for("measurement.csv", &["person_id twice"]);
    let site = with("PERSON.tsv", PERSONS);
    site.refused_for("person.csv", &["person is in", "PERSON.tsv", "keep one"]);
}

#[test]
fn folders_without_person_without_tables_or_without_being_one() {
    Site::new().csv("measurement.csv", MEASUREMENT).refused_for("", &["measurement", "no person table"]);
    Site::new().csv("notes.txt", "x").refused_for("", &["no table"]);
    let error = renkei_ingest::omop::Folder::open(&Site::new().path("absent")).unwrap_err();
    assert!(error.problems[0].what.contains("cannot be listed"));
}

#[test]
fn a_vocabulary_named_like_a_table_and_empty_folders_of_parts() {
    let site = with("vocabulary/CONCEPT.csv", "concept_id\tconcept_name\n");
    let problems = site.refused();
    assert!(problems.iter().any(|p| p.contains("CONCEPT.csv") && p.contains("parts of vocabulary")), "{problems:?}");
    with("measurement/readme.md", "").refused_for("measurement", &["no part of measurement"]);
}

#[test]
fn parquet_files_cut_off_or_foreign_or_of_impossible_types() {
    let whole = Site::new().parquet("person.parquet", vec![("person_id", array(Int64Array::from(vec![1])))]);
    let bytes = std::fs::read(whole.path("person.parquet")).unwrap();
    let cut = Site::new().csv("person.parquet", &bytes[..bytes.len() / 2]);
    cut.refused_for("person.parquet", &["cut off"]);
    let mut broken = bytes.clone();
    let footer = broken.len() - 20;
    broken[footer..footer + 12].fill(0xff);
    Site::new().csv("person.parquet", broken).refused_for("person.parquet", &["footer"]);
    Site::new().csv("person.parquet", PERSONS).refused_for("person.parquet", &["not a Parquet file"]);
    let typed =
        Site::with_persons().parquet("location.parquet", vec![("location_id", array(BooleanArray::from(vec![true])))]);
    typed.refused_for("location.parquet", &["location_id is Boolean, not integer"]);
}

#[test]
fn all_problems_are_reported_at_once() {
    let site = with("measurement.csv", "").csv("observation.csv", "a,b\n").csv("death.parquet", "x");
    assert_eq!(site.refused().len(), 3);
}
