//! Metadata: what the data set says about itself.

use crate::Table;

pub(super) const METADATA: Table = table! {
    metadata, Metadata, Metadata, optional,
    "One row per statement about the data set or how it was made.";
    key metadata_id: Id, Key(metadata), "Number of the statement.";
    req metadata_concept_id: Concept => concept, Code, "What the statement is about.";
    req metadata_type_concept_id: Concept => concept, Code, "How the statement came about (Type Concept).";
    req name: Text(250), Never, "Name of the statement.";
    opt value_as_string: Text(250), Never, "What is stated, as text.";
    opt value_as_concept_id: Concept => concept, Code, "What is stated, as a concept.";
    opt value_as_number: Float, Amount, "What is stated, as a number.";
    opt metadata_date: Date, Date, "Day of the statement.";
    opt metadata_datetime: Datetime, Date, "Day and time of the statement.";
};

pub(super) const CDM_SOURCE: Table = table! {
    cdm_source, Metadata, Metadata, optional,
    "One row per source of the data set: its name, its holder and the dates of its releases.";
    req cdm_source_name: Text(255), Never, "Full name of the data set.";
    req cdm_source_abbreviation: Text(25), Never, "Short name of the data set.";
    req cdm_holder: Text(255), Never, "Institution that holds the data.";
    opt source_description: Text(max), Never, "What the source data are and how they arose.";
    opt source_documentation_reference: Text(255), Never, "Where the source data are documented.";
    opt cdm_etl_reference: Text(255), Never, "Where the conversion is documented.";
    req source_release_date: Date, Date, "Day on which the source data were drawn.";
    req cdm_release_date: Date, Date, "Day on which the conversion was finished.";
    opt cdm_version: Text(10), Reference, "Version of the CDM, such as v5.4.";
    req cdm_version_concept_id: Concept => concept, Code, "Version of the CDM, as a concept.";
    req vocabulary_version: Text(20), Reference, "Release of the vocabularies used.";
};
