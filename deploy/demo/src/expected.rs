//! Answers counted directly on the simulated patients: no engine, no SQL, the minimum of persons applied by hand.

use std::collections::{BTreeMap, BTreeSet};

use renkei_sim_hospital::{Hospital, Patient, Sex, Visit, terms};
use serde_json::{Value, json};

use crate::stage::MINIMUM;

/// A row of an answer, by column.
pub(crate) type Row = BTreeMap<String, Value>;

/// One site's cell: its persons, its number of rows, and the values among them.
#[derive(Debug, Default)]
struct Cell {
    persons: BTreeSet<i64>,
    rows: i64,
    values: Vec<f64>,
}

/// Cells of all sites by key; a site is there only with at least the minimum of persons.
type Cells = BTreeMap<String, Vec<Cell>>;

fn cells(
    hospitals: &[Hospital],
    mut rows: impl FnMut(&Hospital, &Patient, &mut dyn FnMut(String, Option<f64>)),
) -> Cells {
    let mut all = Cells::new();
    for hospital in hospitals {
        let mut site: BTreeMap<String, Cell> = BTreeMap::new();
        for patient in &hospital.patients {
            rows(hospital, patient, &mut |key, value| {
                let cell = site.entry(key).or_default();
                cell.persons.insert(patient.id);
                cell.rows += 1;
                cell.values.extend(value);
            });
        }
        for (key, cell) in site.into_iter().filter(|(_, cell)| cell.persons.len() >= MINIMUM) {
            all.entry(key).or_default().push(cell);
        }
    }
    all
}

fn persons(cells: &[Cell]) -> usize {
    cells.iter().map(|cell| cell.persons.len()).sum()
}

fn row<const N: usize>(columns: [(&str, Value); N], contributing: usize, sites: usize) -> Row {
    let counts = [("renkei_sites", json!(contributing)), ("renkei_held", json!(sites - contributing))];
    columns.into_iter().chain(counts).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn sex(patient: &Patient) -> String {
    match patient.sex {
        Sex::Male => terms::MALE.name.to_owned(),
        Sex::Female => terms::FEMALE.name.to_owned(),
    }
}

/// A concept and everything under it.
fn with_descendants(root: i32) -> BTreeSet<i32> {
    let mut found = BTreeSet::from([root]);
    loop {
        let before = found.len();
        let below = terms::all().filter(|term| term.parents.iter().any(|parent| found.contains(parent)));
        let below: Vec<i32> = below.map(|term| term.concept).collect();
        found.extend(below);
        if found.len() == before {
            return found;
        }
    }
}

fn has_condition(patient: &Patient, concepts: &BTreeSet<i32>) -> bool {
    patient
        .visits
        .iter()
        .flat_map(|visit| &visit.diagnoses)
        .any(|diagnosis| concepts.contains(&diagnosis.code.concept()))
}

pub(crate) fn persons_by_sex(hospitals: &[Hospital]) -> Vec<Row> {
    let cells = cells(hospitals, |_, patient, emit| emit(sex(patient), None));
    let rows = cells.iter().map(|(sex, cells)| {
        row([("sex", json!(sex)), ("persons", json!(persons(cells)))], cells.len(), hospitals.len())
    });
    rows.collect()
}

pub(crate) fn hba1c_in_diabetes(hospitals: &[Hospital]) -> Vec<Row> {
    let diabetes = with_descendants(terms::TYPE_2_DIABETES.concept);
    let cells = cells(hospitals, |_, patient, emit| {
        if has_condition(patient, &diabetes) {
            let tests = patient.visits.iter().flat_map(|visit| &visit.labs);
            tests
                .filter(|lab| lab.code.concept() == terms::HBA1C.term.concept && lab.value.is_some())
                .for_each(|lab| emit(sex(patient), lab.value));
        }
    });
    let rows = cells.iter().map(|(sex, cells)| {
        let values: Vec<f64> = cells.iter().flat_map(|cell| cell.values.iter().copied()).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let columns = [
            ("sex", json!(sex)),
            ("persons", json!(persons(cells))),
            ("tests", json!(cells.iter().map(|cell| cell.rows).sum::<i64>())),
            ("mean", json!(mean)),
            ("sd", json!(variance.sqrt())),
        ];
        row(columns, cells.len(), hospitals.len())
    });
    rows.collect()
}

pub(crate) fn admissions_by_site_and_year(hospitals: &[Hospital]) -> Vec<Row> {
    use renkei_sim_hospital::VisitKind::Inpatient;
    let year = |visit: &Visit| visit.start.format("%Y").to_string();
    let cells = cells(hospitals, |hospital, patient, emit| {
        let admissions = patient.visits.iter().filter(|visit| visit.kind == Inpatient);
        admissions.for_each(|visit| emit(format!("{} {}", hospital.spec.site, year(visit)), None));
    });
    let rows = cells.iter().filter_map(|(key, cells)| {
        let (site, year) = key.split_once(' ')?;
        let admissions: i64 = cells.iter().map(|cell| cell.rows).sum();
        let columns =
            [("site_id", json!(site)), ("year", json!(year.parse::<i64>().ok()?)), ("admissions", json!(admissions))];
        // Cells of a site are that site's alone: nobody else holds anything there.
        Some(row(columns, 1, 1))
    });
    rows.collect()
}

pub(crate) fn diabetes_prevalence(hospitals: &[Hospital]) -> Vec<Row> {
    let diabetes = with_descendants(terms::TYPE_2_DIABETES.concept);
    let all = cells(hospitals, |_, patient, emit| emit(sex(patient), None));
    let ill = cells(hospitals, |_, patient, emit| {
        if has_condition(patient, &diabetes) {
            emit(sex(patient), None);
        }
    });
    let rows = all.iter().filter_map(|(sex, all)| {
        let ill = ill.get(sex)?;
        let (part, whole) = (persons(ill), persons(all));
        let percent = 100.0 * part as f64 / whole as f64;
        let columns =
            [("sex", json!(sex)), ("ill", json!(part)), ("persons", json!(whole)), ("percent", json!(percent))];
        Some(row(columns, all.len().min(ill.len()), hospitals.len()))
    });
    rows.collect()
}

pub(crate) fn rare_disease(hospitals: &[Hospital]) -> Vec<Row> {
    let rare = BTreeSet::from([terms::ALS.concept]);
    let cells = cells(hospitals, |_, patient, emit| {
        if has_condition(patient, &rare) {
            emit(String::new(), None);
        }
    });
    let cells = cells.get("").map(Vec::as_slice).unwrap_or_default();
    let count = if cells.is_empty() { Value::Null } else { json!(persons(cells)) };
    vec![row([("persons", count)], cells.len(), hospitals.len())]
}
