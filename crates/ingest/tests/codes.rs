//! From codes to concepts, with vocabularies written here and with the one that the machine has.

mod bad;
mod japan;
mod maps;
mod real;
mod vocabulary;

use std::collections::BTreeSet;
use std::path::PathBuf;

pub use renkei_ingest::System;
use renkei_ingest::codes::{CodesError, Concepts, Resolved, Sources, canonical};
use renkei_ingest::{Coding, Day, Remarks};

use crate::support::Site;

pub const CONCEPT: &str = "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\t\
                           concept_code\tvalid_start_date\tvalid_end_date\tinvalid_reason\n";
pub const RELATIONSHIP: &str =
    "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_reason\n";
pub const MAP: &str = "source_code,source_concept_id,source_vocabulary_id,source_code_description,target_concept_id,\
                       target_vocabulary_id,valid_start_date,valid_end_date,invalid_reason\n";

/// A row of CONCEPT: number, domain, vocabulary, standing, code, reason.
pub fn concept(id: i32, domain: &str, vocabulary: &str, standard: &str, code: &str, reason: &str) -> String {
    format!("{id}\tthe 5\" or so\t{domain}\t{vocabulary}\tc\t{standard}\t{code}\t19700101\t20991231\t{reason}\n")
}

pub fn relation(from: i32, to: i32, kind: &str, reason: &str) -> String {
    format!("{from}\t{to}\t{kind}\t19700101\t20991231\t{reason}\n")
}

/// A row of a map: code, vocabulary, target, end, reason.
pub fn mapped(code: &str, vocabulary: &str, target: i64, end: &str, reason: &str) -> String {
    format!("{code},0,{vocabulary},\"some, text\",{target},SNOMED,1970-01-01,{end},{reason}\n")
}

pub fn coding(system: System, code: &str) -> Coding {
    canonical(system, code, &mut Remarks::default()).unwrap()
}

pub fn today() -> Day {
    Day::of(2026, 4, 1).unwrap()
}

/// A vocabulary with a few concepts of each kind.
pub fn athena() -> Site {
    let concepts = [
        concept(1, "Condition", "ICD10", "", "J18", ""),
        concept(2, "Condition", "ICD10", "", "J18.9", ""),
        concept(3, "Condition", "ICD10", "", "E11.9", ""),
        concept(10, "Condition", "SNOMED", "S", "233604007", ""),
        concept(11, "Condition", "SNOMED", "S", "44054006", ""),
        concept(12, "Observation", "SNOMED", "S", "416471007", ""),
        concept(13, "Measurement", "SNOMED", "S", "433144002", ""),
        concept(14, "Condition", "SNOMED", "", "73211009", "D"),
        concept(20, "Meas Value", "SNOMED", "S", "260385009", ""),
        concept(21, "Route", "SNOMED", "S", "26643006", ""),
        concept(30, "Measurement", "LOINC", "S", "8480-6", ""),
        concept(40, "Drug", "RxNorm Extension", "S", "OMOP123", ""),
        concept(41, "Drug", "RxNorm Extension", "S", "860975", ""),
        concept(42, "Drug", "RxNorm", "S", "860975", ""),
        concept(50, "Unit", "UCUM", "S", "10*-6.[iU]", ""),
        concept(60, "Drug", "CVX", "S", "08", ""),
        concept(2_000_000_001, "Measurement", "JLAC10", "S", "3A010-0000-023-271-01", ""),
    ]
    .concat();
    let relations = [
        relation(1, 10, "Maps to", ""),
        relation(2, 10, "Maps to", ""),
        relation(2, 11, "Maps to", "D"),
        relation(2, 1, "Is a", ""),
        relation(3, 11, "Maps to", ""),
        relation(3, 13, "Maps to", ""),
        relation(3, 13, "Maps to", ""),
        relation(3, 14, "Maps to", ""),
        relation(3, 20, "Maps to value", ""),
        relation(10, 10, "Maps to", ""),
    ]
    .concat();
    Site::new()
        .csv("CONCEPT.csv", format!("{CONCEPT}{concepts}"))
        .csv("CONCEPT_RELATIONSHIP.csv", format!("{RELATIONSHIP}{relations}"))
        .csv(
            "VOCABULARY.csv",
            "vocabulary_id\tvocabulary_name\tvocabulary_reference\tvocabulary_version\tvocabulary_concept_id\n\
             ICD10\tx\ty\t2016\t1\nNone\tx\ty\tv5.0 01-JAN-26\t2\n",
        )
}

pub fn sources(site: &Site, maps: &[&str]) -> Sources {
    let maps = maps.iter().map(|name| site.path(name).into()).collect();
    Sources { folders: vec![site.path("")], maps, today: today() }
}

pub fn load(sources: &Sources, wanted: &[Coding]) -> Result<Concepts, CodesError> {
    let wanted: BTreeSet<Coding> = wanted.iter().cloned().collect();
    let (mut seen, mut last) = (Vec::<PathBuf>::new(), 0);
    let concepts = Concepts::load(sources, &wanted, &mut |progress| {
        assert!(progress.bytes <= progress.of);
        last = progress.bytes;
        seen.push(progress.table.into());
    })?;
    assert_eq!(last > 0, !seen.is_empty());
    Ok(concepts)
}

/// Concepts of the targets.
pub fn targets(resolved: &Resolved) -> Vec<i32> {
    resolved.targets.iter().map(|target| target.concept).collect()
}
