//! What is written down at a visit.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::acute::Acute;
use super::body::Body;
use super::encounter::{Cause, Encounter};
use super::illness::Group;
use super::person::Person;
use crate::draw::Draw;
use crate::spec::Traits;
use crate::terms::*;
use crate::{Code, Death, Diagnosis, Lab, Observation, Prescription, Procedure, Smoking, Visit, VisitKind};

const BLOOD: &[&Assay] = &[&CREATININE, &EGFR, &AST, &ALT, &SODIUM, &POTASSIUM, &HAEMOGLOBIN, &WHITE_CELLS];
const BEDSIDE: &[&Assay] = &[&SYSTOLIC, &DIASTOLIC, &HEART_RATE, &TEMPERATURE, &OXYGEN_SATURATION];
const WARD_BLOOD: &[&Assay] = &[&CRP, &WHITE_CELLS, &HAEMOGLOBIN, &ALBUMIN, &CREATININE, &EGFR, &SODIUM, &POTASSIUM];

/// Writes one patient's visits, in order.
pub(crate) struct Scribe<'a> {
    person: &'a Person,
    traits: &'a Traits,
    doctors: i64,
    draw: &'a mut Draw,
    body: Body,
    /// Diseases already written down.
    told: Vec<&'static Term>,
    first: bool,
}

impl<'a> Scribe<'a> {
    pub(crate) fn new(person: &'a Person, traits: &'a Traits, doctors: i64, draw: &'a mut Draw) -> Self {
        let body = Body::new(draw);
        Self { person, traits, doctors, draw, body, told: Vec::new(), first: true }
    }

    pub(crate) fn visit(&mut self, encounter: &Encounter) -> Visit {
        let (start, end) = self.times(encounter);
        let care_site = encounter.department.care_site();
        let provider = (care_site - 1) * self.doctors + self.draw.between(1, self.doctors);
        let mut visit = Visit {
            id: 0,
            kind: encounter.kind,
            start,
            end,
            care_site,
            provider,
            urgent: encounter.urgent,
            died: encounter.died,
            diagnoses: self.diagnoses(encounter),
            prescriptions: self.prescriptions(encounter),
            labs: Vec::new(),
            procedures: self.procedures(encounter),
            observations: Vec::new(),
        };
        match encounter.kind {
            VisitKind::Inpatient => self.ward_labs(encounter, &mut visit),
            _ => self.clinic_labs(encounter, &mut visit),
        }
        if std::mem::take(&mut self.first) {
            visit.observations.extend(self.smoking(encounter.date));
        }
        visit
    }

    /// The death, with the disease that most likely led to it.
    pub(crate) fn death(&mut self, date: NaiveDate) -> Death {
        let worst = self.person.ill(date).max_by(|a, b| a.disease.hazard.total_cmp(&b.disease.hazard));
        let term = match worst {
            Some(illness) if illness.disease.hazard > 1.4 => illness.disease.term,
            _ => [&PNEUMONIA, &HEART_FAILURE, &CEREBRAL_INFARCTION][self.draw.weighted(&[3.0, 2.0, 2.0])],
        };
        Death { date, cause: self.code(term) }
    }

    fn code(&mut self, term: &'static Term) -> Code {
        Code { term, mapped: !self.draw.chance(self.traits.unmapped(term.domain)) }
    }

    fn times(&mut self, encounter: &Encounter) -> (NaiveDateTime, NaiveDateTime) {
        let mut at = |date: NaiveDate, from: i64, to: i64| {
            date.and_time(NaiveTime::MIN) + TimeDelta::minutes(self.draw.between(from, to))
        };
        match encounter.kind {
            VisitKind::Outpatient => {
                let start = at(encounter.date, 510, 990);
                (start, start + TimeDelta::minutes(self.draw.between(20, 120)))
            }
            // Before noon, so that an admission on the same day follows.
            VisitKind::Emergency => {
                let start = at(encounter.date, 0, 560);
                (start, start + TimeDelta::minutes(self.draw.between(40, 150)))
            }
            VisitKind::Inpatient => (at(encounter.date, 720, 1_020), at(encounter.end(), 570, 700)),
        }
    }

