//! Persons, their observation periods and deaths; places, care sites and doctors; the source itself.

use arrow_array::Date32Array;
use chrono::{Datelike, NaiveDate};

use super::OmopError;
use super::sheet::{Named, Sheet, dates, ints, longs, texts};
use crate::terms::*;
use crate::{Death, Department, Hospital, Sex};

pub(crate) fn tables(hospital: &Hospital) -> Result<Vec<Named>, OmopError> {
    Ok(vec![
        cdm_source(hospital)?,
        location(hospital)?,
        care_site(hospital)?,
        provider(hospital)?,
        person(hospital)?,
        observation_period(hospital)?,
        death(hospital)?,
    ])
}

fn cdm_source(hospital: &Hospital) -> Result<Named, OmopError> {
    let spec = &hospital.spec;
    let end = NaiveDate::from_ymd_opt(spec.last_year + 1, 4, 1).unwrap_or_default();
    let one = |text: String| texts::<String, _>(std::iter::once(text));
    Sheet::new("cdm_source", 1)?
        .set("cdm_source_name", one(format!("Synthetic hospital {}", spec.site)))
        .set("cdm_source_abbreviation", one(format!("SIM-{}", spec.site)))
        .set("cdm_holder", one("nobody: invented data".into()))
        .set("source_description", one(format!("{} invented patients", spec.patients)))
        .set("source_release_date", dates(std::iter::once(end)))
        .set("cdm_release_date", dates(std::iter::once(end)))
        .set("cdm_version", one("v5.4".into()))
        .set("cdm_version_concept_id", ints(std::iter::once(CDM_V5_4.concept)))
        .set("vocabulary_version", one(super::vocabulary::VERSION.into()))
        .finish()
}

fn location(hospital: &Hospital) -> Result<Named, OmopError> {
    let rows = &hospital.places;
    Sheet::new("location", rows.len())?
        .set("location_id", longs(rows.iter().map(|place| place.id)))
        .set("city", texts::<&str, _>(rows.iter().map(|place| place.name.as_str())))
        .set("location_source_value", texts::<String, _>(rows.iter().map(|place| format!("LOCAL:{}", place.id))))
        .finish()
}

fn care_site(hospital: &Hospital) -> Result<Named, OmopError> {
    let rows = &hospital.care_sites;
    let place = |department| match department {
        Department::Emergency => HOSPITAL_EMERGENCY.concept,
        Department::Oncology => HOSPITAL_WARD.concept,
        _ => HOSPITAL_CLINIC.concept,
    };
    Sheet::new("care_site", rows.len())?
        .set("care_site_id", longs(rows.iter().map(|site| site.id)))
        .set("care_site_name", texts::<&str, _>(rows.iter().map(|site| site.department.name())))
        .set("place_of_service_concept_id", ints(rows.iter().map(|site| place(site.department))))
        .set("location_id", longs(rows.iter().map(|_| 1)))
        .set("care_site_source_value", texts::<String, _>(rows.iter().map(|site| format!("LOCAL:{:02}", site.id))))
        .finish()
}

fn provider(hospital: &Hospital) -> Result<Named, OmopError> {
    let rows = &hospital.providers;
    Sheet::new("provider", rows.len())?
        .set("provider_id", longs(rows.iter().map(|doctor| doctor.id)))
        .set("specialty_concept_id", ints(rows.iter().map(|doctor| doctor.department.specialty().concept)))
        .set("care_site_id", longs(rows.iter().map(|doctor| doctor.department.care_site())))
        .set("provider_source_value", texts::<String, _>(rows.iter().map(|doctor| format!("LOCAL:D{:03}", doctor.id))))
        .finish()
}

fn person(hospital: &Hospital) -> Result<Named, OmopError> {
    let rows = &hospital.patients;
    let site = hospital.spec.site.to_uppercase();
    let number = |value: u32| i32::try_from(value).unwrap_or(0);
    let sex = |sex| match sex {
        Sex::Male => (MALE.concept, "LOCAL:M"),
        Sex::Female => (FEMALE.concept, "LOCAL:F"),
    };
    Sheet::new("person", rows.len())?
        .set("person_id", longs(rows.iter().map(|patient| patient.id)))
        .set("gender_concept_id", ints(rows.iter().map(|patient| sex(patient.sex).0)))
        .set("year_of_birth", ints(rows.iter().map(|patient| patient.born.year())))
        .set("month_of_birth", ints(rows.iter().map(|patient| number(patient.born.month()))))
        .set("day_of_birth", ints(rows.iter().map(|patient| number(patient.born.day()))))
        .set("race_concept_id", ints(rows.iter().map(|_| JAPANESE.concept)))
        .set("ethnicity_concept_id", ints(rows.iter().map(|_| NO_CONCEPT)))
        .set("location_id", longs(rows.iter().map(|patient| patient.place)))
        .set("person_source_value", texts::<String, _>(rows.iter().map(|patient| format!("{site}-{:07}", patient.id))))
        .set("gender_source_value", texts::<&str, _>(rows.iter().map(|patient| sex(patient.sex).1)))
        .set("gender_source_concept_id", ints(rows.iter().map(|_| NO_CONCEPT)))
        .finish()
}

fn observation_period(hospital: &Hospital) -> Result<Named, OmopError> {
    let rows: Vec<_> = hospital.patients.iter().map(|patient| (patient.id, patient.observed())).collect();
    let starts: Date32Array = dates(rows.iter().map(|(_, (start, _))| *start));
    Sheet::new("observation_period", rows.len())?
        .set("observation_period_id", longs(rows.iter().map(|(id, _)| *id)))
        .set("person_id", longs(rows.iter().map(|(id, _)| *id)))
        .set("observation_period_start_date", starts)
        .set("observation_period_end_date", dates(rows.iter().map(|(_, (_, end))| *end)))
        .set("period_type_concept_id", ints(rows.iter().map(|_| BY_ALGORITHM.concept)))
        .finish()
}

fn death(hospital: &Hospital) -> Result<Named, OmopError> {
    let drugs = hospital.spec.profile.drug_system();
    let dead = |patient: &crate::Patient| patient.death.clone().map(|death| (patient.id, death));
    let rows: Vec<(i64, Death)> = hospital.patients.iter().filter_map(dead).collect();
    Sheet::new("death", rows.len())?
        .set("person_id", longs(rows.iter().map(|(id, _)| *id)))
        .set("death_date", dates(rows.iter().map(|(_, death)| death.date)))
        .set("death_type_concept_id", ints(rows.iter().map(|_| FROM_RECORD.concept)))
        .set("cause_concept_id", ints(rows.iter().map(|(_, death)| death.cause.concept())))
        .set("cause_source_value", texts::<String, _>(rows.iter().map(|(_, death)| death.cause.source(drugs))))
        .set("cause_source_concept_id", ints(rows.iter().map(|(_, death)| source_concept(&death.cause, drugs))))
        .finish()
}
