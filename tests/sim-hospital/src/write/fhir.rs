//! FHIR R4 after JP Core: the files of a bulk export, one line per resource.
//!
//! Code systems go by their addresses at a university hospital and by their object identifiers elsewhere: JP Core is
//! moving from the one to the other and data has both. Resources refer to each other by type and id, as in
//! `Encounter/e12`; a patient's own number is an identifier and not the id. Injections are ordered and given, and the
//! administration refers to its order. Systolic and diastolic pressure of one moment are components of one observation.

mod drug;
mod event;
mod file;
mod observation;
mod person;
mod system;
mod visit;

use std::io;
use std::path::Path;

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use self::file::Files;
use self::system::Systems;
use super::{WriteError, Written};
use crate::{Hospital, Patient, Visit};

/// Base of the profiles of JP Core.
const PROFILES: &str = "http://jpfhir.jp/fhir/core/StructureDefinition/";

/// Writes the files.
pub(super) fn write(hospital: &Hospital, gzip: bool, folder: &Path) -> Result<Written, WriteError> {
    let failed = |error| WriteError::File(folder.into(), error);
    let mut files = Files::create(folder, gzip).map_err(failed)?;
    all(hospital, &mut files).map_err(failed)?;
    Ok(Written { tables: files.finish().map_err(failed)?, ..Written::default() })
}

fn all(hospital: &Hospital, files: &mut Files) -> io::Result<()> {
    let systems = Systems::of(hospital);
    person::staff(hospital, &systems, files)?;
    for patient in &hospital.patients {
        let context = Context { hospital, systems: &systems, patient };
        person::patient(&context, files)?;
        for visit in &patient.visits {
            visit::encounter(&context, visit, files)?;
            event::conditions(&context, visit, files)?;
            event::procedures(&context, visit, files)?;
            drug::requests(&context, visit, files)?;
            observation::results(&context, visit, files)?;
            observation::smoking(&context, visit, files)?;
        }
    }
    Ok(())
}

/// What every resource of a patient needs.
struct Context<'a> {
    hospital: &'a Hospital,
    systems: &'a Systems,
    patient: &'a Patient,
}

impl Context<'_> {
    fn drugs(&self) -> &'static str {
        self.hospital.spec.profile.drug_system()
    }

    fn subject(&self) -> Value {
        json!({"reference": format!("Patient/p{}", self.patient.id)})
    }
}

fn encounter(visit: &Visit) -> Value {
    json!({"reference": format!("Encounter/e{}", visit.id)})
}

fn practitioner(visit: &Visit) -> Value {
    json!({"reference": format!("Practitioner/d{}", visit.provider)})
}

/// `meta` of a resource that was written at a time.
fn meta(profile: &str, at: NaiveDateTime) -> Value {
    json!({"profile": [format!("{PROFILES}{profile}")], "lastUpdated": instant(at)})
}

/// A moment in Japan.
fn instant(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+09:00").to_string()
}

fn day(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

/// A concept with one code.
fn concept(system: &str, code: &str, display: &str) -> Value {
    json!({"coding": [{"system": system, "code": code, "display": display}], "text": display})
}

/// A concept of HL7's own.
fn hl7(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code}]})
}
