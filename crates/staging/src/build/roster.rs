//! Who is in the sources: the hospital's number of each patient, and what each source calls them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::Staged;
use crate::settings::without_zeros;
use crate::{Error, Source};

/// A patient in one source: its position, and the number there.
pub(super) type Number = (u16, String);

/// All patients.
pub(super) struct Roster(BTreeMap<String, Vec<Number>>);

impl Roster {
    /// Reads who is in the sources.
    pub(super) fn of(sources: &[Staged]) -> Result<Self, Error> {
        let mut patients = BTreeMap::<String, Vec<Number>>::new();
        for (position, (source, stage)) in (0..).zip(sources) {
            let aliases = stage.aliases()?;
            let crosswalk = crosswalk(source)?;
            for number in stage.patients()? {
                let hospital = hospital_number(source, &number, &aliases, &crosswalk);
                patients.entry(hospital).or_default().push((position, number));
            }
        }
        Ok(Self(patients))
    }

    /// Leaves patients out; says how many of them there were.
    pub(super) fn leave_out(&mut self, numbers: &BTreeSet<String>) -> u64 {
        let (before, listed) =
            (self.0.len(), numbers.iter().map(|number| without_zeros(number)).collect::<HashSet<_>>());
        self.0.retain(|patient, _| !listed.contains(without_zeros(patient)));
        (before - self.0.len()) as u64
    }

    /// The hospital's numbers.
    pub(super) fn patients(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What the sources call a patient.
    pub(super) fn numbers(&self, patient: &str) -> &[Number] {
        self.0.get(patient).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The hospital's number of a patient. A reference that leads to none is a number of this source's own, and must not be
/// taken for a number of another.
fn hospital_number(
    source: &Source,
    number: &str,
    aliases: &HashMap<String, String>,
    crosswalk: &HashMap<String, String>,
) -> String {
    let known = aliases.get(number).map_or(number, String::as_str);
    match crosswalk.get(known) {
        Some(hospital) => hospital.clone(),
        None if known.contains('/') => format!("{}:{known}", source.name),
        None => known.to_owned(),
    }
}

/// The source's crosswalk file: its numbers, and the hospital's.
fn crosswalk(source: &Source) -> Result<HashMap<String, String>, Error> {
    let Some(path) = &source.patients.crosswalk else { return Ok(HashMap::new()) };
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    read_crosswalk(source, path, &text)
}

fn read_crosswalk(source: &Source, path: &Path, text: &str) -> Result<HashMap<String, String>, Error> {
    let mistake = |line: usize, what: &str| Error::Mapping {
        mistakes: vec![format!("{}:{line}: {what}; the file has the columns `source,patient`", path.display())],
    };
    let mut lines = (1..).zip(text.trim_start_matches('\u{feff}').lines()).filter(|(_, line)| !line.trim().is_empty());
    match lines.next() {
        Some((_, header)) if header.split(',').map(str::trim).eq(["source", "patient"]) => {}
        Some((line, _)) => return Err(mistake(line, "the header is another")),
        None => return Err(mistake(1, "the file is empty")),
    }
    let mut numbers = HashMap::new();
    for (line, text) in lines {
        let Some((own, hospital)) = text.split_once(',') else { return Err(mistake(line, "two columns are needed")) };
        let (own, hospital) = (source.patients.spelled(own), source.patients.spelled(hospital));
        if own.is_empty() || hospital.is_empty() || hospital.contains(',') {
            return Err(mistake(line, "two numbers are needed"));
        }
        if numbers.insert(own.to_owned(), hospital.to_owned()).is_some_and(|before| before != hospital) {
            return Err(mistake(line, "the number stands twice, for two patients"));
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{Format, Patients};

    fn source(strip_zeros: bool) -> Source {
        Source {
            name: "dpc".into(),
            format: Format::Dpc,
            folders: vec![PathBuf::from("x")],
            mappings: Vec::new(),
            patients: Patients { strip_zeros, crosswalk: None },
            tables: None,
            namespace: None,
        }
    }

    #[test]
    fn references_without_a_number_stay_apart_and_crosswalks_lead_to_the_hospitals_number() {
        let aliases = HashMap::from([("Patient/a".to_owned(), "77".to_owned())]);
        let text = "\u{feff}source,patient\r\n0012,34\r\n\n77,0099\n";
        let crosswalk = read_crosswalk(&source(true), Path::new("map.csv"), text).unwrap();
        for (number, expect) in [("12", "34"), ("Patient/a", "99"), ("Patient/b", "dpc:Patient/b"), ("5", "5")] {
            assert_eq!(hospital_number(&source(true), number, &aliases, &crosswalk), expect);
        }
    }

    #[test]
    fn a_wrong_crosswalk_names_the_line_and_never_a_number() {
        for (text, line) in [
            ("", "map.csv:1"),
            ("number,patient\n1,2", "map.csv:1"),
            ("source,patient\n1", "map.csv:2"),
            ("source,patient\n1,\n", "map.csv:2"),
            ("source,patient\n471,482\n471,493", "map.csv:3"),
        ] {
            let error = read_crosswalk(&source(false), Path::new("map.csv"), text).unwrap_err().to_string();
            assert!(error.starts_with(line), "{error}");
            assert!(!error.contains("471") && !error.contains("493"), "{error}");
        }
    }
}
