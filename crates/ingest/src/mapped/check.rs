//! A mapping against the CDM: which columns may be mapped, and which must be.

use renkei_cdm::{ColumnType, Role, Table};

use super::document::suggestion;

/// Tables whose rows a hospital can map.
pub(super) const TABLES: [&str; 14] = [
    "person",
    "observation_period",
    "visit_occurrence",
    "visit_detail",
    "condition_occurrence",
    "drug_exposure",
    "procedure_occurrence",
    "device_exposure",
    "measurement",
    "observation",
    "death",
    "specimen",
    "payer_plan_period",
    "episode",
];

/// What a person is known by; `zip` is no column of the CDM's person, and only its first three digits are kept.
pub(super) const PERSON: [&str; 6] =
    ["year_of_birth", "month_of_birth", "day_of_birth", "birth_datetime", "gender_concept_id", "zip"];

/// A column that a row must have, itself or through its source value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Required {
    pub(super) name: &'static str,
    pub(super) position: u16,
    /// Position of the source value that the concept follows from.
    pub(super) source: Option<u16>,
}

/// The table of a name, or why it cannot be mapped.
pub(super) fn table(name: &str) -> Result<&'static Table, String> {
    let known = renkei_cdm::table(name);
    if let Some(table) = known.filter(|table| TABLES.contains(&table.name)) {
        return Ok(table);
    }
    let why = match (known, name) {
        (Some(_), "note" | "note_nlp") => "holds free text, which never enters a snapshot".to_owned(),
        (Some(_), "drug_era" | "condition_era" | "dose_era") => "is derived from the other tables".to_owned(),
        (Some(_), _) => "has no rows of patients that could be mapped".to_owned(),
        (None, _) => format!("is no table of the CDM{}", suggestion(name, TABLES)),
    };
    Err(format!("`{name}` {why}"))
}

/// Position and type of a column that is mapped, or why it cannot be.
pub(super) fn column(table: &'static Table, name: &str) -> Result<(&'static str, u16, ColumnType), String> {
    if table.name == "person" {
        return person_column(table, name);
    }
    let Some(position) = table.columns.iter().position(|column| column.name == name) else {
        let near = suggestion(name, table.columns.iter().map(|column| column.name));
        return Err(format!("`{name}` is no column of {}{near}", table.name));
    };
    let column = &table.columns[position];
    let why = if column.primary_key {
        Some("is numbered by the node; take it out")
    } else if table.person_column().is_some_and(|person| person.name == name) {
        Some("is the patient's number, which `patient` names; take it out")
    } else {
        match column.role {
            Role::Key("visit_occurrence") => Some("follows from `visit`, the column with the visit's number"),
            Role::Key(_) => Some("points to rows that the node numbers; take it out"),
            Role::Never => Some("holds free text or raw values, which never enter a snapshot; map a code or a number"),
            _ => None,
        }
    };
    match why {
        Some(why) => Err(format!("`{name}` {why}")),
        None => Ok((column.name, u16::try_from(position).unwrap_or(u16::MAX), column.kind)),
    }
}

fn person_column(table: &'static Table, name: &str) -> Result<(&'static str, u16, ColumnType), String> {
    if name == "zip" {
        return Ok(("zip", u16::MAX, ColumnType::Text(None)));
    }
    let position = table.columns.iter().position(|column| column.name == name);
    match position {
        Some(position) if PERSON.contains(&name) => {
            let column = &table.columns[position];
            Ok((column.name, u16::try_from(position).unwrap_or(u16::MAX), column.kind))
        }
        Some(_) if name == "person_source_value" || name == "person_id" => {
            Err(format!("`{name}` is the patient's number, which `patient` names; take it out"))
        }
        Some(_) if name == "gender_source_value" => {
            Err("`gender_source_value` follows from gender_concept_id; write a map there: 8507 male, 8532 female"
                .into())
        }
        Some(_) => {
            Err(format!("`{name}` is not taken from hospitals' tables; of persons these are: {}", PERSON.join(", ")))
        }
        None => Err(format!("`{name}` is no column of person{}", suggestion(name, PERSON))),
    }
}

/// The columns that rows must have, and what to say about those that nothing fills. `mapped` tells what is mapped.
pub(super) fn required(
    table: &'static Table,
    mapped: &dyn Fn(&str) -> bool,
    visit: bool,
) -> (Vec<Required>, Vec<String>) {
    if table.name == "person" {
        return (Vec::new(), person_lacks(mapped));
    }
    let (mut required, mut lacking) = (Vec::new(), Vec::new());
    let position = |name: &str| {
        let found = table.columns.iter().position(|column| column.name == name);
        found.and_then(|position| u16::try_from(position).ok())
    };
    let person = table.person_column().map(|column| column.name);
    for column in table.columns.iter().filter(|column| column.required && !column.primary_key) {
        let name = column.name;
        if Some(name) == person {
            continue;
        }
        // How long a drug lasts follows from its first day and the days of supply.
        if name == "drug_exposure_end_date" && !mapped(name) {
            continue;
        }
        if name == "visit_occurrence_id" {
            if !visit {
                lacking.push(format!(
                    "{} needs `visit`, the column with the number of the visit it is part of",
                    table.name
                ));
            }
            continue;
        }
        let source = name.strip_suffix("_concept_id").map(|stem| format!("{stem}_source_value"));
        let source = source.filter(|source| mapped(source));
        let dated = name.strip_suffix("_date").is_some_and(|stem| mapped(&format!("{stem}_datetime")));
        if !mapped(name) && source.is_none() && !dated {
            lacking.push(lack(table, name));
            continue;
        }
        let source = source.and_then(|source| position(&source));
        required.push(Required { name, position: position(name).unwrap_or(u16::MAX), source });
    }
    (required, lacking)
}

fn lack(table: &Table, name: &str) -> String {
    let remedy = if name.ends_with("_type_concept_id") {
        format!("add [columns.{name}] with value = 32817 (from the hospital's record)")
    } else if let Some(stem) = name.strip_suffix("_concept_id") {
        match table.column(&format!("{stem}_source_value")) {
            Some(source) => format!("add [columns.{}] with the code and its system", source.name),
            None => format!("add [columns.{name}] with a map or a value"),
        }
    } else {
        format!("add [columns.{name}] with `from`")
    };
    format!("nothing fills `{name}`, which {} requires; {remedy}", table.name)
}

fn person_lacks(mapped: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut lacking = Vec::new();
    if !mapped("birth_datetime") && !mapped("year_of_birth") {
        lacking.push("nothing fills the date of birth; add [columns.birth_datetime] or [columns.year_of_birth]".into());
    }
    if !mapped("gender_concept_id") {
        lacking.push(
            "nothing fills `gender_concept_id`; add it with a map, such as { \"男\" = 8507, \"女\" = 8532 }".into(),
        );
    }
    lacking
}
