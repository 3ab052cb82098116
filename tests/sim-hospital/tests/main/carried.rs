//! What is said to be carried is what the OMOP form has, and the map leads there.

use std::collections::{BTreeMap, BTreeSet};

use renkei_sim_hospital::terms::Domain;
use renkei_sim_hospital::{Carried, Format, Tally, carried, concept_map, write_concept_map};

use crate::DEMO;
use crate::view::view;

const FORMATS: [Format; 5] =
    [Format::CsvV54, Format::SsMix2 { history: false }, Format::FhirNdjson { gzip: false }, Format::Dpc, Format::CsvJa];

#[test]
fn the_tables_of_omop_have_what_is_carried() {
    for (hospital, omop) in DEMO.iter() {
        let expect = carried(hospital, Format::CsvV54);
        let events = [
            (Domain::Condition, "condition_occurrence", "condition"),
            (Domain::Drug, "drug_exposure", "drug"),
            (Domain::Measurement, "measurement", "measurement"),
            (Domain::Procedure, "procedure_occurrence", "procedure"),
            (Domain::Observation, "observation", "observation"),
        ];
        let mut found: BTreeMap<(Domain, i32), BTreeMap<i64, u64>> = BTreeMap::new();
        for (domain, table, name) in events {
            let rows = view(omop, table);
            let concepts = rows.all(&format!("{name}_concept_id"));
            for (concept, person) in concepts.into_iter().zip(rows.all("person_id")) {
                let concept = i32::try_from(concept).unwrap();
                *found.entry((domain, concept)).or_default().entry(person).or_default() += 1;
            }
        }
        let tally = |own: BTreeMap<i64, u64>| Tally { rows: own.values().sum(), persons: own.len() as u64 };
        let found: BTreeMap<_, _> = found.into_iter().map(|(key, own)| (key, tally(own))).collect();
        assert_eq!(expect.concepts, found);
        let number = |table| omop.table(table).unwrap().num_rows() as u64;
        assert_eq!((expect.persons, expect.deaths), (number("person"), number("death")));
        assert_eq!(expect.visits.values().sum::<u64>(), number("visit_occurrence"));
        let values = view(omop, "measurement").floats("value_as_number");
        let valued: u64 = expect.valued.values().map(|tally| tally.rows).sum();
        assert_eq!(valued, values.iter().flatten().count() as u64);
    }
}

#[test]
fn formats_that_hold_the_same_facts_agree_by_concept() {
    for (hospital, _) in DEMO.iter() {
        let [omop, storage, fhir, _, own] = FORMATS.map(|format| carried(hospital, format));
        assert_eq!(omop.concepts, fhir.concepts);
        assert_eq!(omop.concepts, own.concepts);
        assert_eq!((omop.persons, omop.deaths, &omop.visits), (fhir.persons, fhir.deaths, &fhir.visits));
        let of = |carried: &Carried, domain| -> BTreeMap<i32, Tally> {
            carried.concepts.iter().filter(|((of, _), _)| *of == domain).map(|((_, id), tally)| (*id, *tally)).collect()
        };
        for domain in [Domain::Condition, Domain::Drug, Domain::Measurement] {
            assert_eq!(of(&omop, domain), of(&storage, domain));
        }
        assert!(of(&storage, Domain::Observation).is_empty());
        assert!(storage.rows(Domain::Procedure) > 0 && storage.rows(Domain::Procedure) < omop.rows(Domain::Procedure));
    }
}

#[test]
fn the_map_leads_every_carried_code_to_the_concept_of_omop() {
    let rows = concept_map();
    let map: BTreeMap<String, i32> = rows
        .iter()
        .map(|row| (format!("{}:{}", row.source_vocabulary_id, row.source_code), row.target_concept_id))
        .collect();
    assert_eq!(map.len(), rows.len(), "a code is mapped twice");
    for (hospital, _) in DEMO.iter() {
        for format in FORMATS {
            let expect = carried(hospital, format);
            let mut by_concept: BTreeMap<(Domain, i32), u64> = BTreeMap::new();
            for ((domain, code), tally) in &expect.codes {
                let concept = map.get(code).unwrap_or_else(|| panic!("{code} is in no row of the map"));
                *by_concept.entry((*domain, *concept)).or_default() += tally.rows;
            }
            let rows: BTreeMap<_, _> = expect.concepts.iter().map(|(key, tally)| (*key, tally.rows)).collect();
            assert_eq!(by_concept, rows, "{format:?}");
        }
    }
}

#[test]
fn the_map_names_the_concepts_of_the_vocabulary() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.csv");
    let count = write_concept_map(&path).unwrap();
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let table = renkei_cdm::table("source_to_concept_map").unwrap();
    assert_eq!(header, table.columns.iter().map(|column| column.name).collect::<Vec<_>>());
    let known: BTreeSet<i64> = view(&DEMO[0].1, "concept").all("concept_id").into_iter().collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), count);
    for row in &rows {
        for concept in [&row[1], &row[4]] {
            assert!(known.contains(&concept.parse().unwrap()), "{row:?}");
        }
    }
    for row in rows.iter().filter(|row| ["ICD10", "HOT9", "YJ", "JLAC10", "KCODE"].contains(&&row[2])) {
        assert_eq!(row[1] == *"0", row[4] == *"0", "a mapped code has a concept of its own: {row:?}");
    }
}
