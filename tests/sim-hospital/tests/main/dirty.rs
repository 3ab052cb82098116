//! Flaws: there when asked for, of the stated kinds, in the stated numbers.

use std::collections::BTreeSet;

use renkei_sim_hospital::{Dirt, Flaw, Spec};

use crate::view::{View, view};
use crate::{made, small};

/// Table, its key, its concept, its start date, its end date.
const TABLES: [(&str, &str, &str, &str, Option<&str>); 6] = [
    ("visit_occurrence", "visit_occurrence_id", "visit_concept_id", "visit_start_date", Some("visit_end_date")),
    (
        "condition_occurrence",
        "condition_occurrence_id",
        "condition_concept_id",
        "condition_start_date",
        Some("condition_end_date"),
    ),
    (
        "drug_exposure",
        "drug_exposure_id",
        "drug_concept_id",
        "drug_exposure_start_date",
        Some("drug_exposure_end_date"),
    ),
    ("procedure_occurrence", "procedure_occurrence_id", "procedure_concept_id", "procedure_date", None),
    ("measurement", "measurement_id", "measurement_concept_id", "measurement_date", None),
    ("observation", "observation_id", "observation_concept_id", "observation_date", None),
];

#[test]
fn dirt_is_counted_as_it_is() {
    let spec = Spec { patients: 1_200, dirt: true, ..small(3) };
    let (_, omop) = made(&spec);
    let persons: BTreeSet<i64> = view(&omop, "person").all("person_id").into_iter().collect();
    let visits: BTreeSet<i64> = view(&omop, "visit_occurrence").all("visit_occurrence_id").into_iter().collect();
    let concepts: BTreeSet<i64> = view(&omop, "concept").all("concept_id").into_iter().collect();
    let mut found = Dirt::default();
    for (table, key, concept, start, end) in TABLES {
        let rows: View<'_> = view(&omop, table);
        let mut note = |flaw, count: usize| {
            if count > 0 {
                found.counts.insert((table, flaw), count as u64);
            }
        };
        let ids = rows.all(key);
        note(Flaw::DuplicateId, ids.len() - ids.iter().collect::<BTreeSet<_>>().len());
        note(Flaw::UnknownPerson, rows.all("person_id").iter().filter(|id| !persons.contains(id)).count());
        note(Flaw::UnknownConcept, rows.all(concept).iter().filter(|id| !concepts.contains(id)).count());
        let visit = if table == "visit_occurrence" { "preceding_visit_occurrence_id" } else { "visit_occurrence_id" };
        note(Flaw::UnknownVisit, rows.ints(visit).iter().flatten().filter(|id| !visits.contains(id)).count());
        let starts = rows.all(start);
        note(Flaw::BeforeBirth, starts.iter().filter(|date| **date < -25_000).count());
        if let Some(end) = end {
            let ends = rows.ints(end);
            note(
                Flaw::EndsBeforeStart,
                ends.iter().zip(&starts).filter(|(end, start)| end.is_some_and(|end| end < **start)).count(),
            );
        }
    }
    assert_eq!(found, omop.dirt);
    for flaw in [
        Flaw::DuplicateId,
        Flaw::UnknownPerson,
        Flaw::UnknownVisit,
        Flaw::UnknownConcept,
        Flaw::EndsBeforeStart,
        Flaw::BeforeBirth,
    ] {
        assert!(omop.dirt.total(flaw) > 0, "{flaw:?} does not occur");
    }
    assert!(omop.dirt.count("measurement", Flaw::DuplicateId) > 0);
}

#[test]
fn dirt_leaves_the_patients_as_they_are() {
    let clean = small(5);
    let dirty = Spec { dirt: true, ..clean.clone() };
    let ((one, tables), (other, soiled)) = (made(&clean), made(&dirty));
    assert_eq!(one.patients, other.patients);
    assert!(tables.dirt.is_clean() && !soiled.dirt.is_clean());
    assert_eq!(tables.table("person"), soiled.table("person"));
    assert_ne!(tables.table("measurement"), soiled.table("measurement"));
}
