//! OMP-01 and OMP-02: drugs as ordered; OMP-11 and OMP-12: drugs as given.

use super::draft::{Draft, amount};
use super::order::Order;
use super::remarks::NOT_GIVEN;
use super::time;
use super::timing::Timing;
use crate::hl7::{Message, Segment};
use crate::record::{Codes, Drug, Provenance, Record};
use crate::{Coding, Rule, System};

/// Vaccination, of the types of injection. It stands last among the codes of a vaccine: the product comes first.
const VACCINATION: &str = "JHSI0002:06";

/// OMP-01: one drug to an order.
pub(super) fn prescriptions(draft: &mut Draft<'_>, message: &Message<'_>) {
    for order in Order::all(draft, message, "RXE") {
        let timing = Timing::of(draft, &order);
        for rxe in order.named("RXE") {
            let Some(mut codes) = draft.essential(rxe, 2, System::Local) else { continue };
            for more in draft.codes(rxe.field(31), System::Local) {
                if !codes.contains(&more) {
                    codes.push(more);
                }
            }
            let dispensed = amount(rxe.field(10)).map(|quantity| (quantity, rxe.field(11)));
            let by_need = || Some((amount(rxe.field(3))? * timing.as_needed?, rxe.field(5)));
            let stated = dispensed.or_else(by_need);
            let unit = stated.and_then(|(_, unit)| draft.unit(unit));
            let quantity = stated.map(|(quantity, _)| quantity);
            ordered(draft, &order, &timing, rxe, codes, (quantity, unit), Provenance::EhrPrescription);
        }
    }
}

/// OMP-02: RXE names the type of injection, RXC each drug of the mixture.
pub(super) fn injections(draft: &mut Draft<'_>, message: &Message<'_>) {
    for order in Order::all(draft, message, "RXE") {
        let timing = Timing::of(draft, &order);
        let vaccine = vaccination(draft, &order);
        let mixed = order.first("RXC").is_some();
        let parts = order.segments.iter().filter(|segment| segment.id() == if mixed { "RXC" } else { "RXE" });
        for part in parts.copied().collect::<Vec<_>>() {
            let (quantity, unit) = if mixed { (3, 4) } else { (10, 11) };
            let Some(mut codes) = draft.essential(part, 2, System::Local) else { continue };
            if !mixed && codes.iter().all(is_type) {
                draft.reject(part, Rule::Essential);
                continue;
            }
            codes.extend(vaccine.clone().filter(|vaccine| !codes.contains(vaccine)));
            let amounts = (amount(part.field(quantity)), draft.unit(part.field(unit)));
            ordered(draft, &order, &timing, part, codes, amounts, Provenance::EhrOrder);
        }
    }
}

fn ordered(
    draft: &mut Draft<'_>,
    order: &Order<'_>,
    timing: &Timing,
    segment: Segment<'_>,
    codes: Codes,
    (quantity, unit): (Option<f64>, Option<Coding>),
    provenance: Provenance,
) {
    let Some(start) = timing.start.or_else(|| draft.moment(&[order.time()])) else {
        return draft.reject(segment, Rule::Essential);
    };
    let route = order.rxr.and_then(|rxr| draft.code(rxr.field(1), System::Hl7(162)));
    draft.push(Record::Drug(Drug {
        reference: None,
        codes,
        start,
        end: timing.end(start),
        days: timing.days,
        quantity,
        unit,
        route,
        provenance,
        order: order.number(draft),
        link: draft.link(order.orc),
    }));
}

/// OMP-11 and OMP-12: RXA each drug, RXR the route of those before it.
pub(super) fn administrations(draft: &mut Draft<'_>, message: &Message<'_>) {
    for order in Order::all(draft, message, "RXA") {
        let vaccine = vaccination(draft, &order);
        let (mut given, mut rxr) = (Vec::new(), None);
        for segment in order.segments.iter().rev() {
            match segment.id() {
                "RXR" => rxr = Some(*segment),
                "RXA" => given.push((*segment, rxr)),
                _ => {}
            }
        }
        for (rxa, rxr) in given.into_iter().rev() {
            if is_given(rxa) {
                administration(draft, &order, rxa, rxr, vaccine.as_ref());
            } else {
                draft.remark(&NOT_GIVEN);
            }
        }
    }
}

fn administration(
    draft: &mut Draft<'_>,
    order: &Order<'_>,
    rxa: Segment<'_>,
    rxr: Option<Segment<'_>>,
    vaccine: Option<&Coding>,
) {
    let Some(mut codes) = draft.essential(rxa, 5, System::Local) else { return };
    codes.extend(vaccine.filter(|vaccine| !codes.contains(vaccine)).cloned());
    let Some(start) = draft.moment(&[rxa.value(3), rxa.value(4), order.time()]) else {
        return draft.reject(rxa, Rule::Essential);
    };
    let route = rxr.and_then(|rxr| draft.code(rxr.field(1), System::Hl7(162)));
    let unit = draft.unit(rxa.field(7));
    draft.push(Record::Drug(Drug {
        reference: None,
        codes,
        start,
        end: time::when(rxa.value(4)),
        days: None,
        quantity: amount(rxa.field(6)),
        unit,
        route,
        provenance: Provenance::EhrAdministration,
        order: order.number(draft),
        link: draft.link(order.orc),
    }));
}

/// Complete or partial (RXA-20), and not taken back (RXA-21). Where nothing is said, a refusal (RXA-18) says it.
fn is_given(rxa: Segment<'_>) -> bool {
    let done = match rxa.value(20) {
        "CP" | "PA" => true,
        "" => rxa.field(18).is_empty(),
        _ => false,
    };
    done && rxa.value(21) != "D"
}

/// The code for vaccination, where the order is of that type.
fn vaccination(draft: &mut Draft<'_>, order: &Order<'_>) -> Option<Coding> {
    let rxe = order.first("RXE")?;
    draft
        .codes(rxe.field(2), System::Local)
        .into_iter()
        .find(|code| code.system == System::Ssmix2 && *code.code == *VACCINATION)
}

/// Whether it is a type of injection, and no drug.
fn is_type(coding: &Coding) -> bool {
    let local = coding.system == System::Local && coding.code.starts_with("99I02:");
    local || (coding.system == System::Ssmix2 && coding.code.starts_with("JHSI0002:"))
}
