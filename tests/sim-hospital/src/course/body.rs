//! What a patient's body gives when it is measured: a usual level, moved by disease, treatment and acute illness.

use chrono::NaiveDate;

use super::acute::Acute;
use super::person::Person;
use crate::Sex;
use crate::draw::{Draw, along};
use crate::terms::*;

const HEIGHT: &[(f64, f64)] =
    &[(0.0, 50.0), (1.0, 75.0), (5.0, 109.0), (12.0, 151.0), (17.0, 164.0), (60.0, 163.0), (90.0, 155.0)];
const BODY_MASS: &[(f64, f64)] = &[(0.0, 14.0), (6.0, 15.5), (18.0, 20.5), (50.0, 23.4), (90.0, 21.0)];
const SYSTOLIC_BY_AGE: &[(f64, f64)] = &[(0.0, 80.0), (10.0, 102.0), (20.0, 115.0), (60.0, 126.0), (90.0, 131.0)];
const FILTRATION: &[(f64, f64)] = &[(20.0, 105.0), (50.0, 84.0), (80.0, 65.0), (95.0, 55.0)];

/// A person's own levels, drawn once.
#[derive(Debug)]
pub(crate) struct Body {
    /// Standard deviations away from the mean, per kind of quantity.
    size: f64,
    mass: f64,
    sugar: f64,
    lipid: f64,
    pressure: f64,
    kidney: f64,
    blood: f64,
}

impl Body {
    pub(crate) fn new(draw: &mut Draw) -> Self {
        let mut one = || draw.normal(0.0, 1.0);
        Self { size: one(), mass: one(), sugar: one(), lipid: one(), pressure: one(), kidney: one(), blood: one() }
    }

    /// One measurement, unrounded; `acute` is an event and the day of it.
    pub(crate) fn measure(
        &self,
        assay: &'static Assay,
        person: &Person,
        on: NaiveDate,
        acute: Option<(&Acute, i64)>,
        draw: &mut Draw,
    ) -> f64 {
        let at = Moment::new(person, on, acute);
        let noise = draw.normal(0.0, 1.0);
        let male = if person.sex == Sex::Male { 1.0 } else { 0.0 };
        let inflamed = at.crp / 10.0;
        match assay.analyte {
            Analyte::HbA1c => self.sugar(&at, noise * 0.15),
            Analyte::Glucose => (self.sugar(&at, 0.0) * 28.7 - 46.7) * (1.0 + 0.13 * noise),
            Analyte::Ldl => self.lipid(&at) * (1.0 + 0.08 * noise),
            Analyte::Hdl => 64.0 - 9.0 * male - 3.0 * self.mass + 5.0 * noise,
            Analyte::Triglycerides => at.raised(&HYPERLIPIDAEMIA, 105.0, 165.0) * (1.0 + 0.3 * noise).max(0.4),
            Analyte::Creatinine => creatinine(self.filtration(&at), &at, person.sex) * (1.0 + 0.03 * noise),
            Analyte::Egfr => self.filtration(&at) * (1.0 + 0.03 * noise),
            Analyte::Ast => 23.0 + 4.0 * inflamed + 5.0 * noise,
            Analyte::Alt => (20.0 + 2.5 * self.mass + 4.0 * inflamed) * (1.0 + 0.25 * noise).max(0.35),
            Analyte::Sodium => 141.0 - 2.0 * inflamed - at.raised(&HEART_FAILURE, 0.0, 1.5) + 2.0 * noise,
            Analyte::Potassium => at.raised(&CHRONIC_KIDNEY_DISEASE, 4.2, 4.6) + 0.3 * noise,
            Analyte::Albumin => 4.4 - (at.age - 50.0).max(0.0) * 0.012 - 0.7 * inflamed + 0.2 * noise,
            Analyte::Crp => at.crp * (1.0 + 0.4 * noise).max(0.1) + 0.05 + 0.03 * noise,
            Analyte::Haemoglobin => {
                let anaemia = at.raised(&CHRONIC_KIDNEY_DISEASE, 0.0, 1.6) + if at.cancer { 1.3 } else { 0.0 };
                12.9 + 1.7 * male - (at.age - 60.0).max(0.0) * 0.04 + 0.7 * self.blood - anaemia + 0.4 * noise
            }
            Analyte::WhiteCells => 6.0 + 5.0 * inflamed + 0.8 * self.blood + noise,
            Analyte::NtProBnp => {
                let strained = if at.acute_heart { 6.0 } else { 1.0 };
                at.raised(&HEART_FAILURE, 45.0, 900.0)
                    * (1.0 + (at.age - 60.0).max(0.0) / 30.0)
                    * strained
                    * (1.0 + 0.4 * noise).max(0.2)
            }
            Analyte::Systolic => self.systolic(&at) + 8.0 * noise,
            Analyte::Diastolic => self.systolic(&at) * 0.5 + 14.0 - (at.age - 60.0).max(0.0) * 0.2 + 6.0 * noise,
            Analyte::HeartRate => {
                along(&[(0.0, 125.0), (10.0, 85.0), (20.0, 72.0)], at.age)
                    + 9.0 * inflamed
                    + at.raised(&ATRIAL_FIBRILLATION, 0.0, 8.0)
                    + 8.0 * noise
            }
            Analyte::Weight => self.mass(&at) * (self.height(&at, male) / 100.0).powi(2) * (1.0 + 0.012 * noise),
            Analyte::Height => self.height(&at, male),
            Analyte::Temperature => 36.5 + (at.fever - 36.5) + 0.25 * noise,
            Analyte::OxygenSaturation => {
                at.raised(&COPD, 97.5, 94.5) - at.raised(&ALS, 0.0, 3.0) - 2.0 * inflamed + 0.8 * noise
            }
        }
    }

