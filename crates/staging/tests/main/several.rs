//! Several systems of one hospital make one snapshot, in which nothing is there twice.

use std::collections::BTreeSet;

use renkei_ingest::namespace::is_own;
use renkei_ingest::{Coding, Namespace, System};
use renkei_sim_hospital::{Format as Written, Profile, write};
use renkei_staging::{Format, Limits, Patients, Source};

use crate::bench::{Bench, hospital, source};

fn sources(bench: &Bench) -> [Source; 2] {
    sources_of(bench, 150)
}

fn sources_of(bench: &Bench, patients: u32) -> [Source; 2] {
    let hospital = hospital(patients, Profile::Regional);
    let (chart, claims) = (bench.path("chart"), bench.path("claims"));
    write(&hospital, Written::SsMix2 { history: false }, &chart).unwrap();
    write(&hospital, Written::Dpc, &claims).unwrap();
    let patients = Patients { strip_zeros: true, crosswalk: None };
    [(Format::Ssmix2, chart), (Format::Dpc, claims)]
        .map(|(format, folder)| Source { patients: patients.clone(), ..source(format, &folder) })
}

#[test]
fn a_stay_in_two_systems_is_one_visit_of_one_person() {
    let bench = Bench::new();
    let both = sources(&bench);
    for source in &both {
        bench.scan(source, &Limits::default()).unwrap();
    }
    let (alone, tables) = bench.build(&both[..1], &[]);
    let visits = |tables: &crate::bench::Tables| tables.rows("visit_occurrence").len();
    let (before, conditions) = (visits(&tables), tables.rows("condition_occurrence").len());
    let (together, tables) = bench.build(&both, &[]);
    assert_eq!(together.persons, alone.persons);
    assert_eq!(visits(&tables), before);
    // The claims repeat the chart's diagnoses and add none of their own on the same day.
    let keys = |row: &crate::bench::Row| {
        ["person_id", "condition_source_value", "condition_start_date"].map(|column| row[column].clone())
    };
    let rows = tables.rows("condition_occurrence");
    let distinct: BTreeSet<_> = rows.iter().map(keys).collect();
    assert!(rows.len() >= conditions && distinct.len() <= rows.len());
    // What only the claims have is there, and belongs to the chart's visit.
    let acts = tables.rows("procedure_occurrence");
    let claimed: Vec<_> = acts.iter().filter(|row| row["procedure_source_value"].starts_with("RECEIPT:")).collect();
    assert!(!claimed.is_empty());
    assert!(claimed.iter().all(|row| row.contains_key("visit_occurrence_id")));
}

#[test]
fn only_the_tables_that_the_site_wants_come_from_a_source() {
    let bench = Bench::new();
    let [chart, mut claims] = sources(&bench);
    claims.tables = Some(["procedure_occurrence".to_owned()].into());
    for source in [&chart, &claims] {
        bench.scan(source, &Limits::default()).unwrap();
    }
    let (_, tables) = bench.build(&[chart, claims], &[]);
    let typed = |table: &str, column: &str| tables.rows(table).iter().filter(|row| row[column] == "32810").count();
    assert!(typed("procedure_occurrence", "procedure_type_concept_id") > 0);
    assert_eq!(typed("drug_exposure", "drug_type_concept_id"), 0);
    assert_eq!(typed("condition_occurrence", "condition_type_concept_id"), 0);
}

#[test]
fn whoever_opted_out_is_in_no_table_however_the_number_is_written() {
    let bench = Bench::new();
    let both = sources(&bench);
    for source in &both {
        bench.scan(source, &Limits::default()).unwrap();
    }
    let (all, _) = bench.build(&both, &[]);
    let (fewer, tables) = bench.build(&both, &["1", "000002", "nobody"]);
    assert_eq!((fewer.persons, fewer.opted_out), (all.persons - 2, 2));
    let persons: BTreeSet<String> = tables.rows("person").into_iter().map(|row| row["person_id"].clone()).collect();
    assert_eq!(persons.len() as u64, fewer.persons);
    for table in ["visit_occurrence", "condition_occurrence", "measurement", "drug_exposure"] {
        assert!(tables.rows(table).iter().all(|row| persons.contains(&row["person_id"])), "{table}");
    }
    // They come back as the persons they were.
    let (again, tables) = bench.build(&both, &[]);
    assert_eq!(again.persons, all.persons);
    assert!(tables.rows("person").iter().any(|row| !persons.contains(&row["person_id"])));
}

#[test]
fn own_codes_stand_under_the_name_of_their_source_and_national_ones_stay() {
    let bench = Bench::new();
    let plain = sources_of(&bench, 30);
    for source in &plain {
        bench.scan(source, &Limits::default()).unwrap();
    }
    let values = |tables: &crate::bench::Tables| {
        let columns = [
            ("procedure_occurrence", "procedure_source_value"),
            ("observation", "observation_source_value"),
            ("drug_exposure", "drug_source_value"),
            ("condition_occurrence", "condition_source_value"),
            ("measurement", "measurement_source_value"),
        ];
        let rows = columns
            .iter()
            .flat_map(|(table, column)| tables.rows(table).into_iter().filter_map(|mut row| row.remove(*column)));
        let mut found: Vec<String> = rows.collect();
        found.sort();
        found
    };
    let own = |value: &&String| {
        let (system, code) = value.split_once(':').unwrap_or(("", value));
        system == "LOCAL" && is_own(&Coding::new(System::Local, code))
    };
    let before = values(&bench.build(&plain, &[]).1);
    assert!(before.iter().any(|value| own(&value)), "the hospitals have codes of their own");
    assert!(before.iter().any(|value| value.starts_with("LOCAL:DPC")), "and answers of national forms");

    // Nothing is read again: the name is given when the patients are put together.
    let named = |name: &str| {
        let namespace: Namespace = name.parse().unwrap();
        plain.clone().map(|source| Source { namespace: Some(namespace.clone()), ..source })
    };
    let of = |name: &str| values(&bench.build(&named(name), &[]).1);
    for name in ["kameda", "nara-2"] {
        let mut expected: Vec<String> = before.clone();
        for value in &mut expected {
            if own(&&*value) {
                *value = value.replacen("LOCAL:", &format!("LOCAL:{name}:"), 1);
            }
        }
        expected.sort();
        assert_eq!(of(name), expected);
    }
}
