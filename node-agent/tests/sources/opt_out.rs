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

#[test]
fn rows_that_name_no_person_go_with_the_rows_that_they_belong_to() {
    let (hospital, options) = hospital();
    hospital.write("person", "person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id,location_id,person_source_value\n\
        11,8507,1950,0,0,501,A\n12,8532,1980,0,0,502,B\n13,8507,2001,0,0,503,C\n");
    hospital.write("location", "location_id,state\n501,13\n502,14\n503,15\n504,16\n");
    hospital.write("care_site", "care_site_id,location_id\n1,503\n");
    hospital.write(
        "note",
        "note_id,person_id,note_date,note_type_concept_id,note_class_concept_id,note_text,encoding_concept_id,language_concept_id\n\
         61,11,2020-01-05,0,0,a,0,0\n62,12,2020-01-05,0,0,b,0,0\n",
    );
    hospital.write(
        "note_nlp",
        "note_nlp_id,note_id,lexical_variant,nlp_date\n71,61,fever,2020-01-06\n72,62,cough,2020-01-06\n73,62,secret,never\n",
    );
    hospital.write(
        "episode",
        "episode_id,person_id,episode_concept_id,episode_start_date,episode_object_concept_id,episode_type_concept_id\n\
         81,11,32531,2020-01-05,0,0\n82,12,32531,2020-01-05,0,0\n",
    );
    hospital.write("episode_event", "episode_id,event_id,episode_event_field_concept_id\n81,1,0\n82,3,0\n");
    hospital.write(
        "cost",
        "cost_id,cost_event_id,cost_domain_id,cost_type_concept_id\n91,101,Visit,0\n92,102,Visit,0\n93,4,Measurement,0\n",
    );
    hospital.write(
        "fact_relationship",
        "domain_concept_id_1,fact_id_1,domain_concept_id_2,fact_id_2,relationship_concept_id\n\
         56,11,56,13,0\n56,12,56,11,0\n21,4,21,4,0\n21,4,21,3,0\n",
    );
    list(&options, "patient\nnobody\n");
    hospital.ingest_with(&options).unwrap();
    let count = |table: &str| rows(&hospital.current(), table).num_rows();
    let tables = ["location", "note_nlp", "episode_event", "cost", "fact_relationship"];
    assert_eq!(tables.map(count), [4, 2, 2, 3, 4]);
    let quarantine = || fs::read_to_string(hospital.current().dir().join("quarantine.csv")).unwrap();
    assert!(quarantine().contains("secret"), "{}", quarantine());

    // B: her home, the terms of her note, her episode's event, the cost of her stay, every link to her or her results.
    list(&options, "patient\nB\n");
    let report = hospital.ingest_with(&options).unwrap();
    let order: Vec<&str> = report.tables.iter().map(|table| table.table.as_str()).collect();
    let specified = renkei_cdm::tables().iter().map(|table| table.name).filter(|name| order.contains(name));
    assert_eq!(order, specified.collect::<Vec<_>>());
    assert_eq!(tables.map(count), [3, 1, 1, 2, 2]);
    let snapshot = hospital.current();
    assert_eq!(ids(&rows(&snapshot, "location"), "location_id"), [501, 503, 504]);
    assert_eq!(ids(&rows(&snapshot, "note_nlp"), "note_id"), [61]);
    assert_eq!(ids(&rows(&snapshot, "cost"), "cost_event_id"), [101, 4]);
    assert!(!quarantine().contains("secret") && quarantine().contains("note_nlp"), "{}", quarantine());
    // A place where a care site is, or somebody else lives, stays.
    list(&options, "patient\nC\n");
    hospital.ingest_with(&options).unwrap();
    assert_eq!(ids(&rows(&hospital.current(), "location"), "location_id"), [501, 502, 503, 504]);
}

#[test]
fn broken_rows_of_somebody_who_opted_out_are_not_kept_aside() {
    let (hospital, options) = hospital();
    hospital.write(
        "measurement",
        "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id,value_source_value\n\
         1,11,3004410,2020-13-05,32817,kept\n2,12,3004410,2020-13-05,32817,secret\n",
    );
    list(&options, "patient\n7\n");
    let report = hospital.ingest_with(&options).unwrap();
    assert_eq!(report.quarantined(), 1, "{report}");
    let quarantine = fs::read_to_string(hospital.current().dir().join("quarantine.csv")).unwrap();
    assert!(quarantine.contains("kept") && !quarantine.contains("secret"), "{quarantine}");
}

#[test]
fn many_may_opt_out_at_once_without_looking_like_another_source() {
    let (hospital, options) = hospital();
    let everybody = vec![(11, 1950, "A"), (12, 1980, "007"), (13, 2001, "C")];
    // Two of three: the hospital leaves their rows in its export, or takes them out itself.
    for source in [everybody.clone(), vec![(13, 2001, "C")]] {
        hospital.write("person", &people(&everybody));
        list(&options, "patient\n");
        hospital.ingest_with(&options).unwrap();
        hospital.write("person", &people(&source));
        list(&options, "patient\nA\n007\n");
        let report = hospital.ingest_with(&options).unwrap();
        assert_eq!((report.persons.present, report.persons.recurring, report.persons.vanished), (1, 1, 0));
    }
    // Without the list the same export is refused.
    hospital.write("person", &people(&everybody));
    list(&options, "patient\n");
    hospital.ingest_with(&options).unwrap();
    hospital.write("person", &people(&[(13, 2001, "C")]));
    assert!(matches!(hospital.ingest_with(&options), Err(IngestError::Renumbered(_))));
}
