//! What a hospital is made from.

use crate::terms::Domain;

/// The order for one hospital. The same order gives the same hospital.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Name of the site: part of the seed, and of the names in the tables. ASCII letters, digits and `-`.
    pub site: String,
    /// Seed of all randomness.
    pub seed: u64,
    /// Number of patients.
    pub patients: u32,
    /// First year of the records.
    pub first_year: i32,
    /// Last year of the records, included.
    pub last_year: i32,
    /// What kind of hospital it is.
    pub profile: Profile,
    /// Whether the tables get flaws of the kind that real ones have (see [`crate::Flaw`]).
    pub dirt: bool,
}

/// What is wrong with a [`Spec`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The name of the site cannot be used.
    #[error("site {0:?}: use 1 to 16 ASCII letters, digits or '-'")]
    Site(String),
    /// The years are in the wrong order or far away.
    #[error("years {0} to {1}: the first must not follow the last, and both lie between 1990 and 2100")]
    Years(i32, i32),
    /// The number of patients is out of range.
    #[error("{0} patients: ask for 1 to 1,000,000")]
    Patients(u32),
}

impl Spec {
    /// A clean hospital of 3,000 patients over 2019 to 2025.
    #[must_use]
    pub fn new(site: &str, seed: u64, profile: Profile) -> Self {
        Self { site: site.into(), seed, patients: 3_000, first_year: 2019, last_year: 2025, profile, dirt: false }
    }

    /// The three hospitals of the demonstration: a university hospital, a national centre and a regional hospital.
    #[must_use]
    pub fn demo(seed: u64) -> [Self; 3] {
        [
            Self::new("tokyo", seed, Profile::University),
            Self::new("osaka", seed, Profile::NationalCentre),
            Self::new("nagano", seed, Profile::Regional),
        ]
    }

    pub(crate) fn check(&self) -> Result<(), SpecError> {
        let named = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if self.site.is_empty() || self.site.len() > 16 || !self.site.chars().all(named) {
            return Err(SpecError::Site(self.site.clone()));
        }
        let years = 1990..=2100;
        if self.first_year > self.last_year || !years.contains(&self.first_year) || !years.contains(&self.last_year) {
            return Err(SpecError::Years(self.first_year, self.last_year));
        }
        if !(1..=1_000_000).contains(&self.patients) {
            return Err(SpecError::Patients(self.patients));
        }
        Ok(())
    }
}

/// The kind of a hospital: whom it sees, how often it measures, how well its codes are mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// All ages and departments, dense laboratory data, most codes mapped.
    University,
    /// Cancer and heart disease, older patients, long stays, nearly all codes mapped.
    NationalCentre,
    /// Old patients with common diseases, few measurements, many codes without a concept, drugs coded as `YJ`.
    Regional,
}

/// What sets a profile apart, in numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// Mean and standard deviation of the age in the first year.
    pub age: (f64, f64),
    /// Factors on the prevalence of cancers, of heart disease, and of the rare disease.
    pub cancer: f64,
    pub cardiac: f64,
    pub rare: f64,
    /// Factor on the number of planned visits.
    pub visits: f64,
    /// Share of planned visits with a blood sample.
    pub sampled: f64,
    /// Whether NT-proBNP is measured at all.
    pub costly_assays: bool,
    /// Factor on mortality.
    pub mortality: f64,
    /// Share of rows whose code has no concept: conditions, drugs, measurements, procedures.
    pub unmapped: [f64; 4],
    /// Share of laboratory rows that do not know their visit.
    pub loose: f64,
    /// Share of laboratory rows without a value.
    pub valueless: f64,
}

impl Profile {
    /// The canonical coding system of drugs.
    #[must_use]
    pub fn drug_system(self) -> &'static str {
        match self {
            Self::University | Self::NationalCentre => "HOT9",
            Self::Regional => "YJ",
        }
    }

    pub(crate) fn traits(self) -> Traits {
        match self {
            Self::University => Traits {
                age: (52.0, 21.0),
                cancer: 1.4,
                cardiac: 1.0,
                rare: 2.0,
                visits: 1.0,
                sampled: 0.4,
                costly_assays: true,
                mortality: 1.0,
                unmapped: [0.06, 0.09, 0.12, 0.20],
                loose: 0.03,
                valueless: 0.006,
            },
            Self::NationalCentre => Traits {
                age: (63.0, 14.0),
                cancer: 4.0,
                cardiac: 2.2,
                rare: 1.0,
                visits: 0.85,
                sampled: 0.36,
                costly_assays: true,
                mortality: 1.2,
                unmapped: [0.02, 0.04, 0.05, 0.08],
                loose: 0.01,
                valueless: 0.003,
            },
            Self::Regional => Traits {
                age: (60.0, 20.0),
                cancer: 0.6,
                cardiac: 1.1,
                rare: 0.6,
                visits: 0.85,
                sampled: 0.3,
                costly_assays: false,
                mortality: 1.1,
                unmapped: [0.18, 0.30, 0.45, 0.50],
                loose: 0.12,
                valueless: 0.02,
            },
        }
    }
}

impl Traits {
    /// Share of rows of a domain whose code has no concept.
    pub(crate) fn unmapped(&self, domain: Domain) -> f64 {
        match domain {
            Domain::Condition => self.unmapped[0],
            Domain::Drug => self.unmapped[1],
            Domain::Measurement => self.unmapped[2],
            Domain::Procedure => self.unmapped[3],
            _ => 0.0,
        }
    }
}
