//! Events: diagnoses, drugs, procedures, devices, results, observations, specimens.
//!
//! The table of a row follows from the domain of its concept, as the CDM wants it: a code for a state after surgery is
//! an observation whatever list it stood in. A code with several standard concepts makes a row for each. Without a
//! concept the row goes to the table of what it is at the source, under concept 0.

mod double;
mod write;

use std::collections::HashMap;
use std::io;

use super::periods::Days;
use super::remarks::{NO_VISIT, SUSPECTED, UNKNOWN_VISIT, UNREAD};
use super::stays::{Stays, link::Found};
use super::{Assembler, Each, Fact, Place, Who, mapped_row};
use crate::code::Coding;
use crate::codes::{Domain, Resolved, Target};
use crate::record::{Cell, Link, Provenance, Record, Row, Standing, Value};
use crate::when::When;

/// A table of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Home {
    Condition,
    Device,
    Drug,
    Measurement,
    Observation,
    Procedure,
    Specimen,
}

/// What the tables of events have in common, and what some of them have beside it.
#[derive(Debug, Clone)]
pub(super) struct Event<'a> {
    pub(super) source: u16,
    pub(super) home: Home,
    pub(super) codes: &'a [Coding],
    pub(super) start: When,
    pub(super) end: Option<When>,
    pub(super) provenance: Provenance,
    pub(super) link: Option<&'a Link>,
    pub(super) value: Option<&'a Value>,
    pub(super) quantity: Option<f64>,
    pub(super) unit: Option<&'a Coding>,
    pub(super) days: Option<i32>,
    pub(super) route: Option<&'a Coding>,
    pub(super) standing: Option<Standing>,
    pub(super) order: Option<&'a str>,
    pub(super) preliminary: bool,
    pub(super) surgery: bool,
    pub(super) place: Place,
    /// The event that it belongs to.
    pub(super) part_of: Option<Place>,
}

impl<'a> Event<'a> {
    fn new(fact: &Fact, home: Home, codes: &'a [Coding], start: When, provenance: Provenance) -> Self {
        Self {
            source: fact.source,
            place: fact.place,
            part_of: None,
            home,
            codes,
            start,
            end: None,
            provenance,
            link: None,
            value: None,
            quantity: None,
            unit: None,
            days: None,
            route: None,
            standing: None,
            order: None,
            preliminary: false,
            surgery: false,
        }
    }

    /// The event that a record tells of, if it does.
    fn of(fact: &'a Fact) -> Option<Self> {
        let new = |home, codes, start, provenance| Self::new(fact, home, codes, start, provenance);
        Some(match &fact.record {
            Record::Condition(r) => Self {
                end: r.end,
                standing: r.standing,
                link: Some(&r.link),
                ..new(Home::Condition, &r.codes, r.start, r.provenance)
            },
            Record::Drug(r) => Self {
                end: r.end,
                days: r.days,
                quantity: r.quantity,
                unit: r.unit.as_ref(),
                route: r.route.as_ref(),
                order: r.order.as_deref(),
                link: Some(&r.link),
                ..new(Home::Drug, &r.codes, r.start, r.provenance)
            },
            Record::Procedure(r) => Self {
                end: r.end,
                quantity: r.quantity.map(f64::from),
                surgery: r.surgery,
                link: Some(&r.link),
                ..new(Home::Procedure, &r.codes, r.start, r.provenance)
            },
            Record::Device(r) => Self {
                quantity: r.quantity.map(f64::from),
                link: Some(&r.link),
                ..new(Home::Device, &r.codes, r.start, r.provenance)
            },
            Record::Measurement(r) => Self {
                value: Some(&r.value),
                preliminary: r.preliminary,
                part_of: r.part_of.map(|record| (fact.place.0, usize::from(record))),
                link: Some(&r.link),
                ..new(Home::Measurement, &r.codes, r.at, r.provenance)
            },
            Record::Observation(r) => Self {
                value: Some(&r.value),
                link: Some(&r.link),
                ..new(Home::Observation, &r.codes, r.at, r.provenance)
            },
            Record::Specimen(r) => new(Home::Specimen, &r.codes, r.at, r.provenance),
            _ => return None,
        })
    }
}

/// Results that others belong to, with their rows once they are written.
#[derive(Default)]
struct Wholes(HashMap<Place, Option<i64>>);

