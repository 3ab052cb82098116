//! Persons, events and what follows from them.

use super::world::{at, born, code, day, make, number, said};
use crate::assemble::Sourced;
use crate::assemble::remarks::{
    NO_PERSON, ORDER_GIVEN, PRELIMINARY, SAME_EVENT, SAME_SURGERY, SUPERSEDED, SURGERY_TWICE, SUSPECTED, TEST_PATIENT,
    UNREAD,
};
use crate::record::{
    Cell, Comparator, Condition, Death, Drug, Grade, Link, Measurement, Person, Procedure, Provenance, Record, Row,
    Sex, Statement, Value,
};
use crate::{BirthPrecision, Coding, Rules, System, When};

fn ill(codes: &str, on: i32, suspected: bool) -> Record {
    Record::Condition(Condition {
        codes: code(codes),
        start: When::day(day(on)),
        end: None,
        standing: None,
        suspected,
        provenance: Provenance::EhrProblemList,
        link: Link::default(),
    })
}

fn drug(codes: &str, on: i32, days: Option<i32>, provenance: Provenance, order: Option<&str>) -> Record {
    Record::Drug(Drug {
        codes: code(codes),
        start: When::day(day(on)),
        end: None,
        days,
        quantity: Some(14.0),
        unit: Some(Coding::new(System::Merit9, "TAB")),
        route: None,
        provenance,
        reference: None,
        order: order.map(str::to_owned),
        link: Link::default(),
    })
}

fn result(value: Value, preliminary: bool) -> Record {
    let (codes, link) = (code("HB"), Link::default());
    Record::Measurement(Measurement {
        codes,
        at: at(5, 8),
        value,
        preliminary,
        part_of: None,
        provenance: Provenance::Lab,
        link,
    })
}

#[test]
fn the_newest_version_of_a_statement_counts_and_an_empty_one_takes_it_back() {
    let statement = |key: &str, version, records: Vec<Record>| Sourced {
        source: 0,
        statement: Statement { key: key.into(), version, records },
    };
    let made = make(
        &Rules::default(),
        vec![vec![
            statement("p", 1, vec![born(1950)]),
            statement("a", 2, vec![ill("E11.9", 2, false)]),
            statement("a", 1, vec![ill("E11.9", 1, false)]),
            statement("b", 1, vec![ill("Z95.1", 1, false)]),
            statement("b", 2, vec![]),
            statement("p", 2, vec![born(1951)]),
        ]],
    );
    assert_eq!(made.look("condition_occurrence", &["condition_start_date"]), ["2020-01-03"]);
    assert_eq!(made.rows("observation"), 0);
    assert_eq!(made.look("person", &["year_of_birth"]), ["1951"]);
    assert_eq!(made.remarked(&SUPERSEDED), 3);
}

#[test]
fn a_person_has_what_the_rules_allow_and_test_patients_are_nobody() {
    let rules = |birth| Rules { birth, ..Rules::default() };
    let columns = ["gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth", "person_source_value"];
    for (birth, expect) in [
        (BirthPrecision::Year, "8532 1950 - - p1"),
        (BirthPrecision::Month, "8532 1950 4 - p1"),
        (BirthPrecision::Day, "8532 1950 4 5 p1"),
    ] {
        let made = make(&rules(birth), vec![said(0, vec![born(1950)])]);
        assert_eq!(made.look("person", &columns), [expect]);
        assert_eq!(made.look("location", &["zip"]), ["123"]);
    }
    let test = Person { birth: None, sex: Sex::Unknown, zip3: None, test: true };
    let patients = vec![
        said(0, vec![born(1950), Record::Person(test), ill("E11.9", 1, false)]),
        said(0, vec![ill("E11.9", 1, false)]),
    ];
    let made = make(&Rules::default(), patients);
    assert_eq!((made.rows("person"), made.rows("condition_occurrence"), made.assembled.persons), (0, 0, 0));
    assert_eq!((made.remarked(&TEST_PATIENT), made.remarked(&NO_PERSON)), (1, 1));
}

#[test]
fn of_two_sources_the_first_says_who_the_person_is_and_the_other_completes_it() {
    let vague = Person { birth: None, sex: Sex::Male, zip3: None, test: false };
    let made =
        make(&Rules::default(), vec![[said(0, vec![Record::Person(vague)]), said(1, vec![born(1960)])].concat()]);
    assert_eq!(made.look("person", &["gender_concept_id", "year_of_birth"]), ["8507 1960"]);
}

