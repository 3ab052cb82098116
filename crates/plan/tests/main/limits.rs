//! Hostile and odd texts: refused soon, never a panic.

use proptest::prelude::*;
use renkei_plan::{Catalogue, Planner, Question};
use renkei_types::{Code, Timestamp};

use crate::{hostile, split};

#[test]
fn hostile_sizes_are_refused_by_counting() {
    for (name, sql) in hostile::texts() {
        let refusal = split(&sql).expect_err("refused");
        assert_eq!(refusal.code, Code::TooLarge, "{name}");
        // Refused by counting: the message is one of the counts, which precede planning, and names its limit.
        assert!(refusal.message.contains("the limit is"), "{name}: {refusal}");
    }
}

/// Without optimisation reading a text takes ten times as long; planning it would take a hundred times that.
#[test]
fn hostile_sizes_are_refused_soon() {
    let limit = std::time::Duration::from_millis(if cfg!(debug_assertions) { 100 } else { 5 });
    let planner = Planner::new(Catalogue::cdm());
    for (name, sql) in hostile::texts() {
        let best = (0..5).map(|_| {
            let begun = std::time::Instant::now();
            let question = Question { sql: &sql, parameters: &[], bound_at: Timestamp(0) };
            assert!(planner.split(&question).is_err());
            begun.elapsed()
        });
        let best = best.min().expect("some runs");
        assert!(best < limit, "{name}: {best:?}");
    }
}

/// Words that the parser tries as one thing and then as another: within the bounds that doubles a few times only.
#[test]
fn what_breaks_off_within_the_bounds_is_refused_soon() {
    let limit = std::time::Duration::from_millis(if cfg!(debug_assertions) { 100 } else { 5 });
    let twice = ["ceil(", "floor(", "NOT (", "CASE (", "cast(", "extract(", "position(", "substring(", "x := f("];
    let once =
        ["(", "trim(", "abs(", "x => f(", "array(", "interval (", "EXISTS (", "x IN (", "coalesce(1, ", "(SELECT "];
    let texts = twice.iter().map(|word| (word, 6)).chain(once.iter().map(|word| (word, 15)));
    for (word, depth) in texts {
        for end in ["1 2", "", ")", "FROM"] {
            for sql in
                [format!("SELECT {}{end}", word.repeat(depth)), format!("SELECT 1 FROM {}{end}", word.repeat(depth))]
            {
                let begun = std::time::Instant::now();
                let taken = split(&sql).is_ok();
                assert!(!taken && begun.elapsed() < limit, "{:?}: {sql}", begun.elapsed());
            }
        }
    }
    let names = format!("SELECT count(*) AS {} FROM person", "n".repeat(256));
    assert!(split(&names).is_ok());
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
