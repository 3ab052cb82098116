//! Results, vital signs and smoking.

use std::io;

use serde_json::{Value, json};

use super::file::Files;
use super::system::UCUM;
use super::{Context, concept, day, encounter, hl7, instant, meta, practitioner};
use crate::terms::{self, japanese};
use crate::{Lab, Visit, carry};

const CATEGORIES: &str = "http://jpfhir.jp/fhir/core/CodeSystem/JP_SimpleObservationCategory_CS";
const LOINC: &str = "http://loinc.org";

pub(super) fn results(context: &Context<'_>, visit: &Visit, files: &mut Files) -> io::Result<()> {
    let is = |lab: &Lab, assay: &terms::Assay| lab.assay == assay;
    let partner =
        |lab: &Lab, other: &terms::Assay| visit.labs.iter().find(|found| found.at == lab.at && is(found, other));
    for lab in &visit.labs {
        if is(lab, &terms::DIASTOLIC) && partner(lab, &terms::SYSTOLIC).is_some() {
            continue;
        }
        let low = if is(lab, &terms::SYSTOLIC) { partner(lab, &terms::DIASTOLIC) } else { None };
        let resource = match low {
            Some(low) => pressure(context, visit, lab, low),
            None => single(context, visit, lab),
        };
        files.put("Observation", resource)?;
    }
    Ok(())
}

/// What all observations of a visit have; without a code and a value.
fn base(context: &Context<'_>, visit: &Visit, lab: &Lab) -> Value {
    let (profile, category) = if lab.assay == &terms::WEIGHT || lab.assay == &terms::HEIGHT {
        ("JP_Observation_BodyMeasurement", "vital-signs")
    } else if lab.assay.is_vital() {
        ("JP_Observation_VitalSigns", "vital-signs")
    } else {
        ("JP_Observation_LabResult", "laboratory")
    };
    json!({
        "id": format!("o{}", lab.id),
        "meta": meta(profile, lab.at),
        "status": "final",
        "category": [{"coding": [{"system": CATEGORIES, "code": category}]}],
        "subject": context.subject(),
        "encounter": encounter(visit),
        "effectiveDateTime": instant(lab.at),
        "performer": [practitioner(visit)],
    })
}

/// Code, value and range of one result.
fn valued(context: &Context<'_>, lab: &Lab, mut into: Value) -> Value {
    let name = japanese(&lab.assay.term);
    let unit = lab.assay.unit.name;
    let quantity = |value: f64| json!({"value": value, "unit": unit, "system": UCUM, "code": unit});
    into["code"] = json!({"coding": [context.systems.coding(context.drugs(), lab.code, name)], "text": name});
    match lab.value {
        Some(value) => into["valueQuantity"] = quantity(value),
        None => into["dataAbsentReason"] = hl7("data-absent-reason", "error"),
    }
    let mut range = json!({});
    if let Some(low) = lab.assay.range.0 {
        range["low"] = quantity(low);
    }
    if let Some(high) = lab.assay.range.1 {
        range["high"] = quantity(high);
    }
    if lab.assay.range != (None, None) {
        into["referenceRange"] = json!([range]);
    }
    into
}

fn single(context: &Context<'_>, visit: &Visit, lab: &Lab) -> Value {
    let mut resource = valued(context, lab, base(context, visit, lab));
    let flag = lab.assay.flag(lab.value);
    if !flag.is_empty() {
        resource["interpretation"] = json!([hl7("v3-ObservationInterpretation", flag)]);
    }
    resource
}

/// Blood pressure: a panel without a value of its own.
fn pressure(context: &Context<'_>, visit: &Visit, high: &Lab, low: &Lab) -> Value {
    let mut resource = base(context, visit, high);
    resource["code"] = concept(LOINC, "85354-9", "血圧");
    resource["component"] = [high, low].map(|lab| valued(context, lab, json!({}))).to_vec().into();
    resource
}

pub(super) fn smoking(context: &Context<'_>, visit: &Visit, files: &mut Files) -> io::Result<()> {
    for item in &visit.observations {
        let resource = json!({
            "id": format!("s{}", item.id),
            "meta": meta("JP_Observation_SocialHistory", visit.start),
            "status": "final",
            "category": [{"coding": [{"system": CATEGORIES, "code": "social-history"}]}],
            "code": concept(LOINC, "72166-2", japanese(item.term)),
            "valueCodeableConcept":
                concept(&context.systems.local, carry::answer(item.value), japanese(item.value)),
            "subject": context.subject(),
            "encounter": encounter(visit),
            "effectiveDateTime": day(item.date),
        });
        files.put("Observation", resource)?;
    }
    Ok(())
}
