//! ADT-12, and the steps of a stay.

use crate::ssmix2::storage::{PATIENT, check, extract, records, remarked, show};

/// A message whose PV1 has these fields 36, 44 and 45, and EVN-6.
fn event(event: &str, class: &str, [disposition, admitted, discharged, occurred]: [&str; 4]) -> String {
    let head = format!(
        "MSH|^~\\&|HIS|SEND|GW|RCV|20200410120000||{event}|1|P|2.5\nEVN||20200410113000||||{occurred}\nPID|1||{PATIENT}"
    );
    let pv1 = ["PV1", "1", class, "5E^501^1^^^N", "", "", "", "", "", "", "03^内科^MML028"].join("|");
    format!("{head}\n{pv1}{}{disposition}{}{admitted}|{discharged}", "|".repeat(26), "|".repeat(8))
}

#[test]
fn receptions_are_outpatient_whatever_the_message_calls_itself() {
    let at = ["", "202004101006", "", ""];
    check("ADT-12", &event("ADT^A04", "O", at), &["Outpatient 2020-04-10T10:06:00 DEPT:03"]);
    check("ADT-12", &event("ADT^A01", "O", at), &["Outpatient 2020-04-10T10:06:00 DEPT:03"]);
    assert_eq!(remarked(&extract("ADT-12", &event("ADT^A01", "O", at)), "event-differs"), 1);
    check("ADT-12", &event("ADT^A04", "E", at), &["Emergency 2020-04-10T10:06:00 DEPT:03"]);
    check("ADT-12", &event("ADT^A04", "O", ["", "", "", "20200410"]), &["Outpatient 2020-04-10 DEPT:03"]);
    check("ADT-12", &event("ADT^A04", "O", [""; 4]), &["Outpatient 2020-04-09 DEPT:03"]);
    check("ADT-12", &event("ADT^A11", "O", at), &[]);
    check(
        "ADT-12",
        &event("ADT^A04", "O", at).replace("03^内科^MML028", ""),
        &["Outpatient 2020-04-10T10:06:00 DEPT:03"],
    );
    check(
        "ADT-12",
        &event("ADT^A04", "O", at).replace("03^内科^MML028", "51^科^99DEP"),
        &["Outpatient 2020-04-10T10:06:00 LOCAL:99DEP:51"],
    );
}

#[test]
fn the_steps_of_a_stay() {
    let places = "DEPT:03 LOCAL:WARD:5E";
    let steps = [
        ("ADT-22", "ADT^A01", ["", "202004101600", "", ""], format!("Admission 2020-04-10T16:00:00 {places}")),
        ("ADT-22", "ADT^A11", ["", "202004101600", "", ""], format!("no Admission 2020-04-10T16:00:00 {places}")),
        (
            "ADT-52",
            "ADT^A03",
            ["01", "", "202004201200", ""],
            format!("Discharge 2020-04-20T12:00:00 {places} HL7-0112:01"),
        ),
        (
            "ADT-52",
            "ADT^A03",
            ["06", "202004101600", "202004201200", ""],
            format!("Discharge 2020-04-20T12:00:00 {places} HL7-0112:06 since 2020-04-10T16:00:00"),
        ),
        (
            "ADT-52",
            "ADT^A13",
            ["20", "", "202004201200", ""],
            format!("no Discharge 2020-04-20T12:00:00 {places} HL7-0112:20"),
        ),
        ("ADT-52", "ADT^A03", ["", "", "", "20200420"], format!("Discharge 2020-04-20 {places}")),
        (
            "ADT-42",
            "ADT^A02",
            ["", "202004101600", "", "202004122000"],
            format!("Transfer 2020-04-12T20:00:00 {places}"),
        ),
        ("ADT-42", "ADT^A12", ["", "", "", "202004122000"], format!("no Transfer 2020-04-12T20:00:00 {places}")),
        ("ADT-31", "ADT^A21", ["", "", "", "202004130900"], format!("LeaveStart 2020-04-13T09:00:00 {places}")),
        ("ADT-31", "ADT^A52", ["", "", "", "202004130900"], format!("no LeaveStart 2020-04-13T09:00:00 {places}")),
        ("ADT-32", "ADT^A22", ["", "", "", "202004132430"], format!("LeaveEnd 2020-04-14T00:30:00 {places}")),
        ("ADT-32", "ADT^A53", ["", "", "", "202004141700"], format!("no LeaveEnd 2020-04-14T17:00:00 {places}")),
    ];
    for (kind, event_name, fields, expect) in steps {
        check(kind, &event(event_name, "I", fields), &[&expect]);
        assert_eq!(
            remarked(&extract(kind, &event(event_name, "I", fields)), "event-differs"),
            0,
            "{kind} {event_name}"
        );
    }
    let clinic = event("ADT^A01", "I", ["", "20200410", "", ""]).replace("5E^501^1^^^N", "5E^^^^^C");
    check("ADT-22", &clinic, &["Admission 2020-04-10 DEPT:03"]);
}

#[test]
fn dispositions_of_the_dead() {
    for code in 0..100 {
        let code = format!("{code:02}");
        let extract = extract("ADT-52", &event("ADT^A03", "I", [&code, "", "202004201200", ""]));
        let dead = records(&extract).iter().any(|record| show(record) == "death 2020-04-20T12:00:00");
        assert_eq!(dead, ("20"..="29").contains(&&*code) || ["40", "41", "42"].contains(&&*code), "{code}");
    }
}

#[test]
fn a_step_that_cannot_be_dated_or_has_no_visit_is_put_aside() {
    let none = format!("MSH|^~\\&|||||||ADT^A01\nPID|1||{PATIENT}");
    let extract = extract("ADT-22", &none);
    assert!(records(&extract).is_empty());
    assert_eq!(extract.rejects.iter().map(|r| (r.line, r.rule.as_str())).collect::<Vec<_>>(), [(1, "essential")]);
}
