//! Counting while a table is read.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, Int32Array, RecordBatch, StringArray};
use renkei_cdm::{ColumnType, Role, Table};
use renkei_ingest::System;
use roaring::RoaringBitmap;

use super::{Column, Profile, Used};

/// Concepts of rows without a canonical code are listed under this name.
const CONCEPTS: &str = "OMOP";
/// The longest code that is listed.
const MAX_CODE: usize = 64;
/// Different codes that are counted; sources with more have something else in the column.
const MAX_DIFFERENT: usize = 500_000;

#[derive(Debug, Default)]
struct Count {
    rows: u64,
    unmapped: u64,
    persons: RoaringBitmap,
}

impl Count {
    fn add(&mut self, unmapped: bool, person: u32) {
        self.rows += 1;
        self.unmapped += u64::from(unmapped);
        self.persons.insert(person);
    }
}

/// Code and unit within a table; the system is the code's prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    table: &'static str,
    code: String,
    unit: String,
}

/// A profile in the making.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    codes: HashMap<Key, Count>,
    columns: HashMap<(&'static str, &'static str), Count>,
}

impl Counting {
    /// Takes the rows of a table of persons, with the owner of each.
    pub(crate) fn look(&mut self, table: &'static Table, batch: &RecordBatch, owners: &[u32]) {
        let coded = |role| matches!(role, Role::Code | Role::Coarse);
        let concepts = |column: &&renkei_cdm::Column| column.kind == ColumnType::Concept && coded(column.role);
        for column in table.columns.iter().filter(concepts) {
            let Some(values) = integers(batch, column.name) else { continue };
            let count = self.columns.entry((table.name, column.name)).or_default();
            for (row, owner) in owners.iter().enumerate().filter(|(row, _)| values.is_valid(*row)) {
                count.add(values.value(row) == 0, *owner);
            }
        }
        self.look_at_codes(table, batch, owners);
    }

    /// The codes of what the rows are about: the first column of concepts that every row has.
    fn look_at_codes(&mut self, table: &'static Table, batch: &RecordBatch, owners: &[u32]) {
        let about = |column: &&renkei_cdm::Column| {
            let typed = column.name.ends_with("_type_concept_id");
            column.required && column.kind == ColumnType::Concept && column.role == Role::Code && !typed
        };
        let Some(column) = table.columns.iter().find(about) else { return };
        let Some(noun) = column.name.strip_suffix("_concept_id") else { return };
        let Some(concepts) = integers(batch, column.name) else { return };
        let sources = texts(batch, &format!("{noun}_source_value"));
        let units = texts(batch, "unit_source_value");
        for (row, owner) in owners.iter().enumerate() {
            let concept = concepts.value(row);
            let source = sources.filter(|sources| sources.is_valid(row)).map(|sources| sources.value(row));
            let code = match source.filter(|source| canonical(source)) {
                Some(source) => source.to_owned(),
                None if concept != 0 => format!("{CONCEPTS}:{concept}"),
                None => continue,
            };
            let unit = units.filter(|units| units.is_valid(row)).map(|units| units.value(row));
            let unit = unit.filter(|unit| unit.len() <= MAX_CODE).unwrap_or_default().to_owned();
            let key = Key { table: table.name, code, unit };
            if self.codes.len() < MAX_DIFFERENT || self.codes.contains_key(&key) {
                self.codes.entry(key).or_default().add(concept == 0, *owner);
            }
        }
    }

    /// The profile.
    pub(crate) fn finish(self) -> Profile {
        let codes = self.codes.into_iter().filter_map(|(key, count)| {
            let (system, code) = key.code.split_once(':')?;
            Some(Used {
                table: key.table.to_owned(),
                system: system.to_owned(),
                code: code.to_owned(),
                unit: key.unit,
                persons: count.persons.len(),
                rows: count.rows,
                unmapped: count.unmapped,
            })
        });
        let columns = self.columns.into_iter().map(|((table, column), count)| Column {
            table: table.to_owned(),
            column: column.to_owned(),
            persons: count.persons.len(),
            rows: count.rows,
            unmapped: count.unmapped,
        });
        let (mut codes, mut columns): (Vec<_>, Vec<_>) = (codes.collect(), columns.collect());
        codes.sort_by(|a, b| (&a.table, &a.system, &a.code, &a.unit).cmp(&(&b.table, &b.system, &b.code, &b.unit)));
        columns.sort_by(|a, b| (&a.table, &a.column).cmp(&(&b.table, &b.column)));
        Profile { codes, columns }
    }
}

/// Whether a source value is a code in its system's spelling, and no text.
fn canonical(source: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '+' | '*');
    source.len() <= MAX_CODE
        && source.split_once(':').is_some_and(|(system, code)| {
            let known = System::NAMED.iter().any(|known| known.prefix() == system);
            known && !code.is_empty() && code.chars().all(plain)
        })
}

fn integers<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a Int32Array> {
    batch.column_by_name(name)?.as_primitive_opt::<Int32Type>()
}

fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    batch.column_by_name(name)?.as_string_opt::<i32>()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::ArrayRef;
    use arrow_schema::{DataType, Field, Schema};

    use super::*;

    fn batch(rows: &[(i32, Option<&str>, Option<&str>)]) -> RecordBatch {
        let text = |name| Field::new(name, DataType::Utf8, true);
        let schema = Schema::new(vec![
            Field::new("measurement_concept_id", DataType::Int32, false),
            text("measurement_source_value"),
            text("unit_source_value"),
        ]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(rows.iter().map(|row| row.0).collect::<Int32Array>()),
            Arc::new(rows.iter().map(|row| row.1).collect::<StringArray>()),
            Arc::new(rows.iter().map(|row| row.2).collect::<StringArray>()),
        ];
        RecordBatch::try_new(Arc::new(schema), columns).unwrap()
    }

    #[test]
    fn codes_are_counted_by_person_and_texts_are_not() {
        let table = renkei_cdm::table("measurement").unwrap();
        let mut counting = Counting::default();
        let rows = batch(&[
            (0, Some("JLAC10:3D0450000019"), Some("%")),
            (0, Some("JLAC10:3D0450000019"), Some("%")),
            (3004410, Some("JLAC10:3D0450000019"), Some("%")),
            (3004410, Some("HbA1c of Taro Yamada"), None),
            (0, Some("HbA1c of Taro Yamada"), None),
            (0, Some("LOCAL:secret note"), None),
            (0, None, None),
        ]);
        counting.look(table, &rows, &[1, 1, 2, 3, 3, 4, 5]);
        let profile = counting.finish();
        let codes: Vec<_> = profile
            .codes
            .iter()
            .map(|used| {
                (used.system.as_str(), used.code.as_str(), used.unit.as_str(), used.persons, used.rows, used.unmapped)
            })
            .collect();
        assert_eq!(codes, [("JLAC10", "3D0450000019", "%", 2, 3, 2), ("OMOP", "3004410", "", 1, 1, 0)]);
        let column = profile.columns.iter().find(|column| column.column == "measurement_concept_id").unwrap();
        assert_eq!((column.persons, column.rows, column.unmapped), (5, 7, 5));
    }
}
