//! A person number means one person for ever.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use renkei_node::ingest::IngestError;
use renkei_node::store::{Error, Identity};

use super::fixture::{Hospital, number, owners, people, rows};

/// A person table of `n` people; `id` and `year` of each, source values only where `known`.
fn crowd(n: i64, id: impl Fn(i64) -> i64, year: impl Fn(i64) -> i64, known: bool) -> String {
    let mut rows = Vec::new();
    for i in 0..n {
        let source = if known { format!("P{i:05}") } else { String::new() };
        rows.push((id(i), i32::try_from(1930 + year(i) % 80).unwrap(), source));
    }
    people(&rows.iter().map(|(id, year, source)| (*id, *year, source.as_str())).collect::<Vec<_>>())
}

#[test]
fn numbers_are_kept_from_snapshot_to_snapshot() {
    let hospital = Hospital::small();
    hospital.ingest().unwrap();
    // Person B leaves, D comes in before everybody; the ids of A and C change, their source values do not.
    hospital.write("person", &people(&[(5, 1990, "D"), (21, 1950, "A"), (23, 2001, "C")]));
    hospital.write(
        "visit_occurrence",
        "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date,visit_type_concept_id\n",
    );
    hospital.write(
        "measurement",
        "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id\n\
         1,5,1,2020-01-01,0\n2,21,1,2020-01-01,0\n3,23,1,2020-01-01,0\n",
    );
    let report = hospital.ingest().unwrap();
    let snapshot = hospital.current();
    assert_eq!((number(&snapshot, 21), number(&snapshot, 23), number(&snapshot, 5)), (0, 2, 3));
    assert_eq!(owners(&rows(&snapshot, "measurement")), [0, 2, 3]);
    assert_eq!((report.persons.recurring, report.persons.first_seen, report.persons.vanished), (2, 1, 1));
    let index = snapshot.person_index().unwrap();
    assert_eq!((index[1].person_id, index[1].year_of_birth), (None, 1980), "who left keeps the number");
    assert_eq!((snapshot.persons(), snapshot.manifest().contents.numbers), (3, 4));
    assert!(hospital.store.verify(snapshot.id()).unwrap().sound());
    hospital.write_small();
    hospital.ingest().unwrap();
    assert_eq!(number(&hospital.current(), 12), 1, "and gets it back");
}

#[test]
fn numbers_go_on_from_the_newest_snapshot_also_after_a_step_back() {
    let hospital = Hospital::small();
    let first = hospital.ingest().unwrap().snapshot.unwrap();
    hospital.write("person", &people(&[(11, 1950, "A"), (12, 1980, "B"), (13, 2001, "C"), (14, 1990, "D")]));
    hospital.ingest().unwrap();
    hospital.store.set_current(&first).unwrap();
    hospital.write("person", &people(&[(11, 1950, "A"), (12, 1980, "B"), (13, 2001, "C"), (15, 1990, "E")]));
    hospital.ingest().unwrap();
    assert_eq!(number(&hospital.current(), 15), 4, "3 was D's");
    assert_eq!(hospital.store.prune(0).unwrap().len(), 2);
}

#[test]
fn a_renumbered_source_is_refused() {
    let hospital = Hospital::new();
    hospital.write("person", &crowd(200, |i| i, |i| i * 37, false));
    hospital.ingest().unwrap();
    assert_eq!(hospital.current().manifest().contents.identity, Identity::PersonId);
    let before = hospital.current().id().clone();
    hospital.write("person", &crowd(200, |i| (i + 1) % 200, |i| i * 37, false));
    let error = hospital.ingest().unwrap_err();
    assert!(matches!(error, IngestError::Renumbered(_)), "{error}");
    hospital.write("person", &crowd(200, |i| i + 101, |i| (i + 101) * 37, false));
    let error = hospital.ingest().unwrap_err();
    assert!(matches!(error, IngestError::Renumbered(_)), "{error}");
    assert_eq!(*hospital.current().id(), before);
    let mut options = hospital.options();
    options.accept_renumbering = true;
    let report = hospital.ingest_with(&options).unwrap();
    assert_eq!((report.persons.recurring, report.persons.first_seen), (99, 101));
}

#[test]
fn persons_are_recognised_in_the_same_way_each_time() {
    let hospital = Hospital::new();
    hospital.write("person", &crowd(50, |i| i, |i| i, true));
    hospital.ingest().unwrap();
    hospital.write("person", &crowd(50, |i| i, |i| i, false));
    let error = hospital.ingest().unwrap_err();
    assert!(matches!(error, IngestError::Identity { missing: 50, read: 50 }), "{error}");
    let mut options = hospital.options();
    options.accept_renumbering = true;
    let report = hospital.ingest_with(&options).unwrap();
    assert_eq!((report.identity, report.persons.first_seen), (Identity::PersonId, 50));
    assert_eq!(hospital.current().manifest().contents.numbers, 100, "everybody is new");
    // person_id it stays, also when there are source values again.
    hospital.write("person", &crowd(50, |i| i, |i| i, true));
    let report = hospital.ingest().unwrap();
    assert_eq!((report.identity, report.persons.recurring), (Identity::PersonId, 50));
}

#[test]
fn the_index_does_not_hold_identifiers_and_needs_its_secret() {
    let hospital = Hospital::small();
    hospital.ingest().unwrap();
    let other = Hospital::small();
    let mut entropy = <rand_chacha::ChaCha20Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(8);
    renkei_node::ingest::run(&other.store, &other.options(), &mut |_| {}, &mut entropy).unwrap();
    let (mine, theirs) = (hospital.current().person_index().unwrap(), other.current().person_index().unwrap());
    assert!(mine.iter().zip(&theirs).all(|(mine, theirs)| mine.identity != theirs.identity));
    let mode = fs::metadata(hospital.state().join("lineage.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::remove_file(hospital.state().join("lineage.json")).unwrap();
    let error = hospital.ingest().unwrap_err();
    assert!(
        matches!(&error, IngestError::Store(Error::Damaged { path, .. }) if path.ends_with("lineage.json")),
        "{error}"
    );
    fs::copy(other.state().join("lineage.json"), hospital.state().join("lineage.json")).unwrap();
    assert!(hospital.ingest().is_err(), "another store's secret");
}
