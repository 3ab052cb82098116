//! Rows of one person stand together, whatever the order of the source, and memory stays bounded.

use std::fmt::Write;
use std::fs::File;

use arrow::array::cast::AsArray;
use arrow::array::types::{Date32Type, Int64Type};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::fixture::{Hospital, ids, owners, people, rows};

const PEOPLE: i64 = 500;

/// Measurements of [`PEOPLE`] persons, `n` rows in the order that `place` gives.
fn source(n: u64, place: impl Fn(u64) -> u64) -> Hospital {
    let hospital = Hospital::new();
    let everybody: Vec<(i64, i32, String)> = (0..PEOPLE).map(|id| (id * 7 - 900, 1950, format!("P{id}"))).collect();
    hospital
        .write("person", &people(&everybody.iter().map(|(id, year, s)| (*id, *year, s.as_str())).collect::<Vec<_>>()));
    let mut text = String::from(
        "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id,value_source_value\n",
    );
    for row in 0..n {
        let row = place(row);
        let person = (row * PEOPLE as u64 / n) as i64 * 7 - 900;
        let (month, day) = (1 + row % 12, 1 + row % 28);
        writeln!(text, "{row},{person},3004410,2020-{month:02}-{day:02},0,{row:050}").unwrap();
    }
    hospital.write("measurement", &text);
    hospital
}

fn check(hospital: &Hospital, n: u64) {
    let snapshot = hospital.current();
    let batch = rows(&snapshot, "measurement");
    assert_eq!(batch.num_rows() as u64, n);
    let owners = owners(&batch);
    let dates = batch.column_by_name("measurement_date").unwrap().as_primitive::<Date32Type>().values().to_vec();
    let keys = ids(&batch, "measurement_id");
    let order: Vec<_> = owners.iter().zip(&dates).zip(&keys).collect();
    assert!(order.is_sorted(), "by owner, date and key");
    let mut all = keys.clone();
    all.sort_unstable();
    assert!(all.iter().copied().eq(0..n as i64), "every row once");
    let person = batch.column_by_name("person_id").unwrap().as_primitive::<Int64Type>();
    assert!(owners.iter().zip(person.values()).all(|(owner, id)| i64::from(*owner) * 7 - 900 == *id));
    let texts = batch.column_by_name("value_source_value").unwrap().as_string::<i32>();
    assert!(keys.iter().zip(texts).all(|(key, text)| text == Some(&format!("{key:050}"))), "rows stay whole");
    assert!(hospital.store.verify(snapshot.id()).unwrap().sound());
}

#[test]
fn a_small_table_is_sorted_in_memory() {
    let hospital = source(3000, |row| (row * 1301) % 3000);
    assert!(!hospital.ingest().unwrap().tables[1].resorted);
    check(&hospital, 3000);
}

#[test]
fn a_sorted_table_passes_window_by_window() {
    let hospital = source(30_000, |row| row);
    let mut options = hospital.options();
    options.sort_memory = 4 << 20;
    assert!(!hospital.ingest_with(&options).unwrap().tables[1].resorted);
    check(&hospital, 30_000);
}

#[test]
fn a_large_unsorted_table_is_sorted_outside_of_memory() {
    let hospital = source(100_000, |row| (row * 12_347) % 100_000);
    let mut options = hospital.options();
    options.sort_memory = 8 << 20;
    assert!(hospital.ingest_with(&options).unwrap().tables[1].resorted);
    check(&hospital, 100_000);
    assert!(!hospital.state().join("staging").exists(), "what was spilled is gone");
}

#[test]
fn a_table_that_is_sorted_at_first_loses_nothing() {
    let hospital = source(40_000, |row| if row < 20_000 { row } else { 59_999 - row });
    let mut options = hospital.options();
    options.sort_memory = 8 << 20;
    hospital.ingest_with(&options).unwrap();
    check(&hospital, 40_000);
}

#[test]
fn the_order_is_declared_in_the_file() {
    let hospital = source(1000, |row| row);
    hospital.ingest().unwrap();
    let path = hospital.current().table_files("measurement")[0].clone();
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let group = reader.metadata().row_group(0);
    let shape = hospital.current().shape("measurement").unwrap();
    let declared: Vec<usize> = group.sorting_columns().unwrap().iter().map(|by| by.column_idx as usize).collect();
    assert_eq!(declared, shape.order);
    let names: Vec<&str> = shape.order.iter().map(|&at| shape.schema.field(at).name().as_str()).collect();
    assert_eq!(names, ["__owner", "measurement_date", "measurement_id"]);
    assert!(group.column(shape.owner().unwrap()).statistics().is_some());
}

#[test]
fn the_same_records_in_another_order_give_the_same_bytes() {
    let (one, two) = (source(2000, |row| row), source(2000, |row| (row * 777) % 2000));
    one.ingest().unwrap();
    two.ingest().unwrap();
    let hash = |hospital: &Hospital| hospital.current().manifest().file("measurement.parquet").unwrap().sha256.clone();
    assert_eq!(hash(&one), hash(&two));
}
