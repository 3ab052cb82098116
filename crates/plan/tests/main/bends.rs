//! Functions that bend at a place which whoever asks could choose: there they are conditions on a few persons.

use renkei_types::Code;

use crate::{refused, split};

#[track_caller]
fn taken(argument: &str, conditional: bool) {
    let sql = format!("SELECT sum({argument}) FROM measurement m JOIN person p ON p.person_id = m.person_id");
    let split = split(&sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"));
    assert_eq!(split.release_points[0].states[0].conditional, conditional, "{sql}");
}

#[track_caller]
fn refused(argument: &str) {
    let from = "FROM measurement m JOIN person p ON p.person_id = m.person_id";
    refused::check(Code::Argument, &format!("SELECT sum({argument}) {from}"));
    refused::check(Code::Argument, &format!("SELECT sum(x) FROM (SELECT {argument} AS x {from}) t"));
}

#[test]
fn steps_at_the_grain_of_the_data_are_taken() {
    for argument in [
        "ceil(value_as_number)",
        "round(value_as_number, 1)",
        "abs(value_as_number - range_high)",
        "greatest(value_as_number, range_high)",
        "(value_as_number - range_low) / 2.5",
        "value_as_number / range_high",
    ] {
        taken(argument, false);
    }
}

/// Beside `count(*)`, each would tell how many persons are beyond the place, however few.
#[test]
fn steps_at_a_chosen_place_are_conditions() {
    for argument in [
        "year_of_birth / 1902",
        "1902 / year_of_birth",
        "ceil(value_as_number / 200)",
        "floor(value_as_number * 0.005)",
        "round(value_as_number, -2)",
        "trunc(ln(value_as_number))",
        "signum(value_as_number - range_high)",
        "abs(year_of_birth - 1902)",
        "greatest(value_as_number * 0.01, range_high)",
        "CAST(value_as_number / 200 AS BIGINT)",
        "sqrt(abs(value_as_number * 3))",
        "ceil(sqrt(value_as_number))",
    ] {
        refused(argument);
    }
}

/// Where the asker chooses what becomes NULL, the persons who remain are protected, and so are the others.
#[test]
fn what_is_lost_at_a_chosen_place_protects_the_rest() {
    for argument in ["1.0 / (year_of_birth - 1901)", "ln(year_of_birth - 1901)", "CAST(m.value_source_value AS DOUBLE)"]
    {
        let sql = format!("SELECT count({argument}) FROM measurement m JOIN person p ON p.person_id = m.person_id");
        match split(&sql) {
            Ok(split) => assert!(split.release_points[0].states[0].conditional, "{sql}"),
            Err(refusal) => assert_eq!(refusal.code, Code::UnknownColumn, "{sql}: {refusal}"),
        }
    }
    taken("CAST(value_as_number AS BIGINT)", true);
    taken("1.0 / (year_of_birth - 1901)", true);
}

#[test]
fn clips_say_whom_they_leave_as_they_are() {
    let free = |sql: &str| {
        let split = split(sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"));
        let states = &split.release_points[0].states;
        states.iter().map(|state| state.free.as_ref().map(ToString::to_string)).collect::<Vec<_>>()
    };
    let between = "m.value_as_number > Float64(0) AND m.value_as_number < Float64(50.5)";
    let found = free("SELECT avg(clip(value_as_number, 0.0, 50.5)), avg(value_as_number) FROM measurement m");
    assert_eq!(found, [Some(between.to_owned()), None]);
    let found = free("SELECT corr(value_as_number, clip(value_as_number, 0.0, 50.5)) FROM measurement m");
    assert_eq!(found, [Some(between.to_owned())]);
    let found =
        free("SELECT sum(CASE WHEN range_low > 3 THEN clip(value_as_number, 0.0, 50.5) ELSE 0 END) FROM measurement m");
    assert_eq!(found, [Some(between.to_owned())]);
    assert_eq!(free("SELECT count(clip(value_as_number, 0.0, 50.5)) FROM measurement m"), [None]);
    assert_eq!(free("SELECT median(clip(value_as_number, 0.0, 50.5)) FROM measurement m"), [None]);
    let persons = "SELECT avg(clip(n, 0, 20)) FROM (SELECT count(*) AS n FROM visit_occurrence GROUP BY person_id) v";
    assert_eq!(free(persons).len(), 1);
    assert!(
        split(
            "SELECT clip(n, 0, 5) AS n, count(*) FROM (SELECT count(*) AS n FROM death GROUP BY person_id) d GROUP BY 1"
        )
        .is_ok()
    );
}

#[test]
fn clips_stand_inside_the_aggregate_with_literal_bounds() {
    for argument in [
        "clip(value_as_number, 10, 0)",
        "clip(value_as_number, range_low, range_high)",
        "clip(value_as_number, NULL, 3)",
        "ceil(clip(value_as_number, 0, 10))",
        "clip(CASE WHEN range_low > 3 THEN value_as_number ELSE 0 END, 1, 10)",
        "clip(value_as_number, 0, 10) + 1",
    ] {
        refused(argument);
    }
    refused::check(Code::Argument, "SELECT avg(v) FROM (SELECT clip(value_as_number, 0, 10) AS v FROM measurement) m");
    refused::check(Code::KeyUse, "SELECT sum(clip(person_id, 0, 10)) FROM measurement");
    refused::check(Code::Type, "SELECT sum(clip(value_as_number, 0)) FROM measurement");
}

#[test]
fn bounds_of_a_clip_are_literals_of_exploration() {
    let sql = "SELECT count(DISTINCT person_id) FROM measurement WHERE clip(value_as_number, 0, 6.51) > 6.5";
    let found = split(sql).unwrap().exploration().off_grid;
    assert_eq!(found.iter().map(|one| one.literal.as_str()).collect::<Vec<_>>(), ["6.51"]);
}
