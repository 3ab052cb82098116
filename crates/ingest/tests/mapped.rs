//! Tables of a hospital's own, from a mapping file and bytes to statements.

use encoding_rs::SHIFT_JIS;
use renkei_ingest::mapped::{Mapping, SAMPLE};
use renkei_ingest::record::{Cell, Record, Row, Statement};
use renkei_ingest::{Extract, Reject, Remarks, Rules};

mod bytes;
mod mistakes;
mod persons;
mod rows;

/// All that a file says.
#[derive(Default)]
pub struct Said {
    pub statements: Vec<(String, Statement)>,
    pub rejects: Vec<Reject>,
    pub remarks: Remarks,
    pub seen: Vec<String>,
}

impl Said {
    /// Rejects as line, rule and column.
    pub fn broken(&self) -> Vec<(u64, String, &str)> {
        self.rejects.iter().map(|r| (r.line, r.rule.to_string(), r.column.as_deref().unwrap_or(""))).collect()
    }

    pub fn rows(&self) -> Vec<&Row> {
        let records = self.statements.iter().flat_map(|(_, statement)| &statement.records);
        records
            .map(|record| match record {
                Record::Row(row) => row,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    pub fn remark(&self, id: &str) -> u64 {
        self.remarks.iter().find(|(known, _)| *known == id).map_or(0, |(_, count)| count)
    }
}

#[track_caller]
pub fn mapping(text: &str) -> Mapping {
    Mapping::parse(text).unwrap_or_else(|mistakes| {
        panic!("{}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

pub fn read(mapping: &Mapping, file: &str, bytes: &[u8]) -> Said {
    let mut said = Said::default();
    let mut each = |extract: Extract| {
        said.statements.extend(extract.statements);
        said.rejects.extend(extract.rejects);
        said.remarks.merge(&extract.remarks);
        said.seen.extend(extract.seen.iter().map(|(code, text)| format!("{code} {}", text.unwrap_or("-"))));
        true
    };
    mapping.read(bytes, file, &Rules::default(), &mut each).unwrap();
    said
}

pub fn cp932(text: &str) -> Vec<u8> {
    SHIFT_JIS.encode(text).0.into_owned()
}

/// The value of a column.
pub fn cell<'a>(row: &'a Row, name: &str) -> Option<&'a Cell> {
    let table = renkei_cdm::table(&row.table).unwrap();
    let position = table.columns.iter().position(|column| column.name == name).unwrap();
    row.cells.iter().find(|(known, _)| usize::from(*known) == position).map(|(_, cell)| cell)
}

/// The codes of a column.
pub fn codes(row: &Row, name: &str) -> Vec<String> {
    let table = renkei_cdm::table(&row.table).unwrap();
    let position = table.columns.iter().position(|column| column.name == name).unwrap();
    let found = row.codes.iter().find(|(known, _)| usize::from(*known) == position);
    found.map(|(_, codes)| codes.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

/// A small mapping, for one column less or one more.
pub const SMALL: &str = r#"
file = "lab*.csv"
table = "measurement"
patient = "患者番号"

[columns.measurement_source_value]
from = "項目"
system = "LOCAL"

[columns.measurement_date]
from = "検査日"

[columns.measurement_type_concept_id]
value = 32856

[columns.value_as_number]
from = "結果"
"#;

#[test]
fn the_sample_holds() {
    let sample = mapping(SAMPLE);
    assert_eq!(sample.run_tests(), []);
    assert_eq!((sample.tests(), sample.table().name), (5, "measurement"));
    assert!(sample.reads("検査結果_202404.csv") && !sample.reads("処方.csv"));
}

#[test]
fn a_test_that_does_not_hold_says_what_came() {
    let test = |row: &str, expect: &str| {
        let text = format!("{SMALL}\n[[test]]\nrow = {row}\nexpect = {expect}\n");
        mapping(&text).run_tests().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let row = r#"{ "患者番号" = "7", "項目" = "GLU", "検査日" = 20240401, "結果" = 5.4 }"#;
    assert!(test(row, r#"{ measurement_date = 2024-04-01, value_as_number = 5.40, patient = "7" }"#).is_empty());
    assert!(test(row, r#"{ measurement_source_value = "LOCAL:GLU", measurement_type_concept_id = 32856 }"#).is_empty());
    for (expect, message) in [
        (r#"{ measurement_date = 2024-04-02 }"#, "measurement_date is 2024-04-01, not 2024-04-02"),
        (r#"{ value_as_number = "" }"#, "value_as_number is 5.4, not empty"),
        (r#"{ patient = "07" }"#, "patient is 7, not 07"),
        (r#""left out""#, "the row is not left out"),
        (r#""rejected""#, "the row is not rejected"),
    ] {
        assert_eq!(test(row, expect), [format!("the test on line 19: {message}")]);
    }
    let failed = test(r#"{ "患者番号" = "7", "項目" = "GLU" }"#, r#"{ value_as_number = 1 }"#);
    assert_eq!(failed, ["the test on line 19: the row is rejected for measurement_date (rule required)"]);
}
