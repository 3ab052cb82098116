//! Every column of v5.3 has its place in v5.4, or is listed as dropped.

use std::collections::BTreeSet;

use renkei_cdm::{added_in_v54, dropped_since_v53, table, tables, v53_rename};

use crate::official::field_level;

#[test]
fn renames_are_those_of_visits() {
    for (table_name, old, new) in [
        ("visit_occurrence", "admitting_source_concept_id", "admitted_from_concept_id"),
        ("visit_occurrence", "discharge_to_source_value", "discharged_to_source_value"),
        ("visit_detail", "admitting_source_value", "admitted_from_source_value"),
        ("visit_detail", "visit_detail_parent_id", "parent_visit_detail_id"),
    ] {
        assert_eq!(v53_rename(table_name, old), Some(new));
        assert!(table(table_name).unwrap().column(new).is_some());
        assert!(table(table_name).unwrap().column(old).is_none());
        assert!(!added_in_v54(table_name, new), "{new} is old under another name");
    }
    assert_eq!(v53_rename("visit_occurrence", "visit_detail_parent_id"), None);
    assert_eq!(v53_rename("person", "person_id"), None);
}

#[test]
fn additions_are_columns_of_v54() {
    assert!(added_in_v54("procedure_occurrence", "procedure_end_date"));
    assert!(added_in_v54("episode", "episode_id"));
    assert!(!added_in_v54("episode", "no_such_column"));
    assert!(!added_in_v54("person", "person_id"));
    let added = tables().iter().flat_map(|table| table.columns.iter().map(move |column| (table.name, column.name)));
    assert_eq!(added.filter(|(table, column)| added_in_v54(table, column)).count(), 41);
    assert!(dropped_since_v53("attribute_definition"));
    assert!(tables().iter().all(|table| !dropped_since_v53(table.name)));
}

#[test]
fn v53_is_covered_column_by_column() {
    let Some(old) = field_level("5.3") else { return };
    let mut reached = BTreeSet::new();
    for fact in &old {
        let place = format!("{}.{}", fact.table, fact.column);
        let Some(home) = table(&fact.table) else {
            assert!(dropped_since_v53(&fact.table), "{place} is lost");
            continue;
        };
        assert!(!dropped_since_v53(&fact.table), "{place}");
        let renamed = v53_rename(&fact.table, &fact.column);
        let name = renamed.unwrap_or(&fact.column);
        let column = home.column(name).unwrap_or_else(|| panic!("{place} is lost"));
        assert_eq!(renamed.is_some(), fact.column != column.name, "{place}");
        assert!(reached.insert((home.name, column.name)), "{place} arrives where another column does");
    }
    for table in tables() {
        for column in table.columns {
            let is_old = reached.contains(&(table.name, column.name));
            assert_eq!(added_in_v54(table.name, column.name), !is_old, "{}.{}", table.name, column.name);
        }
    }
}
