//! Nothing is counted twice: an order and its administration, a preliminary result and the final one, one event in two
//! systems of a hospital.

use std::collections::{HashMap, HashSet};

use super::super::Concepts;
use super::super::remarks::{ORDER_GIVEN, PRELIMINARY, SAME_EVENT, SAME_SURGERY, SURGERY_TWICE};
use super::{Event, Home};
use crate::Remarks;
use crate::code::{Coding, System};
use crate::record::Provenance;
use crate::when::{Day, When};

/// The events without those that another one stands for.
pub(super) fn without<'a>(events: Vec<Event<'a>>, concepts: &dyn Concepts, remarks: &mut Remarks) -> Vec<Event<'a>> {
    let mut furthest: HashMap<(u16, &str), u8> = HashMap::new();
    for event in &events {
        if let (Some(order), Some(stage)) = (event.order, stage(event.provenance)) {
            let known = furthest.entry((event.source, order)).or_default();
            *known = stage.max(*known);
        }
    }
    let finals: HashSet<(&[Coding], When)> = events
        .iter()
        .filter(|event| event.home == Home::Measurement && !event.preliminary)
        .map(|event| (event.codes, event.start))
        .collect();
    let sources: HashSet<u16> = events.iter().map(|event| event.source).collect();
    let ordered = |event: &Event<'_>| {
        let known = event.order.and_then(|order| furthest.get(&(event.source, order)));
        stage(event.provenance).zip(known).is_some_and(|(stage, furthest)| stage < *furthest)
    };
    let superseded = |event: &Event<'_>| event.preliminary && finals.contains(&(event.codes, event.start));
    let mut kept = Vec::with_capacity(events.len());
    for event in events {
        if ordered(&event) {
            remarks.add(&ORDER_GIVEN);
        } else if superseded(&event) {
            remarks.add(&PRELIMINARY);
        } else {
            kept.push(event);
        }
    }
    let kept = if sources.len() > 1 { of_two_sources(kept, remarks) } else { kept };
    surgery(kept, concepts, remarks)
}

/// One surgery is told by its K code in the summary of a stay and by its receipt code in the claim. Where both lead to
/// one concept on one day it is counted once, by the K code; where nobody says what is the same, both stay.
fn surgery<'a>(mut events: Vec<Event<'a>>, concepts: &dyn Concepts, remarks: &mut Remarks) -> Vec<Event<'a>> {
    let has = |event: &Event<'_>, system| event.codes.iter().any(|coding| coding.system == system);
    let targets = |event: &Event<'_>| concepts.resolve(event.codes).targets.into_iter().map(|target| target.concept);
    let mut told = HashMap::<Day, HashSet<i32>>::new();
    for event in events.iter().filter(|event| event.home == Home::Procedure && has(event, System::Kcode)) {
        told.entry(event.start.day).or_default().extend(targets(event));
    }
    if told.is_empty() {
        return events;
    }
    events.retain(|event| {
        let claimed = event.home == Home::Procedure && has(event, System::Receipt) && !has(event, System::Kcode);
        let Some(known) = told.get(&event.start.day).filter(|_| claimed) else { return true };
        let same = targets(event).any(|concept| concept != 0 && known.contains(&concept));
        if same {
            remarks.add(&SAME_SURGERY);
        } else if event.surgery {
            remarks.add(&SURGERY_TWICE);
        }
        !same
    });
    events
}

/// How far a drug has come; of one order only what came furthest counts.
fn stage(provenance: Provenance) -> Option<u8> {
    match provenance {
        Provenance::EhrOrder | Provenance::EhrPrescription => Some(1),
        Provenance::EhrDispensing => Some(2),
        Provenance::EhrAdministration => Some(3),
        _ => None,
    }
}

/// What makes two events of different sources one: the table, any code in common, and the day. Results are the same
/// only with the same number.
type Same<'a> = (Home, &'a Coding, Day, Option<u64>);

fn of_two_sources<'a>(mut events: Vec<Event<'a>>, remarks: &mut Remarks) -> Vec<Event<'a>> {
    events.sort_by_key(|event| event.source);
    let mut seen: HashMap<Same<'a>, u16> = HashMap::new();
    events.retain(|event| {
        let number = event.value.and_then(|value| value.number).map(f64::to_bits);
        let same = |coding: &'a Coding| (event.home, coding, event.start.day, number);
        let before = event.codes.iter().find_map(|coding| seen.get(&same(coding)).copied());
        if before.is_some_and(|source| source != event.source) {
            remarks.add(&SAME_EVENT);
            return false;
        }
        for coding in event.codes {
            seen.entry(same(coding)).or_insert(event.source);
        }
        true
    });
    events
}
