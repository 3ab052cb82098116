//! The same order gives the same bytes, another order another hospital.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use renkei_sim_hospital::{Format, Hospital, Profile, Spec, write};
use sha2::{Digest, Sha256};

use crate::{DEMO, small};

/// Hash of every file below a folder, by path.
fn hashes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                all.insert(name, Sha256::digest(std::fs::read(&path).unwrap()).to_vec());
            }
        }
    }
    all
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
fn the_same_order_gives_the_same_records_in_every_format() {
    let formats = [
        Format::SsMix2 { history: true },
        Format::FhirNdjson { gzip: false },
        Format::FhirNdjson { gzip: true },
        Format::Dpc,
        Format::CsvJa,
    ];
    for format in formats {
        let spec = Spec { patients: 20, ..small(1) };
        let files = written(&spec, format);
        assert!(!files.is_empty());
        assert_eq!(files, written(&spec, format), "{format:?}");
        assert_eq!(files, written(&Spec { dirt: true, ..spec.clone() }, format), "flaws are those of tables of OMOP");
        assert_ne!(files, written(&Spec { seed: 2, ..spec }, format), "{format:?}");
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
