//! Clean tables: every reference resolves, every date lies within its person's time.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow_schema::DataType;
use renkei_cdm::ColumnType;
use renkei_sim_hospital::Omop;

use crate::DEMO;
use crate::view::view;

#[test]
fn tables_have_the_schema_of_the_cdm_and_no_flaw() {
    for (_, omop) in DEMO.iter() {
        assert!(omop.dirt.is_clean());
        for (name, rows) in &omop.tables {
            assert_eq!(rows.schema(), renkei_cdm::table(name).unwrap().arrow_schema(), "{name}");
            assert!(rows.num_rows() > 0, "{name} is empty");
        }
    }
}

/// The distinct values of a column as text, nulls left out.
fn keys(omop: &Omop, table: &str, column: &str) -> BTreeSet<String> {
    let rows = view(omop, table);
    match rows.0.column_by_name(column).unwrap().data_type() {
        DataType::Utf8 => rows.texts(column).into_iter().flatten().map(str::to_owned).collect(),
        _ => rows.ints(column).into_iter().flatten().collect::<HashSet<_>>().iter().map(i64::to_string).collect(),
    }
}

#[test]
fn keys_are_unique_and_references_resolve() {
    let mut checked = 0;
    for (_, omop) in DEMO.iter() {
        let mut targets: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
        for (name, rows) in &omop.tables {
            for column in renkei_cdm::table(name).unwrap().columns {
                let values = || keys(omop, name, column.name);
                if column.primary_key {
                    assert_eq!(values().len(), rows.num_rows(), "{name}.{} is not unique", column.name);
                }
                let Some(key) = column.foreign_key else { continue };
                if omop.table(key.table).is_none() {
                    assert!(values().is_empty(), "{name}.{} refers to a table that is not there", column.name);
                    continue;
                }
                let target = (key.table, key.column);
                let known = targets.entry(target).or_insert_with(|| keys(omop, key.table, key.column));
                for value in values() {
                    assert!(known.contains(&value), "{name}.{} = {value} is not in {}", column.name, key.table);
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 200_000, "only {checked} distinct references were looked at");
}

#[test]
fn every_date_lies_in_the_observation_period_and_nothing_follows_death() {
    for (_, omop) in DEMO.iter() {
        let periods = view(omop, "observation_period");
        let (persons, starts, ends) = (
            periods.all("person_id"),
            periods.all("observation_period_start_date"),
            periods.all("observation_period_end_date"),
        );
        let period: BTreeMap<i64, (i64, i64)> = persons.into_iter().zip(starts.into_iter().zip(ends)).collect();
        let deaths = view(omop, "death");
        for (person, date) in deaths.all("person_id").into_iter().zip(deaths.all("death_date")) {
            assert_eq!(period[&person].1, date, "the record ends with death");
        }
        for (name, rows) in &omop.tables {
            let table = renkei_cdm::table(name).unwrap();
            if table.person_column().is_none() {
                continue;
            }
            let view = crate::view::View(rows);
            let persons = view.all("person_id");
            for column in table.columns.iter().filter(|column| column.kind == ColumnType::Date) {
                for (person, date) in persons.iter().zip(view.ints(column.name)) {
                    let (from, to) = period[person];
                    assert!(date.is_none_or(|date| (from..=to).contains(&date)), "{name}.{} of {person}", column.name);
                }
            }
        }
    }
}

#[test]
fn events_fall_into_their_visit_and_belong_to_its_person() {
    for (hospital, omop) in DEMO.iter() {
        let visits = view(omop, "visit_occurrence");
        let spans = visits.all("visit_start_date").into_iter().zip(visits.all("visit_end_date"));
        let owners: BTreeMap<i64, (i64, (i64, i64))> =
            visits.all("visit_occurrence_id").into_iter().zip(visits.all("person_id").into_iter().zip(spans)).collect();
        let starts = [
            ("condition_occurrence", "condition_start_date"),
            ("drug_exposure", "drug_exposure_start_date"),
            ("procedure_occurrence", "procedure_date"),
            ("measurement", "measurement_date"),
            ("observation", "observation_date"),
        ];
        for (table, date) in starts {
            let rows = view(omop, table);
            let events = rows.ints("visit_occurrence_id").into_iter().zip(rows.all("person_id")).zip(rows.all(date));
            for ((visit, person), date) in events {
                let Some(visit) = visit else { continue };
                let (owner, (from, to)) = owners[&visit];
                assert_eq!(owner, person, "{table} of visit {visit}");
                assert!((from..=to).contains(&date), "{table} of visit {visit} at {}", hospital.spec.site);
            }
        }
    }
}

#[test]
fn nobody_is_in_two_places_at_once() {
    for patient in DEMO.iter().flat_map(|(hospital, _)| &hospital.patients) {
        for pair in patient.visits.windows(2) {
            assert!(pair[0].end <= pair[1].start, "patient {}: {:?} overlaps the next visit", patient.id, pair[0].kind);
        }
        assert!(patient.visits.iter().all(|visit| visit.start < visit.end && visit.start.date() >= patient.born));
    }
}

#[test]
fn ancestors_reach_over_levels() {
    let (_, omop) = &DEMO[0];
    let rows = view(omop, "concept_ancestor");
    let levels = |ancestor, descendant| {
        let pairs = rows.all("ancestor_concept_id").into_iter().zip(rows.all("descendant_concept_id"));
        let at = pairs.clone().position(|pair| pair == (ancestor, descendant))?;
        Some((rows.all("min_levels_of_separation")[at], rows.all("max_levels_of_separation")[at]))
    };
    assert_eq!(levels(201_826, 201_826), Some((0, 0)));
    assert_eq!(levels(201_820, 201_826), Some((1, 1)), "diabetes above type 2 diabetes");
    assert_eq!(levels(4_274_025, 201_826), Some((3, 3)), "disease above type 2 diabetes");
    assert_eq!(levels(21_600_712, 1_503_297), Some((1, 1)), "antidiabetics above metformin");
    assert_eq!(levels(201_826, 201_820), None);
    let names = view(omop, "vocabulary");
    let version = names
        .texts("vocabulary_id")
        .into_iter()
        .zip(names.texts("vocabulary_version"))
        .find(|row| row.0 == Some("None"));
    assert_eq!(version, Some((Some("None"), Some("renkei-sim 1"))));
}
