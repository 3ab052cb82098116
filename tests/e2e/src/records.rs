//! Records of invented persons, small enough to be counted by hand, and their OMOP folder.

mod folder;

use std::collections::BTreeMap;
use std::path::Path;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Concepts of sexes.
pub const SEXES: [i32; 2] = [8507, 8532];
/// Concepts of visits: inpatient, outpatient, emergency.
pub const VISITS: [i32; 3] = [9201, 9202, 9203];
/// A group of diseases, and the diseases under it.
pub const DISEASE_GROUP: i32 = 201_820;
/// Concepts of diseases.
pub const DISEASES: [i32; 3] = [201_826, 201_254, 443_238];
/// Concepts of tests.
pub const TESTS: [i32; 2] = [3_004_410, 3_020_891];

/// A visit.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// One of [`VISITS`].
    pub kind: i32,
    /// Year of its one day.
    pub year: i32,
}

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// One of [`TESTS`].
    pub concept: i32,
    /// Year of its day.
    pub year: i32,
    /// Its value, which may be absent.
    pub value: Option<f64>,
}

/// A person.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// One of [`SEXES`].
    pub sex: i32,
    /// Year of birth.
    pub born: i32,
    /// Visits.
    pub visits: Vec<Visit>,
    /// Measurements.
    pub tests: Vec<Test>,
    /// Diseases.
    pub diseases: Vec<i32>,
}

impl Person {
    /// A person of whom nothing else is known.
    #[must_use]
    pub fn new(sex: i32, born: i32) -> Self {
        Self { sex, born, visits: Vec::new(), tests: Vec::new(), diseases: Vec::new() }
    }

    /// The same person with so many outpatient visits in one year.
    #[must_use]
    pub fn visiting(self, times: usize, year: i32) -> Self {
        Self { visits: vec![Visit { kind: VISITS[1], year }; times], ..self }
    }

    /// The same person with one measurement.
    #[must_use]
    pub fn tested(mut self, value: Option<f64>) -> Self {
        self.tests.push(Test { concept: TESTS[0], year: 2022, value });
        self
    }
}

/// What becomes of a table in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// It is not there.
    Absent,
    /// It has a header and no rows.
    Empty,
    /// It lacks the column.
    WithoutColumn(&'static str),
    /// It lacks the rows that begin with that number.
    WithoutRows(i32),
}

/// The records of a hospital.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// The persons; the first has number 1.
    pub people: Vec<Person>,
    /// Tables that are not written whole.
    odd: BTreeMap<&'static str, Table>,
}

impl Records {
    /// These persons.
    #[must_use]
    pub fn of(people: impl IntoIterator<Item = Person>) -> Self {
        Self { people: people.into_iter().collect(), odd: BTreeMap::new() }
    }

    /// So many men and women, born in 1950, without any events.
    #[must_use]
    pub fn plain(men: usize, women: usize) -> Self {
        let of = |sex, n| std::iter::repeat_n(Person::new(sex, 1950), n);
        Self::of(of(SEXES[0], men).chain(of(SEXES[1], women)))
    }

    /// Persons with events, drawn from a seed. Cells come out on both sides of ten persons.
    #[must_use]
    pub fn drawn(seed: u64, persons: usize) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        Self::of((0..persons).map(|_| draw(&mut rng)))
    }

    /// The same with more persons.
    #[must_use]
    pub fn and(mut self, people: impl IntoIterator<Item = Person>) -> Self {
        self.people.extend(people);
        self
    }

    /// The same, with a table that is not whole.
    #[must_use]
    pub fn but(mut self, table: &'static str, what: Table) -> Self {
        self.odd.insert(table, what);
        self
    }
}

/// What an OMOP folder is written from.
pub trait Source {
    /// Writes the folder, in place of what it held.
    fn write(&self, dir: &Path);
}

impl Source for Records {
    fn write(&self, dir: &Path) {
        folder::write(dir, &self.people, &self.odd);
    }
}

fn draw(rng: &mut ChaCha20Rng) -> Person {
    let mut below = |n: u32| rng.next_u32() % n;
    let sex = SEXES[usize::from(below(5) < 2)];
    let born = 1930 + below(80) as i32;
    let mut person = Person::new(sex, born);
    for _ in 0..below(4) {
        // Emergencies are rare, so that their cells are small.
        let kind = VISITS[[0, 1, 1, 1, 1, 0, 1, 2][below(8) as usize]];
        person.visits.push(Visit { kind, year: 2020 + below(3) as i32 });
    }
    for _ in 0..below(4) {
        let concept = TESTS[usize::from(below(4) == 0)];
        let value = match below(8) {
            0 => None,
            1 => Some(0.0),
            tenths => Some(4.0 + f64::from(tenths) / 2.0 + f64::from(below(100)) / 37.0),
        };
        person.tests.push(Test { concept, year: 2020 + below(3) as i32, value });
    }
    for (i, disease) in DISEASES.iter().enumerate() {
        if below(3 + 4 * i as u32) == 0 {
            person.diseases.push(*disease);
        }
    }
    person
}
