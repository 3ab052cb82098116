//! Bundles, and resources on many lines.

use renkei_ingest::record::Record;
use renkei_ingest::{Deleted, Rule};
use serde_json::{Value, json};

use super::{only, read, remarked};

fn entry(url: &str, resource: Value) -> Value {
    json!({"fullUrl": url, "resource": resource})
}

fn bundle(kind: &str, entries: Vec<Value>) -> Value {
    json!({"resourceType": "Bundle", "type": kind, "entry": entries})
}

fn condition(patient: &str) -> Value {
    json!({"resourceType": "Condition", "code": {"coding": [{"code": "1"}]}, "subject": {"reference": patient},
        "encounter": {"reference": "urn:uuid:e-1"}, "onsetDateTime": "2024-01-01"})
}

#[test]
fn references_within_a_bundle_lead_to_the_ids_of_its_resources() {
    let entries = vec![
        entry("urn:uuid:c-1", condition("urn:uuid:p-1")),
        entry("urn:uuid:p-1", json!({"resourceType": "Patient", "id": "abc"})),
        entry(
            "urn:uuid:e-1",
            json!({"resourceType": "Encounter", "id": "E7", "status": "planned",
            "subject": {"reference": "urn:uuid:p-1"}}),
        ),
    ];
    for kind in ["transaction", "collection", "searchset", "document", "batch"] {
        for text in [bundle(kind, entries.clone()).to_string(), format!("{:#}", bundle(kind, entries.clone()))] {
            let extract = read(text.as_bytes());
            assert!(extract.rejects.is_empty());
            let statements: Vec<_> = extract.statements.iter().map(|(p, s)| (p.as_str(), s.key.as_str())).collect();
            assert_eq!(
                statements,
                [("Patient/abc", "Condition/c-1"), ("Patient/abc", "Patient/abc"), ("Patient/abc", "Encounter/E7")]
            );
            let Record::Condition(found) = &extract.statements[0].1.records[0] else { panic!() };
            assert_eq!(found.link.visit.as_deref(), Some("Encounter/E7"));
        }
    }
}

#[test]
fn a_drug_within_the_bundle_gives_its_codes() {
    let medication = |resource: Value| {
        bundle(
            "transaction",
            vec![
                entry("urn:uuid:m", resource),
                entry(
                    "urn:uuid:r",
                    json!({"resourceType": "MedicationRequest", "status": "active", "intent": "order",
                "medicationReference": {"reference": "urn:uuid:m"}, "subject": {"reference": "Patient/1"},
                "authoredOn": "2024-01-01"}),
                ),
            ],
        )
    };
    let coded = json!({"resourceType": "Medication", "code": {"coding": [{"code": "9"}]}});
    let extract = read(medication(coded).to_string().as_bytes());
    let Record::Drug(drug) = &only(&extract).1.records[0] else { panic!() };
    assert_eq!((drug.codes.len(), drug.reference.as_deref()), (1, None));
    assert_eq!(extract.shared[0].0, "Medication/m");
}

#[test]
fn a_document_is_about_its_patient() {
    let visit = json!({"resourceType": "Encounter", "id": "v", "status": "finished", "class": {"code": "AMB"},
        "classHistory": [{"class": {"code": "AMB"}, "period": {"start": "2024-02-02"}}]});
    let patient = |id: &str| entry(&format!("urn:uuid:{id}"), json!({"resourceType": "Patient", "id": id}));
    let visit = entry("urn:uuid:v", visit);
    let document = bundle("document", vec![visit.clone(), patient("a")]);
    let extract = read(document.to_string().as_bytes());
    assert_eq!((extract.statements.len(), extract.statements[0].0.as_str()), (2, "Patient/a"));
    for (kind, entries) in [
        ("document", vec![visit.clone(), patient("a"), patient("b")]),
        ("collection", vec![visit.clone(), patient("a")]),
    ] {
        let extract = read(bundle(kind, entries).to_string().as_bytes());
        assert_eq!(extract.rejects[0].column.as_deref(), Some("Encounter.subject"));
    }
}

