//! A patient's course: who they are, what they have, when they come, what is recorded, when they die.
//!
//! One stream of draws per patient, in this order. A change anywhere changes the rest of that patient, never another.

mod acute;
mod body;
mod encounter;
mod illness;
mod person;
mod record;

use chrono::NaiveDate;

use crate::draw::Draw;
use crate::{Patient, Spec, Visit};

/// Lives the life of patient `id`; `doctors` is the number of doctors per department.
pub(crate) fn live(spec: &Spec, id: i64, doctors: i64) -> Patient {
    let mut draw = Draw::of(spec, id.unsigned_abs());
    let traits = spec.profile.traits();
    let person = person::Person::born(spec, &traits, &mut draw);
    let death = person.death(&traits, &mut draw);
    let encounters = encounter::plan(&person, &traits, death, &mut draw);
    let mut scribe = record::Scribe::new(&person, &traits, doctors, &mut draw);
    let mut visits: Vec<Visit> = encounters.iter().map(|encounter| scribe.visit(encounter)).collect();
    let death = death.map(|date| scribe.death(date));
    if let Some(death) = &death {
        visits.iter_mut().for_each(|visit| end(visit, death.date));
    }
    Patient { id, sex: person.sex, born: person.born, place: person.place, smoking: person.smoking, death, visits }
}

/// Lets nothing that began before a death outlast it.
fn end(visit: &mut Visit, death: NaiveDate) {
    for diagnosis in &mut visit.diagnoses {
        diagnosis.end = diagnosis.end.map(|end| end.min(death));
    }
    for prescription in &mut visit.prescriptions {
        let left = (death - prescription.start).num_days() + 1;
        prescription.days = prescription.days.min(i32::try_from(left).unwrap_or(i32::MAX)).max(1);
    }
}
