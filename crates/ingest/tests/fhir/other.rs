//! AllergyIntolerance, Procedure, Specimen, Coverage, and types that are counted.

use renkei_ingest::record::{Payer, Provenance, Record};
use renkei_ingest::{Coding, Day, System};
use serde_json::{Value, json};

use super::{but, read, records, reject, remarked, spelled, taken_back, when};

fn allergy() -> Value {
    json!({
        "resourceType": "AllergyIntolerance", "id": "a1", "meta": {"lastUpdated": "2024-06-01T00:00:00+09:00"},
        "verificationStatus": {"coding": [{"code": "confirmed"}]}, "category": ["food"], "criticality": "high",
        "code": {"coding": [
            {"system": "http://jpfhir.jp/fhir/core/CodeSystem/JP_JfagyFoodAllergen_CS", "code": "J9FC11310000"}]},
        "patient": {"reference": "Patient/p1"}, "onsetDateTime": "2020-05-05", "recordedDate": "2021-01-01"
    })
}

#[test]
fn allergies_are_observations_of_their_kind() {
    for (category, kind) in [
        (json!(["food"]), Some("FA")),
        (json!("medication"), Some("DA")),
        (json!([3, "environment"]), Some("EA")),
        (json!(["biologic"]), None),
        (json!(null), None),
    ] {
        let found = records(&but(&allergy(), json!({"category": category})));
        let [Record::Observation(found)] = found.as_slice() else { panic!() };
        assert_eq!(spelled(&found.codes), ["JFAGY:J9FC11310000"]);
        assert_eq!(found.value.code, kind.map(|kind| Coding::new(System::Hl7(127), kind)));
    }
    for status in ["refuted", "entered-in-error"] {
        let json = but(&allergy(), json!({"verificationStatus": {"coding": [{"code": status}]}}));
        assert_eq!(taken_back(&json), [("fhir-status", 1)]);
    }
    assert_eq!(taken_back(&but(&allergy(), json!({"code": {"text": "サバ"}}))), [("fhir-uncoded", 1)]);
}

#[test]
fn allergies_are_dated_by_onset_record_or_resource() {
    let at = |change: Value| match &records(&but(&allergy(), change))[0] {
        Record::Observation(found) => found.at,
        other => panic!("{other:?}"),
    };
    assert_eq!(at(json!({})), when((2020, 5, 5), None));
    assert_eq!(at(json!({"onsetDateTime": null})), when((2021, 1, 1), None));
    let undated = json!({"onsetDateTime": null, "recordedDate": null});
    assert_eq!(at(undated.clone()), when((2024, 6, 1), 0));
    let mut nothing = undated;
    nothing["meta"] = json!(null);
    assert_eq!(reject(&but(&allergy(), nothing)), ("essential".into(), "AllergyIntolerance.recordedDate".into()));
}

#[test]
fn procedures() {
    let base = json!({
        "resourceType": "Procedure", "id": "x1", "status": "completed",
        "code": {"coding": [
            {"system": "http://jpfhir.jp/fhir/core/CodeSystem/JP_ProcedureCodesMedical_CS", "code": "150000000"}]},
        "subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"},
        "performedPeriod": {"start": "2024-02-02T09:00:00+09:00", "end": "2024-02-02T11:00:00+09:00"}
    });
    let found = records(&base.to_string());
    let [Record::Procedure(found)] = found.as_slice() else { panic!() };
    assert_eq!((spelled(&found.codes), found.provenance), (vec!["RECEIPT:150000000".into()], Provenance::Ehr));
    assert_eq!((found.start, found.end), (when((2024, 2, 2), 32_400), Some(when((2024, 2, 2), 39_600))));
    for status in ["preparation", "not-done", "on-hold", "entered-in-error", "unknown"] {
        assert_eq!(taken_back(&but(&base, json!({"status": status}))), [("fhir-status", 1)]);
    }
    let undated = but(&base, json!({"performedPeriod": null, "performedString": "昨年"}));
    assert_eq!(reject(&undated), ("essential".into(), "Procedure.performedDateTime".into()));
}

#[test]
fn specimens() {
    let base = json!({
        "resourceType": "Specimen", "id": "s1", "status": "available",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0487", "code": "SER"}]},
        "subject": {"reference": "Patient/p1"}, "receivedTime": "2024-02-03",
        "collection": {"collectedPeriod": {"start": "2024-02-02"}}
    });
    let at = |json: &str| match &records(json)[0] {
        Record::Specimen(found) => (spelled(&found.codes).remove(0), found.at),
        other => panic!("{other:?}"),
    };
    assert_eq!(at(&base.to_string()), ("HL7-0487:SER".into(), when((2024, 2, 2), None)));
    assert_eq!(at(&but(&base, json!({"collection": null}))).1, when((2024, 2, 3), None));
    let undated = but(&base, json!({"collection": null, "receivedTime": null}));
    assert_eq!(reject(&undated), ("essential".into(), "Specimen.collection.collectedDateTime".into()));
}

#[test]
fn insurances_keep_their_kind_and_time_and_no_number() {
    let base = json!({
        "resourceType": "Coverage", "id": "v1", "status": "cancelled", "subscriberId": "12345678",
        "type": {"coding": [{"system": "http://hospital.example/plans", "code": "39"}]},
        "beneficiary": {"reference": "Patient/p1"}, "period": {"start": "2023-04-01", "end": "2024-03"}
    });
    let (start, end) = (Day::of(2023, 4, 1), Day::of(2024, 3, 31));
    let expect = Payer { plan: Coding::new(System::Local, "39"), start, end };
    assert_eq!(records(&base.to_string()), [Record::Payer(expect)]);
    assert!(!format!("{:?}", read(base.to_string().as_bytes())).contains("12345678"));
    assert_eq!(taken_back(&but(&base, json!({"type": {"text": "社保"}}))), [("fhir-uncoded", 1)]);
    assert_eq!(taken_back(&but(&base, json!({"status": "entered-in-error"}))), [("fhir-status", 1)]);
}

#[test]
fn other_types_are_counted() {
    let kinds = ["Device", "DiagnosticReport", "DocumentReference", "Practitioner", "MedicationStatement", "Basic"];
    let lines: Vec<_> = kinds.iter().map(|kind| format!(r#"{{"resourceType":"{kind}","subject":3}}"#)).collect();
    let extract = read(lines.join("\n").as_bytes());
    assert!(extract.statements.is_empty() && extract.rejects.is_empty());
    assert_eq!(
        remarked(&extract.remarks),
        [
            ("fhir-type-device", 1),
            ("fhir-type-diagnostic-report", 1),
            ("fhir-type-document-reference", 1),
            ("fhir-type-medication-statement", 1),
            ("fhir-type-other", 1),
            ("fhir-type-practitioner", 1),
        ]
    );
}
