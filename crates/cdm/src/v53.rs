//! What changed from CDM v5.3 to v5.4, so that a v5.3 data set can be presented as v5.4.
//!
//! What must stay true: every column of v5.3 is found in v5.4 under its own name or the one given here, or its table
//! is listed as dropped; every column of v5.4 that no v5.3 column reaches is listed as added. Source: OHDSI
//! CommonDataModel, field-level definitions of both versions. Lengths of text and requirement changed too; both only
//! matter to whoever checks a data set against the specification.

/// Table, name in v5.3, name in v5.4.
const RENAMED: [(&str, &str, &str); 9] = [
    ("visit_occurrence", "admitting_source_concept_id", "admitted_from_concept_id"),
    ("visit_occurrence", "admitting_source_value", "admitted_from_source_value"),
    ("visit_occurrence", "discharge_to_concept_id", "discharged_to_concept_id"),
    ("visit_occurrence", "discharge_to_source_value", "discharged_to_source_value"),
    ("visit_detail", "admitting_source_concept_id", "admitted_from_concept_id"),
    ("visit_detail", "admitting_source_value", "admitted_from_source_value"),
    ("visit_detail", "discharge_to_concept_id", "discharged_to_concept_id"),
    ("visit_detail", "discharge_to_source_value", "discharged_to_source_value"),
    ("visit_detail", "visit_detail_parent_id", "parent_visit_detail_id"),
];

/// Tables of v5.3 that v5.4 has no place for.
const DROPPED_TABLES: [&str; 1] = ["attribute_definition"];

/// Tables that v5.3's definition does not have. Sites with v5.3 do have `cohort`, from the results schema.
const ADDED_TABLES: [&str; 3] = ["episode", "episode_event", "cohort"];

/// Columns that v5.3's tables do not have.
const ADDED_COLUMNS: [(&str, &[&str]); 8] = [
    ("procedure_occurrence", &["procedure_end_date", "procedure_end_datetime"]),
    ("device_exposure", &["production_id", "unit_concept_id", "unit_source_value", "unit_source_concept_id"]),
    ("measurement", &["unit_source_concept_id", "measurement_event_id", "meas_event_field_concept_id"]),
    ("observation", &["value_source_value", "observation_event_id", "obs_event_field_concept_id"]),
    ("note", &["note_event_id", "note_event_field_concept_id"]),
    ("location", &["country_concept_id", "country_source_value", "latitude", "longitude"]),
    ("metadata", &["metadata_id", "value_as_number"]),
    ("cdm_source", &["cdm_version_concept_id"]),
];

/// The v5.4 name of a v5.3 column that was renamed; `None` where the name stayed or is unknown.
#[must_use]
pub fn v53_rename(table: &str, column: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(t, old, _)| *t == table && *old == column).map(|(_, _, new)| *new)
}

/// Whether the v5.3 table has no counterpart in v5.4.
#[must_use]
pub fn dropped_since_v53(table: &str) -> bool {
    DROPPED_TABLES.contains(&table)
}

/// Whether the v5.4 column, or its whole table, is missing from a complete v5.3 data set.
#[must_use]
pub fn added_in_v54(table: &str, column: &str) -> bool {
    let whole = ADDED_TABLES.contains(&table) && crate::table(table).is_some_and(|t| t.column(column).is_some());
    whole || ADDED_COLUMNS.iter().any(|(t, columns)| *t == table && columns.contains(&column))
}
