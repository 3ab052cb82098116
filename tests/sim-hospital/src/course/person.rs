//! Who a patient is: sex, age, habits, diseases, and how long the hospital sees them.

use chrono::{Datelike, Days, NaiveDate};

use super::illness::{DISEASES, Disease, Group, Illness};
use crate::draw::{Draw, along};
use crate::hospital::PLACES;
use crate::spec::Traits;
use crate::{Sex, Smoking, Spec};

/// Chance of dying within a year at an age, without disease.
const MORTALITY: &[(f64, f64)] = &[
    (0.0, 0.002),
    (1.0, 0.0003),
    (30.0, 0.0006),
    (50.0, 0.002),
    (65.0, 0.008),
    (75.0, 0.02),
    (85.0, 0.06),
    (95.0, 0.2),
];

/// A person before their visits.
#[derive(Debug)]
pub(crate) struct Person {
    pub sex: Sex,
    pub born: NaiveDate,
    pub place: i64,
    pub smoking: Option<Smoking>,
    /// First visit, and the day after which the person would not come again.
    pub entry: NaiveDate,
    pub leave: NaiveDate,
    pub illnesses: Vec<Illness>,
}

/// First of January; the years are checked by [`Spec`].
pub(crate) fn new_year(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default()
}

/// A date some days after another; days before it are taken as 0.
pub(crate) fn later(date: NaiveDate, days: i64) -> NaiveDate {
    date + Days::new(days.max(0).unsigned_abs())
}

impl Person {
    pub(crate) fn born(spec: &Spec, traits: &Traits, draw: &mut Draw) -> Self {
        let first = new_year(spec.first_year);
        let last = new_year(spec.last_year + 1) - Days::new(1);
        let sex = if draw.chance(0.49) { Sex::Male } else { Sex::Female };
        let age = draw.normal(traits.age.0, traits.age.1).clamp(-2.0, 99.0);
        let days = (age.abs() * 365.25) as u64;
        let born = if age < 0.0 { first + Days::new(days) } else { first - Days::new(days) };
        let window = (last - first).num_days();
        let seen = if draw.chance(0.45) { draw.between(0, 180.min(window)) } else { draw.between(0, window) };
        let entry = later(first, seen).max(later(born, 1)).min(last);
        let born = born.min(entry);
        let mut person = Self {
            sex,
            born,
            place: draw.between(1, PLACES),
            smoking: None,
            entry,
            leave: last,
            illnesses: Vec::new(),
        };
        person.smoking = smoking(&person, draw);
        person.fall_ill(traits, last, draw);
        person.leave = person.farewell(last, draw);
        person
    }

    /// Age in years on a day.
    pub(crate) fn age(&self, on: NaiveDate) -> f64 {
        (on - self.born).num_days() as f64 / 365.25
    }

    /// Diseases found by a day.
    pub(crate) fn ill(&self, on: NaiveDate) -> impl Iterator<Item = &Illness> {
        self.illnesses.iter().filter(move |illness| illness.onset <= on)
    }

    /// The day of death, if it falls into the time at the hospital.
    pub(crate) fn death(&self, traits: &Traits, draw: &mut Draw) -> Option<NaiveDate> {
        let mut from = self.entry;
        while from < self.leave {
            let to = later(from, 90).min(self.leave);
            let days = (to - from).num_days();
            let illness: f64 = self.ill(from).map(|illness| illness.disease.hazard).product();
            let yearly = along(MORTALITY, self.age(from)) * traits.mortality * illness.min(20.0);
            if draw.chance((yearly * days as f64 / 365.25).min(0.5)) {
                return Some(later(from, draw.between(1, days)));
            }
            from = to;
        }
        None
    }

    fn fall_ill(&mut self, traits: &Traits, last: NaiveDate, draw: &mut Draw) {
        let smoked = matches!(self.smoking, Some(Smoking::Former | Smoking::Current));
        for disease in DISEASES {
            let factor = match disease.group {
                Group::Common => 1.0,
                Group::Cardiac => traits.cardiac,
                Group::Cancer => traits.cancer,
                Group::Rare => traits.rare,
            };
            let chance = |at| disease.chance(self.age(at), self.sex, smoked, factor, &self.illnesses);
            let (before, after) = (chance(self.entry), chance(last));
            let luck = draw.unit();
            let onset = if luck < before {
                self.entry - Days::new(draw.between(0, 2_000).unsigned_abs())
            } else if luck < after {
                later(self.entry, draw.between(1, (last - self.entry).num_days()))
            } else {
                continue;
            };
            let onset = onset.max(self.born).min(last);
            self.illnesses.push(Illness { disease, onset, drugs: choose(disease, draw) });
        }
    }

    /// The last day on which the person might come: the ill stay longer.
    fn farewell(&self, last: NaiveDate, draw: &mut Draw) -> NaiveDate {
        let rest = (last - self.entry).num_days();
        let stay = match self.illnesses.len() {
            0 => draw.between(0, 900),
            _ if draw.chance(0.55) => rest,
            _ => draw.between(60, 1_800),
        };
        later(self.entry, stay.min(rest))
    }
}

fn choose(disease: &'static Disease, draw: &mut Draw) -> Vec<&'static crate::terms::Term> {
    disease.drugs.iter().filter(|(_, share)| draw.chance(*share)).map(|(drug, _)| *drug).collect()
}

fn smoking(person: &Person, draw: &mut Draw) -> Option<Smoking> {
    if person.entry.year() - person.born.year() < 20 {
        return None;
    }
    let weights = match person.sex {
        Sex::Male => [0.42, 0.33, 0.25],
        Sex::Female => [0.82, 0.10, 0.08],
    };
    [Smoking::Never, Smoking::Former, Smoking::Current].get(draw.weighted(&weights)).copied()
}
