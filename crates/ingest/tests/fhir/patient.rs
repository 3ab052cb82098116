//! Patient.

use renkei_ingest::record::{Birth, Death, Person, Provenance, Record, Sex};
use serde_json::{Value, json};

use super::{but, only, read, records, reject, remarked, when};

fn base() -> Value {
    json!({
        "resourceType": "Patient", "id": "p1", "meta": {"lastUpdated": "2024-04-01T09:00:00+09:00"},
        "identifier": [
            {"system": "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID", "value": "00099999:1:2:03"},
            {"type": {"coding": [{"code": "MR"}]}, "value": "777"},
            {"system": "urn:oid:1.2.392.100495.20.3.51.11319999999", "value": " 0001234 "}
        ],
        "name": [{"text": "連携 花子", "family": "連携", "given": ["花子"]}],
        "telecom": [{"system": "phone", "value": "000-0000-0000"}],
        "gender": "female", "birthDate": "1950-02-28",
        "address": [{"use": "old", "postalCode": "0600001"}, {"postalCode": "１０４-0045", "text": "東京都"}]
    })
}

fn person(json: &str) -> Person {
    match records(json).remove(0) {
        Record::Person(person) => person,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_patient_is_a_person_known_by_the_hospitals_number() {
    let extract = read(base().to_string().as_bytes());
    let (patient, statement) = only(&extract);
    assert_eq!((patient, statement.key.as_str()), ("Patient/p1", "Patient/p1"));
    assert_eq!(statement.version, 1_711_929_600_000_000);
    let birth = Some(Birth { year: 1950, month: Some(2), day: Some(28) });
    let expect = Person { birth, sex: Sex::Female, zip3: Some("104".into()), test: false };
    assert_eq!(statement.records, [Record::Person(expect)]);
    assert_eq!(extract.aliases[0], ("Patient/p1".into(), "0001234".into()));
    assert_eq!((extract.aliases.len(), extract.aliases[1].1.as_str()), (2, "0001234"));
    assert!(extract.remarks.is_empty() && extract.rejects.is_empty());
}

#[test]
fn nothing_that_names_the_patient_travels_on() {
    let text = format!("{:?}", read(base().to_string().as_bytes()));
    for secret in ["連携", "花子", "000-0000", "東京", "00099999", "0045"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn births_are_as_precise_as_they_are_known() {
    for (text, expect) in [
        ("1950-02", Some(Birth { year: 1950, month: Some(2), day: None })),
        ("1950", Some(Birth { year: 1950, month: None, day: None })),
        ("1950-02-30", None),
        ("昭和25年", None),
    ] {
        let json = but(&base(), json!({"birthDate": text}));
        assert_eq!(person(&json).birth, expect, "{text}");
        let remarks = read(json.as_bytes()).remarks;
        assert_eq!(remarked(&remarks), if expect.is_none() { vec![("fhir-birth", 1)] } else { vec![] });
    }
    let absent = json!({"birthDate": null, "_birthDate": {"extension": [{"url": "x", "valueCode": "unknown"}]}});
    assert_eq!(person(&but(&base(), absent)).birth, None);
}

#[test]
fn sexes() {
    for (text, expect) in [
        (json!("male"), Sex::Male),
        (json!("other"), Sex::Other),
        (json!("unknown"), Sex::Unknown),
        (json!("男"), Sex::Unknown),
        (json!(1), Sex::Unknown),
        (json!(null), Sex::Unknown),
    ] {
        assert_eq!(person(&but(&base(), json!({"gender": text}))).sex, expect);
    }
}

#[test]
fn test_patients_are_marked_by_any_part_of_a_name() {
    for (name, test) in [
        (json!([{"text": "テスト 太郎"}]), true),
        (json!([{"family": "山", "given": ["一", "ダミー"]}]), true),
        (json!([{"given": "Test"}]), true),
        (json!({"family": "test"}), true),
        (json!("テスト太郎"), true),
        (json!([{"family": "山"}, {"text": 3}]), false),
        (json!(null), false),
    ] {
        assert_eq!(person(&but(&base(), json!({"name": name}))).test, test, "{name}");
    }
}

#[test]
fn deaths_have_a_date() {
    let death = |text: &str| {
        let records = records(&but(&base(), json!({"deceasedDateTime": text})));
        records.into_iter().find_map(|record| if let Record::Death(death) = record { Some(death) } else { None })
    };
    let at = |at| Some(Death { at, provenance: Provenance::Ehr });
    assert_eq!(death("2024-03-05T23:10:00+09:00"), at(when((2024, 3, 5), 83_400)));
    assert_eq!(death("2024-03-05"), at(when((2024, 3, 5), None)));
    assert_eq!(death("someday"), None);
    for (element, remark) in [
        (json!({"deceasedBoolean": true}), vec![("fhir-death-undated", 1)]),
        (json!({"deceasedBoolean": false}), vec![]),
        (json!({"deceasedDateTime": "someday"}), vec![("fhir-death-undated", 1)]),
        (json!({"deceasedDateTime": "2024"}), vec![("fhir-partial-date", 1)]),
        (json!({"deceasedDateTime": "2024-01-01T00:00:00Z"}), vec![("fhir-utc", 1)]),
        (
            json!({"link": [{"type": "replaced-by", "other": {"reference": "Patient/p2"}}]}),
            vec![("fhir-patient-replaced", 1)],
        ),
    ] {
        let extract = read(but(&base(), element).as_bytes());
        assert_eq!(remarked(&extract.remarks), remark);
    }
}

#[test]
fn a_patient_without_a_number_keeps_the_reference() {
    let insured = json!([{"system": "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID", "value": "1"}]);
    let extract = read(but(&base(), json!({"identifier": insured})).as_bytes());
    assert_eq!((extract.aliases.len(), extract.aliases[0].1.as_str()), (1, "Patient/p1"));
    assert_eq!(remarked(&extract.remarks), [("fhir-no-number", 1)]);
}

#[test]
fn what_does_not_matter_costs_no_patient() {
    for change in [
        json!({"telecom": "x", "contact": 3, "photo": [[]], "active": "yes", "multipleBirthBoolean": "no"}),
        json!({"address": "somewhere", "meta": "x", "text": 3, "language": {}}),
        json!({"address": [{"postalCode": 1040045}]}),
        json!({"contained": 3}),
    ] {
        assert_eq!(person(&but(&base(), change)).sex, Sex::Female);
    }
}

#[test]
fn what_matters_is_rejected_by_its_path() {
    for (change, rule, path) in [
        (json!({"birthDate": 19500228}), "type", "Patient.birthDate"),
        (json!({"identifier": [{"value": "1"}, {"value": 2}]}), "type", "Patient.identifier[1].value"),
        (json!({"deceasedBoolean": "true"}), "type", "Patient.deceasedBoolean"),
        (json!({"id": null}), "essential", "Patient.id"),
        (json!({"id": 3}), "essential", "Patient.id"),
        (json!({"resourceType": null}), "format", "resourceType"),
        (json!({"resourceType": ["Patient"]}), "format", "resourceType"),
    ] {
        assert_eq!(reject(&but(&base(), change)), (rule.into(), path.into()));
    }
}