    fn height(&self, at: &Moment, male: f64) -> f64 {
        let grown = along(&[(10.0, 0.0), (18.0, 1.0)], at.age);
        along(HEIGHT, at.age) + (male * 13.0 - 6.0) * grown + self.size * (2.0 + 3.5 * grown)
    }

    fn mass(&self, at: &Moment) -> f64 {
        let wasting = if at.cancer { 1.0 } else { at.raised(&ALS, 0.0, 2.0) };
        (along(BODY_MASS, at.age) + 2.8 * self.mass + at.raised(&TYPE_2_DIABETES, 0.0, 1.8) - wasting).max(11.0)
    }

    /// HbA1c: about 5.5 %, high when diabetes is found, lower within a year of treatment, creeping up later.
    fn sugar(&self, at: &Moment, noise: f64) -> f64 {
        let years = [&TYPE_2_DIABETES, &TYPE_1_DIABETES].into_iter().find_map(|term| at.years(term));
        let level = match years {
            Some(years) => along(&[(0.0, 8.7), (0.5, 7.3), (1.0, 7.0), (8.0, 7.5)], years) + 0.75 * self.sugar,
            None => 5.45 + 0.004 * (at.age - 40.0).max(0.0) + 0.22 * self.sugar.min(2.6),
        };
        level + noise
    }

    fn lipid(&self, at: &Moment) -> f64 {
        match at.years(&HYPERLIPIDAEMIA) {
            Some(years) if at.takes(&[&ATORVASTATIN, &ROSUVASTATIN, &PRAVASTATIN]) => {
                along(&[(0.0, 168.0), (0.3, 105.0), (5.0, 98.0)], years) + 14.0 * self.lipid
            }
            Some(_) => 152.0 + 14.0 * self.lipid,
            None => 112.0 + 20.0 * self.lipid,
        }
    }

    fn systolic(&self, at: &Moment) -> f64 {
        let usual = along(SYSTOLIC_BY_AGE, at.age) + 7.0 * self.pressure;
        let raised = match at.years(&HYPERTENSION) {
            Some(years) => along(&[(0.0, 27.0), (0.3, 13.0), (6.0, 9.0)], years),
            None => 0.0,
        };
        usual + raised - if at.crp > 8.0 { 12.0 } else { 0.0 }
    }

    fn filtration(&self, at: &Moment) -> f64 {
        let usual = along(FILTRATION, at.age) + 9.0 * self.kidney;
        match at.years(&CHRONIC_KIDNEY_DISEASE) {
            Some(years) => (usual * 0.62 - 3.0 * years).clamp(6.0, 58.0),
            None => usual.max(55.0),
        }
    }
}

/// Serum creatinine that yields a filtration rate by the Japanese equation,
/// eGFR = 194 × creatinine^−1.094 × age^−0.287 (× 0.739 for women), solved for creatinine.
fn creatinine(filtration: f64, at: &Moment, sex: Sex) -> f64 {
    let age = at.age.max(18.0);
    let sex = if sex == Sex::Female { 0.739 } else { 1.0 };
    let adult = (194.0 * age.powf(-0.287) * sex / filtration).powf(1.0 / 1.094);
    adult * along(&[(0.0, 0.4), (18.0, 1.0)], at.age)
}

/// A person on a day.
struct Moment<'a> {
    person: &'a Person,
    on: NaiveDate,
    age: f64,
    crp: f64,
    fever: f64,
    cancer: bool,
    acute_heart: bool,
}

impl<'a> Moment<'a> {
    fn new(person: &'a Person, on: NaiveDate, acute: Option<(&Acute, i64)>) -> Self {
        // The acute phase fades over about a week.
        let left = acute.map_or(0.0, |(_, day)| along(&[(0.0, 1.0), (3.0, 0.6), (10.0, 0.05)], day as f64));
        let event = acute.map(|(acute, _)| acute);
        Self {
            person,
            on,
            age: person.age(on),
            crp: event.map_or(0.0, |acute| acute.crp * left),
            fever: event.map_or(36.5, |acute| 36.5 + (acute.fever - 36.5) * left),
            cancer: person.ill(on).any(|illness| illness.disease.group == super::illness::Group::Cancer),
            acute_heart: event.is_some_and(|acute| acute.term == &HEART_FAILURE) && left > 0.3,
        }
    }

    /// Years since a disease was found.
    fn years(&self, term: &Term) -> Option<f64> {
        let illness = self.person.ill(self.on).find(|illness| illness.disease.term == term)?;
        Some((self.on - illness.onset).num_days() as f64 / 365.25)
    }

    fn takes(&self, drugs: &[&Term]) -> bool {
        self.person.ill(self.on).any(|illness| illness.drugs.iter().any(|drug| drugs.contains(drug)))
    }

    fn raised(&self, term: &Term, without: f64, with: f64) -> f64 {
        if self.years(term).is_some() { with } else { without }
    }
}
