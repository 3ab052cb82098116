//! OMG-11 and OMG-12: imaging and endoscopy that was performed.
//!
//! A message repeats one examination as order (NW), as parent (PA) and as its parts (CH). Parts count; the two others
//! only where there is no part, and then once.

use super::draft::Draft;
use super::order::Order;
use super::remarks::NOT_PERFORMED;
use super::time;
use crate::hl7::{Message, Segment};
use crate::record::{Procedure, Provenance, Record};
use crate::{Rule, System};

/// How far back a repetition is looked for: it follows at once.
const REPEATS: usize = 16;

/// The examinations of a message.
pub(super) fn examinations(draft: &mut Draft<'_>, message: &Message<'_>) {
    let orders = Order::all(draft, message, "OBR");
    let parts = orders.iter().any(|order| order.control() == "CH");
    for order in orders.iter().filter(|order| !parts || order.control() == "CH") {
        let obr = order.first("OBR");
        let mut techniques = 0;
        for ze1 in order.named("ZE1").filter(|ze1| !ze1.field(3).is_empty()) {
            techniques += 1;
            // RS: result; anything else was only planned.
            if matches!(ze1.value(2), "RS" | "") {
                examination(draft, order, ze1, 3, obr);
            } else {
                draft.remark(&NOT_PERFORMED);
            }
        }
        if let (0, Some(obr)) = (techniques, obr) {
            examination(draft, order, obr, 4, Some(obr));
        }
    }
}

fn examination(
    draft: &mut Draft<'_>,
    order: &Order<'_>,
    segment: Segment<'_>,
    number: usize,
    obr: Option<Segment<'_>>,
) {
    let Some(codes) = draft.essential(segment, number, System::Local) else { return };
    let observed = |number| obr.map_or("", |obr| obr.value(number));
    let Some(start) = draft.moment(&[observed(7), observed(22), order.time()]) else {
        return draft.reject(segment, Rule::Essential);
    };
    let end = time::when(observed(8));
    let (provenance, link) = (Provenance::Ehr, draft.link(order.orc));
    let record = Record::Procedure(Procedure { codes, start, end, quantity: None, surgery: false, provenance, link });
    let repeated = || draft.records.iter().rev().take(REPEATS).any(|earlier| *earlier == record);
    if order.control() == "CH" || !repeated() {
        draft.push(record);
    }
}
