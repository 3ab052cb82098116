//! How far a site's codes have concepts, and which to map next.
//!
//! It stays in the hospital: it shows the site's own codes with the texts of its systems, and exact numbers.

mod text;

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::concepts::Concepts;
use super::resolved::How;
use crate::code::Coding;
use crate::extract::Dictionary;
use crate::record::Codes;

/// How often one thing was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its codes, the source's value first.
    pub codes: Codes,
    /// The table or domain that its records are in.
    pub table: String,
    /// Records.
    pub rows: u64,
    /// Patients.
    pub persons: u64,
}

/// Shares of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Records in all.
    pub rows: u64,
    /// Records whose codes lead to a standard concept.
    pub mapped_rows: u64,
    /// Of these, records whose concept is less exact than their code.
    pub fallback_rows: u64,
    /// Codes in all.
    pub codes: u64,
    /// Codes that lead to a standard concept.
    pub mapped_codes: u64,
}

/// A code without a concept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// The code.
    pub coding: Coding,
    /// What the source shows for it.
    pub text: Option<String>,
    /// The tables that its records are in, by name.
    pub tables: Vec<String>,
    /// Records.
    pub rows: u64,
    /// Patients: at least as many as this, since a patient may be in several tables.
    pub persons: u64,
}

/// Shares by table, and what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// By table, by name.
    pub tables: BTreeMap<String, Share>,
    /// Codes without a concept, those with most records first. What a map sets to no concept is not among them.
    pub unmapped: Vec<Unmapped>,
}

impl Coverage {
    /// Counts.
    #[must_use]
    pub fn of(seen: impl IntoIterator<Item = Seen>, dictionary: &Dictionary, concepts: &Concepts) -> Self {
        let texts: BTreeMap<&Coding, &str> =
            dictionary.iter().filter_map(|(coding, text)| Some((coding, text?))).collect();
        let mut tables = BTreeMap::<String, Share>::new();
        let mut unmapped = BTreeMap::<Coding, Unmapped>::new();
        for Seen { codes, table, rows, persons } in seen {
            let resolved = concepts.resolve(&codes);
            let share = tables.entry(table.clone()).or_default();
            share.rows += rows;
            share.codes += 1;
            if !resolved.targets.is_empty() {
                share.mapped_rows += rows;
                share.mapped_codes += 1;
                share.fallback_rows += if resolved.by == How::Fallback { rows } else { 0 };
            } else if let Some(coding) = resolved.source.filter(|_| resolved.by == How::Unmapped) {
                let text = texts.get(&coding).map(|text| (*text).to_owned());
                let empty = Unmapped { coding: coding.clone(), text, tables: Vec::new(), rows: 0, persons: 0 };
                let entry = unmapped.entry(coding).or_insert(empty);
                entry.rows += rows;
                entry.persons = entry.persons.max(persons);
                if let Err(at) = entry.tables.binary_search(&table) {
                    entry.tables.insert(at, table);
                }
            }
        }
        let mut unmapped: Vec<Unmapped> = unmapped.into_values().collect();
        unmapped.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.coding.cmp(&b.coding)));
        Self { tables, unmapped }
    }

    /// Writes the codes without a concept as CSV that Usagi imports (name the columns `source_code`,
    /// `source_code_description` and `frequency` there; what Usagi saves is read as a map again) and that Excel opens
    /// as UTF-8.
    ///
    /// # Errors
    /// If the output fails.
    pub fn write_csv(&self, mut output: impl Write) -> io::Result<()> {
        output.write_all(b"\xef\xbb\xbf")?;
        let mut csv = csv::Writer::from_writer(output);
        csv.write_record(["source_code", "source_vocabulary", "source_code_description", "frequency", "persons"])?;
        for Unmapped { coding, text, rows, persons, .. } in &self.unmapped {
            let name = coding.to_string();
            let (vocabulary, code) = name.split_once(':').unwrap_or(("", &name));
            let (rows, persons) = (rows.to_string(), persons.to_string());
            csv.write_record([code, vocabulary, text.as_deref().unwrap_or(""), &rows, &persons])?;
        }
        csv.flush()
    }

    /// The report as text, with that many of the codes without a concept.
    #[must_use]
    pub fn english(&self, top: usize) -> String {
        text::english(self, top)
    }

    /// The report in Japanese.
    #[must_use]
    pub fn japanese(&self, top: usize) -> String {
        text::japanese(self, top)
    }
}

#[cfg(test)]
mod tests;
