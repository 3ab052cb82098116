use renkei_ingest::Day;
use renkei_ingest::mapped::SAMPLE;
use renkei_ingest::record::Cell;

use super::{SMALL, cell, codes, cp932, mapping, read};

const HEADER: &str = "患者番号,項目,検査日,結果\n";

#[test]
fn a_row_becomes_cells_and_codes() {
    let text = "依頼番号,患者番号,入院番号,更新日時,取消,JLAC10コード,項目コード,項目名,採取日,採取時刻,検査日,検査時刻,結果,判定,単位,基準値下限,基準値上限\n\
                A1,0000123,H1,2024/04/02 10:00,,3D010000001926101,GLU,血糖,20240401,24:30,,,\"1,050\",(+),mg/dL,70,109\n";
    let said = read(&mapping(SAMPLE), "検査結果.csv", text.as_bytes());
    assert!(said.rejects.is_empty(), "{:?}", said.broken());
    let (patient, statement) = &said.statements[0];
    assert_eq!((patient.as_str(), statement.key.as_str()), ("0000123", "mapped/measurement/A1\u{1f}GLU"));
    assert!(statement.version > 0);
    let [row] = said.rows()[..] else { panic!() };
    assert_eq!(row.visit.as_deref(), Some("H1"));
    let day = Day::of(2024, 4, 2).unwrap();
    assert_eq!(cell(row, "measurement_date"), Some(&Cell::Day(day)));
    assert_eq!(cell(row, "measurement_datetime"), Some(&Cell::Time(i64::from(day.0) * 86_400_000_000 + 1_800_000_000)));
    assert_eq!(cell(row, "value_as_number"), Some(&Cell::Float(1050.0)));
    assert_eq!(cell(row, "value_as_concept_id"), Some(&Cell::Integer(45_884_084)));
    assert_eq!(cell(row, "range_high"), Some(&Cell::Float(109.0)));
    assert_eq!(codes(row, "measurement_source_value"), ["JLAC10:3D010000001926101", "LOCAL:GLU"]);
    assert!(said.seen.iter().any(|seen| seen == "LOCAL:GLU 血糖"), "{:?}", said.seen);
    assert!(row.cells.is_sorted_by_key(|(position, _)| *position));
}

#[test]
fn encodings_marks_widths_and_line_breaks() {
    let row = "１２３,GLU,令和６年４月１日,\"5.4\"\r\n";
    let header = "患者番号 ,項目,検査日,結果\r\n";
    let utf8 = format!("{header}{row}");
    let marked = format!("\u{feff}{header}{row}");
    let wide = "患者番号,項目,備考,ケンサ日,検査日,結果\r\n１２３,GLU,\"二行の\r\n備考\",x,R6.4.1,5.4\r\n";
    for bytes in [utf8.clone().into_bytes(), marked.into_bytes(), cp932(&utf8), wide.as_bytes().to_vec(), cp932(wide)] {
        let said = read(&mapping(SMALL), "lab.csv", &bytes);
        assert!(said.rejects.is_empty(), "{:?}", said.broken());
        assert_eq!(said.statements[0].0, "123");
        let [row] = said.rows()[..] else { panic!() };
        assert_eq!(cell(row, "measurement_date"), Some(&Cell::Day(Day::of(2024, 4, 1).unwrap())));
    }
    let katakana = SMALL.replace("患者番号", "カンジャID");
    let said = read(&mapping(&katakana), "lab.csv", &cp932("ｶﾝｼﾞｬＩＤ,項目,検査日,結果\n7,GLU,20240401,1\n"));
    assert_eq!(said.statements.len(), 1);
}

#[test]
fn rows_that_do_not_fit_are_rejected_with_line_rule_and_column() {
    let text = format!(
        "{HEADER}7,GLU,20240401,1\n,GLU,20240401,1\n7,GLU,20240230,1\n7,GLU,,1\n7,,20240401,1\n7,GLU,20240401,高い\n\
         7,GLU,20240401\n7,GLU,20240401,1,extra\n7,GLU,20240401,1,\n\n7,GLU,20240401,\"二\n行\"\n7,GLU,20240401,<0.5\n"
    );
    let said = read(&mapping(SMALL), "lab.csv", text.as_bytes());
    let expect = [
        (3, "essential", "person_id"),
        (4, "type", "measurement_date"),
        (5, "required", "measurement_date"),
        (6, "required", "measurement_concept_id"),
        (7, "type", "value_as_number"),
        (8, "fields", ""),
        (9, "fields", ""),
        (12, "type", "value_as_number"),
    ];
    assert_eq!(said.broken(), expect.map(|(line, rule, column)| (line, rule.to_owned(), column)));
    assert!(said.rejects.iter().all(|reject| reject.table == "measurement" && reject.file == "lab.csv"));
    assert_eq!(said.rejects[7].record, "7,GLU,20240401,\"二\n行\"");
    let rows = said.rows();
    assert_eq!(rows.len(), 3);
    assert_eq!(cell(rows[2], "operator_concept_id"), Some(&Cell::Integer(4_171_756)));
    assert_eq!(said.statements[0].1.key, "mapped/measurement/lab.csv#2");
}

