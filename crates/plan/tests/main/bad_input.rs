//! What people type by mistake: refused with a code, a place where there is one, and what to do instead.

use datafusion::common::ScalarValue;
use renkei_plan::{Catalogue, MAX_STATEMENT_BYTES, Planner, Question};
use renkei_types::{Code, Refusal, Timestamp};

use crate::split;

/// Code, line and column, and words of the message or hint.
#[track_caller]
fn check(sql: &str, code: Code, at: Option<(u64, u64)>, words: &str) {
    let refusal = split(sql).expect_err(sql);
    assert_eq!(refusal.code, code, "{sql}\n{refusal}");
    assert_eq!(refusal.position.map(|place| (place.line, place.column)), at, "{sql}\n{refusal}");
    assert!(refusal.to_string().contains(words), "{sql}\n{refusal}");
    assert!(refusal.hint.is_some(), "{sql}\n{refusal}");
}

#[test]
fn half_a_statement() {
    check("SELECT count(*)\nFROM person WHERE", Code::Syntax, Some((2, 18)), "EOF");
    check("SELECT count(*) FROM person WHERE (", Code::Syntax, Some((1, 36)), "EOF");
    check("FROM", Code::Syntax, Some((1, 5)), "hint");
    check("", Code::StatementKind, None, "no statement");
    check("-- SELECT 1", Code::StatementKind, None, "no statement");
}

#[test]
fn two_statements() {
    check(
        "SELECT count(*) FROM person;\nSELECT count(*) FROM death",
        Code::StatementKind,
        Some((2, 1)),
        "more than one",
    );
    assert!(split("SELECT count(*) FROM person;").is_ok(), "an ending semicolon is no second statement");
}

#[test]
fn comments_and_odd_quoting() {
    for sql in [
        "SELECT count(*) /* a; b -- c */ FROM person -- ; '",
        "SELECT count(*) FROM \"person\" WHERE \"year_of_birth\" > 1900",
        "SELECT count(*) AS \"a \"\"quoted\"\" name\" FROM person",
        "SELECT count(*) FROM condition_occurrence WHERE condition_source_value = 'it''s'",
    ] {
        assert!(split(sql).is_ok(), "{sql}: {:?}", split(sql).err());
    }
    check("SELECT count(*) FROM \"Person\"", Code::UnknownTable, None, "person");
    check("SELECT count(*) FROM person WHERE year_of_birth = 'x", Code::Syntax, Some((1, 51)), "hint");
}

#[test]
fn words_of_sql_as_names() {
    check("SELECT count(*) AS select FROM person WHERE", Code::Syntax, Some((1, 44)), "hint");
    check("SELECT order FROM person", Code::UnknownColumn, None, "order");
    assert!(split("SELECT count(*) AS \"select\" FROM person").is_ok());
}

#[test]
fn signs_that_only_look_like_others() {
    check(
        "SELECT count(*) FROM person WHERE year_of_birth ＝ 1950",
        Code::Syntax,
        Some((1, 49)),
        "(U+FF1D) only looks like `=`",
    );
    check("SELECT\u{3000}count(*) FROM person WHERE (", Code::Syntax, Some((1, 7)), "U+3000");
    check("SELECT count（*） FROM person", Code::Syntax, Some((1, 13)), "only looks like `(`");
    check("SELECT count(*) FROM person WHERE gender_source_value = ‘M’", Code::Syntax, Some((1, 57)), "U+2018");
    check("SELECT count(*) FROM ｐerson", Code::UnknownTable, None, "person");
}

#[test]
fn blanks_beyond_the_limit() {
    check(&" ".repeat(MAX_STATEMENT_BYTES), Code::StatementKind, None, "no statement");
    let refusal = split(&" ".repeat(MAX_STATEMENT_BYTES + 1)).expect_err("too long");
    assert_eq!(refusal.code, Code::TooLarge);
}

fn bound(sql: &str, parameters: &[ScalarValue]) -> Result<(), Refusal> {
    let planner = Planner::new(Catalogue::cdm());
    planner.split(&Question { sql, parameters, bound_at: Timestamp(0) }).map(drop)
}

#[test]
fn parameters_of_the_wrong_type_or_number() {
    let sql = "SELECT count(*) FROM person WHERE year_of_birth < $1 AND gender_concept_id = $2";
    let (year, sex) = (ScalarValue::from(1950_i64), ScalarValue::from(8507_i64));
    assert!(bound(sql, &[year.clone(), sex.clone()]).is_ok());
    assert!(bound(sql, &[ScalarValue::from("1950"), sex.clone()]).is_ok(), "a text that is a number is one");
    assert!(bound(sql, &[ScalarValue::Utf8(None), sex.clone()]).is_ok(), "NULL is of every type");
    for (parameters, words) in [
        (vec![year.clone()], "parameters in the statement: 2; values given: 1"),
        (vec![year.clone(), sex.clone(), sex.clone()], "values given: 3"),
        (vec![ScalarValue::from("soon"), sex.clone()], "parameter $1 is the text `soon`"),
        (vec![year.clone(), ScalarValue::from("男性")], "bind an integer"),
    ] {
        let refusal = bound(sql, &parameters).expect_err(words);
        assert_eq!(refusal.code, Code::Parameter);
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
    let date = "SELECT count(*) FROM visit_occurrence WHERE visit_start_date < $1";
    assert!(bound(date, &[ScalarValue::from("2024-01-31")]).is_ok());
    assert_eq!(bound(date, &[ScalarValue::from("31.1.2024")]).expect_err("no date").code, Code::Parameter);
}
