//! What no message carries: the time under observation, and eras.
//!
//! A period of observation goes from a record to the last one that follows without a gap longer than the rules allow.
//! The rule is the consortium's: with another one at each site, incidences could not be compared.
//!
//! Eras follow the conventions of the CDM: exposures to an ingredient, or diagnoses of one concept, with no more than
//! the rules' days between the end of one and the start of the next. Concept 0 has no era.

use std::collections::BTreeMap;
use std::io;

use super::person::{Chosen, born};
use super::{Assembler, Each, Who};
use crate::record::Provenance;
use crate::when::Day;

/// From the year of birth to the extraction.
pub(super) fn life(person: &Chosen, as_of: Day) -> (Day, Day) {
    (born(person.birth), as_of)
}

/// The days of a person that records tell of, and what eras are made of.
#[derive(Debug)]
pub(super) struct Days {
    life: (Day, Day),
    spans: Vec<(Day, Day)>,
    conditions: BTreeMap<i32, Vec<(Day, Day)>>,
    drugs: BTreeMap<i32, Vec<(Day, Day)>>,
    /// Records outside of the person's life.
    pub(super) outside: u64,
}

/// Days that belong together, and how many spans made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Era {
    pub(super) start: Day,
    pub(super) end: Day,
    pub(super) count: i64,
    /// Days between the spans that none of them covers.
    pub(super) gaps: i64,
}

impl Days {
    pub(super) fn within(life: (Day, Day)) -> Self {
        Self { life, spans: Vec::new(), conditions: BTreeMap::new(), drugs: BTreeMap::new(), outside: 0 }
    }

    /// A record from `start` to `end`; what lies outside of the person's life is no observation.
    pub(super) fn add(&mut self, start: Day, end: Option<Day>) {
        let (from, to) = self.life;
        if start < from || start > to {
            self.outside += 1;
            return;
        }
        self.spans.push((start, end.unwrap_or(start).clamp(start, to)));
    }

    pub(super) fn condition(&mut self, concept: i32, start: Day, end: Option<Day>) {
        self.conditions.entry(concept).or_default().push((start, end.unwrap_or(start).max(start)));
    }

    pub(super) fn drug(&mut self, ingredient: i32, start: Day, end: Day) {
        self.drugs.entry(ingredient).or_default().push((start, end.max(start)));
    }
}

/// Spans joined where no more than `gap` days lie between them.
pub(super) fn eras(mut spans: Vec<(Day, Day)>, gap: i32) -> Vec<Era> {
    spans.sort_unstable();
    let mut eras: Vec<Era> = Vec::new();
    for (start, end) in spans {
        match eras.last_mut() {
            Some(era) if start.0.saturating_sub(era.end.0) <= gap => {
                era.gaps += i64::from(start.0.saturating_sub(era.end.0).saturating_sub(1).max(0));
                era.end = era.end.max(end);
                era.count += 1;
            }
            _ => eras.push(Era { start, end, count: 1, gaps: 0 }),
        }
    }
    eras
}

impl Assembler<'_> {
    /// Writes observation periods and eras.
    pub(super) fn derived(&mut self, who: &Who, days: Days, each: Each<'_>) -> io::Result<()> {
        self.remarks.add_many(&super::remarks::OUTSIDE_LIFE, days.outside);
        let person = Some(who.person_id);
        for era in eras(days.spans, gap(self.rules.observation_gap_days)) {
            if let Some(mut row) = self.sheets.row("observation_period") {
                row.id("person_id", person).day("observation_period_start_date", era.start);
                row.day("observation_period_end_date", era.end);
                row.concept("period_type_concept_id", Provenance::Ehr.concept()).end();
            }
        }
        let between = gap(self.rules.era_gap_days);
        for (concept, spans) in days.conditions {
            for era in eras(spans, between) {
                if let Some(mut row) = self.sheets.row("condition_era") {
                    row.id("person_id", person).concept("condition_concept_id", concept);
                    row.day("condition_era_start_date", era.start).day("condition_era_end_date", era.end);
                    row.id("condition_occurrence_count", Some(era.count)).end();
                }
            }
        }
        for (ingredient, spans) in days.drugs {
            for era in eras(spans, between) {
                if let Some(mut row) = self.sheets.row("drug_era") {
                    row.id("person_id", person).concept("drug_concept_id", ingredient);
                    row.day("drug_era_start_date", era.start).day("drug_era_end_date", era.end);
                    row.id("drug_exposure_count", Some(era.count)).id("gap_days", Some(era.gaps)).end();
                }
            }
        }
        self.sheets.flush(each)
    }
}

fn gap(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_join_up_to_the_gap_and_no_further() {
        let span = |start, end| (Day(start), Day(end));
        let check = |spans: &[(Day, Day)], gap, expect: &[(i32, i32, i64, i64)]| {
            let made = eras(spans.to_vec(), gap);
            let made: Vec<_> = made.iter().map(|era| (era.start.0, era.end.0, era.count, era.gaps)).collect();
            assert_eq!(made, expect, "{spans:?}");
        };
        check(&[], 30, &[]);
        check(&[span(40, 41), span(0, 10)], 30, &[(0, 41, 2, 29)]);
        check(&[span(41, 41), span(0, 10)], 30, &[(0, 10, 1, 0), (41, 41, 1, 0)]);
        check(&[span(0, 100), span(5, 6), span(101, 102)], 0, &[(0, 100, 2, 0), (101, 102, 1, 0)]);
        check(&[span(0, 0), span(0, 0)], 0, &[(0, 0, 2, 0)]);
    }

    #[test]
    fn what_lies_before_birth_or_after_the_extraction_is_no_observation() {
        let mut days = Days::within((Day(0), Day(100)));
        days.add(Day(-1), None);
        days.add(Day(101), None);
        days.add(Day(90), Some(Day(500)));
        assert_eq!((days.outside, days.spans), (2, vec![(Day(90), Day(100))]));
    }
}
