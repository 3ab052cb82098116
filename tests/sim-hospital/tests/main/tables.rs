//! DPC and a hospital's own tables.

use std::collections::BTreeMap;
use std::fs;

use encoding_rs::SHIFT_JIS;
use renkei_sim_hospital::terms::{self, Domain};
use renkei_sim_hospital::{Format, Hospital, Spec, carried, identity, write};

use crate::small;

/// The lines of each file, in fields.
fn tables(spec: &Spec, format: Format, separator: char) -> (Hospital, BTreeMap<&'static str, Vec<Vec<String>>>) {
    let folder = tempfile::tempdir().unwrap();
    let hospital = Hospital::generate(spec).unwrap();
    let written = write(&hospital, format, folder.path()).unwrap();
    let read = |path| {
        let bytes = fs::read(path).unwrap();
        let (text, _, lost) = SHIFT_JIS.decode(&bytes);
        assert!(!lost && text.ends_with("\r\n"));
        let lines = text.strip_suffix("\r\n").unwrap().split("\r\n");
        lines.map(|line| line.split(separator).map(str::to_owned).collect()).collect::<Vec<Vec<String>>>()
    };
    let header = usize::from(format == Format::CsvJa);
    let all = written.tables.iter().map(|(name, path, rows)| {
        let lines = read(path);
        assert_eq!(lines.len(), rows + header, "{name}");
        (*name, lines)
    });
    (hospital, all.collect())
}

#[test]
fn dpc_files_have_their_columns_and_say_what_is_carried() {
    let (hospital, all) = tables(&Spec { patients: 400, ..small(6) }, Format::Dpc, '\t');
    let expect = carried(&hospital, Format::Dpc);
    assert!(all["FF1"].iter().all(|line| line.len() == 17) && all["EFn"].iter().all(|line| line.len() == 31));
    let lines = |code: &str| all["FF1"].iter().filter(|line| line[5].starts_with(code)).count() as u64;
    assert_eq!(lines("A000010"), expect.visits[&terms::INPATIENT.concept]);
    assert_eq!(lines("A0060"), expect.rows(Domain::Condition));
    assert_eq!(lines("A006010"), lines("A006030"));
    let died = all["FF1"].iter().filter(|line| line[5] == "A000030" && line[10] == "6").count();
    assert_eq!(died as u64, expect.deaths);
    assert!(died > 0 && lines("A007010") > 0);
    let acts = |start: &str| all["EFn"].iter().filter(|line| line[8].starts_with(start) && line[4] != "90").count();
    assert_eq!(acts("6") as u64, expect.rows(Domain::Drug));
    assert_eq!(acts("1") as u64 + lines("A007010"), expect.rows(Domain::Procedure));
    for line in all["EFn"].iter().filter(|line| line[8].starts_with('6')) {
        assert!(expect.codes.contains_key(&(Domain::Drug, format!("RECEIPT:{}", line[8]))), "{}", line[8]);
        assert!(line[3] <= line[23] && line[23] <= line[2], "a day outside of the stay");
    }
}

#[test]
fn own_tables_have_headers_and_say_what_is_carried() {
    let (hospital, all) = tables(&small(6), Format::CsvJa, ',');
    let expect = carried(&hospital, Format::CsvJa);
    let rows = |name: &str| all[name].len() as u64 - 1;
    for lines in all.values() {
        assert!(lines.iter().all(|line| line.len() == lines[0].len()) && lines[0].iter().all(|name| !name.is_empty()));
    }
    assert_eq!(rows("患者"), expect.persons);
    assert_eq!(rows("受診"), expect.visits.values().sum::<u64>());
    for (name, domain) in [
        ("病名", Domain::Condition),
        ("処方", Domain::Drug),
        ("検査", Domain::Measurement),
        ("処置", Domain::Procedure),
        ("問診", Domain::Observation),
    ] {
        assert_eq!(rows(name), expect.rows(domain), "{name}");
    }
    let died = all["患者"].iter().skip(1).filter(|line| !line[9].is_empty()).count();
    assert_eq!(died as u64, expect.deaths);
}

#[test]
fn numbers_are_wide_now_and_then_and_birthdays_are_told_by_eras() {
    let (_, all) = tables(&small(6), Format::CsvJa, ',');
    let wide = |text: &str| text.contains(|c: char| ('０'..='９').contains(&c));
    let values: Vec<&String> =
        all["検査"].iter().skip(1).map(|line| &line[6]).filter(|text| !text.is_empty()).collect();
    let found = values.iter().filter(|text| wide(text)).count();
    assert!((values.len() / 40..values.len() / 12).contains(&found), "{found} of {}", values.len());
    let era = |text: &str| ["昭和", "平成", "令和", "大正", "明治"].iter().any(|era| text.starts_with(era));
    assert!(all["患者"].iter().skip(1).all(|line| era(&line[4])));
}

#[test]
fn who_a_patient_is_stands_in_one_table_and_in_no_file_of_dpc() {
    let (hospital, own) = tables(&small(6), Format::CsvJa, ',');
    let (_, dpc) = tables(&small(6), Format::Dpc, '\t');
    let secrets: Vec<_> = hospital.patients.iter().map(|patient| identity(&hospital.spec, patient)).collect();
    for (name, lines) in own.iter().chain(&dpc) {
        let text = lines.iter().map(|line| line.join("\t")).collect::<Vec<_>>().join("\n");
        let found = secrets.iter().flat_map(|who| who.secrets()).any(|secret| text.contains(secret));
        assert_eq!(found, *name == "患者", "{name}");
    }
}