    fn diagnoses(&mut self, encounter: &Encounter) -> Vec<Diagnosis> {
        let mut found = Vec::new();
        let inpatient = encounter.kind == VisitKind::Inpatient;
        let chronic = |term: &Term| self.person.illnesses.iter().any(|illness| illness.disease.term == term);
        let lasts = !chronic(encounter.reason);
        let new = !self.told.contains(&encounter.reason);
        if lasts || new || inpatient || self.draw.chance(0.5) {
            let end = lasts.then(|| encounter.end() + Days::new(if encounter.died { 0 } else { 7 }));
            found.push(self.diagnosis(encounter, encounter.reason, end, true));
        }
        for illness in self.person.ill(encounter.date) {
            let term = illness.disease.term;
            let again = if inpatient { 0.6 } else { 0.12 };
            if term != encounter.reason && (!self.told.contains(&term) || self.draw.chance(again)) {
                found.push(self.diagnosis(encounter, term, None, false));
            }
        }
        found
    }

    fn diagnosis(
        &mut self,
        encounter: &Encounter,
        term: &'static Term,
        end: Option<NaiveDate>,
        main: bool,
    ) -> Diagnosis {
        if !self.told.contains(&term) {
            self.told.push(term);
        }
        Diagnosis { id: 0, code: self.code(term), start: encounter.date, end, main }
    }

