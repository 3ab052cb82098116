//! Every mistake of a mapping file at once, at its place, with a remedy.

use renkei_ingest::mapped::Mapping;

use super::SMALL;

#[track_caller]
fn mistakes(text: &str) -> Vec<String> {
    Mapping::parse(text).unwrap_err().iter().map(ToString::to_string).collect()
}

/// The one mistake of a mapping with these changes.
#[track_caller]
fn one(change: &[(&str, &str)], place: &str, words: &[&str]) {
    let mut text = SMALL.to_owned();
    for (from, to) in change {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let mistakes = mistakes(&text);
    let [mistake] = mistakes.as_slice() else { panic!("{mistakes:#?}") };
    assert!(mistake.starts_with(place), "{mistake}");
    for word in words {
        assert!(mistake.contains(word), "{word} in {mistake}");
    }
}

#[test]
fn what_the_cdm_does_not_have() {
    one(&[("\"measurement\"", "\"mesurement\"")], "line 3, column 9", &["no table", "did you mean measurement?"]);
    one(&[("\"measurement\"", "\"note\"")], "line 3, column 9", &["free text"]);
    one(&[("\"measurement\"", "\"drug_era\"")], "line 3, column 9", &["derived"]);
    one(&[("\"measurement\"", "\"concept\"")], "line 3, column 9", &["no rows of patients"]);
    one(
        &[("columns.value_as_number", "columns.value_as_numbr")],
        "line 16, column 10",
        &["did you mean value_as_number"],
    );
}

#[test]
fn what_may_not_be_mapped() {
    for (column, why) in [
        ("value_source_value", "free text"),
        ("measurement_id", "numbered by the node"),
        ("person_id", "`patient`"),
        ("visit_occurrence_id", "`visit`"),
        ("provider_id", "numbers"),
        ("measurement_time", "free text"),
    ] {
        one(&[("columns.value_as_number", &format!("columns.{column}"))], "line 16, column 10", &[why]);
    }
}

#[test]
fn what_is_required_and_not_filled() {
    one(
        &[("[columns.measurement_type_concept_id]\nvalue = 32856\n", "")],
        "line 3, column 9",
        &["nothing fills `measurement_type_concept_id`", "32817"],
    );
    one(
        &[("[columns.measurement_date]\nfrom = \"検査日\"\n", "")],
        "line 3, column 9",
        &["nothing fills `measurement_date`"],
    );
    one(
        &[("[columns.measurement_source_value]\nfrom = \"項目\"\nsystem = \"LOCAL\"\n", "")],
        "line 3, column 9",
        &["measurement_concept_id", "[columns.measurement_source_value]"],
    );
    let datetime = SMALL.replace("measurement_date]", "measurement_datetime]");
    assert!(Mapping::parse(&datetime).is_ok(), "the day follows from the time");
}

#[test]
fn values_that_are_none_of_their_type() {
    one(&[("value = 32856", "value = \"lab\"")], "line 14, column 9", &["`lab` is no integer"]);
    one(
        &[("from = \"結果\"", "from = \"結果\"\nmap = { \"高\" = \"high\" }")],
        "line 18, column 15",
        &["`high` is no number"],
    );
    one(&[("from = \"検査日\"", "from = \"検査日\"\ndefault = \"2024-02-30\"")], "line 12, column 11", &["is no date"]);
    one(
        &[("from = \"検査日\"", "from = \"検査日\"\ntype = \"datetime\"")],
        "line 12, column 8",
        &["type date", "\"date\""],
    );
    one(
        &[("from = \"検査日\"", "from = \"検査日\"\nformats = [\"dd\"]")],
        "line 12, column 12",
        &["no format", "和暦"],
    );
}

#[test]
fn what_is_misspelt_or_missing() {
    one(&[("file = \"lab*.csv\"\n", "")], "line 1, column 1", &["`file` is missing"]);
    one(&[("patient = \"患者番号\"\n", "")], "line 1, column 1", &["`patient` is missing"]);
    one(&[("file =", "encodng = \"auto\"\nfile =")], "line 2, column 1", &["did you mean encoding?"]);
    one(&[("file =", "encoding = \"euc\"\nfile =")], "line 2, column 12", &["utf-8", "cp932"]);
    one(&[("file =", "delimiter = \"|\"\nfile =")], "line 2, column 13", &["delimiter"]);
    one(&[("file =", "header = \"yes\"\nfile =")], "line 2, column 10", &["true or false"]);
    one(&[("system = \"LOCAL\"", "system = \"JLAC\"")], "line 8, column 10", &["did you mean", "JLAC10"]);
    one(&[("system = \"LOCAL\"\n", "")], "line 6, column 10", &["needs `system`"]);
    one(&[("from = \"結果\"", "frm = \"結果\"")], "line 17, column 1", &["`frm`", "did you mean from"]);
    one(
        &[("from = \"結果\"", "from = \"結果\"\nsystem = \"LOCAL\"")],
        "line 18, column 10",
        &["for columns that hold codes"],
    );
    one(&[("from = \"結果\"", "from = \"結果\"\nvalue = 3")], "line 16, column 10", &["either `from`"]);
    one(
        &[("[columns.value", "[[where]]\ncolumn = \"取消\"\n[columns.value")],
        "line 16, column 1",
        &["`is`, `not`, `filled`"],
    );
}

#[test]
fn tests_of_a_mapping_are_checked_too() {
    let with = |row: &str, expect: &str| format!("{SMALL}\n[[test]]\nrow = {row}\nexpect = {expect}\n");
    let found = mistakes(&with("{ \"患者\" = 1 }", "{ value_as_numbr = 1 }"));
    assert!(found[0].contains("uses no column `患者`"), "{found:?}");
    assert!(found[1].contains("does not fill `value_as_numbr`; did you mean value_as_number?"), "{found:?}");
    assert!(mistakes(&with("{}", "\"dropped\""))[0].contains("\"left out\""));
    assert!(mistakes(&format!("{SMALL}\n[[test]]\nrow = {{}}\n"))[0].contains("needs"));
}

#[test]
fn all_mistakes_come_at_once_in_the_order_of_the_file() {
    let text = SMALL
        .replace("table =", "tabel =")
        .replace("system = \"LOCAL\"", "system = \"X\"")
        .replace("from = \"結果\"", "from = 3.5\nempty = [[1]]");
    let found = mistakes(&text);
    assert!(found.len() >= 2, "{found:#?}");
    let mut sorted = Mapping::parse(&text).unwrap_err();
    sorted.sort();
    assert_eq!(Mapping::parse(&text).unwrap_err(), sorted);
    assert!(mistakes("file = ")[0].contains("no TOML"));
    assert!(mistakes("").len() >= 3);
    assert_eq!(mistakes("file = \ntable = \n").len(), 2);
}
