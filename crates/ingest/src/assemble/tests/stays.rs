//! Stays from movements, and the visits of records.

use super::world::{at, born, code, day, inpatient, make, number, said, step};
use crate::assemble::remarks::{
    ADMISSION_WHILE_ADMITTED, DISCHARGE_WITHOUT_ADMISSION, NO_VISIT, ONE_STAY, OPEN_STAY, RETRACTED,
    RETRACTION_WITHOUT_EVENT, TRANSFER_OUTSIDE, UNKNOWN_VISIT,
};
use crate::record::{Link, Measurement, Movement, Provenance, Record, Setting, Step, Visit};
use crate::{Coding, Remark, Rules, System, When};

const SPAN: [&str; 2] = ["visit_start_date", "visit_end_date"];

/// The stays, as day numbers, that these movements make, and how often each remark was made.
fn check(movements: Vec<Movement>, expect: &[(i32, i32)], remarks: &[(&Remark, u64)]) {
    let mut records = vec![born(1950)];
    records.extend(movements.into_iter().map(Record::Movement));
    let made = make(&Rules::default(), vec![said(0, records)]);
    let date = |number: i32| {
        let (year, month, day) = day(number).date();
        format!("{year:04}-{month:02}-{day:02}")
    };
    let expect: Vec<String> = expect.iter().map(|(from, to)| format!("{} {}", date(*from), date(*to))).collect();
    assert_eq!(made.look("visit_occurrence", &SPAN), expect);
    for (remark, count) in remarks {
        assert_eq!(made.remarked(remark), *count, "{}", remark.id);
    }
}

fn retraction(of: Step, when: When) -> Movement {
    Movement { retracts: true, ..step(of, when) }
}

#[test]
fn a_discharge_ends_the_stay_that_is_open() {
    use Step::{Admission, Discharge, Transfer};
    check(vec![step(Discharge, at(9, 10)), step(Admission, at(3, 16))], &[(3, 9)], &[(&OPEN_STAY, 0)]);
    let twice = vec![
        step(Admission, at(1, 9)),
        step(Discharge, at(5, 9)),
        step(Admission, at(5, 15)),
        step(Discharge, at(8, 9)),
    ];
    check(twice, &[(1, 5), (5, 8)], &[]);
    // The transfer after the discharge makes no stay.
    let late = vec![step(Admission, at(1, 16)), step(Discharge, at(31, 12)), step(Transfer, at(31, 20))];
    check(late, &[(1, 31)], &[(&TRANSFER_OUTSIDE, 1), (&OPEN_STAY, 0)]);
    check(vec![step(Admission, at(990, 1))], &[(990, 1000)], &[(&OPEN_STAY, 1)]);
    check(vec![step(Discharge, at(5, 1))], &[], &[(&DISCHARGE_WITHOUT_ADMISSION, 1)]);
    let stated = Movement { admitted: Some(at(2, 0)), ..step(Discharge, at(5, 1)) };
    check(vec![stated], &[(2, 5)], &[(&DISCHARGE_WITHOUT_ADMISSION, 0)]);
    let lost = vec![step(Admission, at(1, 9)), step(Admission, at(20, 9)), step(Discharge, at(25, 9))];
    check(lost, &[(1, 20), (20, 25)], &[(&ADMISSION_WHILE_ADMITTED, 1)]);
    check(vec![step(Admission, at(1, 9)), step(Admission, at(1, 11)), step(Discharge, at(2, 9))], &[(1, 2)], &[]);
}

#[test]
fn what_is_taken_back_did_not_happen() {
    use Step::{Admission, Discharge};
    let cancelled = vec![step(Admission, at(1, 9)), retraction(Admission, at(1, 9))];
    check(cancelled, &[], &[(&RETRACTED, 1), (&RETRACTION_WITHOUT_EVENT, 0)]);
    let stays_on = vec![
        step(Admission, at(1, 9)),
        step(Discharge, at(5, 9)),
        retraction(Discharge, at(5, 14)),
        step(Discharge, at(9, 9)),
    ];
    check(stays_on, &[(1, 9)], &[(&RETRACTED, 1)]);
    check(vec![retraction(Discharge, at(1, 9))], &[], &[(&RETRACTION_WITHOUT_EVENT, 1)]);
}

