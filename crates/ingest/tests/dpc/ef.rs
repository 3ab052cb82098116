use renkei_ingest::record::{Record, Setting};
use renkei_ingest::{Day, When};
use renkei_ingest::{Rule, System};

use super::{Said, file, read};

/// One line of EF: class, order, detail, receipt code, name, amount, unit, flags, count, day, ward.
#[expect(clippy::too_many_arguments, reason = "the columns that matter, in their order")]
fn line(
    class: &str,
    order: &str,
    detail: &str,
    code: &str,
    amount: &str,
    unit: &str,
    flags: &str,
    count: &str,
    day: &str,
    ward: &str,
) -> String {
    format!(
        "131234567 0000000042 20260420 20260405 {class} {order} {detail} H1 {code} _ 名称 {amount} \
         {unit} 100 0 100 {flags} 0 0 0 \
         {count} 06131234 1110 {day} 01 060 _ {ward} 0 0 001"
    )
}

const NONE: &str = "000000000000";

fn stay() -> Vec<String> {
    vec![
        line("90", "0001", "001", "190117710", "0", "000", NONE, "1", "20260405", "W1"),
        line("21", "0002", "000", "620000001", "0", "000", "_", "7", "20260405", "W1"),
        line("21", "0002", "001", "620000001", "0000003.000", "016", NONE, "7", "20260405", "W1"),
        line("33", "0003", "001", "640000002", "0000002.500", "033", NONE, "2", "20260406", "W2"),
        line("33", "0003", "002", "640000003", "0000001.000", "033", "001000000000", "1", "20260406", "W2"),
        line("50", "0004", "001", "150000110", "0", "000", NONE, "1", "20260406", "OR"),
        line("50", "0004", "002", "710000001", "0000002.000", "000", "010000000000", "3", "20260406", "OR"),
        line("50", "0004", "003", "810000001", "0", "000", NONE, "1", "20260406", "OR"),
        line("90", "0005", "001", "190117710", "0", "000", NONE, "1", "20260406", "W2"),
        line("60", "0006", "001", "160000210", "0", "000", NONE, "0", "20260407", "W2"),
    ]
}

fn read_lines(name: &str, lines: &[String]) -> Said {
    read(name, &file(&lines.iter().map(String::as_str).collect::<Vec<_>>(), 31))
}

fn day(day: u32) -> When {
    When::day(Day::of(2026, 4, day).unwrap())
}

#[test]
fn drugs_acts_and_materials_have_what_was_given() {
    let said = read_lines("EFn_131234567_2604.txt", &stay());
    assert!(said.rejects.is_empty());
    let mut told = Vec::new();
    for record in said.records() {
        match record {
            Record::Drug(d) => {
                assert_eq!(d.codes[0].system, System::Receipt);
                let unit = d.unit.as_ref().map(ToString::to_string).unwrap_or_default();
                let route = d.route.as_ref().map(ToString::to_string).unwrap_or_default();
                told.push(format!("drug {} {:?} {:?} {unit} {route}", d.codes[0], d.quantity, d.days));
                assert_eq!(d.link.visit.as_deref(), Some("131234567/0000000042/20260405"));
            }
            Record::Procedure(p) => told.push(format!("act {} {:?} {}", p.codes[0], p.quantity, p.surgery)),
            Record::Device(d) => told.push(format!("material {} {:?}", d.codes[0], d.quantity)),
            _ => {}
        }
    }
    assert_eq!(
        told,
        [
            "drug RECEIPT:620000001 Some(21.0) Some(7) LOCAL:RECEIPT-UNIT-016 LOCAL:DPC-CLASS-21",
            "drug RECEIPT:640000002 Some(5.0) None LOCAL:RECEIPT-UNIT-033 LOCAL:DPC-CLASS-33",
            "act RECEIPT:150000110 Some(1) true",
            "material RECEIPT:710000001 Some(6)",
        ]
    );
    for (id, count) in [
        ("dpc-act-line", 1),
        ("dpc-act-without-detail", 0),
        ("dpc-brought-drug", 1),
        ("dpc-other-line", 1),
        ("dpc-fee-line", 2),
        ("dpc-count-zero", 1),
    ] {
        assert_eq!(said.remark(id), count, "{id}");
    }
}

#[test]
fn before_2016_there_is_no_flag_for_brought_drugs() {
    let said = read_lines("EFn_131234567_1504.txt", &stay());
    assert_eq!(said.remark("dpc-brought-drug"), 0);
    assert_eq!(said.records().filter(|record| matches!(record, Record::Drug(_))).count(), 3);
}

