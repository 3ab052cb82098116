//! What goes in comes out: rows, order, quarantine, findings, seal.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use renkei_node::ingest::{IngestError, Language, Oddity, Phase, Report};
use renkei_node::store::{Identity, Seal};

use super::fixture::{Hospital, NOW, ids, owners, people, rows};

fn findings(report: &Report) -> BTreeMap<(&str, &str, Oddity), u64> {
    report.findings.iter().map(|one| ((one.table.as_str(), one.column.as_str(), one.oddity), one.rows)).collect()
}

#[test]
fn a_small_folder_becomes_a_snapshot() {
    let hospital = Hospital::small();
    assert!(hospital.store.current().unwrap().is_none());
    let report = hospital.ingest().unwrap();
    let snapshot = hospital.current();
    assert_eq!(report.snapshot.as_ref(), Some(snapshot.id()));
    assert!(snapshot.id().as_str().starts_with("20261122t"), "{}", snapshot.id());
    let contents = &snapshot.manifest().contents;
    assert_eq!((contents.made_at, contents.sequence, contents.parent.as_ref()), (NOW, 1, None));
    assert_eq!((contents.identity, contents.numbers, snapshot.persons()), (Identity::SourceValue, 3, 3));
    assert_eq!(contents.lineage.len(), 32);
    assert_eq!(snapshot.seal(), Seal::Clinical);
    let measurement = rows(&snapshot, "measurement");
    assert_eq!(ids(&measurement, "measurement_id"), [1, 2, 3, 4]);
    assert_eq!(owners(&measurement), [0, 0, 1, 2]);
    assert_eq!(snapshot.rows("measurement"), 4);
    let schema = snapshot.schema("measurement").unwrap();
    let cdm = renkei_cdm::table("measurement").unwrap().arrow_schema();
    assert_eq!(schema.fields()[..cdm.fields().len()], cdm.fields()[..]);
    assert_eq!(schema.fields().last().unwrap().name(), renkei_cdm::OWNER_COLUMN);
    assert!(findings(&report).is_empty(), "{:?}", report.findings);
    assert!(hospital.store.verify(snapshot.id()).unwrap().sound());
}

#[test]
fn absent_tables_have_a_schema_and_no_rows() {
    let hospital = Hospital::small();
    hospital.ingest().unwrap();
    let snapshot = hospital.current();
    assert!(snapshot.table_files("note").is_empty());
    assert_eq!(snapshot.rows("note"), 0);
    assert!(snapshot.schema("note").is_some());
    assert!(snapshot.schema("no_such_table").is_none());
    hospital.write("death", "person_id,death_date\n");
    hospital.ingest().unwrap();
    let snapshot = hospital.current();
    assert_eq!((snapshot.table_files("death").len(), snapshot.rows("death")), (1, 0), "empty is not absent");
}

#[test]
fn rows_that_cannot_be_represented_are_in_quarantine_with_their_place() {
    let hospital = Hospital::small();
    hospital.write(
        "condition_occurrence",
        "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_type_concept_id,condition_source_value\n\
         1,11,201826,2020-13-01,32817,canary-date\n\
         2,11,201826,2020-01-01,32817,fine\n\
         3,99,201826,2020-01-01,32817,canary-stranger\n\
         4,12,,2020-01-01,32817,canary-required\n",
    );
    let report = hospital.ingest().unwrap();
    let table = report.tables.iter().find(|table| table.table == "condition_occurrence").unwrap();
    assert_eq!((table.read, table.accepted, table.quarantined()), (4, 1, 3));
    let path = hospital.current().dir().join("quarantine.csv");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut quarantine = csv::Reader::from_path(path).unwrap();
    let found: Vec<Vec<String>> =
        quarantine.records().map(|row| row.unwrap().iter().take(5).map(str::to_owned).collect()).collect();
    let file = "condition_occurrence.csv";
    let expect = [
        ["condition_occurrence", file, "2", "type", "condition_start_date"],
        ["condition_occurrence", file, "4", "person", "person_id"],
        ["condition_occurrence", file, "5", "required", "condition_concept_id"],
    ];
    assert_eq!(found, expect);
    for text in [report.text(Language::English), report.text(Language::Japanese), format!("{report:?}")] {
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains('3'), "{text}");
    }
    let stored = fs::read_to_string(hospital.current().dir().join("report.json")).unwrap();
    let stored: Report = serde_json::from_str(&stored).unwrap();
    assert_eq!(stored.tables, report.tables);
}

#[test]
fn of_rows_with_one_person_id_the_first_counts() {
    let hospital = Hospital::small();
    let mut text = people(&[(11, 1950, "A"), (12, 1980, "B"), (11, 1951, "D"), (13, 2001, "C"), (11, 1952, "E")]);
    text.push_str("11,x,1953,0,0,F\n");
    hospital.write("person", &text);
    let report = hospital.ingest().unwrap();
    let rejected = &report.tables[0].rejected;
    assert_eq!((rejected["duplicate-person"], rejected["type"]), (2, 1), "{rejected:?}");
    let snapshot = hospital.current();
    assert_eq!(ids(&rows(&snapshot, "person"), "person_id"), [11, 12, 13]);
    assert_eq!(snapshot.person_index().unwrap()[0].year_of_birth, 1950);
    let quarantine = fs::read_to_string(snapshot.dir().join("quarantine.csv")).unwrap();
    for line in
        ["person,person.csv,4,duplicate-person", "person,person.csv,6,duplicate-person", "person,person.csv,7,type"]
    {
        assert!(quarantine.contains(line), "{quarantine}");
    }
}

