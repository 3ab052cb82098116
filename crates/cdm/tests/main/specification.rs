//! Names, order, types, requirement and keys are those of the specification.

use renkei_cdm::{Column, ColumnType, Table, tables};

use crate::official::{Fact, field_level};

/// `tests/cdm54.tsv`: the same facts as the official definition, without its texts.
fn fixture() -> Vec<Fact> {
    let mut lines = include_str!("../cdm54.tsv").lines();
    let header = "table\tcolumn\ttype\trequired\tprimary_key\tforeign_table\tforeign_column";
    assert_eq!(lines.next(), Some(header));
    lines
        .map(|line| {
            let [table, column, kind, required, primary, to_table, to_column] =
                line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            Fact {
                table: table.into(),
                column: column.into(),
                kind: kind.into(),
                required: required == "yes",
                primary_key: primary == "yes",
                foreign_key: (!to_table.is_empty()).then(|| (to_table.into(), to_column.into())),
            }
        })
        .collect()
}

fn declared() -> Vec<Fact> {
    let fact = |table: &Table, column: &Column| Fact {
        table: table.name.into(),
        column: column.name.into(),
        kind: column.kind.sql(),
        required: column.required,
        primary_key: column.primary_key,
        foreign_key: column.foreign_key.map(|key| (key.table.into(), key.column.into())),
    };
    tables().iter().flat_map(|table| table.columns.iter().map(move |column| fact(table, column))).collect()
}

#[track_caller]
fn assert_same(found: &[Fact], wanted: &[Fact]) {
    for (found, wanted) in found.iter().zip(wanted) {
        assert_eq!(found, wanted);
    }
    assert_eq!(found.len(), wanted.len());
}

#[test]
fn declarations_equal_the_fixture() {
    let wanted = fixture();
    assert_eq!(wanted.len(), 432);
    assert_same(&declared(), &wanted);
}

#[test]
fn fixture_equals_the_official_definition() {
    if let Some(official) = field_level("5.4") {
        assert_same(&fixture(), &official);
        assert_same(&declared(), &official);
    }
}

#[test]
fn counts_are_those_of_the_specification() {
    let facts = declared();
    let count = |test: fn(&Fact) -> bool| facts.iter().filter(|fact| test(fact)).count();
    assert_eq!(tables().len(), 39);
    assert_eq!(count(|fact| fact.required), 180);
    assert_eq!(count(|fact| fact.primary_key), 28);
    assert_eq!(count(|fact| fact.kind == "integer"), 222);
    assert_eq!(count(|fact| fact.kind == "varchar(max)"), 5);
    let required: Vec<_> = tables().iter().filter(|table| table.required).map(|table| table.name).collect();
    assert_eq!(required, ["person", "observation_period"]);
}

#[test]
fn integers_are_refined_by_what_they_hold() {
    for (table, column) in tables().iter().flat_map(|table| table.columns.iter().map(move |column| (table, column))) {
        let place = format!("{}.{}", table.name, column.name);
        let to_concept = column.foreign_key.is_some_and(|key| key.table == "concept");
        let named_concept = column.name.ends_with("concept_id") || column.name.contains("concept_id_");
        assert_eq!(column.kind == ColumnType::Concept, to_concept || named_concept, "{place}");
        if column.kind == ColumnType::Integer {
            assert!(!column.name.ends_with("_id") && column.foreign_key.is_none(), "{place} would lose 64-bit ids");
        }
    }
}
