//! What a column may be used for is a reviewed decision: `tests/roles.tsv` lists every one.

use renkei_cdm::{Column, ColumnType, Kind, Role, Table, table, tables};

fn columns() -> impl Iterator<Item = (&'static Table, &'static Column)> {
    tables().iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)))
}

fn role(table_name: &str, column: &str) -> Role {
    table(table_name).unwrap().column(column).unwrap_or_else(|| panic!("{table_name}.{column}")).role
}

#[test]
fn roles_equal_the_reviewed_list() {
    let mut lines = include_str!("../roles.tsv").lines();
    assert_eq!(lines.next(), Some("table\tcolumn\trole"));
    for (table, column) in columns() {
        let line = format!("{}\t{}\t{}", table.name, column.name, column.role);
        assert_eq!(lines.next(), Some(line.as_str()), "tests/roles.tsv is the decision; change it in review");
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn roles_fit_types() {
    for (table, column) in columns() {
        let fits = match column.role {
            Role::Key(_) => column.kind == ColumnType::Id,
            Role::Code | Role::Coarse => {
                !matches!(column.kind, ColumnType::Float | ColumnType::Date | ColumnType::Datetime)
            }
            Role::Date => matches!(column.kind, ColumnType::Date | ColumnType::Datetime),
            Role::Amount => matches!(column.kind, ColumnType::Integer | ColumnType::Float),
            Role::Never => column.kind != ColumnType::Concept,
            Role::Reference => matches!(column.kind, ColumnType::Text(_)),
        };
        assert!(fits, "{}.{}: {} as {:?}", table.name, column.name, column.role, column.kind);
    }
}

#[test]
fn a_key_is_never_anything_else() {
    for (table, column) in columns() {
        let place = format!("{}.{}", table.name, column.name);
        if let Role::Key(domain) = column.role {
            let home = renkei_cdm::table(domain).unwrap_or_else(|| panic!("{place}: no table {domain}"));
            let primary = home.primary_key().unwrap_or_else(|| panic!("{place}: {domain} has no primary key"));
            assert_eq!(primary.role, Role::Key(domain), "{place}");
            if let Some(key) = column.foreign_key {
                assert_eq!(key.table, domain, "{place}");
            }
        } else if column.kind == ColumnType::Id {
            // Links to a row of any table have no domain; the number of a cohort definition identifies no person.
            let polymorphic = column.name.ends_with("event_id") || column.name.starts_with("fact_id_");
            let wanted = if polymorphic { Role::Never } else { Role::Code };
            assert_eq!(column.role, wanted, "{place}");
            assert!(polymorphic || column.name == "cohort_definition_id", "{place}");
        }
    }
}

#[test]
fn rows_of_persons_hold_no_vocabulary_text_and_vocabulary_holds_nothing_hidden() {
    for (table, column) in columns() {
        let place = format!("{}.{}", table.name, column.name);
        match table.kind {
            Kind::Local | Kind::SiteOwned => assert_ne!(column.role, Role::Reference, "{place}"),
            Kind::Reference => assert!(!matches!(column.role, Role::Never | Role::Key(_)), "{place}"),
            Kind::Metadata => {}
        }
    }
}

#[test]
fn what_could_name_a_person_is_out_of_reach() {
    for (table, column) in [
        ("person", "person_source_value"),
        ("person", "birth_datetime"),
        ("person", "month_of_birth"),
        ("person", "day_of_birth"),
        ("payer_plan_period", "family_source_value"),
        ("drug_exposure", "sig"),
        ("drug_exposure", "lot_number"),
        ("device_exposure", "unique_device_id"),
        ("device_exposure", "production_id"),
        ("specimen", "specimen_source_id"),
        ("observation", "value_as_string"),
        ("observation", "value_source_value"),
        ("measurement", "value_source_value"),
        ("note", "note_text"),
        ("location", "zip"),
        ("location", "latitude"),
        ("provider", "provider_name"),
        ("care_site", "care_site_name"),
    ] {
        assert_eq!(role(table, column), Role::Never, "{table}.{column}");
    }
    assert_eq!(role("death", "person_id"), Role::Key("person"));
    assert_eq!(role("cohort", "subject_id"), Role::Key("person"));
    assert_eq!(role("visit_occurrence", "preceding_visit_occurrence_id"), Role::Key("visit_occurrence"));
    assert_eq!(role("visit_detail", "parent_visit_detail_id"), Role::Key("visit_detail"));
}
