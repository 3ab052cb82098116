//! What CSV may look like, and which lines are rejected.

use renkei_ingest::Rule;
use renkei_ingest::omop::{Folder, ReadError};

use crate::support::{MEASUREMENT, PERSONS, Site, find, read};

/// A measurement table of these lines after the usual header.
fn measurements(lines: &str) -> Site {
    Site::with_persons().csv("measurement.csv", format!("{MEASUREMENT}{lines}"))
}

#[track_caller]
fn check(line: &str, expect: Option<(Rule, &str)>) {
    let table = measurements(&format!("{line}\n7,1,0,2020-01-01,0,,\n")).read("measurement");
    let expect: Vec<_> = expect.into_iter().map(|(rule, column)| (2, rule, column)).collect();
    assert_eq!(table.broken(), expect, "{line}");
    assert_eq!(table.batch.num_rows(), 2 - expect.len(), "{line}");
}

#[test]
fn rows_that_cannot_be_represented_are_rejected_and_dirty_ones_kept() {
    check("1,1,3004410,2020-01-01,32856,5.4,HbA1c", None);
    check("-9066461348710750663,2,3004410.0,20200101,32856,-1.5e-3,", None);
    check("1,3,2147483647,2020-01-01 00:00:00,0,NULL,\\N", None);
    check(" 1 ,1, 3004410 ,2020/01/01,0, 5.4 ,x", None);
    check("7,1,999999999,1066-10-14,0,,duplicate key and unknown concept", None);
    check(&format!("1,1,0,2020-01-01,0,,{}", "長".repeat(300)), None);
    check("1,1,0,2020-01-01,0,", Some((Rule::Fields, "")));
    check("1,1,0,2020-01-01,0,,a,b", Some((Rule::Fields, "")));
    check("x,1,0,2020-01-01,0,,", Some((Rule::Type, "measurement_id")));
    check("9223372036854775808,1,0,2020-01-01,0,,", Some((Rule::Range, "measurement_id")));
    check("1,1,2147483648,2020-01-01,0,,", Some((Rule::Range, "measurement_concept_id")));
    check("1,1,0,2023-02-30,0,,", Some((Rule::Type, "measurement_date")));
    check("1,1,0,2023-02-01 10:00:00,0,,", Some((Rule::Type, "measurement_date")));
    check("1,1,0,,0,,", Some((Rule::Required, "measurement_date")));
    check("1,1,NULL,2020-01-01,0,,", Some((Rule::Required, "measurement_concept_id")));
    check("1,1,NA,2020-01-01,0,,", Some((Rule::Type, "measurement_concept_id")));
    check("1,1,0,2020-01-01,0,NaN,", Some((Rule::Type, "value_as_number")));
    check("1,1,0,2020-01-01,0,1e999,", Some((Rule::Range, "value_as_number")));
    check("1,4,0,2020-01-01,0,,", Some((Rule::Person, "person_id")));
    check("1,4,0,2020-01-01,0,<5,", Some((Rule::Type, "value_as_number")));
    check("1,,x,2020-01-01,0,,", Some((Rule::Required, "person_id")));
}

#[test]
fn values_arrive_exactly() {
    let table = measurements(
        "-9066461348710750663,1,3004410,20200229,0,5.40,\"a \"\"b\"\", c\"\n\
         9223372036854775807,2,0,2020-02-29,0,,NULL\n",
    )
    .read("measurement");
    assert_eq!(table.column("measurement_id"), ["-9066461348710750663", "9223372036854775807"]);
    assert_eq!(table.column("measurement_date"), ["2020-02-29", "2020-02-29"]);
    assert_eq!(table.column("value_as_number"), ["5.4", "∅"]);
    assert_eq!(table.column("value_source_value"), ["a \"b\", c", "NULL"]);
    assert_eq!(table.column("unit_concept_id"), ["∅", "∅"]);
}

