//! MedicationRequest, MedicationDispense, MedicationAdministration, Medication, Immunization.

use renkei_ingest::record::{Drug, Provenance, Record};
use renkei_ingest::{Coding, System};
use serde_json::{Value, json};

use super::{but, only, read, records, reject, remarked, spelled, taken_back, when};

const CORE: &str = "http://jpfhir.jp/fhir/core/Extension/StructureDefinition";

fn hot(code: &str) -> Value {
    json!({"coding": [{"system": "http://medis.or.jp/CodeSystem/master-HOT9", "code": code}]})
}

fn request() -> Value {
    json!({
        "resourceType": "MedicationRequest", "id": "r1", "status": "completed", "intent": "order",
        "category": [{"coding": [{"code": "DCG"}, {"code": "IHP"}]}],
        "medicationCodeableConcept": {"coding": [
            {"system": "http://capstandard.jp/iyaku.info/CodeSystem/YJ-code", "code": "2149032F1030"},
            {"system": "http://medis.or.jp/CodeSystem/master-HOT9", "code": "103835401"}
        ]},
        "subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"},
        "authoredOn": "2024-01-10T12:00:00+09:00",
        "dosageInstruction": [{
            "extension": [
                {"url": format!("{CORE}/JP_MedicationDosage_PeriodOfUse"), "valuePeriod": {"start": "2024-01-11"}},
                {"url": format!("{CORE}/JP_MedicationDosage_UsageDuration"), "valueDuration": {"value": 14, "code": "d"}}
            ],
            "timing": {"event": ["2024-01-12"], "repeat": {"boundsDuration": {"value": 20, "code": "d"}}},
            "route": {"coding": [{"system": "http://jpfhir.jp/fhir/core/CodeSystem/route-codes", "code": "PO"}]}
        }],
        "dispenseRequest": {
            "quantity": {"value": 42, "unit": "錠", "code": "TAB", "system": "urn:oid:1.2.392.100495.20.2.101"},
            "expectedSupplyDuration": {"value": 15, "unit": "日", "code": "d"}
        }
    })
}

fn administration() -> Value {
    json!({
        "resourceType": "MedicationAdministration", "id": "a1", "status": "completed",
        "category": {"coding": [{"code": "inpatient"}]},
        "medicationCodeableConcept": hot("110626901"), "subject": {"reference": "Patient/p1"},
        "context": {"reference": "Encounter/e1"}, "request": {"reference": "MedicationRequest/r1"},
        "effectivePeriod": {"start": "2024-02-01T08:00:00+09:00", "end": "2024-02-01T10:00:00+09:00"},
        "dosage": {"dose": {"value": 500, "unit": "mL"}, "route": {"coding": [{"code": "IV"}]}}
    })
}

fn drugs(json: &str) -> Vec<Drug> {
    let drug = |record| if let Record::Drug(drug) = record { drug } else { panic!("{record:?}") };
    records(json).into_iter().map(drug).collect()
}

fn drug(json: &str) -> Drug {
    let mut drugs = drugs(json);
    assert_eq!(drugs.len(), 1);
    drugs.remove(0)
}

#[test]
fn a_prescription() {
    let found = drug(&request().to_string());
    assert_eq!(spelled(&found.codes), ["HOT9:103835401", "YJ:2149032F1030"]);
    assert_eq!((found.start, found.end, found.days), (when((2024, 1, 11), None), None, Some(14)));
    assert_eq!((found.quantity, found.unit), (Some(42.0), Some(Coding::new(System::Merit9, "TAB"))));
    assert_eq!(found.route, Some(Coding::new(System::Hl7(162), "PO")));
    assert_eq!((found.provenance, found.order.as_deref()), (Provenance::EhrPrescription, Some("MedicationRequest/r1")));
    assert_eq!((found.link.visit.as_deref(), found.link.inpatient), (Some("Encounter/e1"), Some(true)));
}

#[test]
fn the_start_is_that_of_use_or_else_of_the_order() {
    let dosage = |dosage: Value| json!({"dosageInstruction": [dosage]});
    for (change, date, seconds) in [
        (dosage(json!({"timing": {"repeat": {"boundsPeriod": {"start": "2024-01-13"}}}})), (2024, 1, 13), None),
        (dosage(json!({"timing": {"event": ["2024-01-12"]}})), (2024, 1, 12), None),
        (json!({"dosageInstruction": null}), (2024, 1, 10), Some(43_200)),
        (
            json!({"dosageInstruction": null, "authoredOn": null,
                "dispenseRequest": {"validityPeriod": {"start": "2024-01-14"}}}),
            (2024, 1, 14),
            None,
        ),
    ] {
        assert_eq!(drug(&but(&request(), change)).start, when(date, seconds));
    }
    let undated = but(&request(), json!({"dosageInstruction": [], "authoredOn": null}));
    assert_eq!(reject(&undated), ("essential".into(), "MedicationRequest.authoredOn".into()));
}

