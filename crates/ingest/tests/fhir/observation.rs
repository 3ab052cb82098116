//! Observation.

use renkei_ingest::record::{Comparator, Grade, Measurement, Observation, Provenance, Record, Value as Result};
use renkei_ingest::{Coding, System};
use serde_json::{Value, json};

use super::{but, read, records, reject, remarked, spelled, taken_back, when};

fn base() -> Value {
    json!({
        "resourceType": "Observation", "id": "o1", "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [
            {"system": "http://loinc.org", "code": "2823-3"},
            {"system": "urn:oid:1.2.392.200119.4.504", "code": "3H015000002326101"}
        ]},
        "subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"},
        "effectiveDateTime": "2024-03-01T08:30:00+09:00", "issued": "2024-03-01T12:00:00+09:00",
        "valueQuantity": {"value": 4.1, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"}
    })
}

fn measurement(json: &str) -> Measurement {
    match records(json).remove(0) {
        Record::Measurement(measurement) => measurement,
        other => panic!("{other:?}"),
    }
}

fn observation(json: &str) -> Observation {
    match records(json).remove(0) {
        Record::Observation(observation) => observation,
        other => panic!("{other:?}"),
    }
}

/// The result of a laboratory test with this `value[x]`.
fn result(element: &str, value: Value) -> Result {
    measurement(&but(&base(), json!({"valueQuantity": null, element: value}))).value
}

fn ucum(code: &str) -> Option<Coding> {
    Some(Coding::new(System::Ucum, code))
}

#[test]
fn a_laboratory_result() {
    let found = measurement(&base().to_string());
    assert_eq!(spelled(&found.codes), ["JLAC10:3H015000002326101", "LOINC:2823-3"]);
    assert_eq!((found.at, found.preliminary), (when((2024, 3, 1), 30_600), false));
    assert_eq!(found.value, Result { number: Some(4.1), unit: ucum("mmol/L"), ..Result::default() });
    assert_eq!((found.provenance, found.link.visit.as_deref()), (Provenance::Lab, Some("Encounter/e1")));
}

#[test]
fn numbers_with_comparators() {
    for (comparator, expect) in
        [("<", Comparator::Less), ("<=", Comparator::AtMost), (">=", Comparator::AtLeast), (">", Comparator::Greater)]
    {
        let value = result("valueQuantity", json!({"value": 5, "comparator": comparator}));
        assert_eq!((value.number, value.comparator, value.unread), (Some(5.0), Some(expect), false));
    }
    let value = result("valueQuantity", json!({"value": 5, "comparator": "about"}));
    assert_eq!((value.number, value.unread), (None, true));
}

#[test]
fn numbers_are_those_that_are_written() {
    for text in ["0.1", "41.8", "7.123456789012345", "9007199254740993", "-40", "1e-7", "123456789.000000001"] {
        let json = base().to_string().replace("4.1", text);
        assert_eq!(measurement(&json).value.number, Some(text.parse().unwrap()), "{text}");
    }
    assert_eq!(reject(&base().to_string().replace("4.1", "1e999")).0, "format");
    assert_eq!(
        reject(&base().to_string().replace("4.1", "\"4.1\"")),
        ("type".into(), "Observation.valueQuantity.value".into())
    );
}

