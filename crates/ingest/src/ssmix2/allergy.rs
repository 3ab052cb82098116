//! Allergies: AL1 of the basic data, IAM of ADT-61.
//!
//! The kind of allergy (HL7 table 0127) is what was observed, and what the patient is allergic to is the answer.

use super::draft::Draft;
use super::remarks::{ALLERGY_REMOVED, UNREAD};
use crate::hl7::{Message, Segment};
use crate::record::{Observation, Provenance, Record, Value};
use crate::{Rule, System, When};

/// Miscellaneous allergy.
const UNSAID: &str = "MA";

/// ADT-61.
pub(super) fn allergies(draft: &mut Draft<'_>, message: &Message<'_>) {
    for iam in message.segments().filter(|segment| segment.id() == "IAM") {
        if iam.value(6) == "D" {
            draft.remark(&ALLERGY_REMOVED);
            continue;
        }
        let at = draft.about(&[iam.value(11), iam.value(13)]);
        push(draft, iam, at);
    }
}

/// AL1, whose sixth field is the date.
pub(super) fn of_basics(draft: &mut Draft<'_>, al1: Segment<'_>) {
    let at = draft.about(&[al1.value(6)]);
    push(draft, al1, at);
}

fn push(draft: &mut Draft<'_>, segment: Segment<'_>, at: Option<When>) {
    if segment.field(2).is_empty() && segment.field(3).is_empty() {
        return;
    }
    let Some(at) = at.or(draft.written) else { return draft.reject(segment, Rule::Essential) };
    let mut codes = draft.codes(segment.field(2), System::Hl7(127));
    if codes.is_empty() {
        codes.extend(draft.coding(System::Hl7(127), None, UNSAID, ""));
    }
    let code = draft.code(segment.field(3), System::Local);
    let unread = code.is_none();
    if unread {
        draft.remark(&UNREAD);
    }
    let value = Value { code, unread, ..Value::default() };
    let (provenance, link) = (Provenance::Ehr, draft.link(None));
    draft.push(Record::Observation(Observation { codes, at, value, provenance, link }));
}
