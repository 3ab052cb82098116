//! Flaws of the kinds that real tables have, put in on purpose and counted.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, NaiveTime};

use super::event::Event;
use crate::draw::Draw;

/// A kind of flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flaw {
    /// A row that is there twice, with the same id.
    DuplicateId,
    /// A `person_id` that is in no person row: above 8,000,000.
    UnknownPerson,
    /// A `visit_occurrence_id` that is in no visit row: above 9,000,000.
    UnknownVisit,
    /// A concept id that is in no vocabulary: 1,999,999,999.
    UnknownConcept,
    /// An end before the start.
    EndsBeforeStart,
    /// A date in 1899, before every birth.
    BeforeBirth,
}

impl Flaw {
    /// Concept id of [`Flaw::UnknownConcept`].
    pub const CONCEPT: i32 = 1_999_999_999;
    /// Ids of unknown persons lie above it.
    pub const PERSONS: i64 = 8_000_000;
    /// Ids of unknown visits lie above it.
    pub const VISITS: i64 = 9_000_000;

    /// The last day of 1899.
    #[must_use]
    pub fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(1899, 12, 31).unwrap_or_default()
    }
}

/// How many rows of which table have which flaw. A row has at most one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dirt {
    /// Rows by table and flaw.
    pub counts: BTreeMap<(&'static str, Flaw), u64>,
}

impl Dirt {
    /// Rows of a table with a flaw.
    #[must_use]
    pub fn count(&self, table: &str, flaw: Flaw) -> u64 {
        self.counts.iter().filter(|((name, kind), _)| *name == table && *kind == flaw).map(|(_, count)| count).sum()
    }

    /// Rows of all tables with a flaw.
    #[must_use]
    pub fn total(&self, flaw: Flaw) -> u64 {
        self.counts.iter().filter(|((_, kind), _)| *kind == flaw).map(|(_, count)| count).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }
}

/// Per thousand rows.
const RATES: [(Flaw, f64); 6] = [
    (Flaw::DuplicateId, 2.0),
    (Flaw::UnknownPerson, 1.0),
    (Flaw::UnknownVisit, 3.0),
    (Flaw::UnknownConcept, 1.5),
    (Flaw::EndsBeforeStart, 1.0),
    (Flaw::BeforeBirth, 0.5),
];

/// Puts flaws into the rows of a table.
pub(crate) fn soil<T>(table: &'static str, rows: &mut Vec<Event<'_, T>>, draw: &mut Draw, dirt: &mut Dirt) {
    let clean = std::mem::take(rows);
    rows.reserve(clean.len() + clean.len() / 200);
    for mut row in clean {
        let mut luck = draw.unit() * 1_000.0;
        let flaw = RATES.into_iter().find(|(_, rate)| {
            luck -= rate;
            luck < 0.0
        });
        let flaw = flaw.and_then(|(flaw, _)| spoil(&mut row, flaw).then_some(flaw));
        if flaw == Some(Flaw::DuplicateId) {
            rows.push(row.clone());
        }
        if let Some(flaw) = flaw {
            *dirt.counts.entry((table, flaw)).or_default() += 1;
        }
        rows.push(row);
    }
}

/// Spoils a row; false where the flaw does not apply to it.
fn spoil<T>(row: &mut Event<'_, T>, flaw: Flaw) -> bool {
    match flaw {
        Flaw::DuplicateId => {}
        Flaw::UnknownPerson => row.person += Flaw::PERSONS,
        Flaw::UnknownVisit => row.visit = Some(Flaw::VISITS + row.id),
        Flaw::UnknownConcept => row.concept = Flaw::CONCEPT,
        Flaw::EndsBeforeStart => match row.end {
            Some(_) => row.end = row.start.checked_sub_days(Days::new(9)),
            None => return false,
        },
        Flaw::BeforeBirth => {
            row.start = Flaw::day().and_time(NaiveTime::MIN);
            row.end = row.end.map(|_| row.start);
        }
    }
    true
}