#[test]
fn days_are_those_of_use_of_supply_or_of_the_timing() {
    let bounds = json!({"timing": {"repeat": {"boundsDuration": {"value": 3, "code": "wk"}}}});
    for (change, days) in [
        (json!({"dosageInstruction": [bounds]}), Some(15)),
        (json!({"dosageInstruction": [bounds], "dispenseRequest": null}), Some(21)),
        (
            json!({"dosageInstruction": null, "dispenseRequest": {"expectedSupplyDuration": {"value": 1, "code": "a"}}}),
            None,
        ),
    ] {
        assert_eq!(drug(&but(&request(), change)).days, days);
    }
}

#[test]
fn orders_that_are_none() {
    for (change, remark) in [
        (json!({"status": "cancelled"}), "fhir-status"),
        (json!({"status": "entered-in-error"}), "fhir-status"),
        (json!({"status": "draft"}), "fhir-status"),
        (json!({"intent": "plan"}), "fhir-intent"),
        (json!({"intent": "proposal"}), "fhir-intent"),
        (json!({"doNotPerform": true}), "fhir-intent"),
        (json!({"medicationCodeableConcept": {"text": "薬"}}), "fhir-uncoded"),
        (
            json!({"medicationCodeableConcept": {"coding": [{
                "system": "http://jpfhir.jp/fhir/eCS/CodeSystem/MedicationCodeNocoded_CS", "code": "NOCODED"}]}}),
            "fhir-uncoded",
        ),
    ] {
        assert_eq!(taken_back(&but(&request(), change)), [(remark, 1)]);
    }
    for status in ["active", "stopped", "on-hold"] {
        drug(&but(&request(), json!({"status": status})));
    }
}

#[test]
fn categories_tell_stays_from_outpatients() {
    for (code, inpatient) in [
        ("IHP", Some(true)),
        ("inpatient", Some(true)),
        ("OHO", Some(false)),
        ("community", Some(false)),
        ("XTR", None),
    ] {
        let json = but(&request(), json!({"category": [{"coding": [{"code": code}]}]}));
        assert_eq!(drug(&json).link.inpatient, inpatient, "{code}");
    }
}

#[test]
fn an_administration() {
    let found = drug(&administration().to_string());
    assert_eq!((found.start, found.end), (when((2024, 2, 1), 28_800), Some(when((2024, 2, 1), 36_000))));
    assert_eq!((found.quantity, found.unit), (Some(500.0), Some(Coding::new(System::Local, "mL"))));
    assert_eq!((found.provenance, found.days), (Provenance::EhrAdministration, None));
    assert_eq!((found.order.as_deref(), found.link.inpatient), (Some("MedicationRequest/r1"), Some(true)));
    for status in ["not-done", "in-progress", "stopped", "on-hold", "entered-in-error", "unknown"] {
        assert_eq!(taken_back(&but(&administration(), json!({"status": status}))), [("fhir-status", 1)]);
    }
    let undated = but(&administration(), json!({"effectivePeriod": null}));
    assert_eq!(reject(&undated), ("essential".into(), "MedicationAdministration.effectiveDateTime".into()));
}

#[test]
fn a_dispensing() {
    let dispense = json!({
        "resourceType": "MedicationDispense", "id": "d1", "status": "completed",
        "medicationCodeableConcept": hot("103835401"), "subject": {"reference": "Patient/p1"},
        "authorizingPrescription": [{"reference": "MedicationRequest/r1"}],
        "quantity": {"value": 28, "unit": "錠"}, "daysSupply": {"value": 28, "unit": "日"},
        "whenPrepared": "2024-01-10", "whenHandedOver": "2024-01-11T15:00:00+09:00"
    });
    let found = drug(&dispense.to_string());
    assert_eq!((found.start, found.days), (when((2024, 1, 11), 54_000), Some(28)));
    assert_eq!((found.provenance, found.order.as_deref()), (Provenance::EhrDispensing, Some("MedicationRequest/r1")));
    assert_eq!(drug(&but(&dispense, json!({"whenHandedOver": null}))).start, when((2024, 1, 10), None));
    assert_eq!(taken_back(&but(&dispense, json!({"status": "preparation"}))), [("fhir-status", 1)]);
    let undated = but(&dispense, json!({"whenHandedOver": null, "whenPrepared": null}));
    assert_eq!(reject(&undated), ("essential".into(), "MedicationDispense.whenHandedOver".into()));
}