#[test]
fn values_of_every_kind() {
    let number = |number| Result { number: Some(number), ..Result::default() };
    let grade = |grade| Result { grade: Some(grade), ..Result::default() };
    let code = |system, code| Result { code: Some(Coding::new(system, code)), ..Result::default() };
    let unread = || Result { unread: true, ..Result::default() };
    let concept = |system: &str, code: &str| json!({"coding": [{"system": system, "code": code}], "text": "x"});
    for (element, value, expect) in [
        ("valueCodeableConcept", concept("http://snomed.info/sct", "10828004"), code(System::Snomed, "10828004")),
        ("valueCodeableConcept", json!({"text": "(2+)"}), grade(Grade::Plus(2))),
        ("valueCodeableConcept", json!({"text": "所見"}), unread()),
        ("valueString", json!("< 0.5"), Result { comparator: Some(Comparator::Less), ..number(0.5) }),
        ("valueString", json!("（－）"), grade(Grade::Negative)),
        ("valueString", json!("発育なし"), unread()),
        ("valueInteger", json!(15), number(15.0)),
        ("valueBoolean", json!(true), code(System::Hl7(136), "Y")),
        ("valueBoolean", json!(false), code(System::Hl7(136), "N")),
        ("valueRange", json!({"low": {"value": 3}}), Result { comparator: Some(Comparator::AtLeast), ..number(3.0) }),
        ("valueRange", json!({"high": {"value": 3}}), Result { comparator: Some(Comparator::AtMost), ..number(3.0) }),
        ("valueRange", json!({"low": {"value": 1}, "high": {"value": 4}}), unread()),
        ("valueRatio", json!({"numerator": {"value": 8}, "denominator": {"value": 1}}), number(8.0)),
        ("valueRatio", json!({"numerator": {"value": 1}, "denominator": {"value": 64}}), unread()),
        ("valueTime", json!("10:00:00"), unread()),
        ("valueDateTime", json!("2024"), unread()),
        ("valuePeriod", json!({}), unread()),
        ("valueSampledData", json!({}), unread()),
    ] {
        assert_eq!(result(element, value.clone()), expect, "{element}: {value}");
    }
}

#[test]
fn texts_that_are_not_read_are_not_kept_but_counted() {
    let json = but(&base(), json!({"valueQuantity": null, "valueString": "秘密の所見"}));
    let extract = read(json.as_bytes());
    assert_eq!(remarked(&extract.remarks), [("fhir-value-unread", 1)]);
    assert!(!format!("{extract:?}").contains("秘密"));
}

#[test]
fn interpretations_speak_where_nothing_else_does() {
    let interpreted = |code: &str| {
        let system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
        let coding = json!([{"coding": [{"system": system, "code": code}]}]);
        measurement(&but(&base(), json!({"valueQuantity": null, "valueString": "x", "interpretation": coding}))).value
    };
    assert_eq!(interpreted("POS"), Result { grade: Some(Grade::Positive), ..Result::default() });
    assert_eq!(interpreted("NEG"), Result { grade: Some(Grade::Negative), ..Result::default() });
    assert_eq!(interpreted("R"), Result { code: Some(Coding::new(System::Fhir, "R")), ..Result::default() });
    assert_eq!(interpreted("H"), Result { unread: true, ..Result::default() });
}

#[test]
fn normal_ranges_are_those_of_the_unit_and_no_others() {
    let unit = |value: f64, code: &str| json!({"value": value, "code": code});
    let kind = |code: &str| json!({"coding": [{"code": code}]});
    for (ranges, expect) in [
        (json!([{"low": unit(3.5, "mmol/L"), "high": unit(5.0, "mmol/L")}]), (Some(3.5), Some(5.0))),
        (json!([{"high": {"value": 5}}]), (None, Some(5.0))),
        (json!([{"low": unit(3.5, "mg/dL")}]), (None, None)),
        (
            json!([{"type": kind("treatment"), "low": {"value": 1}}, {"type": kind("normal"), "low": {"value": 2}}]),
            (Some(2.0), None),
        ),
        (json!([{"text": "3.5-5.0"}]), (None, None)),
        (json!([]), (None, None)),
    ] {
        let value = measurement(&but(&base(), json!({"referenceRange": ranges}))).value;
        assert_eq!((value.low, value.high), expect);
    }
}

