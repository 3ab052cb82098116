//! Chronic diseases: who has them, what is taken and measured for them.

use crate::terms::*;
use crate::{Department, Sex};

/// What kind of factor of the hospital applies to a disease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Common,
    Cardiac,
    Cancer,
    Rare,
}

/// A disease that stays.
#[derive(Debug)]
pub(crate) struct Disease {
    pub term: &'static Term,
    pub group: Group,
    pub department: Department,
    /// Share of people of an age who have it, at a hospital of factor 1.
    pub prevalence: &'static [(f64, f64)],
    /// Factors for men, women and ever-smokers.
    pub by: [f64; 3],
    /// Diseases, earlier in the list, that make it likelier, with the factor.
    pub after: &'static [(&'static Term, f64)],
    /// Drugs taken for good, with the share of patients who take each.
    pub drugs: &'static [(&'static Term, f64)],
    /// Assays of its follow-up.
    pub assays: &'static [&'static Assay],
    /// Factor on mortality.
    pub hazard: f64,
}

const CANCER_ASSAYS: &[&Assay] = &[&WHITE_CELLS, &HAEMOGLOBIN, &ALBUMIN];
const OLD_CANCER: &[(f64, f64)] = &[(35.0, 0.0), (50.0, 0.004), (65.0, 0.016), (80.0, 0.03)];

/// All chronic diseases; causes come before what they cause.
pub(crate) static DISEASES: &[Disease] = &[
    Disease {
        term: &TYPE_1_DIABETES,
        group: Group::Common,
        department: Department::Metabolism,
        prevalence: &[(4.0, 0.0), (15.0, 0.003), (40.0, 0.004)],
        by: [1.0, 1.0, 1.0],
        after: &[],
        drugs: &[(&INSULIN_GLARGINE, 1.0)],
        assays: &[&HBA1C, &GLUCOSE],
        hazard: 1.3,
    },
    Disease {
        term: &TYPE_2_DIABETES,
        group: Group::Common,
        department: Department::Metabolism,
        prevalence: &[(25.0, 0.004), (40.0, 0.06), (55.0, 0.15), (70.0, 0.25), (90.0, 0.24)],
        by: [1.25, 0.75, 1.1],
        after: &[(&TYPE_1_DIABETES, 0.0)],
        drugs: &[(&METFORMIN, 0.6), (&SITAGLIPTIN, 0.4), (&EMPAGLIFLOZIN, 0.25), (&INSULIN_GLARGINE, 0.1)],
        assays: &[&HBA1C, &GLUCOSE],
        hazard: 1.2,
    },
    Disease {
        term: &HYPERTENSION,
        group: Group::Common,
        department: Department::General,
        prevalence: &[(25.0, 0.01), (40.0, 0.1), (55.0, 0.28), (70.0, 0.48), (85.0, 0.58)],
        by: [1.1, 0.95, 1.0],
        after: &[(&TYPE_2_DIABETES, 1.4)],
        drugs: &[(&AMLODIPINE, 0.65), (&TELMISARTAN, 0.35), (&LOSARTAN, 0.12)],
        assays: &[&SYSTOLIC, &DIASTOLIC],
        hazard: 1.05,
    },
    Disease {
        term: &HYPERLIPIDAEMIA,
        group: Group::Common,
        department: Department::General,
        prevalence: &[(25.0, 0.01), (40.0, 0.1), (55.0, 0.25), (70.0, 0.33), (85.0, 0.26)],
        by: [0.95, 1.05, 1.0],
        after: &[(&TYPE_2_DIABETES, 1.5)],
        drugs: &[(&ATORVASTATIN, 0.35), (&ROSUVASTATIN, 0.3), (&PRAVASTATIN, 0.12)],
        assays: &[&LDL, &HDL, &TRIGLYCERIDES],
        hazard: 1.0,
    },
    Disease {
        term: &CHRONIC_KIDNEY_DISEASE,
        group: Group::Common,
        department: Department::Nephrology,
        prevalence: &[(30.0, 0.003), (50.0, 0.025), (65.0, 0.07), (80.0, 0.2)],
        by: [1.1, 0.9, 1.1],
        after: &[(&TYPE_2_DIABETES, 1.9), (&HYPERTENSION, 1.3)],
        drugs: &[(&LOSARTAN, 0.3), (&FUROSEMIDE, 0.15)],
        assays: &[&CREATININE, &EGFR, &POTASSIUM, &HAEMOGLOBIN],
        hazard: 1.5,
    },
    Disease {
        term: &ATRIAL_FIBRILLATION,
        group: Group::Cardiac,
        department: Department::Cardiology,
        prevalence: &[(40.0, 0.001), (60.0, 0.015), (80.0, 0.06)],
        by: [1.4, 0.7, 1.1],
        after: &[(&HYPERTENSION, 1.3)],
        drugs: &[(&APIXABAN, 0.65), (&WARFARIN, 0.15), (&BISOPROLOL, 0.5)],
        assays: &[&HEART_RATE],
        hazard: 1.3,
    },
    Disease {
        term: &HEART_FAILURE,
        group: Group::Cardiac,
        department: Department::Cardiology,
        prevalence: &[(40.0, 0.001), (60.0, 0.015), (75.0, 0.05), (90.0, 0.13)],
        by: [1.15, 0.9, 1.2],
        after: &[(&HYPERTENSION, 1.4), (&TYPE_2_DIABETES, 1.3), (&ATRIAL_FIBRILLATION, 2.5)],
        drugs: &[(&FUROSEMIDE, 0.7), (&BISOPROLOL, 0.55), (&EMPAGLIFLOZIN, 0.3), (&TELMISARTAN, 0.3)],
        assays: &[&NT_PROBNP, &OXYGEN_SATURATION, &WEIGHT],
        hazard: 2.6,
    },
    Disease {
        term: &COPD,
        group: Group::Common,
        department: Department::Respiratory,
        prevalence: &[(40.0, 0.002), (55.0, 0.012), (70.0, 0.04), (85.0, 0.05)],
        by: [1.0, 0.6, 3.0],
        after: &[],
        drugs: &[(&TIOTROPIUM, 0.8), (&PREDNISOLONE, 0.06)],
        assays: &[&OXYGEN_SATURATION],
        hazard: 1.7,
    },
    cancer(&LUNG_CANCER, [0.9, 0.6, 2.6], &[(&CISPLATIN, 0.5), (&PACLITAXEL, 0.3)], 7.0),
    cancer(&STOMACH_CANCER, [1.1, 0.5, 1.3], &[(&FLUOROURACIL, 0.5)], 3.5),
    cancer(&COLON_CANCER, [1.0, 0.8, 1.1], &[(&FLUOROURACIL, 0.6)], 2.8),
    cancer(&BREAST_CANCER, [0.0, 1.5, 1.0], &[(&PACLITAXEL, 0.5)], 1.8),
    cancer(&PROSTATE_CANCER, [1.4, 0.0, 1.0], &[], 1.4),
    Disease {
        term: &ALS,
        group: Group::Rare,
        department: Department::Neurology,
        prevalence: &[(35.0, 0.0), (50.0, 0.0006), (70.0, 0.0015)],
        by: [1.2, 0.8, 1.1],
        after: &[],
        drugs: &[],
        assays: &[&OXYGEN_SATURATION, &WEIGHT],
        hazard: 8.0,
    },
];

