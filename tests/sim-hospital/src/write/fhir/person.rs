//! Patients with their insurance, the hospital and its doctors.

use std::io;

use serde_json::{Value, json};

use super::file::Files;
use super::system::Systems;
use super::{Context, PROFILES, day, hl7, meta};
use crate::identity::{Name, doctor, identity};
use crate::write::department_name;
use crate::{Hospital, Sex};

const REPRESENTATION: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";

/// A name in both scripts.
fn names(name: &Name) -> Value {
    let form = |code: &str, family: &str, given: &str| {
        json!({
            "extension": [{"url": REPRESENTATION, "valueCode": code}],
            "use": "official",
            "text": format!("{family} {given}"),
            "family": family,
            "given": [given],
        })
    };
    json!([form("IDE", &name.family, &name.given), form("SYL", &name.family_kana, &name.given_kana)])
}

/// The patient and the insurance.
pub(super) fn patient(context: &Context<'_>, files: &mut Files) -> io::Result<()> {
    let patient = context.patient;
    let who = identity(&context.hospital.spec, patient);
    let Some(first) = patient.visits.first() else { return Ok(()) };
    let resource = json!({
        "id": format!("p{}", patient.id),
        "meta": meta("JP_Patient", first.start),
        "identifier": [{
            "use": "usual",
            "type": hl7("v2-0203", "MR"),
            "system": context.systems.patient,
            "value": format!("{:07}", patient.id),
        }],
        "active": true,
        "name": names(&who.name),
        "telecom": [{"system": "phone", "value": who.phone, "use": "home"}],
        "gender": if patient.sex == Sex::Male { "male" } else { "female" },
        "birthDate": day(patient.born),
        "deceasedDateTime": patient.death.as_ref().map(|death| day(death.date)),
        "address": [{"use": "home", "text": who.address, "postalCode": who.zip, "country": "JP"}],
    });
    files.put("Patient", resource)?;
    let coverage = json!({
        "id": format!("c{}", patient.id),
        "meta": meta("JP_Coverage", first.start),
        "extension": [{
            "url": "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_Coverage_InsuredPersonSymbol",
            "valueString": who.symbol,
        }, {
            "url": "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_Coverage_InsuredPersonNumber",
            "valueString": who.number,
        }],
        "identifier": [{"system": "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID",
            "value": format!("{}:{}:{}", who.insurer, who.symbol, who.number)}],
        "status": "active",
        "type": {"coding": [{"system": "urn:oid:1.2.392.100495.20.2.61", "code": "1", "display": "医保"}]},
        "beneficiary": context.subject(),
        "payor": [{"identifier": {"value": who.insurer}}],
        "period": {"start": day(first.start.date())},
    });
    files.put("Coverage", coverage)
}

/// The hospital, its departments and doctors.
pub(super) fn staff(hospital: &Hospital, systems: &Systems, files: &mut Files) -> io::Result<()> {
    let profile = |name: &str| json!({"profile": [format!("{PROFILES}{name}")]});
    files.put(
        "Organization",
        json!({
            "id": "hospital",
            "meta": profile("JP_Organization"),
            "active": true,
            "type": [hl7("organization-type", "prov")],
            "name": "架空総合病院",
        }),
    )?;
    for site in &hospital.care_sites {
        let department = json!({
            "id": format!("dept{}", site.id),
            "meta": profile("JP_Organization"),
            "active": true,
            "type": [hl7("organization-type", "dept")],
            "name": department_name(site.id),
            "partOf": {"reference": "Organization/hospital"},
        });
        files.put("Organization", department)?;
    }
    for provider in &hospital.providers {
        let person = json!({
            "id": format!("d{}", provider.id),
            "meta": profile("JP_Practitioner"),
            "identifier": [{"system": systems.local, "value": format!("D{:03}", provider.id)}],
            "active": true,
            "name": names(&doctor(&hospital.spec, provider.id)),
        });
        files.put("Practitioner", person)?;
    }
    Ok(())
}
