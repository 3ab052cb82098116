//! Encounter.

use renkei_ingest::record::{Death, Provenance, Record, Setting, Visit};
use renkei_ingest::{Coding, System};
use serde_json::{Value, json};

use super::{but, only, read, records, reject, remarked, taken_back, when};

fn base() -> Value {
    json!({
        "resourceType": "Encounter", "id": "e1", "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": "Patient/p1"},
        "partOf": {"reference": "https://ehr.example/fhir/Encounter/e0/_history/2"},
        "period": {"start": "2024-05-01T10:00:00+09:00", "end": "2024-05-08"},
        "serviceType": {"coding": [{"system": "http://jami.jp/SS-MIX2/CodeSystem/ClinicalDepartment", "code": "08"}]},
        "hospitalization": {
            "admitSource": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/admit-source", "code": "emd"}]},
            "dischargeDisposition":
                {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/discharge-disposition", "code": "home"}]}
        }
    })
}

fn visit(json: &str) -> Visit {
    match records(json).remove(0) {
        Record::Visit(visit) => visit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stay_with_its_whereabouts() {
    let extract = read(base().to_string().as_bytes());
    let (patient, statement) = only(&extract);
    assert_eq!((patient, statement.key.as_str(), statement.version), ("Patient/p1", "Encounter/e1", 0));
    let expect = Visit {
        key: Some("Encounter/e1".into()),
        part_of: Some("Encounter/e0".into()),
        setting: Setting::Inpatient,
        start: when((2024, 5, 1), 36_000),
        end: Some(when((2024, 5, 8), None)),
        department: Some(Coding::new(System::Department, "08")),
        admitted_from: Some(Coding::new(System::Fhir, "emd")),
        discharged_to: Some(Coding::new(System::Fhir, "home")),
        provenance: Provenance::EhrEncounter,
    };
    assert_eq!(statement.records, [Record::Visit(expect)]);
}

#[test]
fn settings_by_class() {
    for (class, setting) in [
        ("IMP", Setting::Inpatient),
        ("ACUTE", Setting::Inpatient),
        ("I", Setting::Inpatient),
        ("AMB", Setting::Outpatient),
        ("O", Setting::Outpatient),
        ("VR", Setting::Outpatient),
        ("EMER", Setting::Emergency),
        ("E", Setting::Emergency),
        ("HH", Setting::Home),
    ] {
        assert_eq!(visit(&but(&base(), json!({"class": {"code": class}}))).setting, setting, "{class}");
    }
    for class in [json!({"code": "外来"}), json!({"display": "AMB"}), json!(null)] {
        let json = but(&base(), json!({"class": class}));
        assert_eq!(reject(&json), ("essential".into(), "Encounter.class".into()));
    }
    let of_r5 = but(&base(), json!({"class": [{"coding": [{"code": "AMB"}]}]}));
    assert_eq!(reject(&of_r5).0, "type");
}

#[test]
fn visits_that_did_not_take_place_are_taken_back() {
    for status in ["planned", "cancelled", "entered-in-error"] {
        assert_eq!(taken_back(&but(&base(), json!({"status": status}))), [("fhir-status", 1)]);
    }
    for status in ["arrived", "in-progress", "onleave", "unknown"] {
        visit(&but(&base(), json!({"status": status})));
    }
}

#[test]
fn ends_may_be_missing_but_not_the_start() {
    assert_eq!(visit(&but(&base(), json!({"period": {"start": "2024-05-01"}}))).end, None);
    let unread = read(but(&base(), json!({"period": {"start": "2024-05-01", "end": "later"}})).as_bytes());
    assert_eq!(remarked(&unread.remarks), [("fhir-date-unread", 1)]);
    let past = json!({"period": null, "classHistory": [{"period": {"start": "2024-04-30"}}]});
    assert_eq!(visit(&but(&base(), past)).start, when((2024, 4, 30), None));
    for period in [json!(null), json!({}), json!({"end": "2024-05-01"}), json!({"start": "20240501"})] {
        let json = but(&base(), json!({"period": period}));
        assert_eq!(reject(&json), ("essential".into(), "Encounter.period.start".into()));
    }
}

#[test]
fn a_disposition_of_death_is_a_death() {
    let nubc = "http://www.nubc.org/patient-discharge";
    let fhir = "http://terminology.hl7.org/CodeSystem/discharge-disposition";
    let hl7 = "http://terminology.hl7.org/CodeSystem/v2-0112";
    for (system, code, died) in [
        (fhir, "exp", true),
        (fhir, "hosp", false),
        (hl7, "20", true),
        (hl7, "42", true),
        (hl7, "30", false),
        (nubc, "20", true),
        (nubc, "21", false),
        ("http://own.example/x", "20", false),
    ] {
        let disposition = json!({"dischargeDisposition": {"coding": [{"system": system, "code": code}]}});
        let records = records(&but(&base(), json!({"hospitalization": disposition})));
        let death = Record::Death(Death { at: when((2024, 5, 8), None), provenance: Provenance::Ehr });
        assert_eq!(records.contains(&death), died, "{system} {code}");
    }
}

#[test]
fn subjects() {
    for (subject, path) in [
        (json!(null), "Encounter.subject"),
        (json!({}), "Encounter.subject"),
        (json!({"reference": "?"}), "Encounter.subject"),
        (json!({"reference": "#nobody"}), "Encounter.subject"),
        (json!({"identifier": {"system": "http://x.example", "value": "1"}}), "Encounter.subject"),
    ] {
        let json = but(&base(), json!({"subject": subject}));
        assert_eq!(reject(&json), ("essential".into(), path.into()));
    }
    let wrong = but(&base(), json!({"subject": {"reference": 12}}));
    assert_eq!(reject(&wrong), ("type".into(), "Encounter.subject.reference".into()));
    let group = read(but(&base(), json!({"subject": {"reference": "Group/g"}})).as_bytes());
    assert_eq!((group.statements.len(), remarked(&group.remarks)), (0, vec![("fhir-not-patient", 1)]));
}

#[test]
fn a_subject_may_be_named_by_number_or_contained() {
    let own = json!({"system": "urn:oid:1.2.392.100495.20.3.51.1131", "value": "0042"});
    let insured = json!({"system": "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID", "value": "9:8:7"});
    let contained = |identifier: &Value| json!([{"resourceType": "Patient", "id": "p", "identifier": [identifier]}]);
    for (change, expect) in [
        (json!({"subject": {"identifier": own}}), "0042"),
        (json!({"subject": {"identifier": own, "reference": "unknown"}}), "0042"),
        (json!({"subject": {"identifier": own, "reference": "Patient/p1"}}), "Patient/p1"),
        (json!({"subject": {"reference": "#p"}, "contained": contained(&own)}), "0042"),
        (json!({"subject": {"identifier": insured}}), "Patient?insured="),
        (json!({"subject": {"reference": "#p"}, "contained": contained(&insured)}), "Patient?insured="),
        (json!({"subject": {"reference": "urn:uuid:77"}}), "Patient/77"),
    ] {
        let extract = read(but(&base(), change).as_bytes());
        let (patient, _) = only(&extract);
        assert!(patient.starts_with(expect) && !patient.contains("9:8:7"), "{patient}");
    }
}