const fn cancer(term: &'static Term, by: [f64; 3], drugs: &'static [(&'static Term, f64)], hazard: f64) -> Disease {
    Disease {
        term,
        group: Group::Cancer,
        department: Department::Oncology,
        prevalence: OLD_CANCER,
        by,
        after: &[],
        drugs,
        assays: CANCER_ASSAYS,
        hazard,
    }
}

/// A chronic disease of one person.
#[derive(Debug, Clone)]
pub(crate) struct Illness {
    pub disease: &'static Disease,
    /// When it was found; before the first visit for an old one.
    pub onset: chrono::NaiveDate,
    /// Drugs that this person takes for it.
    pub drugs: Vec<&'static Term>,
}

impl Disease {
    /// Chance that a person of an age has it.
    pub(crate) fn chance(&self, age: f64, sex: Sex, smoked: bool, factor: f64, others: &[Illness]) -> f64 {
        let sex = match sex {
            Sex::Male => self.by[0],
            Sex::Female => self.by[1],
        };
        let has = |term: &Term| others.iter().any(|other| other.disease.term == term);
        let after: f64 = self.after.iter().filter(|(term, _)| has(term)).map(|(_, factor)| factor).product();
        let base = crate::draw::along(self.prevalence, age);
        (base * sex * if smoked { self.by[2] } else { 1.0 } * after * factor).min(0.9)
    }
}
