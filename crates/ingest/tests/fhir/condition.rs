//! Condition.

use renkei_ingest::record::{Condition, Link, Provenance, Record, Standing};
use serde_json::{Value, json};

use super::{but, read, records, reject, remarked, spelled, taken_back, when};

fn base() -> Value {
    json!({
        "resourceType": "Condition", "id": "c1",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "category": [{"coding": [{"code": "problem-list-item"}]}],
        "code": {"coding": [
            {"system": "http://snomed.info/sct", "code": "73211009"},
            {"system": "http://medis.or.jp/CodeSystem/master-disease-keyNumber", "code": "20061726"},
            {"system": "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full", "code": "E14"}
        ], "text": "糖尿病"},
        "subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"},
        "onsetDateTime": "2023-06", "recordedDate": "2023-07-01", "abatementDateTime": "2023-12"
    })
}

fn condition(json: &str) -> Condition {
    match records(json).remove(0) {
        Record::Condition(condition) => condition,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_diagnosis_with_all_its_codes() {
    let found = condition(&base().to_string());
    assert_eq!(spelled(&found.codes), ["ICD10:E14", "MEDIS:20061726", "SNOMED:73211009"]);
    assert_eq!((found.start, found.end), (when((2023, 6, 1), None), Some(when((2023, 12, 31), None))));
    assert_eq!((found.standing, found.suspected), (None, false));
    assert_eq!(found.provenance, Provenance::EhrProblemList);
    assert_eq!(found.link, Link { visit: Some("Encounter/e1".into()), inpatient: None });
    let extract = read(base().to_string().as_bytes());
    assert_eq!(remarked(&extract.remarks), [("fhir-partial-date", 2)]);
    assert!(extract.seen.iter().all(|(_, text)| text == Some("糖尿病")));
}

#[test]
fn verification_says_whether_it_counts() {
    for (status, suspected) in [("confirmed", false), ("unconfirmed", true), ("provisional", true)] {
        let json = but(&base(), json!({"verificationStatus": {"coding": [{"code": status}]}}));
        assert_eq!(condition(&json).suspected, suspected, "{status}");
    }
    for status in ["refuted", "entered-in-error"] {
        let json = but(&base(), json!({"verificationStatus": {"coding": [{"code": status}]}}));
        assert_eq!(taken_back(&json), [("fhir-status", 1)]);
    }
}

#[test]
fn suspicion_may_be_a_modifier_or_part_of_the_name() {
    let postfix = "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_Condition_DiseasePostfixModifier";
    let modified = |coding: Value| {
        json!({"code": {
            "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "C16.9"}],
            "extension": [{"url": postfix, "valueCodeableConcept": {"coding": [coding]}}]
        }})
    };
    let named = |text: &str| json!({"code": {"coding": [{"code": "1"}], "text": text}});
    for (change, suspected) in [
        (modified(json!({"system": "http://medis.or.jp/CodeSystem/master-disease-modExCode", "code": "8002"})), true),
        (modified(json!({"code": "27000358", "display": "の疑い"})), true),
        (modified(json!({"code": "27000358", "display": "術後"})), false),
        (named("胃癌の疑い"), true),
        (named("胃癌"), false),
    ] {
        assert_eq!(condition(&but(&base(), change)).suspected, suspected);
    }
}

#[test]
fn the_first_date_that_is_given_begins_it() {
    for (change, date) in [
        (json!({}), (2023, 6, 1)),
        (json!({"onsetDateTime": null, "onsetPeriod": {"start": "2023-05-05"}}), (2023, 5, 5)),
        (json!({"onsetDateTime": null, "onsetAge": {"value": 3}}), (2023, 7, 1)),
    ] {
        assert_eq!(condition(&but(&base(), change)).start, when(date, None));
    }
    let undated = but(&base(), json!({"onsetDateTime": null, "recordedDate": null}));
    assert_eq!(reject(&undated), ("essential".into(), "Condition.onsetDateTime".into()));
    let nonsense = but(&base(), json!({"onsetDateTime": "2023-06-31"}));
    assert_eq!(reject(&nonsense), ("essential".into(), "Condition.onsetDateTime".into()));
}

#[test]
fn main_diagnoses_are_marked() {
    let url = "http://jpfhir.jp/fhir/eCS/Extension/StructureDefinition/JP_eCS_DiagnosisType";
    for (code, standing) in [
        ("principal", Some(Standing::Primary)),
        ("admitting", Some(Standing::Admission)),
        ("discharge", Some(Standing::Discharge)),
        ("nursing", None),
    ] {
        let extension = json!([{"url": url, "valueCodeableConcept": {"coding": [{"code": code}]}}]);
        assert_eq!(condition(&but(&base(), json!({"extension": extension}))).standing, standing);
    }
    let category = json!([{"coding": [{"code": "encounter-diagnosis"}]}]);
    assert_eq!(condition(&but(&base(), json!({"category": category}))).provenance, Provenance::Ehr);
}

#[test]
fn without_a_code_there_is_no_diagnosis() {
    for code in
        [json!(null), json!({"text": "腹痛"}), json!({"coding": [{"display": "腹痛"}]}), json!({"coding": null})]
    {
        assert_eq!(taken_back(&but(&base(), json!({"code": code}))), [("fhir-uncoded", 1)]);
    }
}

#[test]
fn a_contained_visit_says_where_the_diagnosis_comes_from() {
    for (class, inpatient) in [("AMB", Some(false)), ("IMP", Some(true)), ("EMER", Some(false)), ("?", None)] {
        let contained = json!([{"resourceType": "Encounter", "id": "e", "class": {"code": class}}]);
        let change = json!({"encounter": {"reference": "#e"}, "contained": contained});
        assert_eq!(condition(&but(&base(), change)).link, Link { visit: None, inpatient });
    }
}

#[test]
fn duplicates_and_wrong_types_are_rejected_by_their_path() {
    let change = json!({"code": {"coding": [{"system": "x", "code": {}}]}});
    assert_eq!(reject(&but(&base(), change)), ("type".into(), "Condition.code.coding[0].code".into()));
    let text = base().to_string();
    let twice = text.replacen('{', r#"{"onsetDateTime":"2020-01-01","#, 1);
    assert_eq!(reject(&twice).0, "type");
    let ignored = text.replacen('{', r#"{"note":1,"note":2,"#, 1);
    condition(&ignored);
}
