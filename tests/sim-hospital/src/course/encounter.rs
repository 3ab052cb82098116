//! When a patient comes: planned visits, acute events, admissions, the last stay.

use chrono::{Datelike, NaiveDate};

use super::acute::{ACUTES, Acute};
use super::illness::{Group, Illness};
use super::person::{Person, later, new_year};
use crate::draw::{Draw, along};
use crate::spec::Traits;
use crate::terms::{BACK_PAIN, COMMON_COLD, PNEUMONIA, Term};
use crate::{Department, VisitKind};

/// Why somebody comes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause {
    /// Follow-up or a minor complaint.
    Planned,
    /// An acute event.
    Acute(&'static Acute),
    /// Work-up and operation of a cancer.
    Operation,
    /// A cycle of chemotherapy.
    Cycle,
    /// The stay that ends in death.
    Last,
}

/// One visit to be recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encounter {
    pub date: NaiveDate,
    /// Nights; 0 unless inpatient.
    pub nights: i64,
    pub kind: VisitKind,
    pub department: Department,
    /// The main diagnosis.
    pub reason: &'static Term,
    pub cause: Cause,
    /// Days until the next planned visit, which prescriptions cover.
    pub supply: i32,
    /// Admitted through the emergency department.
    pub urgent: bool,
    /// Ends in death.
    pub died: bool,
}

impl Encounter {
    fn planned(date: NaiveDate, department: Department, reason: &'static Term, supply: i32) -> Self {
        let kind = VisitKind::Outpatient;
        Self { date, nights: 0, kind, department, reason, cause: Cause::Planned, supply, urgent: false, died: false }
    }

    fn stay(date: NaiveDate, nights: i64, department: Department, reason: &'static Term, cause: Cause) -> Self {
        let kind = VisitKind::Inpatient;
        Self { date, nights: nights.max(1), kind, department, reason, cause, supply: 14, urgent: false, died: false }
    }

    /// The day on which it ends.
    pub(crate) fn end(&self) -> NaiveDate {
        later(self.date, self.nights)
    }
}

/// All encounters of a person in order, none within another's stay, none after death.
pub(crate) fn plan(person: &Person, traits: &Traits, death: Option<NaiveDate>, draw: &mut Draw) -> Vec<Encounter> {
    let mut all = follow_up(person, traits, draw);
    for illness in &person.illnesses {
        treat(person, illness, &mut all, draw);
    }
    strike(person, &mut all, draw);
    let last = death.and_then(|date| last_stay(person, date, draw));
    let until = last.as_ref().map(|stay| stay.date).or(death.map(|date| later(date, 1)));
    settle(all, until.unwrap_or(later(person.leave, 1)), last)
}

fn follow_up(person: &Person, traits: &Traits, draw: &mut Draw) -> Vec<Encounter> {
    let mut visits = Vec::new();
    let mut date = person.entry;
    while date <= person.leave {
        let known: Vec<&Illness> = person.ill(date).collect();
        let gap = match known.len() {
            0 => draw.between(120, 700),
            1 | 2 => [28, 56, 84, 84, 91, 91][draw.weighted(&[1.0; 6])],
            _ => [28, 56, 56, 84][draw.weighted(&[1.0; 4])],
        };
        let chosen = known.get(draw.weighted(&vec![1.0; known.len()]));
        let (department, reason) = match chosen {
            Some(illness) => (illness.disease.department, illness.disease.term),
            None if draw.chance(0.5) => (Department::General, &BACK_PAIN),
            None => (Department::General, &COMMON_COLD),
        };
        visits.push(Encounter::planned(date, department, reason, i32::try_from(gap.min(91)).unwrap_or(28)));
        let gap = (gap as f64 / traits.visits).round() as i64 + draw.between(-5, 9);
        date = later(date, gap.max(7));
    }
    visits
}

/// The visit at which a disease is found, and the treatment of cancers.
fn treat(person: &Person, illness: &Illness, all: &mut Vec<Encounter>, draw: &mut Draw) {
    let disease = illness.disease;
    if illness.onset <= person.entry {
        return;
    }
    all.push(Encounter::planned(illness.onset, disease.department, disease.term, 28));
    if disease.group != Group::Cancer {
        return;
    }
    let mut date = later(illness.onset, draw.between(10, 35));
    let nights = draw.between(8, 18);
    all.push(Encounter::stay(date, nights, disease.department, disease.term, Cause::Operation));
    if illness.drugs.is_empty() {
        return;
    }
    date = later(date, nights + 25);
    for _ in 0..draw.between(3, 8) {
        all.push(Encounter::stay(date, draw.between(2, 5), disease.department, disease.term, Cause::Cycle));
        date = later(date, 21 + draw.between(0, 7));
    }
}

