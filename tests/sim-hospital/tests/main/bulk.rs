//! FHIR: resources, references, and what they say in all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use renkei_sim_hospital::terms::Domain;
use renkei_sim_hospital::{Format, Hospital, Profile, Spec, carried, identity, write};
use serde_json::Value;

use crate::small;

fn exported(spec: &Spec, gzip: bool) -> (Hospital, BTreeMap<&'static str, Vec<Value>>) {
    let folder = tempfile::tempdir().unwrap();
    let hospital = Hospital::generate(spec).unwrap();
    let written = write(&hospital, Format::FhirNdjson { gzip }, folder.path()).unwrap();
    let mut all = BTreeMap::new();
    for (kind, path, lines) in &written.tables {
        let text = content(path, gzip);
        let resources: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(resources.len(), *lines);
        assert!(resources.iter().all(|resource| resource["resourceType"] == *kind));
        all.insert(*kind, resources);
    }
    (hospital, all)
}

fn content(path: &Path, gzip: bool) -> String {
    let mut text = String::new();
    let mut file = File::open(path).unwrap();
    assert_eq!(path.to_str().unwrap().ends_with(".ndjson.gz"), gzip);
    if gzip {
        GzDecoder::new(file).read_to_string(&mut text).unwrap()
    } else {
        file.read_to_string(&mut text).unwrap()
    };
    text
}

/// Every value below a value.
fn walk<'a>(value: &'a Value, see: &mut impl FnMut(&'a Value)) {
    see(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|value| walk(value, see)),
        Value::Array(items) => items.iter().for_each(|value| walk(value, see)),
        _ => {}
    }
}

#[test]
fn compressed_files_hold_the_same_lines() {
    let spec = Spec { patients: 60, ..small(4) };
    assert_eq!(exported(&spec, false).1, exported(&spec, true).1);
}

#[test]
fn ids_are_unique_references_resolve_and_nothing_is_null() {
    let (_, all) = exported(&small(4), false);
    let mut known = BTreeSet::new();
    for (kind, resources) in &all {
        for resource in resources {
            assert!(known.insert(format!("{kind}/{}", resource["id"].as_str().unwrap())));
        }
    }
    let mut references = 0;
    for resource in all.values().flatten() {
        walk(resource, &mut |value| {
            assert!(!value.is_null() && value.as_object().is_none_or(|fields| !fields.is_empty()));
            if let Some(reference) = value.get("reference").and_then(Value::as_str) {
                assert!(known.contains(reference), "{reference}");
                references += 1;
            }
        });
    }
    assert!(references > 10_000);
    let profiles = all.values().flatten().map(|resource| resource["meta"]["profile"][0].as_str().unwrap());
    assert!(
        profiles.into_iter().all(|profile| profile.starts_with("http://jpfhir.jp/fhir/core/StructureDefinition/JP_"))
    );
}

/// The canonical prefix of a system.
fn prefix(system: &str) -> &'static str {
    match system {
        "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full" => "ICD10",
        "http://medis.or.jp/CodeSystem/master-HOT9" | "urn:oid:1.2.392.200119.4.403.1" => "HOT9",
        "http://capstandard.jp/iyaku.info/CodeSystem/YJ-code" | "urn:oid:1.2.392.100495.20.2.73" => "YJ",
        "http://medis.or.jp/CodeSystem/master-JLAC10-17digits" | "urn:oid:1.2.392.200119.4.504" => "JLAC10",
        "http://jpfhir.jp/fhir/core/CodeSystem/JP_ProcedureCodesMedical_CS" => "RECEIPT",
        "http://loinc.org" => "LOINC",
        _ => "LOCAL",
    }
}

/// Rows and persons by domain and first code. Panels count by their components, orders only where they are the whole.
fn said(all: &BTreeMap<&'static str, Vec<Value>>) -> BTreeMap<(Domain, String), (u64, u64)> {
    let given: BTreeSet<&str> = all["MedicationAdministration"]
        .iter()
        .map(|given| given["request"]["reference"].as_str().unwrap().trim_start_matches("MedicationRequest/"))
        .collect();
    let mut rows: BTreeMap<(Domain, String), BTreeMap<String, u64>> = BTreeMap::new();
    let mut add = |domain, code: &Value, resource: &Value| {
        let coding = &code["coding"][0];
        let code = format!("{}:{}", prefix(coding["system"].as_str().unwrap()), coding["code"].as_str().unwrap());
        let person = resource["subject"]["reference"].to_string();
        *rows.entry((domain, code)).or_default().entry(person).or_default() += 1;
    };
    for resource in all.values().flatten() {
        match resource["resourceType"].as_str().unwrap() {
            "Condition" => add(Domain::Condition, &resource["code"], resource),
            "Procedure" => add(Domain::Procedure, &resource["code"], resource),
            "MedicationAdministration" => add(Domain::Drug, &resource["medicationCodeableConcept"], resource),
            "MedicationRequest" if !given.contains(resource["id"].as_str().unwrap()) => {
                add(Domain::Drug, &resource["medicationCodeableConcept"], resource);
            }
            "Observation" => match resource.get("component").and_then(Value::as_array) {
                Some(parts) => parts.iter().for_each(|part| add(Domain::Measurement, &part["code"], resource)),
                None if resource["id"].as_str().unwrap().starts_with('s') => {
                    add(Domain::Observation, &resource["code"], resource);
                }
                None => add(Domain::Measurement, &resource["code"], resource),
            },
            _ => {}
        }
    }
    rows.into_iter().map(|(key, own)| (key, (own.values().sum(), own.len() as u64))).collect()
}

#[test]
fn resources_say_what_is_carried_by_addresses_and_by_object_identifiers() {
    for (spec, example) in [
        (small(4), "http://medis.or.jp/CodeSystem/master-JLAC10-17digits"),
        (Spec { profile: Profile::Regional, ..small(4) }, "urn:oid:1.2.392.200119.4.504"),
    ] {
        let (hospital, all) = exported(&spec, false);
        let expect = carried(&hospital, Format::FhirNdjson { gzip: false });
        let codes: BTreeMap<_, _> =
            expect.codes.iter().map(|(key, tally)| (key.clone(), (tally.rows, tally.persons))).collect();
        assert_eq!(said(&all), codes);
        assert_eq!(all["Patient"].len() as u64, expect.persons);
        let died = all["Patient"].iter().filter(|patient| patient.get("deceasedDateTime").is_some()).count();
        assert_eq!(died as u64, expect.deaths);
        assert_eq!(all["Encounter"].len() as u64, expect.visits.values().sum::<u64>());
        let valued = |observation: &Value| observation.get("valueQuantity").is_some();
        let parts = all["Observation"].iter().flat_map(|observation| match observation["component"].as_array() {
            Some(parts) => parts.iter().collect(),
            None => vec![observation],
        });
        let numbers = parts.filter(|part| valued(part)).count() as u64;
        assert_eq!(numbers, expect.valued.values().map(|tally| tally.rows).sum::<u64>());
        assert!(all["Observation"].iter().any(|observation| observation.to_string().contains(example)));
    }
}

#[test]
fn who_a_patient_is_stands_in_two_types_of_resources() {
    let (hospital, all) = exported(&small(4), false);
    let secrets: BTreeSet<String> = hospital
        .patients
        .iter()
        .flat_map(|patient| identity(&hospital.spec, patient).secrets().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    for (kind, resources) in &all {
        let text = resources.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        let found = secrets.iter().any(|secret| text.contains(secret.as_str()));
        assert_eq!(found, ["Patient", "Coverage", "Practitioner"].contains(kind), "{kind}");
    }
}
