//! Hostile and odd texts: refused soon, never a panic.

use proptest::prelude::*;
use renkei_types::Code;

use crate::split;

fn long(what: &str, n: usize) -> String {
    std::iter::repeat_n(what, n).collect()
}

#[test]
fn hostile_sizes_are_refused_by_counting() {
    let and = format!("SELECT count(*) FROM person WHERE true{}", long(" AND true", 4_000));
    let union = format!("SELECT 1{}", long(" UNION ALL SELECT 1", 3_000));
    let deep = format!("SELECT {}1{}", long("(", 5_000), long(")", 5_000));
    let terms = format!("SELECT count(*) FROM person WHERE year_of_birth IN (1{})", long(", 1", 20_000));
    let sums = format!("SELECT sum(year_of_birth{}) FROM person", long(" + 1", 20_000));
    let nested = format!("SELECT count(*) FROM {}person{}", long("(SELECT * FROM ", 40), long(") x", 40));
    let not = format!("SELECT {} true", long("NOT ", 10_000));
    let minus = format!("SELECT {} 1", long("- ", 20_000));
    let case = format!("SELECT {} 1 {}", long("CASE WHEN true THEN ", 200), long(" END", 200));
    let joins = format!("SELECT count(*) FROM person p{}", long(" JOIN death d ON d.person_id = p.person_id", 40));
    let comma =
        format!("SELECT count(*) FROM person p{}", (0..100).map(|i| format!(", death d{i}")).collect::<String>());
    let doubling = |join: &str| {
        let copies: Vec<String> =
            (1..12).map(|i| format!("a{i} AS (SELECT x.n FROM a{} x {join} a{} y", i - 1, i - 1)).collect();
        let ends = if join == "JOIN" { " ON x.n = y.n)" } else { ")" };
        let copies: Vec<String> =
            copies.into_iter().map(|copy| copy.replace("UNION ALL", "UNION ALL SELECT y.n FROM") + ends).collect();
        format!("WITH a0 AS (SELECT count(*) AS n FROM person), {} SELECT * FROM a11", copies.join(", "))
    };
    let (doubled_joins, doubled_unions) = (doubling("JOIN"), doubling("UNION ALL"));
    let blanks = long(" ", 70_000);
    for sql in
        [and, union, deep, terms, sums, nested, not, minus, case, joins, comma, doubled_joins, doubled_unions, blanks]
    {
        let refusal = split(&sql).expect_err("refused");
        assert_eq!(refusal.code, Code::TooLarge, "{}", &sql[..60]);
        // Refused by counting: the message is one of the counts, which precede planning, and names its limit.
        assert!(refusal.message.contains("the limit is"), "{refusal}");
    }
}

#[test]
fn a_large_code_set_is_taken() {
    let codes = (0..5_000).map(|i| (200_000 + i).to_string()).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT count(*) FROM condition_occurrence WHERE condition_concept_id IN ({codes})");
    assert!(split(&sql).is_ok());
}

#[test]
fn odd_texts() {
    for sql in [
        "SELECT count(*) FROM \"person\"",
        "select COUNT(*) from PERSON -- a comment",
        "/* a */ SELECT /* b */ count(*) FROM cdm.person",
        "SELECT count(*) AS \"件数\" FROM person",
        "SELECT count(*) AS \"select\" FROM person",
    ] {
        assert!(split(sql).is_ok(), "{sql}: {:?}", split(sql).err());
    }
    for sql in [
        "SELECT count(*) FROM ｐerson",
        "SELECT count(*) FROM person WHERE gender_concept_id ＝ 1",
        "SELECT 'a",
        "\u{0}",
        "SELECT count(*) FROM person;;",
    ] {
        let _ = split(sql);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_an_answer(sql in "\\PC{0,200}") {
        let _ = split(&sql);
    }

    #[test]
    fn any_words_are_an_answer(words in prop::collection::vec(prop::sample::select(vec![
        "SELECT", "count(*)", "FROM", "person", "p", "JOIN", "death", "ON", "p.person_id", "=", "death.person_id", "WHERE",
        "year_of_birth", "<", "1950", "GROUP", "BY", "1", "(", ")", ",", "AND", "OR", "NOT", "NULL", "CASE", "WHEN", "THEN",
        "END", "WITH", "x", "AS", "UNION", "ALL", "ORDER", "LIMIT", "avg(year_of_birth)", "person_id", "*", "HAVING",
        "DISTINCT", "OVER", "concept", "LEFT", "IN", "EXISTS", "sum", "$1", "?", "'a'", "||", "::int", "FILTER",
    ]), 0..24)) {
        let _ = split(&words.join(" "));
    }
}

#[test]
fn copies_of_with_are_counted_before_planning() {
    let chain = |first: &str, next: fn(usize) -> String| {
        let all: Vec<String> = (1..=24).map(|i| format!("a{i} AS ({})", next(i - 1))).collect();
        format!("WITH a0 AS ({first}), {} SELECT count(*) AS n FROM a24", all.join(", "))
    };
    let union = |i| format!("SELECT x FROM a{i} UNION ALL SELECT x FROM a{i}");
    let quoted = |i| format!("SELECT x FROM \"a{i}\" UNION ALL SELECT x FROM a{i}");
    let comma = |i| format!("SELECT l.x FROM a{i} l, a{i} r");
    let local = |i| format!("SELECT person_id FROM a{i} UNION ALL SELECT person_id FROM a{i}");
    for sql in [
        chain("SELECT 1 AS x", quoted),
        chain("SELECT 1 AS x", union),
        chain("SELECT 1 AS x", comma),
        chain("SELECT person_id FROM person", local),
    ] {
        let refusal = split(&sql).expect_err("refused");
        assert_eq!(refusal.code, Code::TooLarge);
        assert!(refusal.message.contains("copies of WITH included; the limit is"), "{refusal}");
    }
}
