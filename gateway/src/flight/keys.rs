//! Keys, as the CDM's specification names them, for tools that draw diagrams and propose joins.
//!
//! Across sites a key is unique only together with `site_id`; a join by the specification's key is still right, since
//! the engine adds that both rows have one owner. Only columns that the catalogue shows are named. No table of the
//! gateway's own has keys.

use std::sync::Arc;

use arrow_flight::sql::{
    CommandGetCrossReference, CommandGetExportedKeys, CommandGetImportedKeys, CommandGetPrimaryKeys, UpdateDeleteRules,
};
use datafusion::arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray, UInt8Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use renkei_cdm::Column;
use renkei_plan::{Catalogue, CatalogueTable};

use super::metadata::CATALOG;
use crate::tables::CDM_SCHEMA;

type Rows = Result<RecordBatch, ArrowError>;

/// A table that a caller names; what is left out matches.
struct Named<'a> {
    catalog: Option<&'a str>,
    schema: Option<&'a str>,
    table: &'a str,
}

impl Named<'_> {
    fn is(&self, table: &str) -> bool {
        let same = |asked: Option<&str>, is: &str| asked.is_none_or(|asked| asked == is);
        same(self.catalog, CATALOG) && same(self.schema, CDM_SCHEMA) && self.table == table
    }
}

macro_rules! named {
    ($query:expr, $catalog:ident, $schema:ident, $table:ident) => {
        Named { catalog: $query.$catalog.as_deref(), schema: $query.$schema.as_deref(), table: &$query.$table }
    };
}

/// A column of one table that names a row of another.
struct Reference {
    table: &'static str,
    column: &'static str,
    to_table: &'static str,
    to_column: &'static str,
}

/// The columns of the CDM's tables that a caller may see.
fn columns(catalogue: &Catalogue) -> impl Iterator<Item = (&'static str, &'static Column)> {
    renkei_cdm::tables().iter().flat_map(move |table| {
        let seen = catalogue.table(table.name);
        let shown = move |column: &&Column| seen.is_some_and(|seen| shows(seen, column.name));
        table.columns.iter().filter(shown).map(|column| (table.name, column))
    })
}

fn shows(table: &CatalogueTable, column: &str) -> bool {
    table.columns().field_with_name(column).is_ok()
}

fn references(catalogue: &Catalogue) -> impl Iterator<Item = Reference> {
    columns(catalogue).filter_map(|(table, column)| {
        let key = column.foreign_key?;
        catalogue.table(key.table).filter(|to| shows(to, key.column))?;
        Some(Reference { table, column: column.name, to_table: key.table, to_column: key.column })
    })
}

pub(super) fn primary_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("catalog_name", DataType::Utf8, true),
        Field::new("db_schema_name", DataType::Utf8, true),
        Field::new("table_name", DataType::Utf8, false),
        Field::new("column_name", DataType::Utf8, false),
        Field::new("key_name", DataType::Utf8, true),
        Field::new("key_sequence", DataType::Int32, false),
    ]))
}

pub(super) fn foreign_schema() -> SchemaRef {
    let side = |side: &str| {
        [("catalog_name", true), ("db_schema_name", true), ("table_name", false), ("column_name", false)]
            .map(|(what, nullable)| Field::new(format!("{side}_{what}"), DataType::Utf8, nullable))
    };
    let rest = [
        Field::new("key_sequence", DataType::Int32, false),
        Field::new("fk_key_name", DataType::Utf8, true),
        Field::new("pk_key_name", DataType::Utf8, true),
        Field::new("update_rule", DataType::UInt8, false),
        Field::new("delete_rule", DataType::UInt8, false),
    ];
    let fields: Vec<Field> = side("pk").into_iter().chain(side("fk")).chain(rest).collect();
    Arc::new(Schema::new(fields))
}

/// The primary key of a table.
pub(super) fn primary(query: &CommandGetPrimaryKeys, catalogue: &Catalogue) -> Rows {
    let asked = named!(query, catalog, db_schema, table);
    let keys: Vec<_> = columns(catalogue).filter(|(table, column)| column.primary_key && asked.is(table)).collect();
    let one = |text: &'static str| same(text, keys.len());
    RecordBatch::try_new(
        primary_schema(),
        vec![
            one(CATALOG),
            one(CDM_SCHEMA),
            text(keys.iter().map(|(table, _)| (*table).to_owned())),
            text(keys.iter().map(|(_, column)| column.name.to_owned())),
            text(keys.iter().map(|(table, _)| primary_name(table))),
            first(keys.len()),
        ],
    )
}

