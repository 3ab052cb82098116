//! Statements of the language, damaged at random from a fixed seed: refused with a code or split within bounds, never a
//! panic. RENKEI_FUZZ says how many to try, 600 unless it is set.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use datafusion::common::ScalarValue;
use renkei_plan::{Catalogue, MAX_JOINS, MAX_STATEMENT_BYTES, Planner, Question};
use renkei_types::Timestamp;

const CORPUS: &str = include_str!("../corpus/generated.sql");

/// What is put into statements: words that open, close, nest and repeat, and signs that look like others.
const PIECES: &[&str] = &[
    "(",
    ")",
    "'",
    "\"",
    "--",
    "/*",
    "*/",
    ";",
    ",",
    ".",
    "::",
    "$1",
    "$0",
    "?",
    "\u{0}",
    "＝",
    "ｐerson",
    "\u{202e}",
    "é",
    "\u{feff}",
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "LIMIT 1",
    "OFFSET -1",
    "UNION",
    "EXCEPT ALL",
    "NOT",
    "NULL",
    "CASE",
    "WHEN",
    "END",
    "IN",
    "EXISTS",
    "LATERAL",
    "OVER ()",
    "FILTER (WHERE true)",
    "DISTINCT",
    "person_id",
    "person",
    "concept",
    "*",
    "1e400",
    "9223372036854775808",
    "-9223372036854775808",
    "0x1",
    "E'\\n'",
    "INTERVAL '1 day'",
    "DATE '0000-00-00'",
    "CAST(x AS DECIMAL(76, 3))",
    "WITH RECURSIVE",
    "USING (person_id)",
    "NATURAL",
    "GROUPING SETS (())",
    "CUBE",
    "grouping(1)",
    "U&'\\0000'",
    "ARRAY[1]",
    "{'a': 1}",
    "a -> b",
    "@>",
    "~*",
    "^",
    "|/",
];

/// A generator of numbers that needs no crate and no clock (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n.max(1) as u64).unwrap_or(0)
    }
}

/// One or two damages.
fn damaged(numbers: &mut Numbers, statements: &[&str]) -> String {
    let pick = |numbers: &mut Numbers| statements[numbers.below(statements.len())];
    let mut words: Vec<String> = pick(numbers).split(' ').map(str::to_owned).collect();
    for _ in 0..=numbers.below(2) {
        let at = numbers.below(words.len());
        match numbers.below(7) {
            0 => drop(words.remove(at)),
            1 => words.insert(at, PIECES[numbers.below(PIECES.len())].to_owned()),
            2 => words[at] = PIECES[numbers.below(PIECES.len())].to_owned(),
            3 => words.truncate(at),
            4 => {
                let other = numbers.below(words.len());
                words.swap(at, other);
            }
            5 => {
                // The end of another statement.
                let other: Vec<String> = pick(numbers).split(' ').map(str::to_owned).collect();
                words.truncate(at);
                words.extend(other.into_iter().skip(at));
            }
            _ => {
                let part: Vec<String> = words.iter().skip(at).take(12).cloned().collect();
                words.splice(at..at, part);
            }
        }
        if words.is_empty() {
            words.push(String::new());
        }
    }
    words.join(" ")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a longer run by hand says how many")]
fn damaged_statements_are_refused_or_split() {
    let count = std::env::var("RENKEI_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(600);
    let statements: Vec<&str> = CORPUS.lines().collect();
    let planner = Planner::new(Catalogue::cdm()).with_vocabulary(["concept".to_owned()].into());
    let mut numbers = Numbers(1);
    let (mut taken, mut failures) = (0, String::new());
    for _ in 0..count {
        let sql = damaged(&mut numbers, &statements);
        let split = || {
            let types = planner.parameters(&sql)?;
            let nulls: Vec<ScalarValue> = types.iter().map(|_| ScalarValue::Null).collect();
            planner.split(&Question { sql: &sql, parameters: &nulls, bound_at: Timestamp(0) })
        };
        match catch_unwind(AssertUnwindSafe(split)) {
            Err(_) => writeln!(failures, "a panic: {sql}").unwrap(),
            Ok(Err(refusal)) if refusal.message.trim().is_empty() => writeln!(failures, "says nothing: {sql}").unwrap(),
            Ok(Err(_)) => {}
            Ok(Ok(split)) => {
                taken += 1;
                // Nothing grows beyond the limits of the text: points, feeds and the text of all halves.
                let explained = split.explain();
                let halves = explained.release_points.iter().map(|point| point.runs_at_site.len()).sum::<usize>();
                let sizes = split.release_points.len() <= 64 && split.feeds.len() <= MAX_JOINS;
                if !sizes || halves + explained.runs_at_gateway.len() > 16 * MAX_STATEMENT_BYTES {
                    writeln!(failures, "grows: {sql}").unwrap();
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(taken * 50 > count, "only {taken} of {count} are still statements: the damage is too great to prove much");
}