#[test]
fn the_domain_of_the_concept_decides_on_the_table() {
    let records =
        vec![born(1950), ill("E11.9", 1, false), ill("Z95.1", 2, false), ill("TWO", 3, false), ill("?", 4, false)];
    let made = make(&Rules::default(), vec![said(0, records)]);
    let columns = ["condition_concept_id", "condition_source_value", "condition_type_concept_id"];
    let expect = ["201826 LOCAL:E11.9 32840", "1 LOCAL:TWO 32840", "2 LOCAL:TWO 32840", "0 LOCAL:? 32840"];
    assert_eq!(made.look("condition_occurrence", &columns), expect);
    let columns = ["observation_concept_id", "observation_source_value", "observation_source_concept_id"];
    assert_eq!(made.look("observation", &columns), ["4000001 LOCAL:Z95.1 45000000"]);
    let usage = made.assembled.usage.sorted();
    let unmapped: Vec<_> =
        usage.iter().filter(|(.., used)| used.mapped == 0).map(|(_, codes, _)| codes[0].to_string()).collect();
    assert_eq!(unmapped, ["LOCAL:?"]);
    // Concept 0 has no era; two concepts of one diagnosis have two.
    assert_eq!(made.look("condition_era", &["condition_concept_id"]), ["1", "2", "201826"]);
}

#[test]
fn masters_lead_to_a_concept_and_the_sources_code_stays() {
    let made = make(&Rules::default(), vec![said(0, vec![born(1950), ill("MEDIS", 1, false)])]);
    let columns = ["condition_concept_id", "condition_source_value"];
    assert_eq!(made.look("condition_occurrence", &columns), ["201826 LOCAL:MEDIS"]);
}

#[test]
fn suspected_diagnoses_stay_out_unless_the_rules_keep_them() {
    let records = || vec![born(1950), ill("E11.9", 1, true)];
    let made = make(&Rules::default(), vec![said(0, records())]);
    assert_eq!((made.rows("condition_occurrence"), made.remarked(&SUSPECTED)), (0, 1));
    let keep = Rules { keep_suspected: true, ..Rules::default() };
    assert_eq!(make(&keep, vec![said(0, records())]).rows("condition_occurrence"), 1);
}

#[test]
fn nothing_is_counted_twice() {
    let records = vec![
        born(1950),
        drug("MET", 1, None, Provenance::EhrOrder, Some("o1")),
        drug("MET", 1, None, Provenance::EhrAdministration, Some("o1")),
        drug("MET", 2, None, Provenance::EhrOrder, Some("o2")),
        result(number(1.0), true),
        result(number(2.0), false),
    ];
    let other = vec![drug("MET", 1, None, Provenance::Claim, None), drug("MET", 9, None, Provenance::Claim, None)];
    let made = make(&Rules::default(), vec![[said(0, records), said(1, other)].concat()]);
    let columns = ["drug_exposure_start_date", "drug_type_concept_id"];
    assert_eq!(made.look("drug_exposure", &columns), ["2020-01-02 32818", "2020-01-03 32833", "2020-01-10 32810"]);
    assert_eq!(made.look("measurement", &["value_as_number"]), ["2.0"]);
    let counts = [&ORDER_GIVEN, &PRELIMINARY, &SAME_EVENT].map(|remark| made.remarked(remark));
    assert_eq!(counts, [1, 1, 1]);
}

#[test]
fn a_supply_lasts_as_long_as_its_days_and_makes_eras() {
    let given = |on, days| drug("MET", on, Some(days), Provenance::EhrPrescription, None);
    let made = make(&Rules::default(), vec![said(0, vec![born(1950), given(0, 14), given(20, 14), given(100, 7)])]);
    let columns = ["drug_exposure_end_date", "days_supply", "quantity", "dose_unit_source_value"];
    assert_eq!(made.look("drug_exposure", &columns)[0], "2020-01-14 14 14.0 MERIT9:TAB");
    let columns = ["drug_era_start_date", "drug_era_end_date", "drug_exposure_count", "gap_days"];
    assert_eq!(made.look("drug_era", &columns), ["2020-01-01 2020-02-03 2 6", "2020-04-10 2020-04-16 1 0"]);
}

#[test]
fn results_say_how_they_are_to_be_read_and_never_their_text() {
    let unit = Some(Coding::new(System::Ucum, "mg/dL"));
    let less = Value { comparator: Some(Comparator::Less), unit, low: Some(1.0), high: Some(2.0), ..number(0.5) };
    let graded = |grade| Value { grade: Some(grade), ..Value::default() };
    let records = vec![
        born(1950),
        result(less, false),
        result(graded(Grade::Negative), false),
        result(graded(Grade::Plus(3)), false),
        result(Value { unread: true, ..Value::default() }, false),
    ];
    let made = make(&Rules::default(), vec![said(0, records)]);
    let columns = [
        "operator_concept_id",
        "value_as_number",
        "value_as_concept_id",
        "unit_concept_id",
        "range_low",
        "range_high",
        "unit_source_value",
        "value_source_value",
    ];
    let expect = [
        "4171756 0.5 - 8840 1.0 2.0 UCUM:mg/dL -",
        "- - 9189 - - - - GRADE:-",
        "- - - - - - - GRADE:3+",
        "- - - - - - - -",
    ];
    assert_eq!(made.look("measurement", &columns), expect);
    assert_eq!(made.remarked(&UNREAD), 1);
}

