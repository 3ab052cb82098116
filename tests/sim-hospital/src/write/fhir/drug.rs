//! Prescriptions, and injections as ordered and given.

use std::io;

use serde_json::{Value, json};

use super::file::Files;
use super::system::UCUM;
use super::{Context, concept, day, encounter, hl7, instant, meta, practitioner};
use crate::terms::japanese;
use crate::write::form::{Form, form};
use crate::{Prescription, Visit, VisitKind};

const PERIOD: &str = "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_MedicationDosage_PeriodOfUse";
const DURATION: &str = "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_MedicationDosage_UsageDuration";
const RP_GROUP: &str = "http://jpfhir.jp/fhir/core/mhlw/IdSystem/Medication-RPGroupNumber";
const RP_ORDER: &str = "http://jpfhir.jp/fhir/core/mhlw/IdSystem/MedicationAdministrationIndex";

pub(super) fn requests(context: &Context<'_>, visit: &Visit, files: &mut Files) -> io::Result<()> {
    for (index, item) in visit.prescriptions.iter().enumerate() {
        files.put("MedicationRequest", request(context, visit, index, item))?;
        if form(item.code.term).injected {
            files.put("MedicationAdministration", administration(context, visit, item))?;
        }
    }
    Ok(())
}

fn medication(context: &Context<'_>, item: &Prescription) -> Value {
    let name = form(item.code.term).product(japanese(item.code.term));
    json!({"coding": [context.systems.coding(context.drugs(), item.code, &name)], "text": name})
}

fn amount(context: &Context<'_>, item: &Prescription) -> Value {
    let Form { unit, unit_name, .. } = form(item.code.term);
    json!({"value": item.quantity, "unit": unit_name, "system": context.systems.merit9, "code": unit})
}

fn request(context: &Context<'_>, visit: &Visit, index: usize, item: &Prescription) -> Value {
    let Form { injected, route, .. } = form(item.code.term);
    let profile = if injected { "JP_MedicationRequest_Injection" } else { "JP_MedicationRequest" };
    let days = json!({"value": item.days, "unit": "日", "system": UCUM, "code": "d"});
    let usage = concept(context.systems.usage, "1011000400000000", "内服・経口・１日１回朝食後");
    let mut timing = json!({"repeat": {"boundsDuration": days}});
    if !injected {
        timing["code"] = usage;
    }
    let category = if visit.kind == VisitKind::Inpatient { "inpatient" } else { "outpatient" };
    json!({
        "id": format!("m{}", item.id),
        "meta": meta(profile, visit.start),
        "identifier": [
            {"system": RP_GROUP, "value": (index + 1).to_string()},
            {"system": RP_ORDER, "value": "1"},
        ],
        "status": "completed",
        "intent": "order",
        "category": [hl7("medicationrequest-category", category)],
        "medicationCodeableConcept": medication(context, item),
        "subject": context.subject(),
        "encounter": encounter(visit),
        "authoredOn": instant(visit.start),
        "requester": practitioner(visit),
        "dosageInstruction": [{
            "extension": [
                {"url": PERIOD, "valuePeriod": {"start": day(item.start)}},
                {"url": DURATION, "valueDuration": days},
            ],
            "timing": timing,
            "route": way(context, route),
        }],
        "dispenseRequest": {"quantity": amount(context, item), "expectedSupplyDuration": days},
    })
}

fn administration(context: &Context<'_>, visit: &Visit, item: &Prescription) -> Value {
    let Form { route, .. } = form(item.code.term);
    let (start, end) = (item.start.and_hms_opt(20, 0, 0), item.end().and_hms_opt(21, 0, 0));
    json!({
        "id": format!("a{}", item.id),
        "meta": meta("JP_MedicationAdministration_Injection", visit.end),
        "status": "completed",
        "medicationCodeableConcept": medication(context, item),
        "subject": context.subject(),
        "context": encounter(visit),
        "effectivePeriod": {"start": start.map(instant), "end": end.map(instant)},
        "request": {"reference": format!("MedicationRequest/m{}", item.id)},
        "dosage": {"route": way(context, route), "dose": amount(context, item)},
    })
}

/// The route, from its spelling in HL7 v2.
fn way(context: &Context<'_>, route: &str) -> Value {
    let mut parts = route.split('^');
    concept(context.systems.route, parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}
