//! The declarations are consistent in themselves.

use std::collections::BTreeSet;

use arrow_schema::DataType;
use renkei_cdm::{ColumnType, Kind, table, tables};

#[test]
fn names_are_unique_and_found() {
    let names: BTreeSet<_> = tables().iter().map(|table| table.name).collect();
    assert_eq!(names.len(), tables().len());
    for declared in tables() {
        assert_eq!(table(declared.name), Some(declared));
        let columns: BTreeSet<_> = declared.columns.iter().map(|column| column.name).collect();
        assert_eq!(columns.len(), declared.columns.len(), "{}", declared.name);
    }
    assert_eq!(table("persons"), None);
    assert_eq!(table("PERSON"), None);
}

#[test]
fn every_table_and_column_says_what_it_means() {
    let mut table_docs = BTreeSet::new();
    for table in tables() {
        assert!(is_sentence(table.doc), "{}", table.name);
        assert!(table_docs.insert(table.doc), "{} has another table's doc", table.name);
        let mut docs = BTreeSet::new();
        for column in table.columns {
            let place = format!("{}.{}", table.name, column.name);
            assert!(is_sentence(column.doc), "{place}: {:?}", column.doc);
            assert!(docs.insert(column.doc), "{place} has another column's doc: {:?}", column.doc);
        }
    }
}

fn is_sentence(doc: &str) -> bool {
    doc.len() > 10 && doc.ends_with('.') && !doc.contains(['\n', '\t']) && doc.trim() == doc
}

#[test]
fn foreign_keys_point_to_columns_of_their_type() {
    for table in tables() {
        for column in table.columns {
            let Some(key) = column.foreign_key else { continue };
            let place = format!("{}.{}", table.name, column.name);
            let target = renkei_cdm::table(key.table).and_then(|table| table.column(key.column));
            let target = target.unwrap_or_else(|| panic!("{place} points to nothing"));
            assert!(target.primary_key, "{place} points to a column that is no primary key");
            assert_eq!(column.kind, target.kind, "{place}");
        }
    }
}

#[test]
fn local_tables_are_those_with_a_person() {
    for table in tables() {
        let person = table.columns.iter().find(|column| matches!(column.name, "person_id" | "subject_id"));
        assert_eq!(table.kind == Kind::Local, person.is_some(), "{}", table.name);
        assert_eq!(table.person_column(), person, "{}", table.name);
        if let Some(person) = person {
            assert!(person.required && person.kind == ColumnType::Id, "{}", table.name);
        }
    }
}

#[test]
fn kinds_of_tables_without_a_person_are_decided_one_by_one() {
    let of = |kind| tables().iter().filter(move |table| table.kind == kind).map(|table| table.name).collect::<Vec<_>>();
    assert_eq!(of(Kind::SiteOwned), ["location", "care_site", "provider"]);
    assert_eq!(
        of(Kind::Reference),
        [
            "concept",
            "vocabulary",
            "domain",
            "concept_class",
            "concept_relationship",
            "relationship",
            "concept_synonym",
            "concept_ancestor",
            "drug_strength",
        ]
    );
    assert_eq!(
        of(Kind::Metadata),
        [
            "note_nlp",
            "fact_relationship",
            "cost",
            "episode_event",
            "metadata",
            "cdm_source",
            "source_to_concept_map",
            "cohort_definition",
        ]
    );
    assert_eq!(of(Kind::Local).len(), 19);
}

#[test]
fn schemas_carry_names_types_and_nullability() {
    for table in tables() {
        let schema = table.arrow_schema();
        assert_eq!(schema.fields().len(), table.columns.len());
        for (field, column) in schema.fields().iter().zip(table.columns) {
            assert_eq!(field.name(), column.name);
            assert_eq!(field.is_nullable(), !column.required, "{}.{}", table.name, column.name);
        }
    }
    let person = table("person").unwrap().arrow_schema();
    assert_eq!(person.field_with_name("person_id").unwrap().data_type(), &DataType::Int64);
    assert_eq!(person.field_with_name("gender_concept_id").unwrap().data_type(), &DataType::Int32);
    assert_eq!(table("person").unwrap().primary_key().unwrap().name, "person_id");
    assert_eq!(table("death").unwrap().primary_key(), None);
}
