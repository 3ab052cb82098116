//! The tables of OMOP CDM v5.4: 39 tables, 432 columns.
//!
//! What must stay true: names, order, types, requirement and keys are those of the specification's field-level
//! definition; kind and role are this project's own decisions, and the tests hold a reviewed list of them. A table
//! whose rows carry no person cannot be guarded per person, so it is [`Kind::Metadata`](crate::Kind::Metadata) and
//! stays out of the researchers' catalogue: `cost`, `fact_relationship`, `episode_event`, `note_nlp`. So does
//! `source_to_concept_map`, which holds a site's own words.
//!
//! Rejected: reading the specification's CSV at build time. It knows neither roles nor what Renkei means by a
//! column, and a declaration can be reviewed line by line.

#[macro_use]
mod declare;

mod clinical;
mod derived;
mod economics;
mod health_system;
mod metadata;
mod results;
mod vocabulary;

use crate::Table;

static TABLES: [Table; 39] = [
    clinical::PERSON,
    clinical::OBSERVATION_PERIOD,
    clinical::VISIT_OCCURRENCE,
    clinical::VISIT_DETAIL,
    clinical::CONDITION_OCCURRENCE,
    clinical::DRUG_EXPOSURE,
    clinical::PROCEDURE_OCCURRENCE,
    clinical::DEVICE_EXPOSURE,
    clinical::MEASUREMENT,
    clinical::OBSERVATION,
    clinical::DEATH,
    clinical::NOTE,
    clinical::NOTE_NLP,
    clinical::SPECIMEN,
    clinical::FACT_RELATIONSHIP,
    health_system::LOCATION,
    health_system::CARE_SITE,
    health_system::PROVIDER,
    economics::PAYER_PLAN_PERIOD,
    economics::COST,
    derived::DRUG_ERA,
    derived::DOSE_ERA,
    derived::CONDITION_ERA,
    derived::EPISODE,
    derived::EPISODE_EVENT,
    metadata::METADATA,
    metadata::CDM_SOURCE,
    vocabulary::CONCEPT,
    vocabulary::VOCABULARY,
    vocabulary::DOMAIN,
    vocabulary::CONCEPT_CLASS,
    vocabulary::CONCEPT_RELATIONSHIP,
    vocabulary::RELATIONSHIP,
    vocabulary::CONCEPT_SYNONYM,
    vocabulary::CONCEPT_ANCESTOR,
    vocabulary::SOURCE_TO_CONCEPT_MAP,
    vocabulary::DRUG_STRENGTH,
    results::COHORT,
    results::COHORT_DEFINITION,
];

/// Every table, in the specification's order.
#[must_use]
pub fn tables() -> &'static [Table] {
    &TABLES
}

/// The table of that name, in lower case.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}
