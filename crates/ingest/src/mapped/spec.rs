//! What a mapping file says about one column of the CDM.

use std::collections::BTreeMap;
use std::ops::Range;

use renkei_cdm::ColumnType;
use toml::de::DeTable;

use super::column::Column;
use super::date::Format;
use super::document::{Notes, Value, get, suggestion};
use super::fold::fold;
use super::names::Names;
use crate::code::System;

pub(super) const KEYS: [&str; 12] = [
    "from",
    "otherwise",
    "value",
    "type",
    "formats",
    "empty",
    "map",
    "default",
    "system",
    "also",
    "display",
    "unreadable",
];

/// Systems of codes by the names that mapping files use: their own prefixes.
fn systems() -> impl Iterator<Item = System> {
    System::NAMED.into_iter().filter(|system| *system != System::Fhir)
}

pub(super) fn column(
    (name, position, kind): (&'static str, u16, ColumnType),
    place: Range<usize>,
    spec: &DeTable<'_>,
    names: &mut Names,
    notes: &mut Notes<'_>,
) -> Column {
    let from = names.many(get(spec, "from"), notes);
    let constant = get(spec, "value").and_then(|value| notes.scalar(value));
    let misspelt = spec.keys().any(|key| !KEYS.contains(&key.get_ref().as_ref()));
    if from.is_empty() == constant.is_none() && !misspelt {
        notes.add(
            place.clone(),
            format!("`{name}` needs either `from`, its source column, or `value`, the same for all rows"),
        );
    }
    let lenient = match get(spec, "unreadable").map(|value| (value.span(), notes.string(value))) {
        None | Some((_, None)) => false,
        Some((_, Some(text))) if text == "empty" || text == "reject" => text == "empty",
        Some((span, _)) => {
            notes.add(span, "`unreadable` is \"reject\" or \"empty\"");
            false
        }
    };
    let column = Column {
        name,
        position,
        kind,
        otherwise: names.many(get(spec, "otherwise"), notes),
        from,
        constant,
        empty: get(spec, "empty")
            .map(|value| notes.scalars(value))
            .unwrap_or_default()
            .iter()
            .map(|(text, _)| fold(text))
            .collect(),
        map: map(spec, notes),
        default: get(spec, "default").and_then(|value| notes.scalar(value)),
        system: get(spec, "system").and_then(|value| system(value, notes)),
        also: also(spec, names, notes),
        display: names.one(get(spec, "display"), notes),
        formats: formats(spec, notes),
        lenient,
    };
    check_type(&column, place, spec, notes);
    column
}

/// What the CDM says about the type, the system and the constants.
fn check_type(column: &Column, place: Range<usize>, spec: &DeTable<'_>, notes: &mut Notes<'_>) {
    let name = column.name;
    let (word, coded) = match column.kind {
        ColumnType::Id | ColumnType::Concept | ColumnType::Integer => ("integer", false),
        ColumnType::Float => ("number", false),
        ColumnType::Date => ("date", false),
        ColumnType::Datetime => ("datetime", false),
        ColumnType::Text(_) => ("code", name != "zip"),
    };
    if let Some(value) = get(spec, "type")
        && let Some(said) = notes.string(value)
        && said != word
    {
        notes.add(
            value.span(),
            format!("`{name}` is of type {word} in the CDM, not `{said}`; write type = \"{word}\", or nothing"),
        );
    }
    if coded && get(spec, "system").is_none() {
        let message =
            format!("`{name}` holds codes and needs `system`, such as \"LOCAL\" or \"JLAC10\"; free text is not taken");
        notes.add(place, message);
    }
    if coded || name == "zip" {
        return;
    }
    for key in ["system", "also", "display"] {
        if let Some(value) = get(spec, key) {
            notes.add(value.span(), format!("`{key}` is for columns that hold codes; `{name}` is of type {word}"));
        }
    }
    for key in ["value", "default", "map"] {
        let Some(value) = get(spec, key) else { continue };
        let entries: Vec<&Value<'_>> = match value.get_ref().as_table() {
            Some(table) => table.iter().map(|(_, value)| value).collect(),
            None => vec![value],
        };
        for entry in entries {
            if let Some(text) = notes.scalar(entry)
                && column.read(&text).is_err()
            {
                notes.add(entry.span(), format!("`{text}` is no {word}, which `{name}` is"));
            }
        }
    }
}

fn map(spec: &DeTable<'_>, notes: &mut Notes<'_>) -> BTreeMap<String, String> {
    let Some(value) = get(spec, "map") else { return BTreeMap::new() };
    let Some(table) = value.get_ref().as_table() else {
        notes.add(value.span(), "`map` is a table: { \"男\" = 8507, \"女\" = 8532 }");
        return BTreeMap::new();
    };
    table.iter().filter_map(|(key, value)| Some((fold(key.get_ref()), notes.scalar(value)?))).collect()
}

fn also(spec: &DeTable<'_>, names: &mut Names, notes: &mut Notes<'_>) -> Vec<(usize, System)> {
    let Some(value) = get(spec, "also") else { return Vec::new() };
    let items: Vec<&DeTable<'_>> = match value.get_ref().as_array() {
        Some(items) => items.iter().filter_map(|item| item.get_ref().as_table()).collect(),
        None => value.get_ref().as_table().into_iter().collect(),
    };
    if items.is_empty() {
        notes.add(value.span(), "`also` is a list: [{ from = \"…\", system = \"LOCAL\" }]");
    }
    let mut also = Vec::new();
    for item in items {
        notes.known(item, &["from", "system"]);
        let column = names.one(get(item, "from"), notes);
        let system = get(item, "system").and_then(|value| system(value, notes));
        match (column, system) {
            (Some(column), Some(system)) => also.push((column, system)),
            _ => notes.add(value.span(), "each of `also` needs `from` and `system`"),
        }
    }
    also
}

fn formats(spec: &DeTable<'_>, notes: &mut Notes<'_>) -> Vec<Format> {
    let Some(value) = get(spec, "formats") else { return Format::USUAL.to_vec() };
    let mut formats = Vec::new();
    for (text, span) in notes.scalars(value) {
        match Format::NAMES.iter().find(|(name, _)| *name == text) {
            Some((_, format)) => formats.push(*format),
            None => {
                let known: Vec<&str> = Format::NAMES.iter().map(|(name, _)| *name).collect();
                notes.add(span, format!("`{text}` is no format of dates; known are {}", known.join(", ")));
            }
        }
    }
    formats
}

fn system(value: &Value<'_>, notes: &mut Notes<'_>) -> Option<System> {
    let text = notes.string(value)?;
    let wanted = text.to_uppercase();
    let table = wanted.strip_prefix("HL7-").and_then(|number| number.parse().ok()).map(System::Hl7);
    let found = table.or_else(|| systems().find(|system| system.prefix() == wanted));
    if found.is_none() {
        let near = suggestion(&wanted, systems().map(|system| system.prefix()));
        let message =
            format!("`{text}` is no system of codes that is known here; the hospital's own codes are \"LOCAL\"{near}");
        notes.add(value.span(), message);
    }
    found
}
