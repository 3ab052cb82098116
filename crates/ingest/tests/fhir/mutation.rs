//! Any bytes at all, and valid resources with something changed.

use proptest::prelude::*;
use renkei_ingest::Extract;
use serde_json::{Value, json};

use super::read;

/// One of each kind, with every element that conversion looks at.
fn resources() -> Vec<Value> {
    let code = json!({"coding": [{"system": "http://loinc.org", "code": "1-8", "display": "a"}], "text": "b",
        "extension": [{"url": "x/JP_Condition_DiseasePostfixModifier", "valueCodeableConcept": {"coding": []}}]});
    let quantity = json!({"value": 1.5, "unit": "mg", "code": "mg", "system": "http://unitsofmeasure.org"});
    let period = json!({"start": "2024-01-01", "end": "2024-01-02T00:00:00+09:00"});
    let patient = json!({"reference": "Patient/1", "identifier": {"system": "s", "value": "1"}});
    let timing = json!({"event": ["2024"], "repeat": {"boundsPeriod": period, "boundsDuration": quantity}});
    vec![
        json!({"resourceType": "Patient", "id": "1", "meta": {"lastUpdated": "2024-01-01T00:00:00Z"},
            "identifier": [{"use": "usual", "type": code, "system": "s", "value": "1"}], "gender": "male",
            "name": [{"text": "a", "family": "b", "given": ["c"]}], "birthDate": "1970", "deceasedDateTime": "2020",
            "address": [{"postalCode": "1000001"}], "link": [{"type": "seealso"}]}),
        json!({"resourceType": "Encounter", "id": "1", "status": "finished", "class": {"code": "IMP"},
            "subject": patient, "period": period, "partOf": {"reference": "Encounter/0"}, "serviceType": code,
            "hospitalization": {"admitSource": code, "dischargeDisposition": code},
            "classHistory": [{"period": period}]}),
        json!({"resourceType": "Condition", "id": "1", "verificationStatus": code, "category": [code], "code": code,
            "subject": patient, "encounter": {"reference": "#e"}, "onsetPeriod": period, "abatementPeriod": period,
            "contained": [{"resourceType": "Encounter", "id": "e", "class": {"code": "AMB"}}]}),
        json!({"resourceType": "MedicationRequest", "id": "1", "status": "active", "intent": "order",
            "category": [code], "medicationReference": {"reference": "#m"}, "subject": patient, "authoredOn": "2024",
            "contained": [{"resourceType": "Medication", "id": "m", "ingredient": [{"itemCodeableConcept": code,
                "strength": {"numerator": quantity, "denominator": quantity}}]}],
            "dosageInstruction": [{"timing": timing, "route": code, "extension": [
                {"url": "x/JP_MedicationDosage_UsageDuration", "valueDuration": quantity}]}],
            "dispenseRequest": {"quantity": quantity, "expectedSupplyDuration": quantity, "validityPeriod": period}}),
        json!({"resourceType": "MedicationAdministration", "id": "1", "status": "completed",
            "medicationCodeableConcept": code, "subject": patient, "effectivePeriod": period,
            "dosage": {"dose": quantity, "route": code}, "request": {"reference": "MedicationRequest/1"}}),
        json!({"resourceType": "MedicationDispense", "id": "1", "status": "completed", "quantity": quantity,
            "medicationCodeableConcept": code, "subject": patient, "whenHandedOver": "2024", "daysSupply": quantity}),
        json!({"resourceType": "Observation", "id": "1", "status": "final", "category": [code], "code": code,
            "subject": patient, "effectiveTiming": timing, "valueRange": {"low": quantity, "high": quantity},
            "interpretation": [code], "referenceRange": [{"low": quantity, "type": code}], "component": [
                {"code": code, "valueRatio": {"numerator": quantity, "denominator": quantity}},
                {"code": code, "valueString": "1+"}, {"code": code, "valueQuantity": quantity}]}),
        json!({"resourceType": "AllergyIntolerance", "id": "1", "category": ["food"], "code": code, "patient": patient,
            "lastOccurrence": "2024"}),
        json!({"resourceType": "Procedure", "id": "1", "status": "completed", "code": code, "subject": patient,
            "performedPeriod": period}),
        json!({"resourceType": "Immunization", "id": "1", "status": "completed", "vaccineCode": code,
            "patient": patient, "occurrenceDateTime": "2024", "doseQuantity": quantity, "route": code}),
        json!({"resourceType": "Specimen", "id": "1", "type": code, "subject": patient,
            "collection": {"collectedPeriod": period}}),
        json!({"resourceType": "Coverage", "id": "1", "status": "active", "type": code, "beneficiary": patient,
            "period": period}),
        json!({"resourceType": "Medication", "id": "1", "code": code}),
    ]
}

