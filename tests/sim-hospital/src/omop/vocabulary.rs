//! The vocabulary: the same at every hospital.
//!
//! Standard concepts in `SIM Standard`; the hospitals' mapped codes as concepts above 2,000,000,000 in a vocabulary per
//! coding system, each with a `Maps to` relationship. Codes without a mapping are in no vocabulary. Each concept of a
//! clinical domain is its own ancestor at level 0.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::OmopError;
use super::sheet::{Named, Sheet, dates, ints, texts};
use crate::Code;
use crate::terms::{Domain, Term, all, of_domain, source_concept};

/// Version of the vocabulary, in the row `None` of the vocabulary table.
pub(crate) const VERSION: &str = "renkei-sim 1";

const STANDARD: &str = "SIM Standard";
const SYSTEMS: [&str; 5] = ["ICD10", "HOT9", "YJ", "JLAC10", "KCODE"];

struct Row {
    id: i32,
    name: String,
    domain: Domain,
    vocabulary: String,
    class: &'static str,
    standard: Option<&'static str>,
    code: String,
}

pub(crate) fn tables() -> Result<Vec<Named>, OmopError> {
    let rows = concepts();
    Ok(vec![concept(&rows)?, vocabulary()?, domain()?, concept_class()?, relationship()?, related(&rows)?, ancestor()?])
}

fn valid() -> (NaiveDate, NaiveDate) {
    let last = NaiveDate::from_ymd_opt(2099, 12, 31).unwrap_or_default();
    (NaiveDate::default(), last)
}

fn class(term: &Term) -> &'static str {
    if term.domain == Domain::Condition || term.domain == Domain::Drug {
        if term.is_coded() { "Member" } else { "Group" }
    } else {
        "Member"
    }
}

fn concepts() -> Vec<Row> {
    let standard = all().map(|term| Row {
        id: term.concept,
        name: term.name.into(),
        domain: term.domain,
        vocabulary: STANDARD.into(),
        class: class(term),
        // Classes of drugs sort drugs; they are not themselves given.
        standard: match (term.concept, term.domain, term.is_coded()) {
            (0, _, _) => None,
            (_, Domain::Drug, false) => Some("C"),
            _ => Some("S"),
        },
        code: format!("{:05}", term.concept),
    });
    let sources = sources().into_iter().map(|(id, code, source)| {
        let (system, local) = source.split_once(':').unwrap_or(("LOCAL", &source));
        Row {
            id,
            name: format!("{} as coded in {system}", code.term.name),
            domain: code.term.domain,
            vocabulary: format!("SIM {system}"),
            class: "Code",
            standard: None,
            code: local.into(),
        }
    });
    standard.chain(sources).collect()
}

/// Mapped local codes: concept id, code, canonical form.
fn sources() -> Vec<(i32, Code, String)> {
    let mut found = Vec::new();
    for term in all().filter(|term| term.is_coded()) {
        let code = Code { term, mapped: true };
        let systems: &[&str] = if term.domain == Domain::Drug { &["HOT9", "YJ"] } else { &["HOT9"] };
        found.extend(systems.iter().map(|drugs| (source_concept(&code, drugs), code, code.source(drugs))));
    }
    found
}

fn concept(rows: &[Row]) -> Result<Named, OmopError> {
    let (from, to) = valid();
    Sheet::new("concept", rows.len())?
        .set("concept_id", ints(rows.iter().map(|row| row.id)))
        .set("concept_name", texts::<&str, _>(rows.iter().map(|row| row.name.as_str())))
        .set("domain_id", texts::<&str, _>(rows.iter().map(|row| row.domain.name())))
        .set("vocabulary_id", texts::<&str, _>(rows.iter().map(|row| row.vocabulary.as_str())))
        .set("concept_class_id", texts::<&str, _>(rows.iter().map(|row| row.class)))
        .set("standard_concept", texts::<&str, _>(rows.iter().map(|row| row.standard)))
        .set("concept_code", texts::<&str, _>(rows.iter().map(|row| row.code.as_str())))
        .set("valid_start_date", dates(rows.iter().map(|_| from)))
        .set("valid_end_date", dates(rows.iter().map(|_| to)))
        .finish()
}

fn vocabulary() -> Result<Named, OmopError> {
    let mut rows = vec![
        ("None".to_owned(), "The invented vocabulary as a whole".to_owned(), Some(VERSION)),
        (STANDARD.to_owned(), "Concept ids of OMOP under names of our own".to_owned(), None),
    ];
    rows.extend(SYSTEMS.map(|system| (format!("SIM {system}"), format!("Invented codes shaped like {system}"), None)));
    Sheet::new("vocabulary", rows.len())?
        .set("vocabulary_id", texts::<&str, _>(rows.iter().map(|row| row.0.as_str())))
        .set("vocabulary_name", texts::<&str, _>(rows.iter().map(|row| row.1.as_str())))
        .set("vocabulary_reference", texts::<&str, _>(rows.iter().map(|_| "invented")))
        .set("vocabulary_version", texts::<&str, _>(rows.iter().map(|row| row.2)))
        .set("vocabulary_concept_id", ints(rows.iter().map(|_| 0)))
        .finish()
}