impl Wholes {
    fn of(events: &[Event<'_>]) -> Self {
        Self(events.iter().filter_map(|event| event.part_of).map(|place| (place, None)).collect())
    }

    /// The row of `measurement` that this event belongs to, if it was written; that of the event itself is kept for
    /// those that belong to it.
    fn whole(&mut self, event: &Event<'_>, home: Home, id: i64) -> Option<i64> {
        if home != Home::Measurement || self.0.is_empty() {
            return None;
        }
        if let Some(row) = self.0.get_mut(&event.place) {
            row.get_or_insert(id);
        }
        *self.0.get(&event.part_of?)?
    }
}

/// Rows of other tables that a row leads to.
#[derive(Clone, Copy)]
struct Links {
    visit: Option<i64>,
    whole: Option<i64>,
}

/// The table for a concept of that domain.
fn table_of(home: Home, domain: Option<Domain>) -> Home {
    match (home, domain) {
        (Home::Specimen, _) | (_, None) => home,
        (_, Some(Domain::Condition)) => Home::Condition,
        (_, Some(Domain::Device)) => Home::Device,
        (_, Some(Domain::Drug)) => Home::Drug,
        (_, Some(Domain::Measurement)) => Home::Measurement,
        (_, Some(Domain::Observation)) => Home::Observation,
        (_, Some(Domain::Procedure)) => Home::Procedure,
        (_, Some(_)) => home,
    }
}

impl Assembler<'_> {
    /// Writes the rows of the patient's events.
    pub(super) fn events(
        &mut self,
        who: &Who,
        facts: &[Fact],
        stays: &Stays,
        days: &mut Days,
        each: Each<'_>,
    ) -> io::Result<()> {
        let mut events = Vec::with_capacity(facts.len());
        for fact in facts {
            match &fact.record {
                Record::Condition(record) if record.suspected && !self.rules.keep_suspected => {
                    self.remarks.add(&SUSPECTED);
                }
                Record::Row(row) if row.table != "visit_occurrence" => self.mapped(who, fact.source, row, stays, days),
                _ => events.extend(Event::of(fact)),
            }
        }
        let events = double::without(events, self.concepts, &mut self.remarks);
        let mut wholes = Wholes::of(&events);
        for event in events {
            self.event(who, &event, &mut wholes, stays, days);
            self.sheets.flush(each)?;
        }
        self.remarks.add_many(&super::remarks::BAD_CELL, std::mem::take(&mut self.sheets.misfits));
        self.sheets.flush(each)
    }

    fn event(&mut self, who: &Who, event: &Event<'_>, wholes: &mut Wholes, stays: &Stays, days: &mut Days) {
        days.add(event.start.day, event.end.map(|end| end.day));
        if event.value.is_some_and(|value| value.unread) {
            self.remarks.add(&UNREAD);
        }
        let visit = event.link.and_then(|link| self.visit_of(event.source, link, event.start, stays));
        let Resolved { source_concept, mut targets, .. } = self.concepts.resolve(event.codes);
        if targets.is_empty() {
            targets.push(Target { concept: 0, domain: None, value: None });
        }
        for target in targets {
            let home = table_of(event.home, target.domain);
            if !event.codes.is_empty() {
                self.usage.add(home.table(), event.codes, target.concept != 0);
            }
            self.eras(home, event, target.concept, days);
            let whole = wholes.whole(event, home, self.sheets.next_id(home.table()));
            self.write(who, home, event, target, source_concept, Links { visit, whole });
        }
    }

    fn eras(&self, home: Home, event: &Event<'_>, concept: i32, days: &mut Days) {
        match home {
            Home::Condition if concept != 0 => {
                days.condition(concept, event.start.day, event.end.map(|end| end.day));
            }
            Home::Drug if concept != 0 => {
                let end = write::drug_end(event);
                self.concepts.ingredients(concept).iter().for_each(|one| days.drug(*one, event.start.day, end));
            }
            _ => {}
        }
    }

    fn visit_of(&mut self, source: u16, link: &Link, at: When, stays: &Stays) -> Option<i64> {
        let found = stays.find(source, link, at);
        match found {
            Found::Named(_) | Found::ByTime(_, false) => {}
            Found::ByTime(_, true) => self.remarks.add(&UNKNOWN_VISIT),
            Found::Nowhere(unknown) => {
                self.remarks.add(&NO_VISIT);
                if unknown {
                    self.remarks.add(&UNKNOWN_VISIT);
                }
            }
        }
        stays.id(found)
    }

    /// A row of the site's own mapping: with its person, its visit and the concepts of its codes.
    fn mapped(&mut self, who: &Who, source: u16, row: &Row, stays: &Stays, days: &mut Days) {
        let Some(table) = renkei_cdm::table(&row.table) else { return };
        let at = start_of(table, row);
        let visit = match (at, table.column("visit_occurrence_id")) {
            (Some(at), Some(_)) => {
                let link = Link { visit: row.visit.clone(), inpatient: None };
                self.visit_of(source, &link, at, stays)
            }
            _ => None,
        };
        if let Some(at) = at {
            days.add(at.day, None);
        }
        let concept = |row: &Row| {
            let at = table.columns.iter().position(|column| column.name.ends_with("_concept_id") && column.required)?;
            match row.cells.iter().find(|(place, _)| usize::from(*place) == at) {
                Some((_, Cell::Integer(value))) => Some(*value != 0),
                _ => None,
            }
        };
        if let Some((_, codes)) = row.codes.first().filter(|(_, codes)| !codes.is_empty()) {
            let mapped = concept(row).unwrap_or_else(|| !self.concepts.resolve(codes).targets.is_empty());
            self.usage.add(table.name, codes, mapped);
        }
        let Some(mut builder) = self.sheets.row(table.name) else { return };
        builder.id("person_id", Some(who.person_id)).id("visit_occurrence_id", visit);
        mapped_row::fill(&mut builder, row, self.concepts);
        mapped_row::derived(&mut builder, row, at);
        builder.end();
    }
}

/// When a mapped row begins: its first date, or its first datetime.
fn start_of(table: &'static renkei_cdm::Table, row: &Row) -> Option<When> {
    let date = table.columns.iter().find(|column| column.kind == renkei_cdm::ColumnType::Date)?;
    let time = date.name.replace("_date", "_datetime");
    mapped_row::when(table, row, date.name, &time)
}