#[test]
fn transfers_divide_a_stay() {
    let ward = |name: &str| Some(Coding::new(System::Local, name));
    let admission = Movement { ward: ward("W1"), ..step(Step::Admission, at(1, 9)) };
    let transfer = Movement { ward: ward("W2"), ..step(Step::Transfer, at(3, 10)) };
    let same = Movement { ward: ward("W2"), ..step(Step::Transfer, at(4, 10)) };
    let end = step(Step::Discharge, at(6, 9));
    let records = [admission, transfer, same, end].map(Record::Movement);
    let made = make(&Rules::default(), vec![said(0, [vec![born(1950)], records.to_vec()].concat())]);
    let columns =
        ["visit_detail_start_date", "visit_detail_end_date", "visit_occurrence_id", "preceding_visit_detail_id"];
    assert_eq!(made.look("visit_detail", &columns), ["2020-01-02 2020-01-04 1 -", "2020-01-04 2020-01-07 1 1"]);
    assert_eq!(made.look("care_site", &["care_site_source_value"]), ["LOCAL:W1", "LOCAL:W2"]);
}

fn visit(key: Option<&str>, setting: Setting, start: i32, end: Option<i32>) -> Record {
    Record::Visit(Visit {
        key: key.map(str::to_owned),
        part_of: None,
        setting,
        start: at(start, 9),
        end: end.map(|end| at(end, 9)),
        department: None,
        admitted_from: None,
        discharged_to: None,
        provenance: Provenance::EhrEncounter,
    })
}

fn measured(on: i32, link: Link) -> Record {
    let (codes, value) = (code("HB"), number(f64::from(on)));
    let provenance = Provenance::Lab;
    Record::Measurement(Measurement {
        codes,
        at: at(on, 12),
        value,
        preliminary: false,
        part_of: None,
        provenance,
        link,
    })
}

#[test]
fn a_record_belongs_to_the_visit_that_is_named_or_contains_it() {
    let named = |key: &str| Link { visit: Some(key.to_owned()), inpatient: None };
    let records = vec![
        born(1950),
        visit(Some("in"), Setting::Inpatient, 10, Some(20)),
        visit(Some("out"), Setting::Outpatient, 15, None),
        visit(None, Setting::Outpatient, 30, None),
        measured(15, Link::default()),
        measured(15, inpatient(false)),
        measured(15, named("out")),
        measured(30, Link::default()),
        measured(31, Link::default()),
        measured(12, named("gone")),
        measured(40, named("gone")),
    ];
    let made = make(&Rules::default(), vec![said(0, records)]);
    let columns = ["value_as_number", "visit_occurrence_id"];
    let expect = ["15.0 1", "15.0 2", "15.0 2", "30.0 3", "31.0 -", "12.0 1", "40.0 -"];
    assert_eq!(made.look("measurement", &columns), expect);
    assert_eq!((made.remarked(&NO_VISIT), made.remarked(&UNKNOWN_VISIT)), (2, 2));
    assert_eq!(made.look("visit_occurrence", &["preceding_visit_occurrence_id"]), ["-", "1", "2"]);
}

#[test]
fn one_stay_in_two_systems_is_one_visit_and_known_by_both() {
    let chart = vec![born(1950), Record::Movement(step(Step::Admission, at(10, 22)))];
    let claims = vec![
        visit(Some("d1"), Setting::Inpatient, 11, Some(20)),
        visit(Some("d2"), Setting::Inpatient, 40, Some(41)),
        measured(19, Link { visit: Some("d1".into()), inpatient: None }),
    ];
    let made = make(&Rules::default(), vec![[said(0, chart), said(1, claims)].concat()]);
    assert_eq!(made.look("visit_occurrence", &SPAN), ["2020-01-11 2020-01-21", "2020-02-10 2020-02-11"]);
    assert_eq!(made.look("measurement", &["visit_occurrence_id"]), ["1"]);
    assert_eq!(made.remarked(&ONE_STAY), 1);
}