#[test]
fn the_stay_and_its_wards_are_visits() {
    let said = read_lines("EFn_131234567_2604.txt", &stay());
    let visits: Vec<_> = said
        .records()
        .filter_map(|record| match record {
            Record::Visit(v) => {
                Some((v.part_of.is_some(), v.start, v.end, v.department.as_ref().map(ToString::to_string)))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        visits,
        [
            (true, day(5), Some(day(5)), Some("LOCAL:W1".to_owned())),
            (true, day(6), Some(day(7)), Some("LOCAL:W2".to_owned())),
            (false, day(5), Some(day(20)), None),
        ]
    );
}

#[test]
fn form_1_and_ef_state_one_visit_and_form_1_counts() {
    let form1 = [
        "131234567 0000000042 20260405 0 0 A000020 20140401 0 20260405 4",
        "131234567 0000000042 20260405 0 0 A000030 20140401 0 20260420 1 1 0",
    ];
    let form1 = read("FF1_131234567_2604.txt", &file(&form1, 17));
    let ef = read_lines("EFn_131234567_2605.txt", &stay());
    let store = Said::store([&form1, &ef]);
    let visits: Vec<_> = store
        .values()
        .flat_map(|statement| &statement.records)
        .filter_map(|record| match record {
            Record::Visit(visit) if visit.part_of.is_none() => Some(visit),
            _ => None,
        })
        .collect();
    assert_eq!(visits.len(), 1);
    assert_eq!(visits[0].setting, Setting::Inpatient);
    assert!(visits[0].admitted_from.is_some());
}

#[test]
fn a_month_again_replaces_itself_and_another_month_adds() {
    let april = read_lines("EFn_131234567_2604.txt", &stay());
    let may: Vec<String> = stay()
        .iter()
        .map(|line| line.replace("202604", "202605").replace("20260520 20260505", "20260520 20260405"))
        .collect();
    let may = read_lines("EFn_131234567_2605.txt", &may);
    let drugs = |files: &[&Said]| {
        let store = Said::store(files.iter().copied());
        store
            .values()
            .flat_map(|statement| &statement.records)
            .filter(|record| matches!(record, Record::Drug(_)))
            .count()
    };
    assert_eq!((drugs(&[&april]), drugs(&[&april, &april]), drugs(&[&april, &may])), (2, 2, 4));
}

#[test]
fn a_number_that_comes_twice_loses_no_line() {
    let mut lines = stay();
    lines.insert(3, lines[2].clone());
    let said = read_lines("EFn_131234567_2604.txt", &lines);
    assert_eq!(said.remark("dpc-number-again"), 1);
    let keys = said.keys();
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
    assert_eq!(said.records().filter(|record| matches!(record, Record::Drug(_))).count(), 3);
}

#[test]
fn an_act_without_parts_is_grave_and_days_are_essential() {
    let lines = vec![
        line("21", "0002", "000", "620000001", "0", "000", "_", "7", "20260405", "W1"),
        line("21", "0003", "001", "620000001", "1", "016", NONE, "7", "00000000", "W1"),
    ];
    let said = read_lines("EFn_131234567_2604.txt", &lines);
    assert_eq!(said.remark("dpc-act-without-detail"), 1);
    assert_eq!(said.rejects.iter().map(|r| (r.line, r.rule)).collect::<Vec<_>>(), [(2, Rule::Essential)]);
}

#[test]
fn a_stay_that_goes_on_has_no_end() {
    let lines: Vec<String> = stay().iter().map(|line| line.replace("20260420", "00000000")).collect();
    let said = read_lines("EFn_131234567_2604.txt", &lines);
    let [Record::Visit(visit)] = said.one("dpc/visit/131234567/0000000042/20260405").records.as_slice() else {
        panic!()
    };
    assert_eq!((visit.start, visit.end), (day(5), None));
}

#[test]
fn the_case_group_is_told_once_a_period() {
    let d = |order: &str, start: &str, group: &str| {
        format!(
            "131234567 0000000042 20260420 20260405 93 {order} H1 190000001 _ 名称 0 0 0 0 1 \
             06131234 1110 20260405 01 060 _ W1 0 0 001 \
             {start} 20260420 20260405 {group} 1.2345"
        )
    };
    let lines = [
        d("0001", "20260405", "060020xx02x0xx"),
        d("0002", "20260405", "060020xx02x0xx"),
        d("0003", "20260412", "060020xx02x1xx"),
        d("0004", "20260412", "_"),
    ];
    let said = read("Dn_131234567_2604.txt", &file(&lines.iter().map(String::as_str).collect::<Vec<_>>(), 30));
    let told: Vec<_> = said
        .records()
        .map(|record| match record {
            Record::Observation(o) => (o.codes[0].code.to_lowercase(), o.at, o.link.visit.clone().unwrap()),
            other => panic!("{other:?}"),
        })
        .collect();
    let visit = "131234567/0000000042/20260405".to_owned();
    assert_eq!(
        told,
        [("060020xx02x0xx".to_owned(), day(5), visit.clone()), ("060020xx02x1xx".to_owned(), day(12), visit)]
    );
    assert_eq!(said.remark("dpc-no-case-group"), 1);
}
