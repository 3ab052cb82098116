//! Damage is found and named: the cheap kinds when a snapshot is opened, every kind by `verify`.

use std::fs;
use std::path::PathBuf;

use renkei_node::store::{Error, Fault};

use super::fixture::Hospital;

struct Damaged {
    hospital: Hospital,
    dir: PathBuf,
}

impl Damaged {
    /// A snapshot of which the file `name` went through `damage`.
    fn new(name: &str, damage: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> Self {
        let mut hospital = Hospital::small();
        hospital.ingest().unwrap();
        let dir = hospital.current().dir().to_owned();
        let path = dir.join(name);
        match damage(fs::read(&path).unwrap()) {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        hospital.reopen();
        Self { hospital, dir }
    }

    /// The file and the fault that opening gives, if it fails.
    fn opened(&self) -> Option<(String, Fault)> {
        match self.hospital.store.current() {
            Ok(snapshot) => snapshot.map(|_| None).expect("a snapshot"),
            Err(Error::Damaged { path, fault }) => Some((name(path), fault)),
            Err(other) => panic!("{other}"),
        }
    }

    /// The files and faults that `verify` finds.
    fn verified(&self) -> Vec<(String, Fault)> {
        let id = renkei_types::SnapshotId::new(self.dir.file_name().unwrap().to_str().unwrap()).unwrap();
        let report = self.hospital.store.verify(&id).unwrap();
        assert!(!report.sound());
        report.findings.into_iter().map(|finding| (name(finding.path), finding.fault)).collect()
    }
}

fn name(path: PathBuf) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn a_flipped_byte() {
    for file in ["measurement.parquet", "persons.parquet", "quarantine.csv", "report.json"] {
        let damaged = Damaged::new(file, |mut bytes| {
            let middle = bytes.len() / 3;
            bytes[middle] ^= 1;
            Some(bytes)
        });
        assert!(damaged.verified().contains(&(file.to_owned(), Fault::Hash)), "{file}");
    }
}

#[test]
fn a_truncated_file() {
    let damaged = Damaged::new("measurement.parquet", |bytes| Some(bytes[..bytes.len() / 2].to_vec()));
    let (file, fault) = damaged.opened().unwrap();
    assert_eq!(file, "measurement.parquet");
    assert!(matches!(fault, Fault::Size { .. }), "{fault}");
    assert_eq!(damaged.verified(), [(file, fault)]);
}

#[test]
fn a_half_written_file_of_the_right_size() {
    let damaged = Damaged::new("measurement.parquet", |mut bytes| {
        let half = bytes.len() / 2;
        bytes[half..].fill(0);
        Some(bytes)
    });
    let expect = ("measurement.parquet".to_owned(), Fault::Unreadable { what: "Parquet" });
    assert_eq!(damaged.opened(), Some(expect));
}

#[test]
fn a_missing_file() {
    let damaged = Damaged::new("person.parquet", |_| None);
    let expect = ("person.parquet".to_owned(), Fault::Missing);
    assert_eq!(damaged.opened(), Some(expect.clone()));
    assert_eq!(damaged.verified(), [expect]);
}

#[test]
fn a_file_of_another_table() {
    let mut hospital = Hospital::small();
    hospital.ingest().unwrap();
    let dir = hospital.current().dir().to_owned();
    fs::copy(dir.join("visit_occurrence.parquet"), dir.join("measurement.parquet")).unwrap();
    hospital.reopen();
    let damaged = Damaged { hospital, dir };
    assert_eq!(damaged.opened().unwrap().0, "measurement.parquet");
    assert_eq!(damaged.verified()[0].0, "measurement.parquet");
}

#[test]
fn an_edited_manifest() {
    let edits = [
        ("\"seal\": \"clinical\"", "\"seal\": \"synthetic\""),
        ("\"persons\": 3", "\"persons\": 4"),
        ("\"contents\": {", "\"contents\": {\"extra\": 1,"),
        ("\"sequence\": 1", "\"sequence\": 1, \"sequence\": 1"),
    ];
    for (from, to) in edits {
        let damaged = Damaged::new("manifest.json", |bytes| {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(from), "{from} in {text}");
            Some(text.replace(from, to).into_bytes())
        });
        let (file, fault) = damaged.opened().unwrap();
        assert_eq!(file, "manifest.json");
        assert!(matches!(fault, Fault::Manifest | Fault::Unreadable { .. }), "{from}: {fault}");
        assert_eq!(damaged.verified(), [(file, fault)]);
    }
}

#[test]
fn a_manifest_of_a_later_format() {
    let damaged = Damaged::new("manifest.json", |bytes| {
        Some(String::from_utf8(bytes).unwrap().replace("\"format\": 1", "\"format\": 2, \"new\": 0").into_bytes())
    });
    assert_eq!(damaged.opened().unwrap().1, Fault::Format { found: 2, known: 1 });
}

#[test]
fn another_snapshots_manifest() {
    let mut hospital = Hospital::small();
    let first = hospital.ingest().unwrap().snapshot.unwrap();
    hospital.ingest().unwrap();
    let dir = hospital.current().dir().to_owned();
    fs::copy(hospital.state().join("snapshots").join(first.as_str()).join("manifest.json"), dir.join("manifest.json"))
        .unwrap();
    hospital.reopen();
    let damaged = Damaged { hospital, dir };
    assert_eq!(damaged.opened(), Some(("manifest.json".into(), Fault::Manifest)));
}

#[test]
fn a_file_that_nobody_listed() {
    let mut hospital = Hospital::small();
    hospital.ingest().unwrap();
    let dir = hospital.current().dir().to_owned();
    fs::write(dir.join("notes.txt"), "?").unwrap();
    hospital.reopen();
    assert_eq!(Damaged { hospital, dir }.verified(), [("notes.txt".to_owned(), Fault::Unlisted)]);
}

#[test]
fn an_ingest_goes_on_beside_an_old_damaged_snapshot_but_not_after_a_new_one() {
    let hospital = Hospital::small();
    let first = hospital.ingest().unwrap().snapshot.unwrap();
    let manifest =
        |id: &renkei_types::SnapshotId| hospital.state().join("snapshots").join(id.as_str()).join("manifest.json");
    let whole = fs::read(manifest(&first)).unwrap();
    fs::write(manifest(&first), "{}").unwrap();
    let error = hospital.ingest().unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("manifest.json"), "{error}");
    fs::write(manifest(&first), whole).unwrap();
    hospital.ingest().unwrap();
}
