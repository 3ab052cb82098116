use renkei_ingest::record::{Birth, Record, Setting, Sex, Standing};
use renkei_ingest::{Day, When};
use renkei_ingest::{Rule, System};

use super::{Said, file, read};

/// A stay from 5 to 20 April 2026 with something of everything.
const STAY: &[&str] = &[
    "131234567 0000000042 20260405 0 0 A000010 20140401 0 19480200 2 1130033",
    "131234567 0000000042 20260405 0 0 A000020 20140401 0 20260405 1 0 0 301 1",
    "131234567 0000000042 20260405 0 0 A000030 20140401 0 20260420 8 6 0",
    "131234567 0000000042 20260405 0 0 A000031 20140401 0 20260405 20260420",
    "131234567 0000000042 20260405 0 0 A000040 20140401 0 _ 060",
    "131234567 0000000042 20260405 0 0 A001010 20140401 0 _ 151 48.5 000",
    "131234567 0000000042 20260405 0 0 A001020 20140401 0 _ 9999",
    "131234567 0000000042 20260405 0 0 A006010 20140401 0 _ C169 _ 1510003 _ _ _ _ 胃癌",
    "131234567 0000000042 20260405 0 0 A006020 20140401 0 _ C169 _ 1510003 8002 _ _ _ 胃癌の疑い",
    "131234567 0000000042 20260405 0 0 A006030 20140401 0 _ C169 _ 0000999 _ _ _ _ 自由記載の病名",
    "131234567 0000000042 20260405 0 0 A006040 20140401 1 _ E119 _ 2500015 _ _ _ _ 糖尿病",
    "131234567 0000000042 20260405 0 0 A006050 20140401 1 _ J189 _ 4860008 _ _ _ _ 肺炎",
    "131234567 0000000042 20260405 0 0 A007010 20140401 1 20260408 K6552ﾛ _ 1 0 1 _ _ 胃切除術",
    "131234567 0000000042 20260405 0 0 ADL0010 20140401 0 _ 2312132222",
    "131234567 0000000042 20260405 0 0 JCS0020 20140401 0 _ 300RI",
    "131234567 0000000042 20260405 0 0 M180020 20200401 0 _ 1",
    "131234567 0000000042 20260405 0 1 A000031 20140401 0 20260410 20260420",
    "131234567 0000000042 20260405 0 1 A006010 20140401 0 _ C169 _ 1510003 _ _ _ _ 胃癌",
    "131234567 0000000042 20260405 0 A A000010 20140401 0 19480200 2 1130033",
];

const VISIT: &str = "131234567/0000000042/20260405";

fn day(year: i32, month: u32, day: u32) -> When {
    When::day(Day::of(year, month, day).unwrap())
}

fn stay() -> Said {
    read("FF1_131234567_2604.txt", &file(STAY, 17))
}

#[test]
fn the_stay_is_a_visit_of_its_patient() {
    let said = stay();
    assert!(said.rejects.is_empty(), "{:?}", said.rejects);
    assert!(said.statements.iter().all(|(patient, _)| patient == "0000000042"));
    let statement = said.one(&format!("dpc/visit/{VISIT}"));
    let [Record::Visit(visit)] = statement.records.as_slice() else { panic!() };
    assert_eq!(visit.key.as_deref(), Some(VISIT));
    assert_eq!((visit.setting, visit.start, visit.end), (Setting::Inpatient, day(2026, 4, 5), Some(day(2026, 4, 20))));
    let codes =
        [&visit.admitted_from, &visit.discharged_to, &visit.department].map(|code| code.as_ref().unwrap().to_string());
    assert_eq!(codes, ["LOCAL:DPC1-A000020-2=1", "LOCAL:DPC1-A000030-2=8", "LOCAL:DPC-DEPT-060"]);

    let [Record::Person(person)] = said.one("dpc/person").records.as_slice() else { panic!() };
    assert_eq!(person.birth, Some(Birth { year: 1948, month: Some(2), day: None }));
    assert_eq!((person.sex, person.zip3.as_deref(), person.test), (Sex::Female, Some("113"), false));
}

#[test]
fn a_ward_group_is_a_part_and_sums_of_several_stays_are_counted() {
    let said = stay();
    let [Record::Visit(part)] = said.one(&format!("dpc/form1/{VISIT}/part/1")).records.as_slice() else { panic!() };
    assert_eq!(part.part_of.as_deref(), Some(VISIT));
    assert_eq!((part.start, part.end), (day(2026, 4, 10), Some(day(2026, 4, 20))));
    assert_eq!(said.remark("dpc-form1-other-summary"), 1);
    assert_eq!(said.remark("dpc-form1-other-item"), 1);
    assert_eq!(said.statements.len(), 4);
}

#[test]
fn diagnoses_have_their_standing_and_complications_the_day_of_discharge() {
    let said = stay();
    let records = &said.one(&format!("dpc/form1/{VISIT}")).records;
    let found: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Condition(condition) => {
                assert_eq!(condition.link.visit.as_deref(), Some(VISIT));
                assert_eq!(condition.codes[0].system, System::Icd10);
                let receipt = condition.codes.get(1).map(ToString::to_string);
                Some((condition.standing.unwrap(), condition.suspected, condition.start, receipt))
            }
            _ => None,
        })
        .collect();
    let (admission, discharge) = (day(2026, 4, 5), day(2026, 4, 20));
    let receipt = |code: &str| Some(format!("RECEIPT:{code}"));
    assert_eq!(
        found,
        [
            (Standing::Primary, false, admission, receipt("1510003")),
            (Standing::Trigger, true, admission, receipt("1510003")),
            (Standing::Resource, false, admission, None),
            (Standing::Comorbidity, false, admission, receipt("2500015")),
            (Standing::Complication, false, discharge, receipt("4860008")),
        ]
    );
}

