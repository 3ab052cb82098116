use renkei_ingest::record::{Birth, Death, Provenance, Record, Sex};
use renkei_ingest::{Day, When};

use super::{mapping, read};

const PERSON: &str = r#"
file = "患者*.csv"
table = "person"
patient = "患者番号"
version = "更新日"
name = "氏名"
[columns.birth_datetime]
from = "生年月日"
[columns.gender_concept_id]
from = "性別"
map = { "男" = 8507, "女" = 8532, "１" = 8507, "２" = 8532 }
default = 0
[columns.zip]
from = "郵便番号"
"#;

#[test]
fn persons_have_birth_sex_and_no_name() {
    let text = "患者番号,氏名,性別,生年月日,郵便番号,更新日\n\
                0007,山田花子,女,昭和24年1月7日,〒113-0033,20240401\n\
                0008,テスト太郎,1,S24.1.7,,\n\
                0009,山田次郎,不明,S65.1.7,,\n\
                0010,山田三郎,男,,1130033,いつか\n";
    let said = read(&mapping(PERSON), "患者.csv", text.as_bytes());
    let persons: Vec<_> = said
        .statements
        .iter()
        .map(|(patient, statement)| match statement.records.as_slice() {
            [Record::Person(person)] => (patient.as_str(), statement.key.as_str(), person),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(persons.len(), 2);
    let birth = Some(Birth { year: 1949, month: Some(1), day: Some(7) });
    let (patient, key, person) = persons[0];
    assert_eq!((patient, key), ("0007", "mapped/person"));
    assert_eq!(
        (person.birth, person.sex, person.zip3.as_deref(), person.test),
        (birth, Sex::Female, Some("113"), false)
    );
    let (_, _, test) = persons[1];
    assert_eq!((test.sex, test.test), (Sex::Male, true));
    assert_eq!(said.broken(), [(4, "type".to_owned(), "birth_datetime"), (5, "essential".to_owned(), "version")]);
    let kept = format!("{:?} {:?} {:?}", said.statements, said.seen, said.rejects);
    assert!(!kept.contains("花子") && !kept.contains("太郎"));
}

#[test]
fn a_birth_in_parts_has_to_be_a_day() {
    let text = PERSON.replace(
        "[columns.birth_datetime]\nfrom = \"生年月日\"",
        "[columns.year_of_birth]\nfrom = \"年\"\n[columns.month_of_birth]\nfrom = \"月\"\n\
         [columns.day_of_birth]\nfrom = \"日\"",
    );
    let rows = "患者番号,氏名,性別,年,月,日,郵便番号,更新日\n1,,男,1950,2,28,,\n2,,男,1950,,28,,\n\
                3,,男,1950,2,30,,\n4,,男,50,2,1,,\n5,,男,1950,13,1,,\n6,,男,,,,,\n";
    let said = read(&mapping(&text), "患者.csv", rows.as_bytes());
    let births: Vec<_> = said
        .statements
        .iter()
        .map(|(_, statement)| match &statement.records[0] {
            Record::Person(person) => person.birth.map(|birth| (birth.year, birth.month, birth.day)),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(births, [Some((1950, Some(2), Some(28))), Some((1950, None, None)), None]);
    let columns: Vec<_> = said.broken().into_iter().map(|(line, _, column)| (line, column)).collect();
    assert_eq!(columns, [(4, "day_of_birth"), (5, "year_of_birth"), (6, "month_of_birth")]);
}

#[test]
fn a_death_is_a_death_and_with_its_cause_a_row() {
    let text = r#"
file = "死亡*.csv"
table = "death"
patient = "患者番号"
[columns.death_datetime]
from = "死亡日時"
[columns.death_type_concept_id]
value = 32840
"#;
    let rows = "患者番号,死亡日時,原死因\n1,20240401 23:50,C169\n2,20240401,C169\n3,,C169\n";
    let said = read(&mapping(text), "死亡.csv", rows.as_bytes());
    let day = Day::of(2024, 4, 1).unwrap();
    let died = |at| Record::Death(Death { at, provenance: Provenance::EhrProblemList });
    let records: Vec<_> = said.statements.iter().map(|(_, statement)| statement.records[0].clone()).collect();
    assert_eq!(records, [died(When::at(day, 23 * 3600 + 50 * 60)), died(When::day(day))]);
    assert_eq!(said.broken(), [(4, "required".to_owned(), "death_date")]);
    let caused = format!("{text}[columns.cause_source_value]\nfrom = \"原死因\"\nsystem = \"ICD10\"\n");
    assert_eq!(read(&mapping(&caused), "死亡.csv", rows.as_bytes()).rows().len(), 2);
}
