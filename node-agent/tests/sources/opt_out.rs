//! Patients who opted out do not enter a snapshot of OMOP tables either.

use std::fs;

use renkei_node::ingest::{IngestError, Language, Options};

use crate::store::fixture::{Hospital, ids, people, rows};

fn hospital() -> (Hospital, Options) {
    let hospital = Hospital::small();
    hospital.write("person", &people(&[(11, 1950, "A"), (12, 1980, "007"), (13, 2001, "C")]));
    let list = hospital.dir.path().join("opt-out.csv");
    fs::write(&list, "patient,scope\n").unwrap();
    let options = Options { opt_out: Some(list), ..hospital.options() };
    (hospital, options)
}

fn list(options: &Options, text: &str) {
    fs::write(options.opt_out.as_ref().unwrap(), text).unwrap();
}

#[test]
fn whoever_opted_out_is_in_no_table_and_not_in_the_quarantine() {
    let (hospital, options) = hospital();
    assert_eq!(hospital.ingest_with(&options).unwrap().opted_out, 0);
    let all = hospital.current();
    assert_eq!(ids(&rows(&all, "person"), "person_id"), [11, 12, 13]);
    // Zeros in front mean nothing, on either side; a scope is another matter; a person_id is a number too.
    for (text, left) in [
        ("patient,scope\n7,\n", vec![11, 13]),
        ("patient,scope\n00007,all\n", vec![11, 13]),
        ("patient,scope\n11,\nC,some-project\n", vec![12, 13]),
        ("patient,scope\nC,\nnobody,\n", vec![11, 12]),
    ] {
        list(&options, text);
        let report = hospital.ingest_with(&options).unwrap();
        let snapshot = hospital.current();
        assert_eq!(ids(&rows(&snapshot, "person"), "person_id"), left, "{text}");
        for table in ["visit_occurrence", "measurement"] {
            assert!(ids(&rows(&snapshot, table), "person_id").iter().all(|person| left.contains(person)), "{text}");
        }
        assert_eq!(report.opted_out, 1, "{text}");
        assert_eq!(report.quarantined(), 0, "{report}");
        assert!(report.text(Language::Japanese).contains("オプトアウトにより除外した患者: 1 名"));
        let quarantine = fs::read_to_string(snapshot.dir().join("quarantine.csv")).unwrap();
        assert_eq!(quarantine.lines().count(), 1, "{quarantine}");
    }
    // Rows of persons who are not there at all still go to the quarantine.
    hospital.write("person", &people(&[(12, 1980, "007"), (13, 2001, "C")]));
    list(&options, "patient\n7\n");
    let options = Options { accept_renumbering: true, ..options };
    let report = hospital.ingest_with(&options).unwrap();
    assert_eq!((report.opted_out, report.quarantined()), (1, 3), "{report}");
}

#[test]
fn a_person_who_comes_back_has_the_number_of_before() {
    let (hospital, options) = hospital();
    hospital.ingest_with(&options).unwrap();
    let before = hospital.current().person_index().unwrap();
    list(&options, "patient\nA\n");
    hospital.ingest_with(&options).unwrap();
    assert_eq!(hospital.current().person_index().unwrap()[0].person_id, None);
    list(&options, "patient\n");
    hospital.ingest_with(&options).unwrap();
    assert_eq!(hospital.current().person_index().unwrap(), before);
}

#[test]
fn without_a_readable_list_nothing_is_read() {
    let (hospital, options) = hospital();
    for text in ["number\n471\n", "patient,scope\n471\n"] {
        list(&options, text);
        let error = hospital.ingest_with(&options).unwrap_err();
        assert!(matches!(error, IngestError::OptOut(_)) && !error.to_string().contains("471"), "{error}");
    }
    fs::remove_file(options.opt_out.as_ref().unwrap()).unwrap();
    assert!(matches!(hospital.ingest_with(&options), Err(IngestError::OptOut(_))));
    assert!(hospital.store.current().unwrap().is_none());
}

#[test]
fn everybody_may_opt_out_and_then_there_is_no_snapshot() {
    let (hospital, options) = hospital();
    list(&options, "patient\nA\n7\nC\n");
    assert!(matches!(hospital.ingest_with(&options), Err(IngestError::NoPersons { read: 3 })));
}
