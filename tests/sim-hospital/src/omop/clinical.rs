//! Visits, conditions, drugs, procedures, measurements and observations.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::OmopError;
use super::dirt::Dirt;
use super::event::{Event, Fact, Names, events, sheet};
use super::sheet::{Named, Sheet, dates, floats, instants, ints, longs, texts};
use crate::terms::*;
use crate::{Diagnosis, Hospital, Lab, Observation, Prescription, Procedure, Visit, VisitKind};

pub(crate) fn tables(hospital: &Hospital, dirt: &mut Dirt) -> Result<Vec<Named>, OmopError> {
    Ok(vec![
        visits(hospital, dirt)?,
        conditions(hospital, dirt)?,
        drugs(hospital, dirt)?,
        procedures(hospital, dirt)?,
        measurements(hospital, dirt)?,
        observations(hospital, dirt)?,
    ])
}

fn midnight(date: NaiveDate) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN)
}

fn visits(hospital: &Hospital, dirt: &mut Dirt) -> Result<Named, OmopError> {
    let fact = |_: &_, visit: &Visit| {
        let kind = match visit.kind {
            VisitKind::Inpatient => &INPATIENT,
            VisitKind::Outpatient => &OUTPATIENT,
            VisitKind::Emergency => &EMERGENCY,
        };
        Fact { id: visit.id, code: Err(kind.concept), start: visit.start, end: Some(visit.end) }
    };
    let rows = events("visit_occurrence", hospital, (1, 0.0), std::slice::from_ref, fact, dirt);
    let came = |row: &Event<'_, Visit>| row.item.urgent.then_some((HOSPITAL_EMERGENCY.concept, "LOCAL:EMG"));
    let died = |row: &Event<'_, Visit>| row.item.died.then_some((PATIENT_DIED.concept, "LOCAL:DIED"));
    let code = |kind| match kind {
        VisitKind::Inpatient => "LOCAL:IN",
        VisitKind::Outpatient => "LOCAL:OUT",
        VisitKind::Emergency => "LOCAL:EMG",
    };
    // An unknown visit has no other place in this table than the visit before.
    let before = preceding(&rows);
    Sheet::new("visit_occurrence", rows.len())?
        .set("visit_occurrence_id", longs(rows.iter().map(|row| row.id)))
        .set("person_id", longs(rows.iter().map(|row| row.person)))
        .set("visit_concept_id", ints(rows.iter().map(|row| row.concept)))
        .set("visit_start_date", dates(rows.iter().map(|row| row.start.date())))
        .set("visit_start_datetime", instants(rows.iter().map(|row| row.start)))
        .set("visit_end_date", dates(rows.iter().map(|row| row.end.map(|end| end.date()))))
        .set("visit_end_datetime", instants(rows.iter().map(|row| row.end)))
        .set("visit_type_concept_id", ints(rows.iter().map(|_| FROM_ENCOUNTER.concept)))
        .set("provider_id", longs(rows.iter().map(|row| row.provider)))
        .set("care_site_id", longs(rows.iter().map(|row| row.item.care_site)))
        .set("visit_source_value", texts::<&str, _>(rows.iter().map(|row| code(row.item.kind))))
        .set("visit_source_concept_id", ints(rows.iter().map(|_| 0)))
        .set("admitted_from_concept_id", ints(rows.iter().map(|row| came(row).map(|from| from.0))))
        .set("admitted_from_source_value", texts::<&str, _>(rows.iter().map(|row| came(row).map(|from| from.1))))
        .set("discharged_to_concept_id", ints(rows.iter().map(|row| died(row).map(|to| to.0))))
        .set("discharged_to_source_value", texts::<&str, _>(rows.iter().map(|row| died(row).map(|to| to.1))))
        .set("preceding_visit_occurrence_id", longs(before.into_iter()))
        .finish()
}

/// The inpatient stay that a patient had before each inpatient stay.
fn preceding(rows: &[Event<'_, Visit>]) -> Vec<Option<i64>> {
    let mut last: Option<(i64, i64)> = None;
    let mut before = |row: &Event<'_, Visit>| {
        if row.visit != Some(row.id) {
            return row.visit;
        }
        if row.item.kind != VisitKind::Inpatient {
            return None;
        }
        let found = last.filter(|(person, visit)| *person == row.person && *visit != row.id).map(|(_, visit)| visit);
        last = Some((row.person, row.id));
        found
    };
    rows.iter().map(&mut before).collect()
}