#[test]
fn a_vaccination() {
    let vaccine = json!({
        "resourceType": "Immunization", "id": "i1", "status": "completed",
        "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "150"}]},
        "patient": {"reference": "Patient/p1"}, "occurrenceDateTime": "2024-10-01", "recorded": "2024-10-02",
        "doseQuantity": {"value": 0.5, "system": "http://unitsofmeasure.org", "code": "mL"}
    });
    let found = drug(&vaccine.to_string());
    assert_eq!((spelled(&found.codes), found.start), (vec!["CVX:150".into()], when((2024, 10, 1), None)));
    assert_eq!((found.quantity, found.unit), (Some(0.5), Some(Coding::new(System::Ucum, "mL"))));
    let recorded = but(&vaccine, json!({"occurrenceDateTime": null, "occurrenceString": "秋"}));
    assert_eq!(drug(&recorded).start, when((2024, 10, 2), None));
    assert_eq!(taken_back(&but(&vaccine, json!({"status": "not-done"}))), [("fhir-status", 1)]);
    let undated = but(&vaccine, json!({"occurrenceDateTime": null, "recorded": null}));
    assert_eq!(reject(&undated), ("essential".into(), "Immunization.occurrenceDateTime".into()));
}

#[test]
fn a_drug_elsewhere_is_named_and_one_within_is_read() {
    let referring =
        |reference: &str| json!({"medicationCodeableConcept": null, "medicationReference": {"reference": reference}});
    let found = drug(&but(&request(), referring("Medication/m5")));
    assert_eq!((found.codes.len(), found.reference.as_deref()), (0, Some("Medication/m5")));
    let mut within = referring("#m");
    within["contained"] = json!([{"resourceType": "Medication", "id": "m", "code": hot("103835401")}]);
    let found = drug(&but(&request(), within));
    assert_eq!((spelled(&found.codes), found.reference), (vec!["HOT9:103835401".into()], None));
    let nothing = but(&request(), json!({"medicationCodeableConcept": null}));
    assert_eq!(reject(&nothing), ("essential".into(), "MedicationRequest.medicationCodeableConcept".into()));
    let nowhere = but(&request(), referring("#absent"));
    assert_eq!(reject(&nowhere), ("essential".into(), "MedicationRequest.medicationReference".into()));
}

#[test]
fn a_mixture_is_as_many_drugs_as_it_has_ingredients() {
    let ingredient = |code: &str, amount: f64| {
        json!({"itemCodeableConcept": hot(code),
            "strength": {"numerator": {"value": amount, "unit": "mL"}, "denominator": {"value": 1}}})
    };
    let mixture = json!([{"resourceType": "Medication", "id": "m",
        "ingredient": [ingredient("107750603", 500.0), ingredient("108010001", 20.0)]}]);
    let change = json!({"medicationCodeableConcept": null, "medicationReference": {"reference": "#m"},
        "contained": mixture});
    let found = drugs(&but(&administration(), change));
    let amounts: Vec<_> = found.iter().map(|drug| (spelled(&drug.codes).remove(0), drug.quantity)).collect();
    assert_eq!(amounts, [("HOT9:107750603".into(), Some(500.0)), ("HOT9:108010001".into(), Some(20.0))]);
}

#[test]
fn medications_are_shared_with_other_files() {
    let medication = json!({"resourceType": "Medication", "id": "m5", "code": hot("103835401")});
    let extract = read(medication.to_string().as_bytes());
    assert_eq!(extract.shared, [("Medication/m5".into(), vec![Coding::new(System::Hot9, "103835401")])]);
    let two = json!({"code": null, "ingredient": [{"itemCodeableConcept": hot("107750603")}, {"itemCodeableConcept": hot("108010001")}]});
    for (change, remark) in [
        (two, "fhir-mixture"),
        (json!({"code": {"text": "薬"}}), "fhir-uncoded"),
        (json!({"status": "entered-in-error"}), "fhir-status"),
    ] {
        let extract = read(but(&medication, change).as_bytes());
        assert_eq!((extract.shared.len(), remarked(&extract.remarks)), (0, vec![(remark, 1)]));
    }
}

#[test]
fn links_that_are_no_references_are_remarked_upon() {
    let extract = read(but(&request(), json!({"encounter": {"reference": "外来"}})).as_bytes());
    let Record::Drug(drug) = &only(&extract).1.records[0] else { panic!() };
    assert_eq!((drug.link.visit.as_deref(), remarked(&extract.remarks)), (None, vec![("fhir-link-unread", 1)]));
}