#[test]
fn a_result_leads_to_the_row_that_it_belongs_to() {
    let one = |on, part_of| match result(number(f64::from(on)), false) {
        Record::Measurement(result) => Record::Measurement(Measurement { at: at(on, 8), part_of, ..result }),
        other => other,
    };
    let statement =
        |key: &str, records| Sourced { source: 0, statement: Statement { key: key.into(), version: 0, records } };
    let made = make(
        &Rules::default(),
        vec![vec![
            statement("p", vec![born(1950)]),
            statement("other", vec![one(1, None)]),
            statement("culture", vec![one(2, None), one(3, Some(0)), one(4, None), one(5, Some(2)), one(6, Some(9))]),
        ]],
    );
    let columns = ["measurement_id", "value_as_number", "measurement_event_id", "meas_event_field_concept_id"];
    let expect = ["1 1.0 - -", "2 2.0 - -", "3 3.0 2 1000001", "4 4.0 - -", "5 5.0 4 1000001", "6 6.0 - -"];
    assert_eq!(made.look("measurement", &columns), expect);
}

#[test]
fn a_code_that_says_a_value_sets_it() {
    let made = make(&Rules::default(), vec![said(0, vec![born(1950), ill("PAST", 1, false)])]);
    let rows = made.look("observation", &["observation_concept_id", "value_as_concept_id"]);
    // A diagnosis has no value of its own, but the concept that it becomes does.
    assert_eq!(rows, ["3 77"]);
}

#[test]
fn observation_goes_from_record_to_record_up_to_the_gap() {
    let records = vec![
        born(1950),
        ill("E11.9", 0, false),
        ill("E11.9", 548, false),
        ill("E11.9", 1100, false),
        ill("E11.9", -30_000, false),
        Record::Death(Death { at: When::day(day(560)), provenance: Provenance::Ehr }),
    ];
    let made = make(&Rules::default(), vec![said(0, records)]);
    let columns = ["observation_period_start_date", "observation_period_end_date"];
    assert_eq!(made.look("observation_period", &columns), ["2020-01-01 2021-07-02"]);
    assert_eq!(made.look("death", &["death_date"]), ["2021-07-14"]);
    // Kept, all the same.
    assert_eq!(made.rows("condition_occurrence"), 4);
}

#[test]
fn a_mapped_row_keeps_its_columns_and_gets_what_follows_from_them() {
    let table = renkei_cdm::table("measurement").unwrap();
    let place = |name: &str| u16::try_from(table.columns.iter().position(|c| c.name == name).unwrap()).unwrap();
    let row = Row {
        table: "measurement".into(),
        cells: vec![
            (place("measurement_date"), Cell::Day(day(3))),
            (place("value_as_number"), Cell::Float(7.5)),
            (place("unit_concept_id"), Cell::Integer(8713)),
        ],
        codes: vec![(place("measurement_source_value"), code("HB")), (place("unit_source_value"), code("mg/dL"))],
        visit: None,
    };
    let made = make(&Rules::default(), vec![said(0, vec![born(1950), Record::Row(row)])]);
    let columns = [
        "measurement_id",
        "person_id",
        "measurement_concept_id",
        "measurement_date",
        "measurement_type_concept_id",
        "value_as_number",
        "unit_concept_id",
        "measurement_source_value",
        "measurement_source_concept_id",
        "unit_source_value",
    ];
    let expect = "1 1 3000963 2020-01-04 32817 7.5 8713 LOCAL:HB 45000000 LOCAL:mg/dL";
    assert_eq!(made.look("measurement", &columns), [expect]);
    assert_eq!(made.rows("observation_period"), 1);
}

#[test]
fn a_surgery_of_summary_and_claim_is_one_where_a_map_says_so() {
    let done = |system, code: &str, on: i32| {
        let (codes, start) = (vec![Coding::new(system, code)], When::day(day(on)));
        let (provenance, link) = (Provenance::Claim, Link::default());
        // The class that the survey files a line under decides, not how its code begins.
        let surgery = system == System::Receipt && !code.starts_with("140");
        Record::Procedure(Procedure { codes, start, end: None, quantity: None, surgery, provenance, link })
    };
    let operated = |on| done(System::Kcode, "K6335", on);
    let claimed = |code, on| done(System::Receipt, code, on);
    for (records, rows, same, twice) in [
        (vec![operated(5), claimed("150273810", 5)], 1, 1, 0),
        (vec![claimed("150273810", 5), operated(5)], 1, 1, 0),
        // Another day, another act, another surgery.
        (vec![operated(5), claimed("150273810", 6)], 2, 0, 0),
        (vec![operated(5), claimed("140000610", 5)], 2, 0, 0),
        (vec![operated(5), claimed("150999910", 5)], 2, 0, 1),
        // A K code without a concept is the same as nothing.
        (vec![done(System::Kcode, "K9999", 5), claimed("150999910", 5)], 2, 0, 1),
        (vec![claimed("150273810", 5), claimed("150273810", 5)], 2, 0, 0),
    ] {
        let made = make(&Rules::default(), vec![said(0, [vec![born(1950)], records].concat())]);
        let remarked = (made.remarked(&SAME_SURGERY), made.remarked(&SURGERY_TWICE));
        assert_eq!((made.rows("procedure_occurrence"), remarked), (rows, (same, twice)));
    }
}
