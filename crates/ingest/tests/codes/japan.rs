//! Codes of Japanese samples, where this machine has them: they have the shapes that are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use renkei_ingest::codes::remarks::{CHECK_DIGIT, JLAC10_ANALYTE, RELABELLED, UNSHAPED};
use renkei_ingest::codes::{Concepts, canonical};
use renkei_ingest::{Coding, Remarks};
use serde_json::Value;

use super::System;

const SYSTEMS: &[(&str, System)] = &[
    ("http://capstandard.jp/iyaku.info/CodeSystem/YJ-code", System::Yj),
    ("http://medis.or.jp/CodeSystem/master-HOT9", System::Hot9),
    ("http://medis.or.jp/CodeSystem/master-HOT7", System::Hot7),
    ("http://medis.or.jp/CodeSystem/master-JLAC10-17digits", System::Jlac10),
    ("urn:oid:1.2.392.200119.4.1005", System::Jlac10),
    ("http://medis.or.jp/CodeSystem/master-disease-keyNumber", System::Medis),
    ("http://medis.or.jp/CodeSystem/master-disease-exCode", System::MedisExchange),
    ("http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full", System::Icd10),
    ("http://jpfhir.jp/fhir/core/mhlw/CodeSystem/MedicationGeneralOrderCode", System::Generic),
    ("http://jpfhir.jp/fhir/core/mhlw/CodeSystem/MedicationUsage_ePrescription", System::Usage),
    ("urn:oid:1.2.392.200119.4.401", System::Kcode),
    ("http://loinc.org", System::Loinc),
    ("http://snomed.info/sct", System::Snomed),
    ("http://hl7.org/fhir/sid/cvx", System::Cvx),
    ("http://unitsofmeasure.org", System::Ucum),
];

fn root() -> Option<PathBuf> {
    let root = PathBuf::from("../../../shared/data/jp");
    root.is_dir().then_some(root)
}

/// The codes of a document, by the name of their system.
fn walk(value: &Value, found: &mut BTreeMap<System, BTreeSet<String>>) {
    match value {
        Value::Object(fields) => {
            if let (Some(Value::String(system)), Some(Value::String(code))) = (fields.get("system"), fields.get("code"))
                && let Some((_, system)) = SYSTEMS.iter().find(|(name, _)| name == system)
            {
                found.entry(*system).or_default().insert(code.clone());
            }
            fields.values().for_each(|value| walk(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
        _ => {}
    }
}

fn documents(folder: &Path, found: &mut BTreeMap<System, BTreeSet<String>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        if path.is_dir() {
            documents(&path, found);
        } else if matches!(extension, "json" | "ndjson") {
            let text = std::fs::read_to_string(&path).unwrap();
            let stream = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}')).into_iter::<Value>();
            stream.for_each(|value| walk(&value.unwrap(), found));
        }
    }
}

#[test]
fn fhir_samples_have_the_shapes_of_their_systems() {
    let Some(root) = root() else { return };
    let mut found = BTreeMap::new();
    documents(&root.join("fhir-jpclins-1.5.2/examples"), &mut found);
    documents(&root.join("fhir-clinosim-jp-ndjson"), &mut found);
    let mut odd = BTreeMap::new();
    for (system, codes) in &found {
        let mut remarks = Remarks::default();
        for code in codes {
            assert_eq!(canonical(*system, code, &mut remarks).is_none(), code.trim().is_empty(), "{system:?}");
        }
        odd.insert(*system, (codes.len(), remarks.iter().collect::<Vec<_>>()));
    }
    // Simulated records label five LOINC codes and words as JLAC10, one code of ICD-10-CM as ICD-10, and
    // misspell one of SNOMED CT.
    let expect = [
        (System::Icd10, (46, vec![(RELABELLED.id, 1)])),
        (System::Jlac10, (39, vec![(JLAC10_ANALYTE.id, 32), (RELABELLED.id, 2), (UNSHAPED.id, 3)])),
        (System::Yj, (19, vec![])),
        (System::Hot9, (7, vec![])),
        (System::Snomed, (75, vec![(CHECK_DIGIT.id, 1)])),
    ];
    for (system, expect) in expect {
        assert_eq!(odd.remove(&system), Some(expect), "{system:?}");
    }
    assert!(odd.values().all(|(_, remarks)| remarks.is_empty()), "{odd:?}");
    let concepts = Concepts::default();
    let bare = |unit: &&String| concepts.unit(&Coding::new(System::Ucum, unit.as_str())).is_none();
    let without: Vec<&str> = found[&System::Ucum].iter().filter(bare).map(String::as_str).collect();
    assert_eq!(without, ["{INR}"]);
}