#[test]
fn panels_are_unrolled() {
    let component = |code: &str, value: Value| {
        json!({"code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "valueQuantity": value})
    };
    let pressure = json!({
        "category": [{"coding": [{"code": "vital-signs"}]}], "valueQuantity": null,
        "component": [
            component("8480-6", json!({"value": 120, "unit": "mmHg"})),
            component("8462-4", json!({"value": 70, "unit": "mmHg"})),
            {"code": {"coding": [{"code": "x"}]}, "dataAbsentReason": {"coding": [{"code": "not-performed"}]}},
            {"code": {"text": "only"}, "valueInteger": 1}
        ]
    });
    let json = but(&base(), pressure);
    let found: Vec<_> = records(&json)
        .into_iter()
        .map(|record| match record {
            Record::Measurement(found) => (spelled(&found.codes).remove(0), found.value.number, found.provenance),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        found,
        [("LOINC:8480-6".into(), Some(120.0), Provenance::Ehr), ("LOINC:8462-4".into(), Some(70.0), Provenance::Ehr),]
    );
    let remarks = read(json.as_bytes()).remarks;
    assert_eq!(remarked(&remarks), [("fhir-panel", 1), ("fhir-uncoded", 1), ("fhir-value-absent", 1)]);
    let members = json!({"valueQuantity": null, "hasMember": [{"reference": "Observation/o2"}]});
    assert_eq!(taken_back(&but(&base(), members)), [("fhir-panel", 1)]);
    assert_eq!(records(&but(&base(), json!({"component": [component("1-1", json!({"value": 1}))]}))).len(), 2);
}

#[test]
fn the_category_decides_on_the_table_or_else_a_number_does() {
    let text = json!({"valueQuantity": null, "valueCodeableConcept": {"coding": [{"code": "1"}]}});
    for (category, change, measured) in [
        ("laboratory", text.clone(), true),
        ("LAB", text.clone(), true),
        ("vital-signs", text.clone(), true),
        ("social-history", json!({}), false),
        ("survey", json!({}), false),
        ("exam", json!({}), true),
        ("exam", text.clone(), false),
        ("imaging", text.clone(), false),
    ] {
        let mut change = change;
        change["category"] = json!([{"coding": [{"code": category}]}]);
        let json = but(&base(), change);
        let found = records(&json);
        assert_eq!(matches!(found[0], Record::Measurement(_)), measured, "{category}");
        assert_eq!(matches!(found[0], Record::Observation(_)), !measured, "{category}");
    }
    let answer = but(&base(), json!({"category": [{"coding": [{"code": "survey"}]}]}));
    assert_eq!(observation(&answer).value.number, Some(4.1));
}

#[test]
fn statuses() {
    for status in ["registered", "cancelled", "entered-in-error", "unknown"] {
        assert_eq!(taken_back(&but(&base(), json!({"status": status}))), [("fhir-status", 1)]);
    }
    for (status, preliminary) in [("final", false), ("amended", false), ("corrected", false), ("preliminary", true)] {
        assert_eq!(measurement(&but(&base(), json!({"status": status}))).preliminary, preliminary);
    }
    let habit = json!({"status": "preliminary", "category": [{"coding": [{"code": "social-history"}]}]});
    assert_eq!(taken_back(&but(&base(), habit)), [("fhir-status", 1)]);
}

#[test]
fn times_are_when_it_was_observed_or_taken_or_issued() {
    let specimen = json!([{"resourceType": "Specimen", "id": "s", "collection": {"collectedDateTime": "2024-02-28"}}]);
    for (change, expect) in [
        (json!({"effectiveDateTime": null, "effectiveInstant": "2024-03-02T00:00:10+09:00"}), when((2024, 3, 2), 10)),
        (json!({"effectiveDateTime": null, "effectivePeriod": {"start": "2024-03-03"}}), when((2024, 3, 3), None)),
        (json!({"effectiveDateTime": null, "effectiveTiming": {"event": ["2024-03-04"]}}), when((2024, 3, 4), None)),
        (
            json!({"effectiveDateTime": null, "specimen": {"reference": "#s"}, "contained": specimen}),
            when((2024, 2, 28), None),
        ),
        (json!({"effectiveDateTime": null}), when((2024, 3, 1), 43_200)),
    ] {
        assert_eq!(measurement(&but(&base(), change)).at, expect);
    }
    let undated = json!({"effectiveDateTime": null, "issued": null});
    assert_eq!(reject(&but(&base(), undated)), ("essential".into(), "Observation.effectiveDateTime".into()));
}

#[test]
fn absent_values() {
    let absent = json!({"valueQuantity": null, "dataAbsentReason": {"coding": [{"code": "not-performed"}]}});
    assert_eq!(taken_back(&but(&base(), absent)), [("fhir-value-absent", 1)]);
    assert_eq!(measurement(&but(&base(), json!({"valueQuantity": null}))).value, Result::default());
    assert_eq!(taken_back(&but(&base(), json!({"code": {"text": "検査"}}))), [("fhir-uncoded", 1)]);
}