/// The values of a tree, itself first.
fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(members) => members.values().map(nodes).sum(),
        _ => 0,
    }
}

/// Replaces the value at a position of the tree.
fn replace(value: &mut Value, at: &mut usize, new: &Value) {
    if *at == 0 {
        *value = new.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        _ if *at > usize::MAX / 2 => {}
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, at, new)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, at, new)),
        _ => {}
    }
}

/// Every resource is a statement, something shared, a remark or a reject; and none is two of the first and last.
fn is_accounted_for(extract: &Extract, resources: usize) {
    let yields = extract.statements.len() + extract.shared.len() + extract.rejects.len();
    assert!(yields <= resources, "{yields} of {resources}");
    assert!(yields == resources || !extract.remarks.is_empty());
}

fn strange() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null, [], {}, "a", 1])),
        Just(json!({"coding": [{"code": "x"}], "reference": "Patient/2", "value": 1, "start": "2024"})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_or_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..2000), magic in any::<bool>()) {
        let start: &[u8] = if magic { b"\x1f\x8b\x08\0\0\0\0\0\0\x03" } else { b"" };
        let extract = read(&[start, &bytes].concat());
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        prop_assert!(extract.statements.is_empty() && (magic || extract.rejects.len() <= lines));
    }

    #[test]
    fn bytes_in_the_middle_of_resources(at in any::<prop::sample::Index>(), bytes in proptest::collection::vec(any::<u8>(), 1..8)) {
        let lines: Vec<_> = resources().iter().map(Value::to_string).collect();
        let mut text = lines.join("\n").into_bytes();
        let at = at.index(text.len());
        let end = (at + bytes.len()).min(text.len());
        text.splice(at..end, bytes.iter().copied());
        let extract = read(&text);
        prop_assert!(extract.statements.len() + extract.rejects.len() + 1 >= lines.len() - 2);
    }

    #[test]
    fn any_value_anywhere(kind in 0..13_usize, at in any::<prop::sample::Index>(), value in strange()) {
        let mut resource = resources().swap_remove(kind);
        let mut at = at.index(nodes(&resource));
        replace(&mut resource, &mut at, &value);
        let alone = read(resource.to_string().as_bytes());
        is_accounted_for(&alone, 1);
        prop_assume!(!resource.is_null());
        let bundle = json!({"resourceType": "Bundle", "type": "document", "entry": [
            {"fullUrl": "urn:uuid:1", "resource": resource}, {"fullUrl": "Patient/1", "resource": resource}]});
        is_accounted_for(&read(format!("{bundle:#}").as_bytes()), 2);
    }

    #[test]
    fn cut_anywhere(kind in 0..13_usize, at in any::<prop::sample::Index>()) {
        let text = resources().swap_remove(kind).to_string();
        let at = at.index(text.len());
        let extract = read(text.get(..at).unwrap_or_default().as_bytes());
        prop_assert!(extract.statements.is_empty() && extract.rejects.len() == usize::from(at > 0));
    }
}

#[test]
fn the_resources_as_they_are_all_convert() {
    for resource in resources() {
        let extract = read(resource.to_string().as_bytes());
        assert!(extract.rejects.is_empty(), "{:?}", extract.rejects);
        let records = extract.statements.iter().map(|(_, statement)| statement.records.len()).sum::<usize>();
        assert!(records + extract.shared.len() > 0, "{}", resource["resourceType"]);
    }
}
