//! A mapping file, from text to a mapping or to all of its mistakes.

use renkei_cdm::Table;
use toml::de::DeTable;

use super::column::Column;
use super::document::{Mistake, Notes, Value, get, suggestion, tables};
use super::fold::fold;
use super::names::Names;
use super::spec::{self, KEYS as COLUMN_KEYS};
use super::trial::{Expectation, Trial};
use super::{Condition, Demand, Mapping, check};
use crate::charset::Charset;

const KEYS: [&str; 14] = [
    "file",
    "encoding",
    "delimiter",
    "header",
    "table",
    "patient",
    "visit",
    "key",
    "version",
    "name",
    "columns",
    "where",
    "test",
    "note",
];

const ENCODINGS: [(&str, Option<Charset>); 6] = [
    ("auto", None),
    ("utf-8", Some(Charset::Utf8)),
    ("utf8", Some(Charset::Utf8)),
    ("cp932", Some(Charset::Cp932)),
    ("shift_jis", Some(Charset::Cp932)),
    ("sjis", Some(Charset::Cp932)),
];

impl Mapping {
    /// Reads and checks the text of a mapping file.
    ///
    /// # Errors
    /// Every mistake, in the order of the file.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let mut notes = Notes::new(text);
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            notes.add(error.span().unwrap_or_default(), format!("this is no TOML: {}", error.message()));
        }
        // What is left of a document with such errors says nothing about the mapping.
        let mapping = if errors.is_empty() { build(document.get_ref(), &mut notes) } else { None };
        notes.found.sort();
        match mapping {
            Some(mapping) if notes.found.is_empty() => Ok(mapping),
            _ => Err(notes.found),
        }
    }
}

fn build(document: &DeTable<'_>, notes: &mut Notes<'_>) -> Option<Mapping> {
    notes.known(document, &KEYS);
    let header = get(document, "header").and_then(|value| notes.boolean(value)).unwrap_or(true);
    let mut names = Names::new(header);
    let files = get(document, "file").map(|value| notes.scalars(value)).unwrap_or_default();
    if get(document, "file").is_none() {
        notes.add(0..0, "`file` is missing: the name of the files to read, with * where it varies");
    }
    let encoding = one_of(document, "encoding", &ENCODINGS, None, notes);
    let delimiter = delimiter(document, notes);
    let patient = names.one(get(document, "patient"), notes);
    if get(document, "patient").is_none() {
        notes.add(0..0, "`patient` is missing: the column with the patient's number");
    }
    let visit = names.one(get(document, "visit"), notes);
    let key = names.many(get(document, "key"), notes);
    let version = names.one(get(document, "version"), notes);
    let name = names.one(get(document, "name"), notes);
    let table = table(document, notes);
    let columns = table.map(|table| columns(document, table, &mut names, notes)).unwrap_or_default();
    let mut required = Vec::new();
    if let (Some(table), Some(place)) = (table, get(document, "table")) {
        let mapped = |name: &str| mapped_names(document).any(|mapped| mapped == name);
        let (found, lacking) = check::required(table, &mapped, visit.is_some());
        lacking.into_iter().for_each(|message| notes.add(place.span(), message));
        required = found;
    }
    let conditions = conditions(document, &mut names, notes);
    let trials = trials(document, &names, notes);
    let files = files.into_iter().map(|(file, _)| file).collect();
    let (table, patient, names) = (table?, patient?, names.written);
    Some(Mapping {
        table,
        files,
        encoding,
        delimiter,
        header,
        names,
        patient,
        visit,
        key,
        version,
        name,
        columns,
        required,
        conditions,
        trials,
    })
}

/// One of several words, or what holds without.
fn one_of<T: Copy>(document: &DeTable<'_>, key: &str, words: &[(&str, T)], usual: T, notes: &mut Notes<'_>) -> T {
    let Some(value) = get(document, key) else { return usual };
    let Some(text) = notes.string(value) else { return usual };
    match words.iter().find(|(word, _)| *word == text.to_lowercase()) {
        Some((_, found)) => *found,
        None => {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            notes.add(value.span(), format!("`{key}` is one of {}, not `{text}`", known.join(", ")));
            usual
        }
    }
}

fn delimiter(document: &DeTable<'_>, notes: &mut Notes<'_>) -> u8 {
    let Some(value) = get(document, "delimiter") else { return b',' };
    match notes.string(value).as_deref() {
        Some(text @ ("," | "\t" | ";" | ":")) => text.as_bytes()[0],
        Some("tab") => b'\t',
        Some(_) => {
            notes.add(value.span(), "`delimiter` is \",\", \"\\t\", \";\" or \":\"; export the table with one of them");
            b','
        }
        None => b',',
    }
}

