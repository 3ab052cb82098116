//! Several systems of one hospital make one snapshot, in which nothing is there twice.

use std::collections::BTreeSet;

use renkei_sim_hospital::{Format as Written, Profile, write};
use renkei_staging::{Format, Limits, Patients, Source};

use crate::bench::{Bench, hospital, source};

fn sources(bench: &Bench) -> [Source; 2] {
    let hospital = hospital(150, Profile::Regional);
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
