//! The hospital: departments, doctors, surroundings and patients.

use crate::terms::{self, Term};
use crate::{Patient, Profile, Spec, SpecError, course};

/// A department.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Department {
    /// General internal medicine.
    General,
    /// Cardiology.
    Cardiology,
    /// Diabetes and metabolism.
    Metabolism,
    /// Nephrology.
    Nephrology,
    /// Respiratory medicine.
    Respiratory,
    /// Oncology.
    Oncology,
    /// Neurology.
    Neurology,
    /// Emergency.
    Emergency,
}

impl Department {
    /// All departments; the care site of department n is number n + 1.
    pub const ALL: [Self; 8] = [
        Self::General,
        Self::Cardiology,
        Self::Metabolism,
        Self::Nephrology,
        Self::Respiratory,
        Self::Oncology,
        Self::Neurology,
        Self::Emergency,
    ];

    /// English name. Some hold a comma or a quotation mark, as such names do.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "Internal medicine, general",
            Self::Cardiology => "Cardiology",
            Self::Metabolism => "Diabetes and metabolism",
            Self::Nephrology => "Nephrology",
            Self::Respiratory => "Respiratory medicine",
            Self::Oncology => "Oncology, \"East\" building",
            Self::Neurology => "Neurology",
            Self::Emergency => "Emergency",
        }
    }

    /// The specialty of its doctors.
    #[must_use]
    pub fn specialty(self) -> &'static Term {
        match self {
            Self::General => &terms::GENERAL_PHYSICIAN,
            Self::Cardiology => &terms::CARDIOLOGIST,
            Self::Metabolism => &terms::DIABETOLOGIST,
            Self::Nephrology => &terms::NEPHROLOGIST,
            Self::Respiratory => &terms::PULMONOLOGIST,
            Self::Oncology => &terms::ONCOLOGIST,
            Self::Neurology => &terms::NEUROLOGIST,
            Self::Emergency => &terms::EMERGENCY_PHYSICIAN,
        }
    }

    pub(crate) fn care_site(self) -> i64 {
        self as i64 + 1
    }
}

/// A department as a place of care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CareSite {
    /// Number, from 1.
    pub id: i64,
    /// The department.
    pub department: Department,
}

/// A doctor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Number, from 1.
    pub id: i64,
    /// The department.
    pub department: Department,
}

/// A part of the hospital's surroundings, no finer than a municipality. Number 1 is the hospital's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Number, from 1.
    pub id: i64,
    /// Invented name.
    pub name: String,
}

/// A synthetic hospital.
#[derive(Debug, Clone, PartialEq)]
pub struct Hospital {
    /// What it was made from.
    pub spec: Spec,
    /// Departments.
    pub care_sites: Vec<CareSite>,
    /// Doctors.
    pub providers: Vec<Provider>,
    /// Places where patients live.
    pub places: Vec<Place>,
    /// Patients by number.
    pub patients: Vec<Patient>,
}

impl Hospital {
    /// Makes the hospital: a pure function of the order.
    ///
    /// # Errors
    /// Where the order makes no sense.
    pub fn generate(spec: &Spec) -> Result<Self, SpecError> {
        spec.check()?;
        let doctors = doctors(spec.profile);
        let mut patients: Vec<Patient> =
            (1..=i64::from(spec.patients)).map(|id| course::live(spec, id, doctors)).collect();
        number(&mut patients);
        Ok(Self {
            spec: spec.clone(),
            care_sites: Department::ALL.map(|department| CareSite { id: department.care_site(), department }).into(),
            providers: providers(doctors),
            places: (1..=PLACES).map(|id| Place { id, name: format!("{} district {id}", spec.site) }).collect(),
            patients,
        })
    }
}

/// Number of places around a hospital.
pub(crate) const PLACES: i64 = 12;

/// Doctors per department.
fn doctors(profile: Profile) -> i64 {
    match profile {
        Profile::University => 14,
        Profile::NationalCentre => 9,
        Profile::Regional => 3,
    }
}

fn providers(doctors: i64) -> Vec<Provider> {
    let of = |department: Department| {
        let first = (department.care_site() - 1) * doctors + 1;
        (first..first + doctors).map(move |id| Provider { id, department })
    };
    Department::ALL.into_iter().flat_map(of).collect()
}

/// Numbers visits and events through the whole hospital.
fn number(patients: &mut [Patient]) {
    let mut next = [0_i64; 6];
    let mut id = |kind: usize| {
        next[kind] += 1;
        next[kind]
    };
    for visit in patients.iter_mut().flat_map(|patient| &mut patient.visits) {
        visit.id = id(0);
        visit.diagnoses.iter_mut().for_each(|event| event.id = id(1));
        visit.prescriptions.iter_mut().for_each(|event| event.id = id(2));
        visit.labs.iter_mut().for_each(|event| event.id = id(3));
        visit.procedures.iter_mut().for_each(|event| event.id = id(4));
        visit.observations.iter_mut().for_each(|event| event.id = id(5));
    }
}
