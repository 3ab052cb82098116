//! Results schema: cohorts that the site itself built.

use crate::Table;

pub(super) const COHORT: Table = table! {
    cohort, Local, Results, optional,
    "One row per span of time in which a person belongs to a cohort that the site built.";
    req cohort_definition_id: Id, Code, "Which definition the person meets.";
    req subject_id: Id, Key(person), "Person who belongs to the cohort.";
    req cohort_start_date: Date, Date, "Day on which the person enters the cohort.";
    req cohort_end_date: Date, Date, "Day on which the person leaves the cohort.";
};

pub(super) const COHORT_DEFINITION: Table = table! {
    cohort_definition, Metadata, Results, optional,
    "One row per cohort definition; may name studies or people, so it is not queryable.";
    req cohort_definition_id: Id, Code, "Number of the definition.";
    req cohort_definition_name: Text(255), Never, "Name of the cohort.";
    opt cohort_definition_description: Text(max), Never, "What the cohort is meant to be.";
    req definition_type_concept_id: Concept => concept, Code, "Form in which the definition is written.";
    opt cohort_definition_syntax: Text(max), Never, "The definition itself, as a program or expression.";
    req subject_concept_id: Concept => concept, Code, "What the subjects are, mostly persons.";
    opt cohort_initiation_date: Date, Date, "Day on which the cohort was built.";
};
