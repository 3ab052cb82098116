//! Records with planted victims, and a canary wherever a value could leak.

mod canary;
mod folder;

use std::path::Path;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use renkei_e2e::Source;

use crate::Victim;

pub use canary::{found, found_row, number};
pub use folder::amounts;

/// Women, men.
pub const FEMALE: i32 = 8532;
/// Men.
pub const MALE: i32 = 8507;
/// What everybody has by chance: half of the persons.
pub const FLU: i32 = 4_266_367;
/// What one person has.
pub const RARE: i32 = 4_999_001;
/// What twenty persons have, of whom one has most of the charges.
pub const COSTLY: i32 = 4_999_002;
/// What nine helpers have, and one more.
pub const HELPERS: i32 = 4_999_003;
/// What three women and many men have.
pub const LOPSIDED: i32 = 4_999_004;
/// A measurement that stands for a charge.
pub const CHARGE: i32 = 4_999_100;
/// The charge of the one with most of them.
pub const OUTLIER: f64 = 48_611.5;
/// The origin of couples.
pub const COUPLE: i32 = 8_557;
/// The five sites.
pub const SITES: [&str; 5] = ["tokyo", "osaka", "kyoto", "sendai", "naha"];
/// The first concept of the crowds of [`Hospital::crowds`].
pub const CROWD: i32 = 5_000_000;
/// Year of birth of one person of [`Hospital::planted`].
pub const YEAR: i32 = 1901;
/// Year of birth of whoever is to be found in a crowd: nobody else's, and on the grid of the level *feasibility*.
pub const CROWD_YEAR: i32 = 1900;

/// Years of birth of the nine helpers in each crowd, who tell an attacker all about themselves.
pub const HELPERS_BORN: std::ops::RangeInclusive<i32> = 1901..=1909;

/// One person.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Sex.
    pub sex: i32,
    /// Year of birth.
    pub born: i32,
    /// Origin.
    pub race: i32,
    /// Number of visits.
    pub visits: usize,
    /// Diagnoses.
    pub diseases: Vec<i32>,
    /// A charge.
    pub charge: Option<f64>,
}

/// Records of one hospital.
#[derive(Debug, Clone, Default)]
pub struct Hospital {
    /// The persons; the first has number 1.
    pub people: Vec<Person>,
}

impl Hospital {
    /// Ordinary persons, and those that are planted: one who was born in 1901 and came five hundred times, one with a rare
    /// disease, one with 95 % of the charges of a disease, a couple, nine helpers and one more, three women among men.
    #[must_use]
    pub fn planted(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut people: Vec<Person> = (0..240).map(|_| ordinary(&mut rng)).collect();
        let with = |rng: &mut ChaCha20Rng, disease: i32| {
            let mut person = ordinary(rng);
            person.diseases.push(disease);
            person
        };
        let mut old = ordinary(&mut rng);
        (old.sex, old.born, old.visits) = (FEMALE, YEAR, 500);
        old.diseases = vec![FLU];
        people.push(old);
        people.push(with(&mut rng, RARE));
        for i in 0..20 {
            let mut person = with(&mut rng, COSTLY);
            person.charge = Some(if i == 7 { OUTLIER } else { 100.0 + f64::from(i) });
            people.push(person);
        }
        for _ in 0..2 {
            let mut person = ordinary(&mut rng);
            person.race = COUPLE;
            people.push(person);
        }
        people.extend((0..10).map(|_| with(&mut rng, HELPERS)));
        for i in 0..33 {
            let mut person = with(&mut rng, LOPSIDED);
            person.sex = if i < 3 { FEMALE } else { MALE };
            people.push(person);
        }
        Self { people }
    }

    /// Crowds of 30 to 59 persons and nine helpers with flu ([`HELPERS_BORN`]), each with somebody of 1901 of whom an attacker wants to know whether it is flu.
    #[must_use]
    pub fn crowds(seed: u64, crowds: usize) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut people = Vec::new();
        for crowd in 0..crowds {
            for i in 0..30 + rng.next_u32() % 30 {
                let mut person = ordinary(&mut rng);
                person.visits = 0;
                person.diseases.push(CROWD + crowd as i32);
                if i == 11 {
                    person.born = CROWD_YEAR;
                }
                people.push(person);
            }
            for year in HELPERS_BORN {
                let diseases = vec![FLU, CROWD + crowd as i32];
                people.push(Person { born: year, visits: 0, diseases, ..ordinary(&mut rng) });
            }
        }
        Self { people }
    }

    /// Those of [`Hospital::crowds`] who are to be found.
    #[must_use]
    pub fn victims(&self) -> Vec<Victim> {
        let of = |person: &Person| {
            let crowd = person.diseases.iter().find(|disease| **disease >= CROWD)?;
            (person.born == CROWD_YEAR).then(|| Victim {
                crowd: has(*crowd),
                alone: format!("p.year_of_birth = {CROWD_YEAR}"),
                secret: has(FLU),
                truth: person.diseases.contains(&FLU),
            })
        };
        self.people.iter().filter_map(of).collect()
    }
}

/// Whether a person `p` has a disease.
#[must_use]
pub fn has(disease: i32) -> String {
    format!(
        "EXISTS (SELECT 1 FROM condition_occurrence c WHERE c.person_id = p.person_id AND c.condition_concept_id = \
         {disease})"
    )
}

fn ordinary(rng: &mut ChaCha20Rng) -> Person {
    let mut below = |n: u32| rng.next_u32() % n;
    Person {
        sex: [FEMALE, MALE][below(2) as usize],
        born: 1930 + below(70) as i32,
        race: [8_515, 8_527][below(2) as usize],
        visits: 1 + below(3) as usize,
        diseases: if below(2) == 0 { vec![FLU] } else { Vec::new() },
        charge: Some(200.0 + f64::from(below(80_000)) / 100.0),
    }
}

impl Source for Hospital {
    fn write(&self, dir: &Path) {
        folder::write(dir, &self.people);
    }
}
