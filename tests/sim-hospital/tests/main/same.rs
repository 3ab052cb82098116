//! The same order gives the same bytes, another order another hospital.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use renkei_sim_hospital::{Format, Hospital, Profile, Spec, write};
use sha2::{Digest, Sha256};

use crate::{DEMO, small};

/// Hash of every file of a folder, by name.
fn hashes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let bytes = std::fs::read(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), Sha256::digest(&bytes).to_vec())
        })
        .collect()
}

fn written(spec: &Spec, format: Format) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    write(&Hospital::generate(spec).unwrap(), format, folder.path()).unwrap();
    hashes(folder.path())
}

#[test]
fn the_same_order_gives_the_same_bytes() {
    for format in [Format::CsvV54, Format::TsvV53, Format::ParquetV54] {
        for dirt in [false, true] {
            let spec = Spec { dirt, ..small(1) };
            assert_eq!(written(&spec, format), written(&spec, format), "{format:?}");
        }
    }
}

#[test]
fn another_seed_site_or_profile_gives_other_patients_and_the_same_vocabulary() {
    let base = written(&small(1), Format::CsvV54);
    let others = [small(2), Spec { site: "kyoto".into(), ..small(1) }, Spec { profile: Profile::Regional, ..small(1) }];
    for other in others {
        let other = written(&other, Format::CsvV54);
        for table in ["person.csv", "visit_occurrence.csv", "measurement.csv"] {
            assert_ne!(base[table], other[table], "{table}");
        }
        for table in ["concept.csv", "concept_ancestor.csv", "concept_relationship.csv"] {
            assert_eq!(base[table], other[table], "{table}");
        }
    }
}

#[test]
fn a_patient_does_not_depend_on_how_many_others_there_are() {
    let few = Hospital::generate(&Spec { patients: 20, ..small(1) }).unwrap();
    let many = Hospital::generate(&small(1)).unwrap();
    assert_eq!(few.patients[..], many.patients[..20]);
}

#[test]
fn the_demonstration_has_the_rows_that_the_golden_file_states() {
    let mut found = String::new();
    for (hospital, omop) in DEMO.iter() {
        for (table, rows) in &omop.tables {
            writeln!(found, "{} {table} {}", hospital.spec.site, rows.num_rows()).unwrap();
        }
    }
    let golden = include_str!("../golden/rows.txt");
    assert!(found == golden, "tests/golden/rows.txt would have to read:\n{found}");
}
