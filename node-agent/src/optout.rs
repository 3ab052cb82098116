//! The list of patients who do not want their records used: a CSV file that the hospital keeps.
//!
//! ```csv
//! patient,scope,since
//! 0001234,,2026-04-01
//! 0005678,diabetes,2026-05-10
//! ```
//!
//! `patient` is the hospital's own number. An empty `scope`, or `all`, means every project: such a patient is in no
//! snapshot, and in no answer from the moment the list says so. Any other scope is a project's id: the patient is in no
//! answer to that project. Further columns are the hospital's own. A list that cannot be read stops ingest and
//! questions: nobody can tell then whose records may be used. No number from it is in any message.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use renkei_ingest::Reject;
use renkei_staging::without_zeros;

use crate::store::{Identity, Lineage, Token};

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the list of patients who opted out ({}) cannot be used: {reason}", path.display())]
pub struct ListError {
    path: PathBuf,
    reason: String,
}

impl ListError {
    /// The file is not there, or may not be read.
    pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self { path: path.to_owned(), reason: error.to_string() }
    }
}

/// Patients who opted out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OptOuts {
    everything: BTreeSet<String>,
    projects: BTreeMap<String, BTreeSet<String>>,
}

impl OptOuts {
    /// Reads a list; none is an empty one.
    ///
    /// # Errors
    /// [`ListError`] naming file and line.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, ListError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let bytes = std::fs::read(path).map_err(|error| ListError::unreadable(path, &error))?;
        Self::of(path, &bytes)
    }

    /// The list in the bytes of the file at `path`.
    ///
    /// # Errors
    /// [`ListError`] naming file and line.
    pub(crate) fn of(path: &Path, bytes: &[u8]) -> Result<Self, ListError> {
        parse(bytes).map_err(|reason| ListError { path: path.to_owned(), reason })
    }

    /// Numbers of those who opted out of everything.
    pub(crate) fn everything(&self) -> &BTreeSet<String> {
        &self.everything
    }

    /// What a person table may have for those who opted out of everything, by whichever identifier the source has.
    pub(crate) fn tokens(&self, lineage: &Lineage) -> HashSet<Token> {
        self.everything.iter().flat_map(|number| spellings(number)).flat_map(|number| tokens(lineage, number)).collect()
    }

    /// The same numbers without leading zeros.
    pub(crate) fn bare_numbers(&self) -> HashSet<&str> {
        self.everything.iter().map(|number| without_zeros(number)).collect()
    }

    /// Numbers of those who are in no answer to a project.
    pub(crate) fn of_project(&self, project: &str) -> impl Iterator<Item = &str> {
        self.everything.iter().chain(self.projects.get(project).into_iter().flatten()).map(String::as_str)
    }
}

/// What could not be converted, without its text and its file's name where one of them holds a number of the list (as of
/// [`OptOuts::bare_numbers`]): then it may be about somebody who opted out.
pub(crate) fn without_record(mut reject: Reject, listed: &HashSet<&str>) -> Reject {
    let apart = |c: char| !c.is_alphanumeric() && c != '-';
    let named = |text: &str| text.split(apart).any(|word| listed.contains(without_zeros(word)));
    if !listed.is_empty() && (named(&reject.record) || named(&reject.file)) {
        reject.record.clear();
        "-".clone_into(&mut reject.file);
    }
    reject
}

/// A number as it is written, and without leading zeros.
fn spellings(number: &str) -> [&str; 2] {
    [number, without_zeros(number)]
}

/// What the person index may have for a number.
pub(crate) fn tokens(lineage: &Lineage, number: &str) -> impl Iterator<Item = Token> + use<> {
    let by_text = lineage.token(Identity::SourceValue, number.as_bytes());
    let by_id = number.parse::<i64>().ok().map(|id| lineage.token(Identity::PersonId, &id.to_le_bytes()));
    std::iter::once(by_text).chain(by_id)
}

fn parse(bytes: &[u8]) -> Result<OptOuts, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|_| "line 1 is not UTF-8 text".to_owned())?.clone();
    let column = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
    let patient = column("patient").ok_or("line 1 has no column `patient`")?;
    let scope = column("scope");
    let mut list = OptOuts::default();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            format!("line {line} has another number of fields than the header, or is not UTF-8 text")
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let number = record.get(patient).filter(|number| !number.is_empty());
        let number = number.ok_or_else(|| format!("line {line} has no patient number"))?;
        match scope.and_then(|at| record.get(at)) {
            None | Some("" | "all") => list.everything.insert(number.to_owned()),
            Some(project) => list.projects.entry(project.to_owned()).or_default().insert(number.to_owned()),
        };
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_opted_out_of_everything_is_on_the_list() {
        let check = |text: &str, expect: &[&str]| {
            let list = parse(text.as_bytes()).unwrap();
            assert_eq!(list.everything().iter().map(String::as_str).collect::<Vec<_>>(), expect, "{text}");
        };
        check("\u{feff}patient,scope,since\r\n 007 ,,2026-04-01\r\n8,diabetes,\r\n9,all,\r\n", &["007", "9"]);
        check("name,Patient\nx,1\n", &["1"]);
        check("patient\n", &[]);
        let list = parse(b"patient,scope\n1,\n2,a\n3,b\n2,b\n").unwrap();
        for (project, expect) in [("a", vec!["1", "2"]), ("b", vec!["1", "2", "3"]), ("c", vec!["1"])] {
            assert_eq!(list.of_project(project).collect::<Vec<_>>(), expect);
        }
    }

    #[test]
    fn records_that_hold_a_listed_number_are_not_shown() {
        let listed = HashSet::from(["7", "A-12"]);
        let check = |file: &str, record: &str, shown: bool| {
            let reject = Reject {
                table: "",
                file: file.to_owned(),
                line: 3,
                rule: renkei_ingest::Rule::Format,
                column: None,
                record: record.to_owned(),
            };
            let told = without_record(reject.clone(), &listed);
            assert_eq!(told == reject, shown, "{file} {record}");
            assert!(shown || (told.record.is_empty() && told.file == "-" && told.line == 3), "{file} {record}");
        };
        check("0000007_20200101_ADT-00_999_20200101_-_1", "", false);
        check("labs.csv", "2020-01-01,0007,x", false);
        check("a.ndjson", r#"{"subject":{"identifier":{"value":"A-12"}}}"#, false);
        check("labs.csv", "2020-01-07,77,A-123", true);
        check("labs.csv", "", true);
    }

    #[test]
    fn a_list_that_cannot_be_read_says_where_and_quotes_nothing() {
        for (bytes, place) in [
            (&b"number\n471\n"[..], "line 1"),
            (b"patient,scope\n471,,x\n", "line 2"),
            (b"patient,scope\n471,\n ,all\n", "line 3"),
            (b"patient\n471\n\xff\xfe\n", "line 3"),
            (b"", "line 1"),
        ] {
            let error = parse(bytes).unwrap_err();
            assert!(error.contains(place) && !error.contains("471"), "{error}");
        }
    }
}
