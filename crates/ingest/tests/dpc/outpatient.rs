use renkei_ingest::Rule;
use renkei_ingest::record::{Record, Setting};
use renkei_ingest::{Day, When};

use super::{file, read};

fn line(patient: &str, visit: &str, class: &str, order: &str, code: &str, name: &str, date: &str) -> String {
    format!(
        "131234567 {patient} 19480229 {visit} {class} {order} 001 H1 {code} _ {name} 0000002.000 016 \
         100 0 100 101000000000 0 0 0 \
         14 06131234 1110 {date} 01 060 _ _ _ 1 001"
    )
}

#[test]
fn contacts_their_drugs_and_their_diagnoses() {
    let lines = [
        line("7", "20260410", "11", "0001", "111000110", "初診料", "20260410"),
        line("7", "20260410", "21", "0002", "620000001", "錠剤", "20260410"),
        line("7", "20260410", "SY", "0003", "8830417", "高血圧症", "20200101"),
        line("7", "20260410", "SY", "0004", "1510003", "胃癌の疑い", "20260410"),
        line("7", "20260410", "SY", "0005", "胃癌", "胃癌", "20260410"),
        line("7", "20260424", "60", "0001", "160000210", "検査", "20260424"),
        line("8", "20260424", "60", "0001", "160000210", "検査", "20260424"),
    ];
    let said = read("EFg_131234567_2604.txt", &file(&lines.iter().map(String::as_str).collect::<Vec<_>>(), 31));
    let day = |month, day| When::day(Day::of(2026, month, day).unwrap());
    let (mut visits, mut drugs, mut conditions, mut acts) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for record in said.records() {
        match record {
            Record::Visit(v) => visits.push((v.setting, v.start, v.key.clone().unwrap())),
            Record::Drug(d) => drugs.push((d.quantity, d.days, d.link.inpatient)),
            Record::Condition(c) => conditions.push((c.codes[0].to_string(), c.suspected, c.start)),
            Record::Procedure(_) => acts += 1,
            other => panic!("{other:?}"),
        }
    }
    let key = |patient: &str, day: &str| format!("131234567/{patient}/out/{day}");
    assert_eq!(
        visits,
        [
            (Setting::Outpatient, day(4, 10), key("7", "20260410")),
            (Setting::Outpatient, day(4, 24), key("7", "20260424")),
            (Setting::Outpatient, day(4, 24), key("8", "20260424")),
        ]
    );
    // The third flag is the sex here, not a drug brought from home.
    assert_eq!(drugs, [(Some(28.0), Some(14), Some(false))]);
    assert_eq!(
        conditions,
        [
            ("RECEIPT:8830417".to_owned(), false, When::day(Day::of(2020, 1, 1).unwrap())),
            ("RECEIPT:1510003".to_owned(), true, day(4, 10)),
        ]
    );
    assert_eq!(acts, 2);
    assert_eq!(said.remark("dpc-fee-line"), 1);
    assert_eq!(said.rejects.iter().map(|r| (r.line, r.rule)).collect::<Vec<_>>(), [(5, Rule::Essential)]);
}