#[test]
fn one_bad_entry_costs_only_itself() {
    let text = format!(
        "{:#}",
        json!({"resourceType": "Bundle", "type": "collection", "entry": [
            {"resource": {"resourceType": "Condition", "id": "bad", "code": {"coding": 3}, "subject": {"reference": "Patient/1"}}},
            7,
            {"resource": condition("Patient/1")},
            {"fullUrl": "urn:uuid:c", "resource": condition("Patient/1")},
            {"resource": "x"},
            {"request": {"method": "DELETE", "url": "Patient/3"}},
            {"response": {"status": "200"}}
        ]})
    );
    let extract = read(text.as_bytes());
    let rejects: Vec<_> = extract.rejects.iter().map(|r| (r.rule, r.column.as_deref().unwrap_or(""))).collect();
    assert_eq!(
        rejects,
        [
            (Rule::Type, "Condition.code.coding"),
            (Rule::Type, "Bundle.entry"),
            (Rule::Essential, "Condition.id"),
            (Rule::Type, ""),
        ]
    );
    // Each lies on the line that its reject names.
    let line = |number: u64| text.lines().nth(usize::try_from(number).unwrap() - 1).unwrap().trim();
    assert_eq!(line(extract.rejects[1].line), "7,");
    assert!(line(extract.rejects[0].line).ends_with('{') && extract.rejects[0].line < extract.rejects[2].line);
    assert_eq!((extract.statements.len(), remarked(&extract.remarks)), (1, vec![("fhir-deleted", 1)]));
    assert_eq!(extract.deleted, [Deleted { key: "Patient/3".into(), until: None }]);
}

#[test]
fn deletions_name_a_resource_or_are_counted_as_not_followed() {
    let read = |url: &str, response: Value| {
        let entry = json!({"request": {"method": "DELETE", "url": url}, "response": response,
            "resource": {"resourceType": "Patient", "id": "x"}});
        let extract = read(bundle("history", vec![entry]).to_string().as_bytes());
        assert!(extract.statements.is_empty() && extract.rejects.is_empty());
        let deleted: Vec<_> = extract.deleted.iter().map(|one| (one.key.clone(), one.until.is_some())).collect();
        (deleted, remarked(&extract.remarks))
    };
    let whole = |timed| (vec![("Observation/1".to_owned(), timed)], vec![("fhir-deleted", 1)]);
    for url in ["Observation/1", "https://x.example/fhir/Observation/1", "Observation/1/_history/7"] {
        assert_eq!(read(url, json!({})), whole(false), "{url}");
        assert_eq!(read(url, json!({"lastModified": "2024-03-01T00:00:00+09:00"})), whole(true), "{url}");
        assert_eq!(read(url, json!({"lastModified": "soon"})), whole(false), "{url}");
    }
    for url in ["Patient?identifier=7", "Observation?subject=Patient/12", "", "urn:uuid:1", "/"] {
        assert_eq!(read(url, json!({})), (vec![], vec![("fhir-deleted-unread", 1)]), "{url}");
    }
}

#[test]
fn bundles_in_bundles_have_an_end() {
    let nest = |depth: usize| {
        let mut text = json!({"resourceType": "Patient", "id": "p"});
        for _ in 0..depth {
            text = bundle("collection", vec![json!({"resource": text})]);
        }
        read(text.to_string().as_bytes())
    };
    for (depth, statements) in [(0, 1), (1, 1), (2, 1), (3, 0), (30, 0)] {
        assert_eq!(nest(depth).statements.len(), statements, "{depth}");
        assert_eq!(nest(depth).rejects.len(), 1 - statements, "{depth}");
    }
}

#[test]
fn what_is_neither_is_rejected() {
    for text in
        ["[{\"resourceType\":\"Patient\",\"id\":\"1\"}]", "[\n{}\n]", "3", "{}", "{\n}", "{\n\"a\": [\n", "<x/>"]
    {
        let extract = read(text.as_bytes());
        assert_eq!((extract.statements.len(), extract.rejects.len()), (0, 1), "{text}");
    }
    let bundle = r#"{"resourceType":"Bundle","entry":{"resource":{}}}"#;
    assert_eq!(read(bundle.as_bytes()).rejects[0].column.as_deref(), Some("Bundle.entry"));
    assert_eq!(read(br#"{"resourceType":"Bundle","type":"searchset"}"#).rejects.len(), 0);
}

#[test]
fn texts_on_many_lines_may_follow_each_other() {
    let patient = |id: &str| format!("{:#}", json!({"resourceType": "Patient", "id": id}));
    let extract = read(format!("\n{}\n\n{}\n{{\n\"broken", patient("1"), patient("2")).as_bytes());
    assert_eq!(extract.statements.len(), 2);
    assert_eq!((extract.rejects.len(), extract.rejects[0].line), (1, 11));
}

#[test]
fn a_hundred_thousand_texts_in_one_file_take_no_longer_each_than_a_few() {
    // With lines counted from the start for each text this takes minutes.
    let text = format!("{{\n\"resourceType\": \"Basic\"}}\n{}", "{}\n".repeat(200_000));
    let extract = read(text.as_bytes());
    assert_eq!(extract.rejects.len(), 200_000);
    assert_eq!(extract.rejects.last().map(|reject| reject.line), Some(200_002));
}