#[test]
fn a_text_that_is_not_utf8_is_rejected_and_its_record_kept_readable() {
    let mut bytes = MEASUREMENT.as_bytes().to_vec();
    bytes.extend(b"1,1,0,2020-01-01,0,,\x8c\x9f\x8d\xb8\n\xff,1,0,2020-01-01,0,,ok\n");
    let site = Site::with_persons().csv("measurement.csv", bytes);
    let table = site.read("measurement");
    assert_eq!(table.broken(), [(2, Rule::Encoding, "value_source_value"), (3, Rule::Type, "measurement_id")]);
    assert!(table.rejects[0].record.starts_with("1,1,0,2020-01-01,0,,"));
    assert_eq!(table.rejects[0].file, "measurement.csv");
}

/// Every way to end lines gives the same rows and the same line numbers.
#[test]
fn line_ends_marks_blank_lines_and_line_numbers() {
    let lines = [
        "1,1,0,2020-01-01,0,,\"two\nlines\"",
        "",
        "2,1,0,x,0,,",
        "",
        "",
        "3,4,0,2020-01-01,0,,",
        "4,1,0,2020-01-01,0,,z",
    ];
    for end in ["\n", "\r\n", "\r"] {
        for mark in ["", "\u{feff}"] {
            for last in ["", "\n"] {
                let body = format!("{mark}{MEASUREMENT}{}{last}", lines.join("\n")).replace('\n', end);
                let table = Site::with_persons().csv("measurement.csv", body).read("measurement");
                let expect = [(5, Rule::Type, "measurement_date"), (8, Rule::Person, "person_id")];
                assert_eq!(table.broken(), expect, "{end:?} {mark:?} {last:?}");
                assert_eq!(table.column("measurement_id"), ["1", "4"]);
                assert_eq!(table.column("value_source_value")[1], "z");
                assert_eq!(table.column("value_source_value")[0].replace("\r\n", "\n"), "two\nlines");
            }
        }
    }
}

#[test]
fn headers_in_any_order_case_and_quotes() {
    let header = "\u{feff}\"VALUE_AS_NUMBER\", Measurement_Date ,\"person_id\",MEASUREMENT_ID,\
                  measurement_concept_id,measurement_type_concept_id,lab_machine,value_as_numbr";
    let site = Site::with_persons().csv("Measurement.CSV", format!("{header}\n1.5,2020-01-01,2,9,0,0,ignored,7\n"));
    let folder = site.open().unwrap();
    let table = site.read("measurement");
    assert_eq!(
        (table.column("measurement_id"), table.column("value_as_number")),
        (vec!["9".into()], vec!["1.5".into()])
    );
    let ignored: Vec<_> =
        folder.ignored().iter().map(|i| (i.column.as_deref().unwrap_or(""), i.reason.as_str())).collect();
    assert_eq!(ignored[0], ("lab_machine", "measurement has no such column"));
    assert_eq!(ignored[1].0, "value_as_numbr");
    assert!(ignored[1].1.contains("value_as_number"), "{ignored:?}");
}

#[test]
fn tab_files_with_and_without_quotes() {
    let header = MEASUREMENT.replace(',', "\t");
    for (body, expect) in [
        ("1\t1\t0\t2020-01-01\t0\t\t5\" tube\n2\t1\t0\t2020-01-01\t0\t\t\"x\n", ["5\" tube", "\"x"]),
        ("1\t1\t0\t2020-01-01\t0\t\t\"a\tb\"\n2\t1\t0\t2020-01-01\t0\t\t\"c\"\n", ["a\tb", "c"]),
    ] {
        let table = Site::with_persons().csv("measurement.tsv", format!("{header}{body}")).read("measurement");
        assert_eq!(table.column("value_source_value"), expect);
    }
}

#[test]
fn athena_files_hold_raw_quotes_and_compact_dates() {
    let site = Site::new().csv(
        "CONCEPT.csv",
        "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code\t\
         valid_start_date\tvalid_end_date\tinvalid_reason\n\
         1\t\"Needle\" 5\" or greater\tDevice\tSNOMED\tPhysical Object\tS\t77\t20020131\t20991231\t\n\
         2\t\"unclosed\tDevice\tSNOMED\tPhysical Object\t\t78\t20020131\t20991231\tD\n\
         3\ta tab\tinside\tDevice\tSNOMED\tPhysical Object\t\t78\t20020131\t20991231\tD\n",
    );
    let folder = site.open().unwrap();
    let table = read(find(&folder, "concept"), None);
    assert_eq!(table.column("concept_name"), ["\"Needle\" 5\" or greater", "\"unclosed"]);
    assert_eq!(table.column("valid_end_date"), ["2099-12-31", "2099-12-31"]);
    assert_eq!(table.column("standard_concept"), ["S", "∅"]);
    assert_eq!(table.broken(), [(4, Rule::Fields, "")]);
}