#[test]
fn surgery_death_and_answers_stand_on_their_days() {
    let said = stay();
    let (mut surgery, mut death, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for record in &said.one(&format!("dpc/form1/{VISIT}")).records {
        match record {
            Record::Procedure(done) => surgery.push((done.codes[0].system, done.start)),
            Record::Death(died) => death.push(died.at),
            Record::Measurement(m) => answers.push((m.codes[0].to_string(), m.at, m.value.number)),
            Record::Observation(o) => answers.push((o.codes[0].to_string(), o.at, o.value.number)),
            _ => {}
        }
    }
    assert_eq!(surgery, [(System::Kcode, day(2026, 4, 8))]);
    assert_eq!(death, [day(2026, 4, 20)]);
    let (admission, discharge) = (day(2026, 4, 5), day(2026, 4, 20));
    let expect = [
        ("LOCAL:DPC1-A000020-5=301", admission, None),
        ("LOCAL:DPC1-A000020-6=1", admission, None),
        ("LOCAL:DPC1-A000030-3=6", discharge, None),
        ("JLAC10:9N001000000000001", admission, Some(151.0)),
        ("JLAC10:9N006000000000001", admission, Some(48.5)),
        ("LOCAL:DPC1-ADL0010-2", admission, Some(100.0)),
        ("LOCAL:DPC1-JCS0020-2", discharge, Some(300.0)),
    ];
    assert_eq!(answers, expect.map(|(code, at, number)| (code.to_owned(), at, number)));
}

#[test]
fn names_are_for_the_dictionary_and_free_words_for_nobody() {
    let said = stay();
    assert!(
        said.seen.iter().any(|line| line.starts_with("RECEIPT:4860008") && line.ends_with("肺炎")),
        "{:?}",
        said.seen
    );
    let records = format!("{:?}", said.statements);
    assert!(!said.seen.iter().any(|line| line.contains("自由記載")) && !records.contains("肺炎"));
}

#[test]
fn the_order_of_lines_does_not_matter() {
    let mut shuffled: Vec<&str> = STAY.to_vec();
    shuffled.sort_by_key(|line| line.split(' ').nth(5));
    let mut other: Vec<String> = shuffled.iter().map(|line| line.replace("0000000042", "0000000043")).collect();
    other.extend(shuffled.iter().map(|line| (*line).to_owned()));
    other.sort_by_key(|line| line.split(' ').nth(5).map(str::to_owned));
    let lines: Vec<&str> = other.iter().map(String::as_str).collect();
    let said = read("FF1_131234567_2604.txt", &file(&lines, 17));
    let visits = said.records().filter(|record| matches!(record, Record::Visit(visit) if visit.part_of.is_none()));
    assert_eq!(visits.count(), 2);
    let of = |said: &Said| {
        let mut records: Vec<String> = said
            .one_of("0000000042", &format!("dpc/form1/{VISIT}"))
            .iter()
            .map(|record| format!("{record:?}"))
            .collect();
        records.sort();
        records
    };
    assert_eq!(of(&said), of(&stay()));
}

impl Said {
    fn one_of(&self, patient: &str, key: &str) -> &[Record] {
        let found = self.statements.iter().find(|(of, statement)| of == patient && statement.key == key);
        &found.unwrap().1.records
    }
}

#[test]
fn a_form_that_is_submitted_again_replaces_the_first() {
    let first = stay();
    let again: Vec<&str> = STAY.iter().copied().filter(|line| !line.contains("A006040")).collect();
    let again = read("FF1_131234567_2605.txt", &file(&again, 17));
    let store = Said::store([&again, &first]);
    let conditions = |record: &&Record| matches!(record, Record::Condition(_));
    assert_eq!(store.values().flat_map(|statement| &statement.records).filter(conditions).count(), 4);
}

#[test]
fn what_names_no_stay_is_put_aside_line_by_line() {
    for (line, column) in [
        ("131234567 _ 20260405 0 0 A000010 20140401 0 19480200 2 1130033", "データ識別番号"),
        ("131234567 0000000042 20260230 0 0 A000010 20140401 0 19480200 2 1130033", "入院年月日"),
        ("131234567 0000000042 20260405 0 0 A007010 20140401 1 00000000 K6552", "手術日"),
        ("131234567 0000000042 20260405 0 0 A006010 20140401 1 _ _ _ 1510003x", "ICD10コード"),
    ] {
        let said = read("FF1_131234567_2604.txt", &file(&[STAY[1], line], 17));
        let rejects: Vec<_> = said.rejects.iter().map(|r| (r.line, r.rule, r.column.as_deref())).collect();
        assert_eq!(rejects, [(2, Rule::Essential, Some(column))]);
    }
    let cut = read("FF1_131234567_2604.txt", &[file(&STAY[..1], 17), b"131234567\t0000000042\r\n".to_vec()].concat());
    assert_eq!(cut.rejects.iter().map(|r| (r.line, r.rule)).collect::<Vec<_>>(), [(2, Rule::Fields)]);
}

#[test]
fn without_a_discharge_nothing_is_dated_at_it() {
    let lines: Vec<&str> =
        STAY.iter().copied().filter(|line| !line.contains("A000030") && !line.contains("A000031")).collect();
    let said = read("FF1_131234567_2604.txt", &file(&lines, 17));
    assert_eq!(said.remark("dpc-form1-undated"), 2);
    let complication =
        |record: &Record| matches!(record, Record::Condition(c) if c.standing == Some(Standing::Complication));
    assert!(!said.records().any(complication));
}
