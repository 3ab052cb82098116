//! Standardized derived elements: eras and episodes, computed from the clinical tables.

use crate::Table;

pub(super) const DRUG_ERA: Table = table! {
    drug_era, Local, Derived, optional,
    "One row per span of continuous use of one ingredient, with short gaps closed.";
    key drug_era_id: Id, Key(drug_era), "Number of the era.";
    req person_id: Id => person, Key(person), "Person who used the ingredient.";
    req drug_concept_id: Concept => concept, Code, "Ingredient, as a standard concept (domain Drug, class Ingredient).";
    req drug_era_start_date: Date, Date, "First day of the first exposure.";
    req drug_era_end_date: Date, Date, "Last day of the last exposure.";
    opt drug_exposure_count: Integer, Amount, "Number of exposures joined in the era.";
    opt gap_days: Integer, Amount, "Days within the era without supply of the drug.";
};

pub(super) const DOSE_ERA: Table = table! {
    dose_era, Local, Derived, optional,
    "One row per span of use of one ingredient at one constant daily dose.";
    key dose_era_id: Id, Key(dose_era), "Number of the era.";
    req person_id: Id => person, Key(person), "Person who used the ingredient.";
    req drug_concept_id: Concept => concept, Code, "Ingredient, as a standard concept (domain Drug, class Ingredient).";
    req unit_concept_id: Concept => concept, Code, "Unit of the daily dose (domain Unit).";
    req dose_value: Float, Amount, "Daily dose, in the row's unit.";
    req dose_era_start_date: Date, Date, "First day at this dose.";
    req dose_era_end_date: Date, Date, "Last day at this dose.";
};

pub(super) const CONDITION_ERA: Table = table! {
    condition_era, Local, Derived, optional,
    "One row per span of one condition, with near occurrences joined.";
    key condition_era_id: Id, Key(condition_era), "Number of the era.";
    req person_id: Id => person, Key(person), "Person who had the condition.";
    req condition_concept_id: Concept => concept, Code, "Standard concept of the condition (domain Condition).";
    req condition_era_start_date: Date, Date, "First day of the first occurrence.";
    req condition_era_end_date: Date, Date, "Last day of the last occurrence.";
    opt condition_occurrence_count: Integer, Amount, "Number of occurrences joined in the era.";
};

pub(super) const EPISODE: Table = table! {
    episode, Local, Derived, optional,
    "One row per course of disease or treatment that a person went through, such as a line of chemotherapy.";
    key episode_id: Id, Key(episode), "Number of the episode.";
    req person_id: Id => person, Key(person), "Person who went through the episode.";
    req episode_concept_id: Concept => concept, Code, "Sort: disease, treatment regimen (domain Episode).";
    req episode_start_date: Date, Date, "First day of the episode.";
    opt episode_start_datetime: Datetime, Date, "Day and time when the episode began.";
    opt episode_end_date: Date, Date, "Last day of the episode, where it is over.";
    opt episode_end_datetime: Datetime, Date, "Day and time when the episode ended, where it is over.";
    opt episode_parent_id: Id, Key(episode), "The larger episode that contains this one.";
    opt episode_number: Integer, Amount, "Rank among the person's episodes of this sort, from 1.";
    req episode_object_concept_id: Concept => concept, Code, "The disease, regimen or procedure it is of.";
    req episode_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    opt episode_source_value: Text(50), Code, "Episode as the source codes it.";
    opt episode_source_concept_id: Concept => concept, Code, "Concept of the source's code for the episode, 0 if none.";
};

pub(super) const EPISODE_EVENT: Table = table! {
    episode_event, Metadata, Derived, optional,
    "One row per event that belongs to an episode; has no person of its own, so it is not queryable.";
    req episode_id: Id => episode, Key(episode), "Episode that the event belongs to.";
    req event_id: Id, Never, "Primary key of the event in its own table.";
    req episode_event_field_concept_id: Concept => concept, Code, "Which table and column the event is of.";
};