#[test]
fn a_file_without_a_column_is_put_aside_once() {
    for (text, column) in [
        ("患者番号,項目,結果\n7,GLU,1\n8,GLU,2\n", "検査日"),
        ("患者番号,項目,検査日,検査日,結果\n7,GLU,1,1,1\n", "検査日"),
    ] {
        let said = read(&mapping(SMALL), "lab.csv", text.as_bytes());
        assert_eq!(said.broken(), [(1, "format".to_owned(), column)]);
        assert!(said.statements.is_empty() && said.remark("mapped-header") == 1);
    }
    for empty in ["", "\n\n", HEADER] {
        let said = read(&mapping(SMALL), "lab.csv", empty.as_bytes());
        assert!(said.statements.is_empty() && said.rejects.is_empty());
    }
}

#[test]
fn a_row_of_another_encoding_is_rejected_for_itself() {
    let mut bytes = format!("{HEADER}7,血糖,20240401,1\n").into_bytes();
    bytes.extend(cp932("7,血糖,20240401,2\n"));
    bytes.extend(b"7,GLU,20240401,3\n");
    let said = read(&mapping(&SMALL.replace("table =", "encoding = \"utf-8\"\ntable =")), "lab.csv", &bytes);
    assert_eq!(said.broken(), [(3, "encoding".to_owned(), "項目")]);
    assert_eq!(said.statements.len(), 2);
    let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain(HEADER.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(read(&mapping(SMALL), "lab.csv", &wide).broken(), [(1, "encoding".to_owned(), "")]);
}

#[test]
fn lines_are_counted_however_they_end() {
    for end in ["\n", "\r\n", "\r"] {
        let rows = [
            "患者番号,項目,検査日,結果",
            "7,GLU,20240401,1",
            "7,GLU,20240230,\"1\"",
            "",
            "7,GLU,20240401,x",
            "7,GLU,20240401,2",
        ];
        let said = read(&mapping(SMALL), "lab.csv", rows.join(end).as_bytes());
        let lines: Vec<u64> = said.rejects.iter().map(|reject| reject.line).collect();
        assert_eq!((lines, said.statements.len()), (vec![3, 5], 2), "{end:?}");
        let keys: std::collections::BTreeSet<_> = said.statements.iter().map(|(_, statement)| &statement.key).collect();
        assert_eq!(keys.len(), 2);
    }
    let open = format!("{HEADER}7,GLU,20240401,1\n7,GLU,20240401,\"1\n7,GLU,20240401,1");
    let said = read(&mapping(SMALL), "lab.csv", open.as_bytes());
    assert_eq!((said.broken(), said.remark("mapped-unclosed-quote")), (vec![(3, "fields".to_owned(), "")], 1));
}

#[test]
fn a_quote_that_is_never_closed_ends_the_file_not_the_node() {
    let mut text = format!("{HEADER}7,GLU,20240401,1\n7,\"GLU,20240401,1\n");
    text.push_str(&"7,GLU,20240401,1\n".repeat(400_000));
    let said = read(&mapping(SMALL), "lab.csv", text.as_bytes());
    assert_eq!(said.broken(), [(3, "size".to_owned(), "")]);
    assert_eq!((said.statements.len(), said.remark("mapped-unclosed-quote")), (1, 1));
}

#[test]
fn conditions_defaults_maps_and_columns_by_number() {
    let text = r#"
file = ["rx*.tsv", "処方*.txt"]
delimiter = "tab"
header = false
table = "drug_exposure"
patient = "1"
visit = "2"
key = ["3"]

[columns.drug_source_value]
from = "4"
system = "YJ"
also = [{ from = "5", system = "LOCAL" }]

[columns.drug_exposure_start_date]
from = "6"
formats = ["dmy"]

[columns.drug_exposure_end_date]
from = "7"
otherwise = "6"
formats = ["dmy"]

[columns.drug_type_concept_id]
from = "8"
map = { "処方" = 32838, "注射" = 32818 }
default = 32817

[columns.quantity]
from = "9"
unreadable = "empty"

[[where]]
column = "10"
is = ["", "有効"]

[[where]]
column = "3"
filled = true
"#;
    let mapping = mapping(text);
    assert!(mapping.reads("RX01.TSV") && mapping.reads("処方２０２４.txt") && !mapping.reads("rx01.csv"));
    let rows = "7\tH1\tR1\t1234567A1234\tD1\t1/4/2024\t3/4/2024\t処方\t10\t\n\
                7\t\tR2\t\tD2\t2/4/2024\t\t転記\t十\t有効\n\
                7\t\tR3\t\tD2\t2/4/2024\t\t注射\t1\t中止\n\
                7\t\t\t\tD2\t2/4/2024\t\t注射\t1\t有効\n";
    let said = read(&mapping, "rx01.tsv", &cp932(rows));
    assert!(said.rejects.is_empty(), "{:?}", said.broken());
    assert_eq!((said.remark("mapped-left-out"), said.remark("mapped-unreadable")), (2, 1));
    let [first, second] = said.rows()[..] else { panic!() };
    let day = |month, day| Cell::Day(Day::of(2024, month, day).unwrap());
    assert_eq!(cell(first, "drug_exposure_end_date"), Some(&day(4, 3)));
    assert_eq!(cell(second, "drug_exposure_end_date"), Some(&day(4, 2)));
    let kinds = [first, second].map(|row| cell(row, "drug_type_concept_id").cloned());
    assert_eq!(kinds, [Some(Cell::Integer(32_838)), Some(Cell::Integer(32_817))]);
    assert_eq!((cell(first, "quantity"), cell(second, "quantity")), (Some(&Cell::Float(10.0)), None));
    assert_eq!(codes(first, "drug_source_value").len(), 2);
    assert_eq!(codes(second, "drug_source_value"), ["LOCAL:D2"]);
    assert_eq!((first.visit.as_deref(), second.visit.as_deref()), (Some("H1"), None));
}

#[test]
fn results_in_words_among_numbers_keep_both() {
    let words = "unreadable = \"empty\"\n\n[columns.value_as_concept_id]\nfrom = \"結果\"\nunreadable = \"empty\"\n\
                 map = { \"陰性\" = 45878583, \"(+)\" = 45884084 }\n";
    let mapping = mapping(&format!("{SMALL}{words}"));
    let text = format!("{HEADER}7,GLU,20240401,5.4\n7,NIT,20240401,陰性\n7,NIT,20240402,(+)\n7,NIT,20240403,不明\n");
    let said = read(&mapping, "lab.csv", text.as_bytes());
    assert!(said.rejects.is_empty(), "{:?}", said.broken());
    let found: Vec<_> = said
        .rows()
        .into_iter()
        .map(|row| ["value_as_number", "value_as_concept_id"].map(|column| cell(row, column).cloned()))
        .collect();
    let (negative, positive) = (Some(Cell::Integer(45_878_583)), Some(Cell::Integer(45_884_084)));
    assert_eq!(found, [[Some(Cell::Float(5.4)), None], [None, negative], [None, positive], [None, None]]);
    assert!(said.remark("mapped-unreadable") >= 3, "what was left empty is counted");
}

#[test]
fn visits_have_their_own_key_and_parts_need_one() {
    let visits = r#"
file = "入院*.csv"
table = "visit_occurrence"
patient = "患者番号"
visit = "入院番号"
key = "入院番号"
[columns.visit_concept_id]
value = 9201
[columns.visit_start_datetime]
from = ["入院日", "入院時刻"]
[columns.visit_end_date]
from = "退院日"
otherwise = "入院日"
[columns.visit_type_concept_id]
value = 32827
"#;
    let said = read(
        &mapping(visits),
        "入院.csv",
        "患者番号,入院番号,入院日,入院時刻,退院日\n7,H1,2024/4/1,,2024/4/3\n".as_bytes(),
    );
    let [row] = said.rows()[..] else { panic!("{:?}", said.broken()) };
    assert_eq!(row.visit.as_deref(), Some("H1"));
    assert_eq!(cell(row, "visit_start_date"), Some(&Cell::Day(Day::of(2024, 4, 1).unwrap())));
    assert_eq!(cell(row, "visit_start_datetime"), None);
    let parts =
        visits.replace("visit_occurrence\"", "visit_detail\"").replace("columns.visit_", "columns.visit_detail_");
    let said =
        read(&mapping(&parts), "入院.csv", "患者番号,入院番号,入院日,入院時刻,退院日\n7,,2024/4/1,,\n".as_bytes());
    assert_eq!(said.broken(), [(2, "required".to_owned(), "visit_occurrence_id")]);
    let unlinked = parts.replace("visit = \"入院番号\"\n", "");
    let mistakes = renkei_ingest::mapped::Mapping::parse(&unlinked).unwrap_err();
    assert!(mistakes[0].message.contains("needs `visit`"), "{mistakes:?}");
}
