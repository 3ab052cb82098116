//! Visits: paired from movements, stated as a whole, and found for the records that belong to them.

pub(super) mod link;
mod movements;
mod write;

use std::collections::HashMap;

use super::Fact;
use super::remarks::ONE_STAY;
use crate::Remarks;
use crate::code::Coding;
use crate::record::{Record, Row, Setting, Visit};
use crate::when::{Day, When};

/// One visit.
#[derive(Debug, Clone)]
pub(super) struct Stay {
    pub(super) source: u16,
    /// Visit concept.
    pub(super) concept: i32,
    pub(super) inpatient: bool,
    pub(super) start: When,
    pub(super) end: When,
    /// Whether it was still going on at the extraction.
    pub(super) open: bool,
    pub(super) department: Option<Coding>,
    pub(super) admitted_from: Option<Coding>,
    pub(super) discharged_to: Option<Coding>,
    pub(super) provenance: i32,
    /// Parts, in order: from, to, ward or department.
    pub(super) parts: Vec<Part>,
    /// A row of the site's own mapping, whose other columns go with it.
    pub(super) row: Option<Row>,
    /// The visit's number; given when it is written.
    pub(super) id: i64,
}

/// A part of a stay.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) start: When,
    pub(super) end: When,
    pub(super) place: Option<Coding>,
    pub(super) provenance: i32,
}

/// A visit, and what each source calls it.
type Keyed = (Stay, Vec<(u16, String)>);

/// The visits of one person, by their start.
#[derive(Debug, Default)]
pub(super) struct Stays {
    pub(super) all: Vec<Stay>,
    /// Position by source and key.
    keys: HashMap<(u16, String), usize>,
    /// Positions of stays in hospital, and of the others by day.
    inpatient: Vec<usize>,
    outpatient: HashMap<Day, usize>,
}

impl Stays {
    /// Puts the visits of one person together.
    pub(super) fn of(facts: &[Fact], as_of: Day, remarks: &mut Remarks) -> Self {
        let mut stays: Vec<Keyed> = Vec::new();
        for stay in movements::pair(facts, as_of, remarks) {
            merge(&mut stays, stay, None, remarks);
        }
        for fact in facts {
            match &fact.record {
                Record::Visit(visit) if visit.part_of.is_none() => {
                    let stay = whole(fact.source, visit, as_of, remarks);
                    merge(&mut stays, stay, visit.key.clone(), remarks);
                }
                Record::Row(row) if row.table == "visit_occurrence" => {
                    if let Some(stay) = super::mapped_row::stay(fact.source, row, as_of) {
                        merge(&mut stays, stay, row.visit.clone(), remarks);
                    }
                }
                _ => {}
            }
        }
        stays.sort_by_key(|(stay, _)| (stay.start, stay.source));
        let mut made = Self::default();
        for (place, (stay, keys)) in stays.into_iter().enumerate() {
            for key in keys {
                made.keys.insert(key, place);
            }
            if stay.inpatient {
                made.inpatient.push(place);
            } else {
                made.outpatient.entry(stay.start.day).or_insert(place);
            }
            made.all.push(stay);
        }
        made.parts(facts);
        made
    }

    /// Parts that sources state as visits of their own.
    fn parts(&mut self, facts: &[Fact]) {
        for fact in facts {
            let Record::Visit(visit) = &fact.record else { continue };
            let Some(whole) = &visit.part_of else { continue };
            let Some(&place) = self.keys.get(&(fact.source, whole.clone())) else { continue };
            if let Some(key) = &visit.key {
                self.keys.insert((fact.source, key.clone()), place);
            }
            if let Some(stay) = self.all.get_mut(place) {
                let end = visit.end.unwrap_or(if stay.inpatient { stay.end } else { visit.start });
                let (place, provenance) = (visit.department.clone(), visit.provenance.concept());
                stay.parts.push(Part { start: visit.start, end: end.max(visit.start), place, provenance });
            }
        }
        for stay in &mut self.all {
            stay.parts.sort_by_key(|part| part.start);
        }
    }
}

fn whole(source: u16, visit: &Visit, as_of: Day, remarks: &mut Remarks) -> Stay {
    let inpatient = visit.setting == Setting::Inpatient;
    let open = inpatient && visit.end.is_none();
    if open {
        remarks.add(&super::remarks::OPEN_STAY);
    }
    let end = visit.end.unwrap_or(if inpatient { When::day(as_of) } else { visit.start });
    Stay {
        source,
        concept: visit.setting.concept(),
        inpatient,
        start: visit.start,
        end: end.max(visit.start),
        open,
        department: visit.department.clone(),
        admitted_from: visit.admitted_from.clone(),
        discharged_to: visit.discharged_to.clone(),
        provenance: visit.provenance.concept(),
        parts: Vec::new(),
        row: None,
        id: 0,
    }
}

/// Adds a visit, or adds what it knows to the same visit of another source: a stay that starts within a day, or a
/// contact on the same day that names no other department.
fn merge(stays: &mut Vec<Keyed>, stay: Stay, key: Option<String>, remarks: &mut Remarks) {
    let same = |other: &Stay| {
        let days = (other.start.day.0 - stay.start.day.0).abs();
        let elsewhere = matches!((&other.department, &stay.department), (Some(a), Some(b)) if a != b);
        other.source != stay.source
            && other.inpatient == stay.inpatient
            && if stay.inpatient { days <= 1 } else { days == 0 && other.concept == stay.concept && !elsewhere }
    };
    match stays.iter_mut().find(|(other, _)| same(other)) {
        Some((other, keys)) => {
            remarks.add(&ONE_STAY);
            if other.open && !stay.open {
                (other.end, other.open) = (stay.end.max(other.start), false);
            }
            other.department = other.department.take().or(stay.department);
            other.admitted_from = other.admitted_from.take().or(stay.admitted_from);
            other.discharged_to = other.discharged_to.take().or(stay.discharged_to);
            keys.extend(key.map(|key| (stay.source, key)));
        }
        None => {
            let key = key.map(|key| (stay.source, key));
            stays.push((stay, key.into_iter().collect()));
        }
    }
}
