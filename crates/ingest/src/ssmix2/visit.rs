//! Receptions, and the steps of a stay.

use super::draft::Draft;
use super::remarks::{EVENT_DIFFERS, VISIT_CANCELLED};
use super::{event, time};
use crate::hl7::{Message, Segment};
use crate::record::{Death, Movement, Provenance, Record, Setting, Step, Visit};
use crate::{Coding, Rule, System};

/// ADT-12: an outpatient reception. Some systems write A01 there; it is no admission.
pub(super) fn reception(draft: &mut Draft<'_>, message: &Message<'_>) {
    match event(message) {
        "A11" | "A23" => return draft.remark(&VISIT_CANCELLED),
        "A04" | "" => {}
        _ => draft.remark(&EVENT_DIFFERS),
    }
    let Some(pv1) = essential(draft, message, "PV1") else { return };
    let occurred = message.segment("EVN").map_or("", |evn| evn.value(6));
    let Some(start) = draft.moment(&[pv1.value(44), occurred]) else { return draft.reject(pv1, Rule::Essential) };
    let setting = if pv1.value(2) == "E" { Setting::Emergency } else { Setting::Outpatient };
    let department = department(draft, pv1);
    draft.push(Record::Visit(Visit {
        key: None,
        part_of: None,
        setting,
        start,
        end: None,
        department,
        admitted_from: None,
        discharged_to: None,
        provenance: Provenance::EhrEncounter,
    }));
}

/// ADT-22, 52, 42, 31 and 32: a step of a stay, or that it did not happen after all.
pub(super) fn movement(draft: &mut Draft<'_>, message: &Message<'_>, step: Step) {
    let Some(pv1) = essential(draft, message, "PV1") else { return };
    let event = event(message);
    let retracts = matches!(event, "A11" | "A12" | "A13" | "A52" | "A53");
    if !event.is_empty() && !events(step).contains(&event) {
        draft.remark(&EVENT_DIFFERS);
    }
    let occurred = message.segment("EVN").map_or("", |evn| evn.value(6));
    let at = match step {
        Step::Admission => draft.moment(&[pv1.value(44), occurred]),
        Step::Discharge => draft.moment(&[pv1.value(45), occurred]),
        Step::Transfer | Step::LeaveStart | Step::LeaveEnd => draft.moment(&[occurred]),
    };
    let Some(at) = at else { return draft.reject(pv1, Rule::Essential) };
    let disposition = pv1.field(36);
    let discharge = step == Step::Discharge;
    if discharge && !retracts && is_death(disposition.first().component(1).raw()) {
        draft.push(Record::Death(Death { at, provenance: Provenance::Ehr }));
    }
    let discharged_to = if discharge { draft.code(disposition, System::Hl7(112)) } else { None };
    let admitted = if discharge { time::when(pv1.value(44)) } else { None };
    let (department, ward) = (department(draft, pv1), ward(draft, pv1));
    draft.push(Record::Movement(Movement { step, retracts, at, admitted, department, ward, discharged_to }));
}

/// The events of a step, and of taking it back.
fn events(step: Step) -> [&'static str; 2] {
    match step {
        Step::Admission => ["A01", "A11"],
        Step::Discharge => ["A03", "A13"],
        Step::Transfer => ["A02", "A12"],
        Step::LeaveStart => ["A21", "A52"],
        Step::LeaveEnd => ["A22", "A53"],
    }
}

/// Dispositions (user table 0112) of patients who died.
fn is_death(disposition: &str) -> bool {
    matches!(disposition.parse(), Ok(20_u8..=29 | 40..=42)) && disposition.len() == 2
}

fn essential<'m>(draft: &mut Draft<'_>, message: &'m Message<'_>, id: &str) -> Option<Segment<'m>> {
    let found = message.segment(id);
    if let (None, Some(first)) = (found, message.segments().next()) {
        draft.reject(first, Rule::Essential);
    }
    found
}

/// PV1-10, or else the department in the name of the file.
fn department(draft: &mut Draft<'_>, pv1: Segment<'_>) -> Option<Coding> {
    let stated = draft.code(pv1.field(10), System::Department);
    stated.or_else(|| {
        let named = draft.name.department.as_deref()?;
        draft.coding(System::Department, None, named, "")
    })
}

/// The ward of PV1-3, unless it is a clinic.
fn ward(draft: &mut Draft<'_>, pv1: Segment<'_>) -> Option<Coding> {
    let place = pv1.field(3).first();
    let ward = place.component(1);
    if ward.is_empty() || place.component(6).raw() == "C" {
        return None;
    }
    draft.coding(System::Local, Some("WARD"), &ward.text(), "")
}