fn conditions(hospital: &Hospital, dirt: &mut Dirt) -> Result<Named, OmopError> {
    let names = Names {
        table: "condition_occurrence",
        id: "condition_occurrence_id",
        concept: "condition_concept_id",
        date: "condition_start_date",
        datetime: "condition_start_datetime",
        end: Some(("condition_end_date", "condition_end_datetime")),
        kind: "condition_type_concept_id",
        source: ("condition_source_value", "condition_source_concept_id"),
    };
    let fact = |_: &_, item: &Diagnosis| Fact {
        id: item.id,
        code: Ok(item.code),
        start: midnight(item.start),
        end: item.end.map(midnight),
    };
    let rows = events(names.table, hospital, (2, 0.004), |visit| &visit.diagnoses[..], fact, dirt);
    let rank = |row: &Event<'_, Diagnosis>| {
        if row.item.main { (MAIN_DIAGNOSIS.concept, "LOCAL:MAIN") } else { (OTHER_DIAGNOSIS.concept, "LOCAL:OTHER") }
    };
    sheet(&names, &rows, FROM_PROBLEM_LIST.concept, hospital.spec.profile.drug_system())?
        .set("condition_status_concept_id", ints(rows.iter().map(|row| rank(row).0)))
        .set("condition_status_source_value", texts::<&str, _>(rows.iter().map(|row| rank(row).1)))
        .finish()
}

fn drugs(hospital: &Hospital, dirt: &mut Dirt) -> Result<Named, OmopError> {
    let names = Names {
        table: "drug_exposure",
        id: "drug_exposure_id",
        concept: "drug_concept_id",
        date: "drug_exposure_start_date",
        datetime: "drug_exposure_start_datetime",
        end: Some(("drug_exposure_end_date", "drug_exposure_end_datetime")),
        kind: "drug_type_concept_id",
        source: ("drug_source_value", "drug_source_concept_id"),
    };
    let fact = |_: &_, item: &Prescription| Fact {
        id: item.id,
        code: Ok(item.code),
        start: midnight(item.start),
        end: Some(midnight(item.end())),
    };
    let rows = events(names.table, hospital, (3, 0.01), |visit| &visit.prescriptions[..], fact, dirt);
    sheet(&names, &rows, FROM_PRESCRIPTION.concept, hospital.spec.profile.drug_system())?
        .set("quantity", floats(rows.iter().map(|row| row.item.quantity)))
        .set("days_supply", ints(rows.iter().map(|row| row.item.days)))
        .finish()
}

fn procedures(hospital: &Hospital, dirt: &mut Dirt) -> Result<Named, OmopError> {
    let names = Names {
        table: "procedure_occurrence",
        id: "procedure_occurrence_id",
        concept: "procedure_concept_id",
        date: "procedure_date",
        datetime: "procedure_datetime",
        end: None,
        kind: "procedure_type_concept_id",
        source: ("procedure_source_value", "procedure_source_concept_id"),
    };
    let fact =
        |_: &_, item: &Procedure| Fact { id: item.id, code: Ok(item.code), start: midnight(item.date), end: None };
    let rows = events(names.table, hospital, (4, 0.0), |visit| &visit.procedures[..], fact, dirt);
    sheet(&names, &rows, FROM_RECORD.concept, hospital.spec.profile.drug_system())?
        .set("quantity", ints(rows.iter().map(|_| 1)))
        .finish()
}

fn measurements(hospital: &Hospital, dirt: &mut Dirt) -> Result<Named, OmopError> {
    let names = Names {
        table: "measurement",
        id: "measurement_id",
        concept: "measurement_concept_id",
        date: "measurement_date",
        datetime: "measurement_datetime",
        end: None,
        kind: "measurement_type_concept_id",
        source: ("measurement_source_value", "measurement_source_concept_id"),
    };
    let loose = hospital.spec.profile.traits().loose;
    let fact = |_: &_, item: &Lab| Fact { id: item.id, code: Ok(item.code), start: item.at, end: None };
    let rows = events(names.table, hospital, (5, loose), |visit| &visit.labs[..], fact, dirt);
    sheet(&names, &rows, FROM_LABORATORY.concept, hospital.spec.profile.drug_system())?
        .set("value_as_number", floats(rows.iter().map(|row| row.item.value)))
        .set("unit_concept_id", ints(rows.iter().map(|row| row.item.assay.unit.concept)))
        .set("unit_source_value", texts::<&str, _>(rows.iter().map(|row| row.item.assay.unit.name)))
        .set("range_low", floats(rows.iter().map(|row| row.item.assay.range.0)))
        .set("range_high", floats(rows.iter().map(|row| row.item.assay.range.1)))
        .finish()
}

fn observations(hospital: &Hospital, dirt: &mut Dirt) -> Result<Named, OmopError> {
    let names = Names {
        table: "observation",
        id: "observation_id",
        concept: "observation_concept_id",
        date: "observation_date",
        datetime: "observation_datetime",
        end: None,
        kind: "observation_type_concept_id",
        source: ("observation_source_value", "observation_source_concept_id"),
    };
    let fact = |_: &_, item: &Observation| Fact {
        id: item.id,
        code: Err(item.term.concept),
        start: midnight(item.date),
        end: None,
    };
    let rows = events(names.table, hospital, (6, 0.0), |visit| &visit.observations[..], fact, dirt);
    sheet(&names, &rows, FROM_RECORD.concept, hospital.spec.profile.drug_system())?
        .set("value_as_concept_id", ints(rows.iter().map(|row| row.item.value.concept)))
        .finish()
}
