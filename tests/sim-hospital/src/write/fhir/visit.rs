//! Encounters.

use std::io;

use serde_json::{Value, json};

use super::file::Files;
use super::{Context, concept, hl7, instant, meta, practitioner};
use crate::write::{department_code, department_name};
use crate::{Visit, VisitKind};

pub(super) fn encounter(context: &Context<'_>, visit: &Visit, files: &mut Files) -> io::Result<()> {
    let class = match visit.kind {
        VisitKind::Outpatient => "AMB",
        VisitKind::Inpatient => "IMP",
        VisitKind::Emergency => "EMER",
    };
    let department = visit.care_site;
    let resource = json!({
        "id": format!("e{}", visit.id),
        "meta": meta("JP_Encounter", visit.end),
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": class},
        "serviceType":
            concept(context.systems.department, department_code(department), department_name(department)),
        "subject": context.subject(),
        "participant": [{"individual": practitioner(visit)}],
        "period": {"start": instant(visit.start), "end": instant(visit.end)},
        "diagnosis": diagnoses(visit),
        "hospitalization": stay(visit),
        "serviceProvider": {"reference": format!("Organization/dept{department}")},
    });
    files.put("Encounter", resource)
}

/// The diagnoses by rank.
fn diagnoses(visit: &Visit) -> Value {
    let one = |(place, diagnosis): (usize, &crate::Diagnosis)| {
        json!({
            "condition": {"reference": format!("Condition/x{}", diagnosis.id)},
            "use": hl7("diagnosis-role", if diagnosis.main { "CC" } else { "CM" }),
            "rank": place + 1,
        })
    };
    let all: Vec<Value> = visit.diagnoses.iter().enumerate().map(one).collect();
    if all.is_empty() { Value::Null } else { all.into() }
}

/// Where a stay came from and led to.
fn stay(visit: &Visit) -> Value {
    if visit.kind != VisitKind::Inpatient {
        return Value::Null;
    }
    let to = hl7("discharge-disposition", if visit.died { "exp" } else { "home" });
    if visit.urgent {
        return json!({"admitSource": hl7("admit-source", "emd"), "dischargeDisposition": to});
    }
    json!({"dischargeDisposition": to})
}
