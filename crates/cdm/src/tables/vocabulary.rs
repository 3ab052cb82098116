//! Vocabularies: concepts, their names and how they relate.
//!
//! Public knowledge, the same at every site that loaded the same release; only the map of local codes is a site's own.

use crate::Table;

pub(super) const CONCEPT: Table = table! {
    concept, Reference, Vocabulary, optional,
    "One row per concept: the unit of meaning that every other table points to.";
    key concept_id: Concept, Code, "Number of the concept, the same at every site; above 2,000,000,000 a site's own.";
    req concept_name: Text(255), Reference, "English name of the concept.";
    req domain_id: Text(20) => domain, Reference, "Kind of fact it stands for.";
    req vocabulary_id: Text(20) => vocabulary, Reference, "Vocabulary it is from.";
    req concept_class_id: Text(20) => concept_class, Reference, "Finer sort within its vocabulary.";
    opt standard_concept: Text(1), Reference, "S standard, C classification, empty for source concepts.";
    req concept_code: Text(50), Reference, "Code of the concept in its own vocabulary.";
    req valid_start_date: Date, Date, "First day on which the row is in force.";
    req valid_end_date: Date, Date, "Last day on which the row is in force; 2099-12-31 if open.";
    opt invalid_reason: Text(1), Reference, "Why it is no longer in force: D deleted, U replaced; empty if valid.";
};

pub(super) const VOCABULARY: Table = table! {
    vocabulary, Reference, Vocabulary, optional,
    "One row per vocabulary, such as SNOMED or LOINC, with the release that was loaded.";
    key vocabulary_id: Text(20), Reference, "Short name of the vocabulary, such as ICD10.";
    req vocabulary_name: Text(255), Reference, "Full name of the vocabulary.";
    opt vocabulary_reference: Text(255), Reference, "Where the vocabulary is published.";
    opt vocabulary_version: Text(255), Reference, "Release that was loaded; in row None that of the whole download.";
    req vocabulary_concept_id: Concept => concept, Code, "Concept that stands for the vocabulary.";
};

pub(super) const DOMAIN: Table = table! {
    domain, Reference, Vocabulary, optional,
    "One row per domain: the kind of fact that a concept stands for, which decides the table it goes to.";
    key domain_id: Text(20), Reference, "Short name of the domain, such as Drug.";
    req domain_name: Text(255), Reference, "Full name of the domain.";
    req domain_concept_id: Concept => concept, Code, "Concept that stands for the domain.";
};

pub(super) const CONCEPT_CLASS: Table = table! {
    concept_class, Reference, Vocabulary, optional,
    "One row per concept class: the finer sort of concept within a vocabulary.";
    key concept_class_id: Text(20), Reference, "Short name of the class, such as Ingredient.";
    req concept_class_name: Text(255), Reference, "Full name of the class.";
    req concept_class_concept_id: Concept => concept, Code, "Concept that stands for the class.";
};

pub(super) const CONCEPT_RELATIONSHIP: Table = table! {
    concept_relationship, Reference, Vocabulary, optional,
    "One row per directed relation between two concepts.";
    req concept_id_1: Concept => concept, Code, "Concept that the relation starts from.";
    req concept_id_2: Concept => concept, Code, "Concept that the relation leads to.";
    req relationship_id: Text(20) => relationship, Reference, "Kind of relation, such as Maps to.";
    req valid_start_date: Date, Date, "First day on which the row is in force.";
    req valid_end_date: Date, Date, "Last day on which the row is in force; 2099-12-31 if open.";
    opt invalid_reason: Text(1), Reference, "Why it is no longer in force: D deleted, U replaced; empty if valid.";
};

