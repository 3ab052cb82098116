//! Events laid out in rows, whatever their kind.

use chrono::{NaiveDateTime, NaiveTime};

use super::OmopError;
use super::dirt::{Dirt, soil};
use super::sheet::{Sheet, dates, instants, ints, longs, texts};
use crate::draw::Draw;
use crate::terms::source_concept;
use crate::{Code, Hospital, Patient, Visit};

/// One row of an event table.
#[derive(Debug)]
pub(crate) struct Event<'a, T> {
    pub id: i64,
    pub person: i64,
    pub visit: Option<i64>,
    pub provider: i64,
    pub concept: i32,
    pub code: Option<Code>,
    pub start: NaiveDateTime,
    pub end: Option<NaiveDateTime>,
    pub item: &'a T,
}

impl<T> Clone for Event<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

/// What an event table needs to know of one kind of event.
pub(crate) struct Fact {
    pub id: i64,
    pub code: Result<Code, i32>,
    pub start: NaiveDateTime,
    pub end: Option<NaiveDateTime>,
}

/// The rows of a table: `items` of every visit, with a share that does not know its visit, and with the flaws.
pub(crate) fn events<'a, T>(
    table: &'static str,
    hospital: &'a Hospital,
    (stream, loose): (u64, f64),
    items: impl Fn(&'a Visit) -> &'a [T],
    fact: impl Fn(&'a Patient, &'a T) -> Fact,
    dirt: &mut Dirt,
) -> Vec<Event<'a, T>> {
    // Streams of patients start at 1 and end far below.
    let mut draw = Draw::of(&hospital.spec, u64::MAX - stream);
    let mut rows = Vec::new();
    for patient in &hospital.patients {
        for visit in &patient.visits {
            for item in items(visit) {
                let Fact { id, code, start, end } = fact(patient, item);
                rows.push(Event {
                    id,
                    person: patient.id,
                    visit: (!draw.chance(loose)).then_some(visit.id),
                    provider: visit.provider,
                    concept: code.map_or_else(|concept| concept, |code| code.concept()),
                    code: code.ok(),
                    start,
                    end,
                    item,
                });
            }
        }
    }
    if hospital.spec.dirt {
        soil(table, &mut rows, &mut draw, dirt);
    }
    rows
}

/// Names of the columns that all event tables have in their own spelling.
pub(crate) struct Names {
    pub table: &'static str,
    pub id: &'static str,
    pub concept: &'static str,
    pub date: &'static str,
    pub datetime: &'static str,
    pub end: Option<(&'static str, &'static str)>,
    pub kind: &'static str,
    pub source: (&'static str, &'static str),
}

/// A sheet with the columns that all event tables share; `kind` is the type concept.
pub(crate) fn sheet<T>(names: &Names, rows: &[Event<'_, T>], kind: i32, drugs: &str) -> Result<Sheet, OmopError> {
    // Where the time of day is unknown the datetime stays null.
    let timed = |at: NaiveDateTime| (at.time() != NaiveTime::MIN).then_some(at);
    let source = |code: Option<Code>| code.map(|code| source_concept(&code, drugs));
    let mut sheet = Sheet::new(names.table, rows.len())?
        .set(names.id, longs(rows.iter().map(|row| row.id)))
        .set("person_id", longs(rows.iter().map(|row| row.person)))
        .set("visit_occurrence_id", longs(rows.iter().map(|row| row.visit)))
        .set("provider_id", longs(rows.iter().map(|row| row.provider)))
        .set(names.concept, ints(rows.iter().map(|row| row.concept)))
        .set(names.date, dates(rows.iter().map(|row| row.start.date())))
        .set(names.datetime, instants(rows.iter().map(|row| timed(row.start))))
        .set(names.kind, ints(rows.iter().map(|_| kind)))
        .set(names.source.0, texts::<String, _>(rows.iter().map(|row| row.code.map(|code| code.source(drugs)))))
        .set(names.source.1, ints(rows.iter().map(|row| source(row.code))));
    if let Some((date, datetime)) = names.end {
        sheet = sheet
            .set(date, dates(rows.iter().map(|row| row.end.map(|end| end.date()))))
            .set(datetime, instants(rows.iter().map(|row| row.end.and_then(timed))));
    }
    Ok(sheet)
}