#[test]
fn dirty_rows_are_kept_and_counted() {
    let hospital = Hospital::small();
    hospital.write(
        "concept",
        "concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,concept_code,valid_start_date,valid_end_date\n\
         201826,Type 2 diabetes,Condition,SNOMED,Disorder,44054006,1970-01-01,2099-12-31\n\
         8507,MALE,Gender,Gender,Gender,M,1970-01-01,2099-12-31\n",
    );
    hospital.write(
        "condition_occurrence",
        "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_end_date,condition_type_concept_id,visit_occurrence_id,condition_source_value\n\
         1,11,201826,2020-01-05,2020-01-04,0,101,x\n\
         1,12,999,1890-01-01,,0,101,x\n\
         1,13,201826,2026-11-25,,0,,0123456789012345678901234567890123456789012345678901\n\
         2,13,0,2026-11-22,,0,555,ここは五十一文字ではないので長すぎない、七十バイトを超えるけれども\n",
    );
    let report = hospital.ingest().unwrap();
    let found = findings(&report);
    let count = |column, oddity| found.get(&("condition_occurrence", column, oddity)).copied().unwrap_or(0);
    assert_eq!(hospital.current().rows("condition_occurrence"), 4);
    assert_eq!(count("condition_occurrence_id", Oddity::DuplicateKey), 2);
    assert_eq!(count("condition_end_date", Oddity::EndBeforeStart), 1);
    assert_eq!(count("condition_start_date", Oddity::Before1900), 1);
    assert_eq!(count("condition_start_date", Oddity::AfterSnapshot), 1);
    assert_eq!(count("condition_start_date", Oddity::BeforeBirth), 1);
    assert_eq!(count("condition_source_value", Oddity::TooLong), 1);
    assert_eq!(count("condition_concept_id", Oddity::UnknownConcept), 1, "0 is known");
    assert_eq!(count("visit_occurrence_id", Oddity::UnknownVisit), 2, "one of another person, one of nobody");
    assert_eq!(found.get(&("measurement", "measurement_concept_id", Oddity::UnknownConcept)), Some(&4));
    assert_eq!(found.get(&("person", "gender_concept_id", Oddity::UnknownConcept)), None);
}

#[test]
fn without_a_vocabulary_no_concept_is_called_unknown() {
    let hospital = Hospital::small();
    let report = hospital.ingest().unwrap();
    assert!(report.findings.iter().all(|finding| finding.oddity != Oddity::UnknownConcept));
}

#[test]
fn seal_and_vocabulary_version_are_recorded() {
    let hospital = Hospital::small();
    hospital.write(
        "vocabulary",
        "vocabulary_id,vocabulary_name,vocabulary_reference,vocabulary_version,vocabulary_concept_id\n\
         SNOMED,SNOMED CT,x,2024-01,1\nNone,OMOP Standardized Vocabularies,x,v5.0 27-AUG-25,2\n",
    );
    for seal in [Seal::Synthetic, Seal::Public] {
        let mut options = hospital.options();
        options.seal = seal;
        let report = hospital.ingest_with(&options).unwrap();
        assert_eq!((hospital.current().seal(), report.seal), (seal, seal));
        assert_eq!(hospital.current().vocabulary_version(), Some("v5.0 27-AUG-25"));
    }
}

#[test]
fn a_wrong_source_leaves_the_old_snapshot_current() {
    let hospital = Hospital::small();
    hospital.ingest().unwrap();
    let before = hospital.current().id().clone();
    let wrong = |table: &str, text: &str| {
        hospital.write(table, text);
        let error = hospital.ingest().unwrap_err();
        hospital.write_small();
        assert_eq!(*hospital.current().id(), before);
        assert_eq!(hospital.store.list().unwrap().len(), 1);
        assert!(fs::read_dir(hospital.state().join("snapshots")).unwrap().count() == 1, "nothing lies about");
        error
    };
    let error = wrong("measurement", "measurement_id,person_id\n1,11\n");
    assert!(matches!(error, IngestError::Open(_)), "{error}");
    let error = wrong("person", people(&[]).as_str());
    assert!(matches!(error, IngestError::NoPersons { read: 0 }), "{error}");
    let unclosed = "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id,value_source_value\n\
                    1,11,3004410,2020-01-05,32817,\"5\n2,11,3004410,2020-01-05,32817,x\n";
    let error = wrong("measurement", unclosed);
    assert!(matches!(error, IngestError::Read(_)), "{error}");
    fs::remove_file(hospital.source().join("person.csv")).unwrap();
    assert!(hospital.ingest().is_err());
    assert_eq!(*hospital.current().id(), before);
}

#[test]
fn progress_ends_where_the_source_ends() {
    let hospital = Hospital::small();
    let mut seen = Vec::new();
    let mut entropy = <rand_chacha::ChaCha20Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(1);
    renkei_node::ingest::run(&hospital.store, &hospital.options(), &mut |progress| seen.push(progress), &mut entropy)
        .unwrap();
    let last = seen.iter().rfind(|progress| progress.phase == Phase::Tables).unwrap();
    assert_eq!((last.done, last.rows), (last.total, 9));
    assert!(seen.is_sorted_by_key(|progress| progress.done));
    assert_eq!(seen.last().unwrap().phase, Phase::Publish);
}
