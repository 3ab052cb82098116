use renkei_ingest::record::Record;
use renkei_ingest::{Day, Rule, When};

use super::{Said, file, read};

/// A line of H: day, item, version, number, payloads.
fn line(date: &str, code: &str, version: &str, number: &str, payloads: &str) -> String {
    format!("131234567 W1 7 20260420 20260405 {date} {code} {version} {number} {payloads}")
}

fn said(lines: &[String]) -> Said {
    read("Hn_131234567_2604.txt", &file(&lines.iter().map(String::as_str).collect::<Vec<_>>(), 29))
}

/// Codes, value and day of each observation, in the order of their keys.
fn answers(said: &Said) -> Vec<(String, Option<f64>, When)> {
    let records = said.records().map(|record| match record {
        Record::Observation(found) => {
            assert_eq!(found.link.visit.as_deref(), Some("131234567/7/20260405"));
            let codes: Vec<String> = found.codes.iter().map(ToString::to_string).collect();
            (codes.join(" "), found.value.number, found.at)
        }
        other => panic!("{other:?}"),
    });
    records.collect()
}

#[test]
fn each_answer_is_an_observation_of_its_day_under_its_version() {
    let said = said(&[
        line("20260406", "ASS0013", "20240601", "0", "1 0 _ 1"),
        line("20260406", "ASS0021", "20240601", "0", "2 _ 1A"),
        line("20260407", "ASS0013", "20260601", "0", "0"),
    ]);
    assert!(said.rejects.is_empty(), "{:?}", said.rejects);
    let day = |day| When::day(Day::of(2026, 4, day).unwrap());
    let expect = [
        ("LOCAL:DPC-H-ASS0013-20240601-1", Some(1.0), day(6)),
        ("LOCAL:DPC-H-ASS0013-20240601-2", Some(0.0), day(6)),
        ("LOCAL:DPC-H-ASS0013-20240601-4", Some(1.0), day(6)),
        ("LOCAL:DPC-H-ASS0021-20240601-1", Some(2.0), day(6)),
        ("LOCAL:DPC-H-ASS0021-20240601-3=1A LOCAL:DPC-H-ASS0021-20240601-3", None, day(6)),
        ("LOCAL:DPC-H-ASS0013-20260601-1", Some(0.0), day(7)),
    ];
    assert_eq!(answers(&said), expect.map(|(codes, number, at)| (codes.to_owned(), number, at)));
    assert_eq!(said.keys()[0], "dpc/h/131234567/7/20260405/20260406/ASS0013/0");
    assert!(said.seen.iter().any(|seen| seen.starts_with("LOCAL:DPC-H-ASS0013-20240601-1 ")), "{:?}", said.seen);
}

#[test]
fn lines_that_name_nothing_are_put_aside_and_none_replaces_another() {
    let said = said(&[
        line("20260406", "ASS0013", "20240601", "0", "1"),
        line("20260406", "ASS0013", "20240601", "0", "3"),
        line("20260432", "ASS0013", "20240601", "0", "1"),
        line("20260406", "ASS00-3", "20240601", "0", "1"),
        line("20260406", "ASS0013", "_", "0", "1"),
        line("20260406", "TAR0010", "20240601", "0", "看護必要度 1"),
    ]);
    let rejects: Vec<_> = said.rejects.iter().map(|r| (r.line, r.rule, r.column.as_deref().unwrap())).collect();
    let expect = [(3, "実施年月日"), (4, "コード"), (5, "バージョン")];
    assert_eq!(rejects, expect.map(|(line, column)| (line, Rule::Essential, column)));
    assert_eq!((said.statements.len(), said.remark("dpc-h-number-again"), said.remark("dpc-h-text")), (3, 1, 1));
    assert_eq!(said.keys()[1], "dpc/h/131234567/7/20260405/20260406/ASS0013/0/2");
    assert_eq!(answers(&said).len(), 3);
}