fn table(document: &DeTable<'_>, notes: &mut Notes<'_>) -> Option<&'static Table> {
    let Some(value) = get(document, "table") else {
        notes.add(0..0, format!("`table` is missing: one of {}", check::TABLES.join(", ")));
        return None;
    };
    let name = notes.string(value)?;
    check::table(&name).map_err(|message| notes.add(value.span(), message)).ok()
}

fn mapped_names<'d>(document: &'d DeTable<'_>) -> impl Iterator<Item = &'d str> {
    let columns = get(document, "columns").and_then(|value| value.get_ref().as_table());
    columns.into_iter().flat_map(|table| table.keys()).map(|key| key.get_ref().as_ref())
}

fn columns(document: &DeTable<'_>, table: &'static Table, names: &mut Names, notes: &mut Notes<'_>) -> Vec<Column> {
    let Some(value) = get(document, "columns") else { return Vec::new() };
    let Some(all) = value.get_ref().as_table() else {
        notes.add(value.span(), "`columns` holds one table for each column: [columns.measurement_date]");
        return Vec::new();
    };
    let mut columns = Vec::new();
    for (key, value) in all {
        let name = key.get_ref();
        let target = check::column(table, name).map_err(|message| notes.add(key.span(), message)).ok();
        let Some(keys) = value.get_ref().as_table() else {
            notes.add(value.span(), format!("write [columns.{name}] and below it `from = \"…\"`"));
            continue;
        };
        notes.known(keys, &COLUMN_KEYS);
        if let Some(target) = target {
            columns.push(spec::column(target, key.span(), keys, names, notes));
        }
    }
    columns
}

fn conditions(document: &DeTable<'_>, names: &mut Names, notes: &mut Notes<'_>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (table, span) in tables(notes, document, "where") {
        notes.known(table, &["column", "is", "not", "filled"]);
        let column = names.one(get(table, "column"), notes);
        let texts = |key: &str, notes: &mut Notes<'_>| {
            get(table, key).map(|value| notes.scalars(value).iter().map(|(text, _)| fold(text)).collect::<Vec<_>>())
        };
        let is = texts("is", notes).map(Demand::Is);
        let not = texts("not", notes).map(Demand::Not);
        let filled = get(table, "filled").and_then(|value| notes.boolean(value)).map(Demand::Filled);
        let mut demands: Vec<Demand> = is.into_iter().chain(not).chain(filled).collect();
        match (column, demands.pop(), demands.is_empty()) {
            (Some(column), Some(demand), true) => conditions.push(Condition { column, demand }),
            _ => notes.add(span, "[[where]] needs `column` and one of `is`, `not`, `filled`"),
        }
    }
    conditions
}

fn trials(document: &DeTable<'_>, names: &Names, notes: &mut Notes<'_>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (table, span) in tables(notes, document, "test") {
        notes.known(table, &["row", "expect", "note"]);
        let place = notes.place(span.start);
        let row = get(table, "row").and_then(|value| value.get_ref().as_table());
        let expect = get(table, "expect");
        let (Some(row), Some(expect)) = (row, expect) else {
            notes.add(
                span,
                "[[test]] needs `row = { … }` and `expect = { … }`, or expect = \"left out\" or \"rejected\"",
            );
            continue;
        };
        let mut values = vec![String::new(); names.written.len()];
        for (key, value) in row {
            match names.folded.iter().position(|known| *known == fold(key.get_ref())) {
                Some(column) => values[column] = notes.scalar(value).unwrap_or_default(),
                None => {
                    let near = suggestion(key.get_ref(), names.written.iter().map(String::as_str));
                    notes.add(key.span(), format!("the mapping uses no column `{}`{near}", key.get_ref()));
                }
            }
        }
        if let Some(expectation) = expectation(document, expect, notes) {
            trials.push(Trial { place, values, expectation });
        }
    }
    trials
}

fn expectation(document: &DeTable<'_>, value: &Value<'_>, notes: &mut Notes<'_>) -> Option<Expectation> {
    match (value.get_ref().as_table(), value.get_ref().as_str()) {
        (Some(table), _) => {
            let mut expected = Vec::new();
            for (key, value) in table {
                let name = key.get_ref().as_ref();
                if !matches!(name, "patient" | "visit") && !mapped_names(document).any(|mapped| mapped == name) {
                    let near = suggestion(name, mapped_names(document));
                    notes.add(key.span(), format!("the mapping does not fill `{name}`{near}"));
                }
                expected.push((name.to_owned(), notes.scalar(value)?));
            }
            Some(Expectation::Row(expected))
        }
        (_, Some("left out")) => Some(Expectation::LeftOut),
        (_, Some("rejected")) => Some(Expectation::Rejected),
        _ => {
            notes.add(value.span(), "`expect` is { column = value, … }, \"left out\" or \"rejected\"");
            None
        }
    }
}