fn domain() -> Result<Named, OmopError> {
    let rows = Domain::ALL;
    Sheet::new("domain", rows.len())?
        .set("domain_id", texts::<&str, _>(rows.iter().map(|domain| domain.name())))
        .set("domain_name", texts::<&str, _>(rows.iter().map(|domain| of_domain(*domain).name)))
        .set("domain_concept_id", ints(rows.iter().map(|domain| of_domain(*domain).concept)))
        .finish()
}

fn concept_class() -> Result<Named, OmopError> {
    let rows = [("Group", "A class of concepts"), ("Member", "A concept that records use"), ("Code", "A local code")];
    Sheet::new("concept_class", rows.len())?
        .set("concept_class_id", texts::<&str, _>(rows.iter().map(|row| row.0)))
        .set("concept_class_name", texts::<&str, _>(rows.iter().map(|row| row.1)))
        .set("concept_class_concept_id", ints(rows.iter().map(|_| 0)))
        .finish()
}

fn relationship() -> Result<Named, OmopError> {
    let rows = [
        ("Is a", "is a kind of", "1", "0", "Subsumes"),
        ("Subsumes", "has the kind", "1", "1", "Is a"),
        ("Maps to", "is mapped to", "0", "0", "Mapped from"),
        ("Mapped from", "is the mapping of", "0", "0", "Maps to"),
    ];
    Sheet::new("relationship", rows.len())?
        .set("relationship_id", texts::<&str, _>(rows.iter().map(|row| row.0)))
        .set("relationship_name", texts::<&str, _>(rows.iter().map(|row| row.1)))
        .set("is_hierarchical", texts::<&str, _>(rows.iter().map(|row| row.2)))
        .set("defines_ancestry", texts::<&str, _>(rows.iter().map(|row| row.3)))
        .set("reverse_relationship_id", texts::<&str, _>(rows.iter().map(|row| row.4)))
        .set("relationship_concept_id", ints(rows.iter().map(|_| 0)))
        .finish()
}

fn related(concepts: &[Row]) -> Result<Named, OmopError> {
    let mut rows: BTreeSet<(i32, i32, &str)> = BTreeSet::new();
    for (id, code, _) in sources() {
        rows.insert((id, code.term.concept, "Maps to"));
        rows.insert((code.term.concept, id, "Mapped from"));
    }
    for row in concepts.iter().filter(|row| row.standard == Some("S")) {
        rows.insert((row.id, row.id, "Maps to"));
        rows.insert((row.id, row.id, "Mapped from"));
    }
    for (term, parent) in all().flat_map(|term| term.parents.iter().map(move |parent| (term, *parent))) {
        rows.insert((term.concept, parent, "Is a"));
        rows.insert((parent, term.concept, "Subsumes"));
    }
    let (from, to) = valid();
    Sheet::new("concept_relationship", rows.len())?
        .set("concept_id_1", ints(rows.iter().map(|row| row.0)))
        .set("concept_id_2", ints(rows.iter().map(|row| row.1)))
        .set("relationship_id", texts::<&str, _>(rows.iter().map(|row| row.2)))
        .set("valid_start_date", dates(rows.iter().map(|_| from)))
        .set("valid_end_date", dates(rows.iter().map(|_| to)))
        .finish()
}

fn ancestor() -> Result<Named, OmopError> {
    let terms: BTreeMap<i32, &Term> = all().map(|term| (term.concept, term)).collect();
    let mut rows: BTreeMap<(i32, i32), (i32, i32)> = BTreeMap::new();
    let clinical = [Domain::Condition, Domain::Drug, Domain::Measurement, Domain::Procedure];
    for term in all().filter(|term| clinical.contains(&term.domain)) {
        climb(&terms, term.concept, term.concept, 0, &mut rows);
    }
    Sheet::new("concept_ancestor", rows.len())?
        .set("ancestor_concept_id", ints(rows.keys().map(|key| key.0)))
        .set("descendant_concept_id", ints(rows.keys().map(|key| key.1)))
        .set("min_levels_of_separation", ints(rows.values().map(|levels| levels.0)))
        .set("max_levels_of_separation", ints(rows.values().map(|levels| levels.1)))
        .finish()
}

/// Notes `at` and everything above it as ancestors of `from`; several ways up give the least and the greatest distance.
fn climb(terms: &BTreeMap<i32, &Term>, from: i32, at: i32, level: i32, rows: &mut BTreeMap<(i32, i32), (i32, i32)>) {
    let levels = rows.entry((at, from)).or_insert((level, level));
    *levels = (levels.0.min(level), levels.1.max(level));
    for parent in terms.get(&at).map_or(&[][..], |term| term.parents) {
        climb(terms, from, *parent, level + 1, rows);
    }
}
