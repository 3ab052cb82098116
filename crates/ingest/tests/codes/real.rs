//! OHDSI's small vocabulary and Synthea's codes, where this machine has them.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use renkei_ingest::codes::remarks::RELABELLED;
use renkei_ingest::codes::{Concepts, Domain, How, Sources, canonical};
use renkei_ingest::{Coding, Remarks};
use serde::Deserialize;

use super::{System, today};
use crate::support::shared;

fn vocabulary(wanted: &BTreeSet<Coding>) -> Option<Concepts> {
    let sources = Sources { folders: vec![shared("mini_vocab")?], maps: Vec::new(), today: today() };
    Some(Concepts::load(&sources, wanted, &mut |_| {}).unwrap())
}

/// What is read of a resource: the concept that says what it is, and those of its components.
#[derive(Deserialize)]
struct Resource {
    #[serde(alias = "vaccineCode", alias = "medicationCodeableConcept")]
    code: Option<Concept>,
    #[serde(default)]
    component: Vec<Resource>,
}

#[derive(Deserialize)]
struct Concept {
    #[serde(default)]
    coding: Vec<Code>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// The codes of a kind of resource.
fn codes(kind: &str, system: System, remarks: &mut Remarks) -> BTreeSet<Coding> {
    let root = PathBuf::from("../../../shared/data/fhir/synthea615_ndjson");
    let file = std::fs::File::open(root.join(format!("{kind}.ndjson.gz"))).unwrap();
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut codes = BTreeSet::new();
    for line in text.lines() {
        let resource: Resource = serde_json::from_str(line).unwrap();
        let concepts = resource.component.iter().chain([&resource]).filter_map(|part| part.code.as_ref());
        for code in concepts.flat_map(|concept| &concept.coding) {
            codes.extend(canonical(system, &code.code, remarks));
        }
    }
    codes
}

#[test]
fn synthea_is_covered_as_its_makers_say() {
    if shared("mini_vocab").is_none() {
        return;
    }
    // Codes that the vocabulary has, that lead to a standard concept, in all. Of the procedures six were replaced by
    // concepts that this small vocabulary does not lead to.
    for (kind, system, expect) in [
        ("Condition", System::Snomed, (128, 128, 128)),
        ("Observation", System::Loinc, (121, 121, 121)),
        ("Immunization", System::Cvx, (18, 18, 18)),
        ("MedicationRequest", System::RxNorm, (121, 121, 123)),
        ("Procedure", System::Snomed, (115, 109, 119)),
    ] {
        let mut remarks = Remarks::default();
        let codes = codes(kind, system, &mut remarks);
        let concepts = vocabulary(&codes).unwrap();
        let resolved: Vec<_> = codes.iter().map(|code| concepts.resolve(std::slice::from_ref(code))).collect();
        let known = resolved.iter().filter(|resolved| resolved.source_concept != 0).count();
        let mapped = resolved.iter().filter(|resolved| resolved.by == How::Vocabulary).count();
        assert_eq!((known, mapped, codes.len()), expect, "{kind}");
        assert_eq!(remarks.count(&RELABELLED), if kind == "Procedure" { 74 } else { 0 });
    }
}

#[test]
fn built_in_concepts_are_those_of_the_vocabulary() {
    let vital = [
        ("9N001000000000001", "8302-2"),
        ("9N006000000000001", "29463-7"),
        ("9A751000000000001", "8480-6"),
        ("9A761000000000001", "8462-4"),
        ("9P300000000000001", "8867-4"),
        ("9P200000000000001", "9279-1"),
        ("9P100000000000001", "8310-5"),
    ];
    let wanted = vital
        .iter()
        .flat_map(|(jlac10, loinc)| [Coding::new(System::Jlac10, *jlac10), Coding::new(System::Loinc, *loinc)]);
    let wanted: BTreeSet<Coding> = wanted.collect();
    let Some(concepts) = vocabulary(&wanted) else { return };
    let none = Sources { folders: Vec::new(), maps: Vec::new(), today: today() };
    let without = Concepts::load(&none, &wanted, &mut |_| {}).unwrap();
    for (jlac10, loinc) in vital {
        let jlac10 = [Coding::new(System::Jlac10, jlac10)];
        let loinc = concepts.resolve(&[Coding::new(System::Loinc, loinc)]).targets;
        assert_eq!(concepts.resolve(&jlac10).targets, loinc);
        assert_eq!(without.resolve(&jlac10).targets, loinc);
        assert!(loinc.iter().all(|target| target.domain == Some(Domain::Measurement)) && loinc.len() == 1);
    }
    assert_eq!(concepts.version(), Some("v5.0 29-FEB-24"));
}
