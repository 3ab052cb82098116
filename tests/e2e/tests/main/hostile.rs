//! Statements that are meant to hurt: refused soon, and the gateway still answers.

use std::time::{Duration, Instant};

use renkei_e2e::{Consortium, Records, Site};
use renkei_types::{Class, Code};

use crate::BY_SEX;

fn long(what: &str, n: usize) -> String {
    what.repeat(n)
}

#[test]
fn statements_beyond_the_limits() {
    let consortium = Consortium::start([Site::with("good", Records::plain(20, 10))]);
    let codes = (0..20_000).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let columns = (0..6_000).map(|i| format!("count(*) AS a{i}")).collect::<Vec<_>>().join(",");

    for sql in [
        format!("SELECT count(*) FROM person WHERE true{}", long(" AND year_of_birth > 1900", 20_000)),
        format!("SELECT count(*) FROM person WHERE true{}", long(" AND true", 6_000)),
        format!("SELECT count(*) FROM person WHERE true{}", long(" OR year_of_birth=1", 3_000)),
        format!("SELECT 1{}", long(" UNION ALL SELECT 1", 3_000)),
        format!("SELECT 1{}", long(" UNION SELECT 1", 3_000)),
        format!("SELECT {}1{}", long("(", 20_000), long(")", 20_000)),
        format!("{}SELECT 1{}", long("SELECT * FROM (", 2_000), long(")", 2_000)),
        format!("SELECT {} true", long("NOT ", 10_000)),
        format!("SELECT {} 1", long("- ", 20_000)),
        format!("SELECT {}1{}", long("abs(", 5_000), long(")", 5_000)),
        format!("SELECT {} 1 {}", long("CASE WHEN true THEN ", 900), long(" END", 900)),
        format!("SELECT 1{}", long(" + 1", 10_000)),
        format!("SELECT 1{}", long("::int", 8_000)),
        format!("SELECT 'a'{}", long(" || 'a'", 6_000)),
        format!("SELECT count(*) FROM person p{}", long(" JOIN death d ON d.person_id = p.person_id", 400)),
        format!("SELECT count(*) FROM person{}", long(",person", 5_000)),
        format!("SELECT count(*) FROM person WHERE gender_concept_id IN ({codes})"),
        format!("SELECT {columns} FROM person"),
        long("(", 60_000),
        long("[", 60_000),
        long("SELECT ", 9_000),
        long("\u{0}", 60_000),
        format!("/*{}", long("/*", 30_000)),
        format!("SELECT 1 -- {}", long("x", 3_000_000)),
    ] {
        let started = Instant::now();
        let refused = consortium.client().ask(&sql);
        let head: String = sql.chars().take(60).collect();
        let refused = refused.err().unwrap_or_else(|| panic!("answered: {head}"));
        assert_eq!(refused.code().class(), Class::Statement, "{head}: {refused:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{head} took {:?}", started.elapsed());
    }
    assert_eq!(consortium.ask(BY_SEX).rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
}

/// A common table expression, made of the one before.
type Next = fn(usize) -> String;

/// Common table expressions, each of which reads the one before.
fn chain(levels: usize, first: &str, next: Next) -> String {
    let all: Vec<String> = (1..=levels).map(|i| format!("a{i} AS ({})", next(i - 1))).collect();
    format!("WITH a0 AS ({first}), {} SELECT count(*) AS n FROM a{levels}", all.join(", "))
}

#[test]
fn a_long_chain_is_no_harm() {
    let consortium = Consortium::start([Site::with("good", Records::plain(20, 10))]);
    let (next, first): (Next, _) =
        (|i| format!("SELECT x + x AS x FROM a{i}"), "SELECT year_of_birth AS x FROM person");
    assert_eq!(consortium.ask(&chain(60, first, next)).rows(), ["30 | 1 | 0"]);
    for levels in [100, 400, 1_600] {
        assert_eq!(consortium.refused(&chain(levels, first, next)).code(), Code::TooLarge, "{levels}");
    }
}

#[track_caller]
fn refused_before_it_doubles(first: &str, next: Next) {
    let consortium = Consortium::start([Site::with("good", Records::plain(20, 10))]);
    let started = Instant::now();
    let refused = consortium.refused(&chain(24, first, next));
    assert_eq!(refused.code(), Code::TooLarge, "{}", next(0));
    assert!(started.elapsed() < Duration::from_secs(5), "{} took {:?}", next(0), started.elapsed());
    assert_eq!(consortium.ask(BY_SEX).rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
}

#[test]
fn plans_that_double_are_refused_before_they_have_doubled() {
    let cases: [(&str, Next); 5] = [
        ("SELECT 1 AS x", |i| format!("SELECT x FROM a{i} UNION ALL SELECT x FROM a{i}")),
        ("SELECT 1 AS x", |i| format!("SELECT l.x FROM a{i} l JOIN a{i} r ON l.x = r.x")),
        ("SELECT 1 AS x", |i| format!("SELECT l.x FROM a{i} l, a{i} r")),
        ("SELECT 1 AS x", |i| format!("SELECT x FROM (SELECT x FROM a{i}) l UNION ALL (SELECT x FROM A{i})")),
        ("SELECT person_id FROM person", |i| {
            format!("SELECT person_id FROM a{i} UNION ALL SELECT person_id FROM a{i}")
        }),
    ];
    for (first, next) in cases {
        refused_before_it_doubles(first, next);
    }
}

#[test]
fn quoted_names_are_counted_too() {
    refused_before_it_doubles("SELECT 1 AS x", |i| format!("SELECT x FROM \"a{i}\" UNION ALL SELECT x FROM \"a{i}\""));
}

#[test]
fn a_small_namesake_hides_nothing() {
    refused_before_it_doubles("SELECT 1 AS x", |i| {
        let inner = format!("SELECT x FROM a{i} UNION ALL SELECT x FROM a{i}");
        format!("SELECT x FROM (WITH \"A{i}\" AS (SELECT 1 AS x) {inner}) t")
    });
    refused_before_it_doubles("SELECT 1 AS x", |i| {
        let next = i + 1;
        format!("SELECT x FROM a{i} UNION ALL SELECT x FROM a{i}), \"A{next}\" AS (SELECT 1 AS x")
    });
}

#[test]
fn a_message_beyond_the_limit_ends_one_call() {
    let consortium = Consortium::start([Site::with("good", Records::plain(20, 10))]);
    let sql = format!("SELECT 1 -- {}", long("x", 40 << 20));
    let refused = consortium.client().ask(&sql).expect_err("refused");
    assert_eq!(refused.status.code(), tonic::Code::OutOfRange, "{:?}", refused.status);
    assert_eq!(consortium.ask("SELECT 1 AS one").rows(), ["1"]);
}

#[test]
fn many_at_once_do_not_keep_others_out() {
    let consortium = Consortium::start([Site::with("good", Records::plain(20, 10))]);
    let or: String = (0..100).map(|i| format!(" OR year_of_birth = {i} + {i}")).collect();
    let slow = format!("SELECT count(*) AS n FROM person WHERE false{or}");
    let questions: Vec<_> = (0..40).map(|_| consortium.client().start(&slow)).collect();
    for question in questions {
        match question.wait() {
            Ok(answer) => assert_eq!(answer.rows(), ["NULL | 0 | 1"]),
            // The person's own places are all taken.
            Err(refused) => assert_eq!(refused.code(), Code::Busy, "{refused:?}"),
        }
    }
    assert_eq!(consortium.ask(BY_SEX).rows().len(), 2);
}