pub(super) const RELATIONSHIP: Table = table! {
    relationship, Reference, Vocabulary, optional,
    "One row per kind of relation between concepts.";
    key relationship_id: Text(20), Reference, "Short name of the relation, such as Maps to.";
    req relationship_name: Text(255), Reference, "Full name of the relation.";
    req is_hierarchical: Text(1), Reference, "1 if the relation orders concepts into a hierarchy, else 0.";
    req defines_ancestry: Text(1), Reference, "1 if concept_ancestor is computed from the relation, else 0.";
    req reverse_relationship_id: Text(20), Reference, "The relation in the other direction.";
    req relationship_concept_id: Concept => concept, Code, "Concept that stands for the relation.";
};

pub(super) const CONCEPT_SYNONYM: Table = table! {
    concept_synonym, Reference, Vocabulary, optional,
    "One row per further name of a concept, also in other languages.";
    req concept_id: Concept => concept, Code, "Concept that has the name.";
    req concept_synonym_name: Text(1000), Reference, "A further name of the concept.";
    req language_concept_id: Concept => concept, Code, "Language of the name.";
};

pub(super) const CONCEPT_ANCESTOR: Table = table! {
    concept_ancestor, Reference, Vocabulary, optional,
    "One row per pair of a standard concept and one above it, itself included.";
    req ancestor_concept_id: Concept => concept, Code, "The upper concept.";
    req descendant_concept_id: Concept => concept, Code, "The lower concept; the upper one itself at distance 0.";
    req min_levels_of_separation: Integer, Amount, "Length of the shortest way between the two, in levels.";
    req max_levels_of_separation: Integer, Amount, "Length of the longest way between the two, in levels.";
};

pub(super) const SOURCE_TO_CONCEPT_MAP: Table = table! {
    source_to_concept_map, Metadata, Vocabulary, optional,
    "One row per mapping of a local code to a standard concept: a site's own work, kept for inspection only.";
    req source_code: Text(50), Code, "Local code that is mapped.";
    req source_concept_id: Concept => concept, Code, "Concept of the local code; 0 if it has none.";
    req source_vocabulary_id: Text(20), Reference, "Local vocabulary that the code is from.";
    opt source_code_description: Text(255), Never, "What the local code means, in the site's words.";
    req target_concept_id: Concept => concept, Code, "Standard concept that the code is mapped to.";
    req target_vocabulary_id: Text(20) => vocabulary, Reference, "Vocabulary of the standard concept.";
    req valid_start_date: Date, Date, "First day on which the row is in force.";
    req valid_end_date: Date, Date, "Last day on which the row is in force; 2099-12-31 if open.";
    opt invalid_reason: Text(1), Reference, "Why it is no longer in force: D deleted, U replaced; empty if valid.";
};

pub(super) const DRUG_STRENGTH: Table = table! {
    drug_strength, Reference, Vocabulary, optional,
    "One row per ingredient of a drug product, with its amount or concentration.";
    req drug_concept_id: Concept => concept, Code, "Drug product.";
    req ingredient_concept_id: Concept => concept, Code, "Ingredient that the product contains.";
    opt amount_value: Float, Amount, "Amount of the ingredient per piece, for solid forms.";
    opt amount_unit_concept_id: Concept => concept, Code, "Unit of the amount per piece (domain Unit).";
    opt numerator_value: Float, Amount, "Amount of the ingredient in a concentration, for liquid forms.";
    opt numerator_unit_concept_id: Concept => concept, Code, "Unit of that amount (domain Unit).";
    opt denominator_value: Float, Amount, "Volume, weight or time that the concentration refers to; empty means 1.";
    opt denominator_unit_concept_id: Concept => concept, Code, "Unit of that volume, weight or time (domain Unit).";
    opt box_size: Integer, Amount, "Number of pieces in the package.";
    req valid_start_date: Date, Date, "First day on which the row is in force.";
    req valid_end_date: Date, Date, "Last day on which the row is in force; 2099-12-31 if open.";
    opt invalid_reason: Text(1), Reference, "Why it is no longer in force: D deleted, U replaced; empty if valid.";
};
