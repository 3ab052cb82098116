//! A TOML document and the mistakes in it, each at its place.

use std::fmt;
use std::ops::Range;

use renkei_cdm::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A mistake in a mapping file, with the remedy. It shows only what the file itself says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// The text, and the mistakes that were found in it.
pub(super) struct Notes<'t> {
    text: &'t str,
    pub(super) found: Vec<Mistake>,
}

impl<'t> Notes<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, found: Vec::new() }
    }

    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    pub(super) fn add(&mut self, span: Range<usize>, message: impl Into<String>) {
        let (line, column) = self.place(span.start);
        self.found.push(Mistake { line, column, message: message.into() });
    }

    /// Objects to keys that are not known.
    pub(super) fn known(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for key in table.keys() {
            let name = key.get_ref();
            if !known.contains(&name.as_ref()) {
                let near = suggestion(name, known.iter().copied());
                let near = if near.is_empty() { format!("; known are {}", known.join(", ")) } else { near };
                self.add(key.span(), format!("`{name}` is not known here{near}"));
            }
        }
    }

    pub(super) fn string(&mut self, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.add(value.span(), format!("a text in quotes is needed here, not {}", value.get_ref().type_str()));
        }
        text
    }

    pub(super) fn boolean(&mut self, value: &Value<'_>) -> Option<bool> {
        let read = value.get_ref().as_bool();
        if read.is_none() {
            self.add(value.span(), format!("true or false is needed here, not {}", value.get_ref().type_str()));
        }
        read
    }

    /// A text, a number, a date or true/false, as text.
    pub(super) fn scalar(&mut self, value: &Value<'_>) -> Option<String> {
        let text = match value.get_ref() {
            DeValue::String(text) => Some(text.clone().into_owned()),
            DeValue::Integer(number) => Some(number.as_str().replace('_', "")),
            DeValue::Float(number) => Some(number.as_str().replace('_', "")),
            DeValue::Boolean(value) => Some(value.to_string()),
            DeValue::Datetime(value) => Some(value.to_string()),
            _ => None,
        };
        if text.is_none() {
            self.add(value.span(), format!("one value is needed here, not {}", value.get_ref().type_str()));
        }
        text
    }

    /// One value or a list of them, each with its place.
    pub(super) fn scalars(&mut self, value: &Value<'_>) -> Vec<(String, Range<usize>)> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().filter_map(|item| Some((self.scalar(item)?, item.span()))).collect(),
            _ => self.scalar(value).map(|text| (text, value.span())).into_iter().collect(),
        }
    }
}

pub(super) fn get<'d, 't>(table: &'d DeTable<'t>, key: &str) -> Option<&'d Value<'t>> {
    table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
}

/// The tables of a list of tables.
pub(super) fn tables<'d, 't>(
    notes: &mut Notes<'_>,
    table: &'d DeTable<'t>,
    key: &str,
) -> Vec<(&'d DeTable<'t>, Range<usize>)> {
    let Some(value) = get(table, key) else { return Vec::new() };
    let Some(items) = value.get_ref().as_array() else {
        notes.add(value.span(), format!("`{key}` is a list of tables: write [[{key}]]"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items.iter() {
        match item.get_ref().as_table() {
            Some(table) => found.push((table, item.span())),
            None => notes.add(item.span(), format!("`{key}` is a list of tables: write [[{key}]]")),
        }
    }
    found
}

/// `; did you mean …?` where a name is near; case does not count.
pub(super) fn suggestion<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let near = nearest(wanted, lower.iter().map(String::as_str));
    let as_written = near.iter().filter_map(|near| names.iter().find(|name| name.to_lowercase() == **near));
    let near: Vec<&str> = as_written.copied().collect();
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}
