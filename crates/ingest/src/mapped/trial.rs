//! The tests that a mapping file brings along.

use std::borrow::Cow;
use std::fmt;

use super::Mapping;
use super::row::Outcome;
use crate::record::{Cell, Record};
use crate::when::{Day, When};
use crate::{Extract, Rules};

/// A row and what is to come of it.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub(super) place: (usize, usize),
    /// By column that the mapping uses.
    pub(super) values: Vec<String>,
    pub(super) expectation: Expectation,
}

#[derive(Debug, Clone)]
pub(super) enum Expectation {
    /// Columns and their values; an empty text is no value.
    Row(Vec<(String, String)>),
    LeftOut,
    Rejected,
}

/// A test of a mapping file that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Line on which the test begins, from 1.
    pub line: usize,
    /// What came instead of what is expected.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the test on line {}: {}", self.line, self.message)
    }
}

impl Mapping {
    /// How many tests the file has.
    #[must_use]
    pub fn tests(&self) -> usize {
        self.trials.len()
    }

    /// Runs the tests of the file; those that do not hold, in its order.
    #[must_use]
    pub fn run_tests(&self) -> Vec<Failure> {
        let failed = self.trials.iter().flat_map(|trial| {
            let messages = self.run(trial).into_iter();
            messages.map(|message| Failure { line: trial.place.0, message })
        });
        failed.collect()
    }

    fn run(&self, trial: &Trial) -> Vec<String> {
        let mut values: Vec<Cow<'_, str>> = trial.values.iter().map(|text| Cow::Borrowed(text.as_str())).collect();
        values.resize(self.names.len(), Cow::Borrowed(""));
        let outcome = self.convert(&values, &Rules::default(), &mut Extract::default());
        match (&trial.expectation, outcome) {
            (Expectation::LeftOut, Outcome::LeftOut) | (Expectation::Rejected, Outcome::Rejected(..)) => Vec::new(),
            (Expectation::Row(expected), Outcome::Record { patient, record, .. }) => {
                let mut shown = self.shown(&record);
                shown.push(("patient".to_owned(), patient));
                expected.iter().filter_map(|(name, text)| differs(name, text, &shown)).collect()
            }
            (_, Outcome::LeftOut) => vec!["the row is left out".to_owned()],
            (_, Outcome::Rejected(rule, column)) => vec![format!("the row is rejected for {column} (rule {rule})")],
            (Expectation::LeftOut, _) => vec!["the row is not left out".to_owned()],
            (Expectation::Rejected, _) => vec!["the row is not rejected".to_owned()],
        }
    }

    /// A record's values as a mapping file writes them.
    fn shown(&self, record: &Record) -> Vec<(String, String)> {
        let mut shown: Vec<(&str, String)> = Vec::new();
        match record {
            Record::Row(row) => {
                let name =
                    |position: u16| self.table.columns.get(usize::from(position)).map_or("", |column| column.name);
                shown.extend(row.cells.iter().map(|(position, cell)| (name(*position), show(cell))));
                for (position, codes) in &row.codes {
                    shown.extend(codes.iter().map(|code| (name(*position), code.to_string())));
                }
                shown.extend(row.visit.iter().map(|visit| ("visit", visit.clone())));
            }
            Record::Person(person) => {
                if let Some(birth) = person.birth {
                    shown.push(("year_of_birth", birth.year.to_string()));
                    shown.extend(birth.month.map(|month| ("month_of_birth", month.to_string())));
                    shown.extend(birth.day.map(|day| ("day_of_birth", day.to_string())));
                    let (month, day) = (birth.month.unwrap_or(1), birth.day.unwrap_or(1));
                    shown.push(("birth_datetime", format!("{:04}-{month:02}-{day:02}", birth.year)));
                }
                let sex = match person.sex {
                    crate::record::Sex::Male => 8507,
                    crate::record::Sex::Female => 8532,
                    crate::record::Sex::Other => 8521,
                    crate::record::Sex::Unknown => 0,
                };
                shown.push(("gender_concept_id", sex.to_string()));
                shown.extend(person.zip3.iter().map(|zip| ("zip", zip.clone())));
            }
            Record::Death(death) => {
                shown.push(("death_date", show(&Cell::Day(death.at.day))));
                shown.extend(death.at.micros().map(|micros| ("death_datetime", show(&Cell::Time(micros)))));
                shown.push(("death_type_concept_id", death.provenance.concept().to_string()));
            }
            _ => {}
        }
        shown.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
    }
}

/// What to say where a column has another value than is expected. A column of codes has each of them.
fn differs(name: &str, expected: &str, shown: &[(String, String)]) -> Option<String> {
    let found: Vec<&str> = shown.iter().filter(|(known, _)| known == name).map(|(_, text)| text.as_str()).collect();
    let same = |text: &str| match (text.parse::<f64>(), expected.parse::<f64>()) {
        (Ok(left), Ok(right)) if name != "patient" && name != "visit" => left == right,
        _ => text == expected.replacen('T', " ", usize::from(expected.as_bytes().get(10) == Some(&b'T'))),
    };
    let fits = if expected.is_empty() { found.is_empty() } else { found.iter().any(|text| same(text)) };
    let found = if found.is_empty() { "empty".to_owned() } else { found.join(", ") };
    (!fits).then(|| match expected {
        "" => format!("{name} is {found}, not empty"),
        _ => format!("{name} is {found}, not {expected}"),
    })
}

fn show(cell: &Cell) -> String {
    match cell {
        Cell::Integer(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        Cell::Day(day) => {
            let (year, month, day) = day.date();
            format!("{year:04}-{month:02}-{day:02}")
        }
        Cell::Time(micros) => {
            let when = When::at(Day(0), micros.div_euclid(1_000_000));
            let seconds = when.time.unwrap_or_default() / 1_000_000;
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            format!("{} {hour:02}:{minute:02}:{second:02}", show(&Cell::Day(when.day)))
        }
        Cell::Text(text) => text.clone(),
    }
}
