//! Diagnoses and procedures.

use std::io;

use serde_json::json;

use super::file::Files;
use super::system::ICD10;
use super::{Context, day, encounter, hl7, instant, meta, practitioner};
use crate::terms::japanese;
use crate::{Visit, carry};

/// Diagnoses under ICD-10 and the number in the master of diseases.
pub(super) fn conditions(context: &Context<'_>, visit: &Visit, files: &mut Files) -> io::Result<()> {
    for item in &visit.diagnoses {
        let name = japanese(item.code.term);
        let source = item.code.source(context.drugs());
        let status = if item.end.is_some() { "resolved" } else { "active" };
        let resource = json!({
            "id": format!("x{}", item.id),
            "meta": meta("JP_Condition", visit.end),
            "clinicalStatus": hl7("condition-clinical", status),
            "verificationStatus": hl7("condition-ver-status", "confirmed"),
            "category": [hl7("condition-category", "encounter-diagnosis")],
            "code": {
                "coding": [
                    {"system": ICD10, "code": source.trim_start_matches("ICD10:"), "display": name},
                    {"system": context.systems.medis, "code": carry::medis(item.code), "display": name},
                ],
                "text": name,
            },
            "subject": context.subject(),
            "encounter": encounter(visit),
            "onsetDateTime": day(item.start),
            "abatementDateTime": item.end.map(day),
            "recordedDate": instant(visit.start),
            "recorder": practitioner(visit),
        });
        files.put("Condition", resource)?;
    }
    Ok(())
}

pub(super) fn procedures(context: &Context<'_>, visit: &Visit, files: &mut Files) -> io::Result<()> {
    for item in &visit.procedures {
        let name = japanese(item.code.term);
        let resource = json!({
            "id": format!("t{}", item.id),
            "meta": meta("JP_Procedure", visit.end),
            "status": "completed",
            "code": {"coding": [context.systems.coding(context.drugs(), item.code, name)], "text": name},
            "subject": context.subject(),
            "encounter": encounter(visit),
            "performedDateTime": day(item.date),
            "performer": [{"actor": practitioner(visit)}],
        });
        files.put("Procedure", resource)?;
    }
    Ok(())
}