#[test]
fn a_file_cut_in_its_last_line_loses_that_line_only() {
    for cut in ["2,1,0,2020-", "2,1,0,2020-01-01,0,,\"half of a te"] {
        let table = measurements(&format!("1,1,0,2020-01-01,0,,\n{cut}")).read("measurement");
        assert_eq!(table.broken(), [(3, Rule::Fields, "")], "{cut}");
        assert_eq!(table.column("measurement_id"), ["1"]);
        assert_eq!(table.read, 2);
    }
}

#[test]
fn a_quote_that_never_closes_is_an_error_that_names_its_line() {
    let site = measurements("1,1,0,2020-01-01,0,,ok\n2,1,0,2020-01-01,0,,\"open\n3,1,0,2020-01-01,0,,x\n");
    let folder = site.open().unwrap();
    let files = find(&folder, "measurement");
    let results: Vec<_> = files.read(None).collect();
    assert!(matches!(results.as_slice(), [Err(ReadError::Unclosed { line: 3, .. })]), "{results:?}");
}

#[test]
fn a_file_that_changes_after_inspection_is_not_read() {
    let site = measurements("1,1,0,2020-01-01,0,,ok\n");
    let folder = site.open().unwrap();
    let site = site.csv("measurement.csv", "a,b\n1,2\n");
    let first = find(&folder, "measurement").read(None).next().unwrap();
    assert!(matches!(first, Err(ReadError::Changed { .. })));
    std::fs::remove_file(site.path("measurement.csv")).unwrap();
    let first = find(&folder, "measurement").read(None).next().unwrap();
    assert!(matches!(first, Err(ReadError::Io { .. })));
}

#[test]
fn an_empty_table_has_a_header_only() {
    let table = measurements("").read("measurement");
    assert_eq!((table.read, table.chunks), (0, 0));
    let table = Site::with_persons().csv("measurement.csv", MEASUREMENT.trim_end()).read("measurement");
    assert_eq!((table.read, table.chunks), (0, 0));
}

#[test]
fn long_files_come_in_chunks_and_parts_follow_one_another() {
    let part = |from: u32, to: u32| {
        let rows: String = (from..to).map(|i| format!("{i},{},0,2020-01-01,0,{i}.5,\n", 1 + i % 4)).collect();
        format!("{MEASUREMENT}{rows}")
    };
    let site = Site::with_persons()
        .csv("measurement/part-0.csv", part(0, 20_000))
        .csv("measurement/part-1.csv", part(20_000, 30_000))
        .csv("measurement/_SUCCESS", "");
    let table = site.read("measurement");
    assert_eq!((table.read, table.chunks), (30_000, 5));
    assert_eq!(table.batch.num_rows(), 22_500);
    assert!(table.rejects.iter().all(|r| r.rule == Rule::Person));
    let last = table.rejects.last().unwrap();
    assert_eq!((last.file.as_str(), last.line), ("part-1.csv", 10_001));
    let folder = site.open().unwrap();
    assert_eq!(find(&folder, "measurement").files().len(), 2);
    let ignored: Vec<_> = folder.ignored().iter().map(|i| i.file.as_str()).collect();
    assert_eq!(ignored, ["_SUCCESS"]);
}

#[test]
fn rejected_records_can_be_read_back() {
    let table = measurements("1,1,0,bad,0,,\"a, \"\"b\"\"\nc\"\r\n").read("measurement");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table.rejects[0].record.as_bytes());
    let record = reader.records().next().unwrap().unwrap();
    assert_eq!(record.iter().collect::<Vec<_>>(), ["1", "1", "0", "bad", "0", "", "a, \"b\"\nc"]);
}

#[test]
fn person_itself_is_read_without_a_check() {
    let site = Site::new().csv("person.csv", PERSONS);
    let folder = Folder::open(site.0.path()).unwrap();
    assert_eq!(read(find(&folder, "person"), None).batch.num_rows(), 3);
}