    fn prescriptions(&mut self, encounter: &Encounter) -> Vec<Prescription> {
        let mut drugs: Vec<(&'static Term, i32)> = Vec::new();
        let regular = match encounter.kind {
            VisitKind::Outpatient => 0.85,
            VisitKind::Inpatient => 0.7,
            VisitKind::Emergency => 0.0,
        };
        let days = if encounter.nights > 0 { encounter.nights as i32 } else { encounter.supply };
        let follow_up = !matches!(encounter.cause, Cause::Acute(_)) || encounter.kind == VisitKind::Inpatient;
        for illness in self.person.ill(encounter.date) {
            let cancer = illness.disease.group == Group::Cancer;
            for drug in &illness.drugs {
                let given = if cancer {
                    matches!(encounter.cause, Cause::Cycle)
                } else {
                    follow_up && self.draw.chance(regular)
                };
                if given && !drugs.iter().any(|(other, _)| other == drug) {
                    drugs.push((drug, if cancer { 1 } else { days }));
                }
            }
        }
        if let Cause::Acute(acute) = encounter.cause {
            for (drug, days, share) in acute.drugs {
                if self.draw.chance(*share) && !drugs.iter().any(|(other, _)| other == drug) {
                    drugs.push((drug, *days));
                }
            }
        }
        drugs.into_iter().map(|(drug, days)| self.prescription(drug, days, encounter)).collect()
    }

    fn prescription(&mut self, drug: &'static Term, days: i32, encounter: &Encounter) -> Prescription {
        let days = if encounter.died { days.min(encounter.nights as i32) } else { days }.max(1);
        let daily = if drug == &METFORMIN { 2.0 } else { 1.0 };
        Prescription { id: 0, code: self.code(drug), start: encounter.date, days, quantity: f64::from(days) * daily }
    }

    fn procedures(&mut self, encounter: &Encounter) -> Vec<Procedure> {
        let mut done: Vec<(&'static Term, i64)> = Vec::new();
        match encounter.cause {
            Cause::Acute(acute) if encounter.kind != VisitKind::Outpatient => {
                let inpatient = encounter.kind == VisitKind::Inpatient;
                for (procedure, share) in acute.procedures {
                    if inpatient && self.draw.chance(*share) {
                        done.push((procedure, self.draw.between(0, 2)));
                    }
                }
            }
            Cause::Operation => {
                done.push((&CHEST_XRAY, 0));
                if self.draw.chance(0.25) {
                    done.push((&RADIOTHERAPY, 4));
                }
            }
            Cause::Cycle => done.push((&CHEMOTHERAPY, 1)),
            Cause::Planned if encounter.reason == &HEART_FAILURE && self.draw.chance(0.12) => {
                done.push((&ECHOCARDIOGRAPHY, 0));
            }
            Cause::Planned if encounter.reason == &CHRONIC_KIDNEY_DISEASE && self.draw.chance(0.06) => {
                done.push((&HAEMODIALYSIS, 0));
            }
            Cause::Planned if self.person.age(encounter.date) > 50.0 && self.draw.chance(0.012) => {
                done.push((&COLONOSCOPY, 0));
            }
            _ => {}
        }
        let nights = encounter.nights;
        done.into_iter()
            .map(|(term, day)| {
                let date = encounter.date + Days::new(day.min(nights).unsigned_abs());
                Procedure { id: 0, code: self.code(term), date }
            })
            .collect()
    }

    fn clinic_labs(&mut self, encounter: &Encounter, visit: &mut Visit) {
        let acute = acute_of(encounter);
        let mut panel: Vec<&'static Assay> = Vec::new();
        if self.draw.chance(0.45) {
            panel.extend([&SYSTOLIC, &DIASTOLIC, &HEART_RATE]);
        }
        if self.first || self.draw.chance(0.15) {
            panel.push(&WEIGHT);
        }
        if self.first {
            panel.push(&HEIGHT);
        }
        if acute.is_some() {
            panel.extend([&TEMPERATURE, &CRP, &WHITE_CELLS]);
        } else if self.draw.chance(self.traits.sampled) {
            for illness in self.person.ill(encounter.date) {
                panel.extend(illness.disease.assays);
            }
            if self.draw.chance(0.55) {
                panel.extend(BLOOD);
            }
            if self.draw.chance(0.1) {
                panel.extend([&HBA1C, &LDL]);
            }
        }
        self.measure(&panel, visit.start + TimeDelta::minutes(10), acute.map(|acute| (acute, 0)), visit);
    }

    fn ward_labs(&mut self, encounter: &Encounter, visit: &mut Visit) {
        let acute = acute_of(encounter);
        for day in 0..=encounter.nights {
            let at = match day {
                0 => visit.start + TimeDelta::minutes(30),
                _ => {
                    (encounter.date + Days::new(day.unsigned_abs())).and_time(NaiveTime::MIN) + TimeDelta::minutes(390)
                }
            };
            let course = acute.map(|acute| (acute, day));
            // Bedside values of the first days and then of every fourth: charts, not monitors.
            if day < 2 || day % 4 == 0 {
                self.measure(BEDSIDE, at, course, visit);
            }
            if day % 5 == 0 {
                self.measure(WARD_BLOOD, at, course, visit);
            }
            if day == 0 && encounter.reason == &HEART_FAILURE {
                self.measure(&[&NT_PROBNP], at, course, visit);
            }
        }
    }

    fn measure(
        &mut self,
        panel: &[&'static Assay],
        at: NaiveDateTime,
        acute: Option<(&Acute, i64)>,
        visit: &mut Visit,
    ) {
        for (index, assay) in panel.iter().enumerate() {
            let repeated = panel[..index].contains(assay);
            if repeated || (assay.analyte == Analyte::NtProBnp && !self.traits.costly_assays) {
                continue;
            }
            let value = self.body.measure(assay, self.person, at.date(), acute, self.draw);
            let value = (!self.draw.chance(self.traits.valueless)).then(|| assay.report(value));
            visit.labs.push(Lab { id: 0, assay, code: self.code(&assay.term), at, value });
        }
    }

    fn smoking(&self, date: NaiveDate) -> Option<Observation> {
        let value = match self.person.smoking? {
            Smoking::Never => &NEVER_SMOKED,
            Smoking::Former => &STOPPED_SMOKING,
            Smoking::Current => &SMOKES,
        };
        Some(Observation { id: 0, term: &SMOKING, value, date })
    }
}

fn acute_of(encounter: &Encounter) -> Option<&'static Acute> {
    match encounter.cause {
        Cause::Acute(acute) => Some(acute),
        _ => None,
    }
}
