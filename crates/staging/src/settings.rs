//! What a source is: where it lies, how it is written, whose patients it holds.

use std::collections::BTreeSet;
use std::path::PathBuf;

use renkei_ingest::{Dictionary, Namespace};
use serde::{Deserialize, Serialize};

/// How the records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// SS-MIX2 standardized storage.
    Ssmix2,
    /// FHIR R4: NDJSON, Bundles, single resources.
    Fhir,
    /// DPC survey files.
    Dpc,
    /// The hospital's own tables, with mapping files.
    Csv,
}

impl Format {
    /// The name in configuration and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ssmix2 => "ssmix2",
            Self::Fhir => "fhir",
            Self::Dpc => "dpc",
            Self::Csv => "csv",
        }
    }
}

/// How a source numbers patients.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Patients {
    /// Whether leading zeros are written by some systems and not by others, and so mean nothing.
    pub strip_zeros: bool,
    /// CSV file with the columns `source` and `patient`: this source's number, and the hospital's.
    pub crosswalk: Option<PathBuf>,
}

impl Patients {
    /// A patient number in the spelling that all sources share.
    #[must_use]
    pub fn spelled<'a>(&self, number: &'a str) -> &'a str {
        let number = number.trim();
        if self.strip_zeros { without_zeros(number) } else { number }
    }
}

/// A patient number without leading zeros. Lists of patients who opted out are compared this way: rather one patient too
/// many is left out than one too few.
#[must_use]
pub fn without_zeros(number: &str) -> &str {
    match number.trim().trim_start_matches('0') {
        "" => number,
        _ if number.contains('/') => number,
        bare => bare,
    }
}

/// One source of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name, which the staging file has: lower-case letters, digits, hyphens.
    pub name: String,
    /// How it is written.
    pub format: Format,
    /// Its folders, or files.
    pub folders: Vec<PathBuf>,
    /// Mapping files, for tables of the hospital's own.
    #[serde(default)]
    pub mappings: Vec<PathBuf>,
    /// How it numbers patients.
    #[serde(default)]
    pub patients: Patients,
    /// CDM tables that are taken from it; all where the list is absent.
    pub tables: Option<BTreeSet<String>>,
    /// What stands before its own codes.
    pub namespace: Option<Namespace>,
}

impl Source {
    /// The codes that were seen in it, spelled as its namespace wants it.
    #[must_use]
    pub fn named(&self, seen: Dictionary) -> Dictionary {
        let Some(namespace) = &self.namespace else { return seen };
        let mut named = Dictionary::default();
        for (coding, text) in seen.iter() {
            // A unit and another code may be spelled alike: both spellings are asked for.
            let (mut code, mut unit) = (coding.clone(), coding.clone());
            namespace.code(&mut code);
            namespace.unit(&mut unit);
            named.see(&code, text);
            named.see(&unit, text);
        }
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_stripped_where_the_hospital_says_so() {
        let check = |strip_zeros, number, expect| {
            assert_eq!(Patients { strip_zeros, crosswalk: None }.spelled(number), expect, "{number}");
        };
        check(false, "0000123", "0000123");
        check(true, "0000123", "123");
        check(true, " 00A1 ", "A1");
        check(true, "000", "000");
        check(true, "Patient/0001", "Patient/0001");
    }
}