/// What a table's columns refer to, by the tables referred to.
pub(super) fn imported(query: &CommandGetImportedKeys, catalogue: &Catalogue) -> Rows {
    let asked = named!(query, catalog, db_schema, table);
    let mut found: Vec<_> = references(catalogue).filter(|reference| asked.is(reference.table)).collect();
    found.sort_by_key(|reference| (reference.to_table, reference.column));
    foreign(&found)
}

/// What refers to a table.
pub(super) fn exported(query: &CommandGetExportedKeys, catalogue: &Catalogue) -> Rows {
    let asked = named!(query, catalog, db_schema, table);
    let mut found: Vec<_> = references(catalogue).filter(|reference| asked.is(reference.to_table)).collect();
    found.sort_by_key(|reference| (reference.table, reference.column));
    foreign(&found)
}

/// What in one table refers to another.
pub(super) fn cross(query: &CommandGetCrossReference, catalogue: &Catalogue) -> Rows {
    let to = named!(query, pk_catalog, pk_db_schema, pk_table);
    let from = named!(query, fk_catalog, fk_db_schema, fk_table);
    let both = |reference: &Reference| to.is(reference.to_table) && from.is(reference.table);
    let mut found: Vec<_> = references(catalogue).filter(both).collect();
    found.sort_by_key(|reference| reference.column);
    foreign(&found)
}

fn foreign(found: &[Reference]) -> Rows {
    let one = |text: &'static str| same(text, found.len());
    let rule = || -> ArrayRef {
        let rule = u8::try_from(UpdateDeleteRules::NoAction as i32).unwrap_or(0);
        Arc::new(UInt8Array::from(vec![rule; found.len()]))
    };
    RecordBatch::try_new(
        foreign_schema(),
        vec![
            one(CATALOG),
            one(CDM_SCHEMA),
            text(found.iter().map(|reference| reference.to_table.to_owned())),
            text(found.iter().map(|reference| reference.to_column.to_owned())),
            one(CATALOG),
            one(CDM_SCHEMA),
            text(found.iter().map(|reference| reference.table.to_owned())),
            text(found.iter().map(|reference| reference.column.to_owned())),
            first(found.len()),
            text(found.iter().map(|reference| format!("fk_{}_{}", reference.table, reference.column))),
            text(found.iter().map(|reference| primary_name(reference.to_table))),
            rule(),
            rule(),
        ],
    )
}

fn primary_name(table: &str) -> String {
    format!("pk_{table}")
}

fn text(values: impl Iterator<Item = String>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<StringArray>())
}

fn same(value: &str, rows: usize) -> ArrayRef {
    Arc::new(StringArray::from(vec![value; rows]))
}

/// The position of the one column of each key.
fn first(rows: usize) -> ArrayRef {
    Arc::new(Int32Array::from(vec![1; rows]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use renkei_cdm::Kind;

    #[test]
    fn what_the_catalogue_does_not_show_is_not_named() {
        let catalogue = Catalogue::cdm();
        let found: Vec<_> = references(&catalogue).collect();
        assert!(found.len() > 100, "{}", found.len());
        for reference in &found {
            for (table, column) in [(reference.table, reference.column), (reference.to_table, reference.to_column)] {
                let declared = renkei_cdm::table(table).unwrap();
                assert!(declared.kind != Kind::Metadata, "{table}");
                assert!(catalogue.table(table).unwrap().columns().field_with_name(column).is_ok(), "{table}.{column}");
            }
        }
    }

    #[test]
    fn a_table_is_matched_by_whatever_is_said_of_it() {
        let rows = |catalog: Option<&str>, schema: Option<&str>, table: &str| {
            let query = CommandGetPrimaryKeys {
                catalog: catalog.map(str::to_owned),
                db_schema: schema.map(str::to_owned),
                table: table.into(),
            };
            primary(&query, &Catalogue::cdm()).unwrap().num_rows()
        };
        assert_eq!(rows(None, None, "person"), 1);
        assert_eq!(rows(Some(CATALOG), Some(CDM_SCHEMA), "person"), 1);
        for (catalog, schema, table) in
            [(Some("other"), None, "person"), (None, Some("renkei"), "person"), (None, None, "persn"), (None, None, "")]
        {
            assert_eq!(rows(catalog, schema, table), 0);
        }
    }
}