fn strike(person: &Person, all: &mut Vec<Encounter>, draw: &mut Draw) {
    for year in person.entry.year()..=person.leave.year() {
        let middle = later(new_year(year), 182);
        for acute in ACUTES {
            let of = |term: &Term| person.ill(middle).any(|illness| illness.disease.term == term);
            let known = acute.after.iter().filter(|(term, _)| of(term)).map(|(_, factor)| factor);
            if acute.needs && known.clone().next().is_none() {
                continue;
            }
            let yearly = along(acute.yearly, person.age(middle)) * known.product::<f64>();
            if draw.chance(yearly) {
                let date = if acute.winter { winter(year, draw) } else { later(new_year(year), draw.between(0, 364)) };
                happen(person, acute, date, all, draw);
            }
        }
    }
}

/// A day of the cold season that has its middle in that year.
fn winter(year: i32, draw: &mut Draw) -> NaiveDate {
    let offset = draw.normal(27.0, 19.0).round() as i64;
    if offset >= 0 { later(new_year(year), offset) } else { later(new_year(year - 1), 365 + offset) }
}

fn happen(person: &Person, acute: &'static Acute, date: NaiveDate, all: &mut Vec<Encounter>, draw: &mut Draw) {
    if date < person.entry || date > person.leave {
        return;
    }
    let cause = Cause::Acute(acute);
    let urgent = draw.chance(acute.emergency);
    let admitted = draw.chance(acute.admitted);
    let first = Encounter { cause, ..Encounter::planned(date, acute.department, acute.term, 7) };
    if urgent {
        all.push(Encounter { kind: VisitKind::Emergency, department: Department::Emergency, ..first });
    } else if !admitted {
        all.push(first);
    }
    if !admitted {
        return;
    }
    let nights = |share: f64, draw: &mut Draw| (draw.normal(acute.nights, acute.nights / 3.0) * share).round() as i64;
    let stay = Encounter::stay(date, nights(1.0, draw), acute.department, acute.term, cause);
    all.push(Encounter { urgent, ..stay });
    if draw.chance(0.13) {
        let back = later(stay.end(), draw.between(3, 28));
        all.push(Encounter::stay(back, nights(0.7, draw), acute.department, acute.term, cause));
    }
}

/// A little over half of the deaths that the hospital learns of happen in it.
fn last_stay(person: &Person, death: NaiveDate, draw: &mut Draw) -> Option<Encounter> {
    let nights = draw.between(2, 24).min((death - person.entry).num_days() - 1);
    if nights < 1 || !draw.chance(0.6) {
        return None;
    }
    let date = death - chrono::Days::new(nights.unsigned_abs());
    let worst = person.ill(death).max_by(|a, b| a.disease.hazard.total_cmp(&b.disease.hazard));
    let (department, reason) = match worst {
        Some(illness) if illness.disease.hazard > 1.4 => (illness.disease.department, illness.disease.term),
        _ => (Department::Respiratory, &PNEUMONIA),
    };
    let stay = Encounter::stay(date, nights, department, reason, Cause::Last);
    Some(Encounter { urgent: draw.chance(0.5), died: true, ..stay })
}

/// Sorts, cuts at `until`, and lets nobody be in two places.
fn settle(mut all: Vec<Encounter>, until: NaiveDate, last: Option<Encounter>) -> Vec<Encounter> {
    all.sort_by_key(|encounter| (encounter.date, encounter.nights));
    let mut kept: Vec<Encounter> = Vec::with_capacity(all.len());
    for mut encounter in all.into_iter().filter(|encounter| encounter.date < until) {
        let left = (until - encounter.date).num_days() - 1;
        encounter.nights = encounter.nights.min(left);
        let stay = encounter.kind == VisitKind::Inpatient;
        let free = kept.iter().rev().find(|other| other.kind == VisitKind::Inpatient).map(Encounter::end);
        let same_day = kept.last().filter(|other| other.date == encounter.date);
        let leads_in = stay && encounter.urgent && same_day.is_some_and(|other| other.kind == VisitKind::Emergency);
        if (stay && encounter.nights < 1)
            || free.is_some_and(|end| encounter.date <= end)
            || (same_day.is_some() && !leads_in)
        {
            continue;
        }
        kept.push(encounter);
    }
    kept.extend(last);
    kept
}
