//! Each format yields, code by code, the rows and persons that the model has: nothing is lost, nothing is invented.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use renkei_sim_hospital::terms::Domain;
use renkei_sim_hospital::{Format as Written, Profile, Tally, carried, write};
use renkei_staging::{Format, Limits};

use crate::bench::{Bench, Tables, hospital, source};

/// Tables of events, their columns for code and concept, and their domain in the model.
const EVENTS: [(&str, &str, Domain); 5] = [
    ("condition_occurrence", "condition", Domain::Condition),
    ("drug_exposure", "drug", Domain::Drug),
    ("measurement", "measurement", Domain::Measurement),
    ("procedure_occurrence", "procedure", Domain::Procedure),
    ("observation", "observation", Domain::Observation),
];

fn tallies(tables: &Tables, column: impl Fn(&str) -> String) -> BTreeMap<(Domain, String), Tally> {
    let mut all = BTreeMap::<(Domain, String), (u64, BTreeSet<String>)>::new();
    for (table, stem, domain) in EVENTS {
        for row in tables.rows(table) {
            let value = row.get(&column(stem)).cloned().unwrap_or_default();
            let entry = all.entry((domain, value)).or_default();
            entry.0 += 1;
            entry.1.insert(row["person_id"].clone());
        }
    }
    let tally = |(rows, persons): (u64, BTreeSet<String>)| Tally { rows, persons: persons.len() as u64 };
    all.into_iter().map(|(key, found)| (key, tally(found))).collect()
}

fn check(written: Written, format: Format, profile: Profile) {
    check_with(written, format, profile, &[]);
}

fn check_with(written: Written, format: Format, profile: Profile, mappings: &[PathBuf]) {
    let (bench, hospital) = (Bench::new(), hospital(200, profile));
    let folder = bench.path("source");
    write(&hospital, written, &folder).unwrap();
    let mut source = source(format, &folder);
    source.mappings = mappings.to_vec();
    let report = bench.scan(&source, &Limits::default()).unwrap();
    assert_eq!(report.rejected, BTreeMap::new(), "{report:#?}");
    let (built, tables) = bench.build(std::slice::from_ref(&source), &[]);
    let expect = carried(&hospital, written);
    assert_eq!(built.persons, expect.persons);
    assert_eq!(tables.rows("death").len() as u64, expect.deaths);
    let mut visits = BTreeMap::<i32, u64>::new();
    for row in tables.rows("visit_occurrence") {
        *visits.entry(row["visit_concept_id"].parse().unwrap()).or_default() += 1;
    }
    assert_eq!(visits, expect.visits);
    let codes = tallies(&tables, |stem| format!("{stem}_source_value"));
    for (key, tally) in &expect.codes {
        assert_eq!(codes.get(key), Some(tally), "{key:?}");
    }
    let concepts = tallies(&tables, |stem| format!("{stem}_concept_id"));
    for ((domain, concept), tally) in expect.concepts.iter().filter(|((_, concept), _)| *concept != 0) {
        assert_eq!(concepts.get(&(*domain, concept.to_string())), Some(tally), "{domain:?} {concept}");
    }
    // Everybody was under observation, for one row at least.
    let observed: BTreeSet<String> =
        tables.rows("observation_period").into_iter().map(|mut row| row.remove("person_id").unwrap()).collect();
    assert_eq!(observed.len() as u64, expect.persons);
}

#[test]
fn ss_mix2() {
    check(Written::SsMix2 { history: true }, Format::Ssmix2, Profile::University);
}

#[test]
fn fhir() {
    check(Written::FhirNdjson { gzip: false }, Format::Fhir, Profile::Regional);
}

#[test]
fn fhir_compressed() {
    check(Written::FhirNdjson { gzip: true }, Format::Fhir, Profile::University);
}

#[test]
fn a_hospitals_own_tables() {
    let folder = "../../tests/sim-hospital/mappings";
    let mut mappings: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    mappings.sort();
    assert_eq!(mappings.len(), 9);
    check_with(Written::CsvJa, Format::Csv, Profile::University, &mappings);
}

#[test]
fn dpc() {
    check(Written::Dpc, Format::Dpc, Profile::Regional);
}
