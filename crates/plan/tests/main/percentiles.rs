//! Percentiles, and what people try first.

use datafusion::arrow::datatypes::DataType;
use renkei_plan::{Catalogue, OutputKind, Planner, StateKind};
use renkei_types::Code;

use crate::accepted::check;
use crate::{refused, split};

#[test]
fn percentiles_are_counts_on_the_grid() {
    for percentile in [
        "median(value_as_number)",
        "approx_median(value_as_number)",
        "approx_percentile_cont(value_as_number, 0.95)",
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY value_as_number)",
        "percentile_cont(0.05) WITHIN GROUP (ORDER BY value_as_number DESC)",
        "quantile_cont(value_as_number, 1)",
    ] {
        let sql = format!("SELECT measurement_concept_id, {percentile} FROM measurement GROUP BY 1");
        let split = split(&sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"));
        let [point] = split.release_points.as_slice() else { panic!("{sql}") };
        assert_eq!(point.states.iter().map(|state| state.kind).collect::<Vec<_>>(), [StateKind::Bins], "{sql}");
        let OutputKind::Percentile(share) = point.outputs[0].kind else { panic!("{sql}") };
        assert!([0.5, 0.95, 1.0].contains(&share.get()), "{sql}: {share:?}");
    }
    // One set of bins serves every share of the same rows.
    check(
        "SELECT median(value_as_number), percentile_cont(0.05) WITHIN GROUP (ORDER BY value_as_number),
                approx_percentile_cont(value_as_number, 0.95) FROM measurement",
        &[(0, 1, 3)],
    );
    check("SELECT median(year_of_birth), median(2024 - year_of_birth) FROM person", &[(0, 2, 2)]);
    check("SELECT median(visit_end_date - visit_start_date) FROM visit_occurrence", &[(0, 1, 1)]);
    check(
        "SELECT median(n) FROM (SELECT person_id, count(*) AS n FROM visit_occurrence GROUP BY person_id) v",
        &[(0, 1, 1)],
    );
}

/// A percentile under a condition protects the rest of the cell, as every other aggregate does; a zero is a value of it.
#[test]
fn percentiles_are_guarded_as_other_aggregates_are() {
    let state = |sql: &str| split(sql).unwrap_or_else(|e| panic!("{sql}\n{e}")).release_points[0].states[0].clone();
    let plain = state("SELECT median(value_as_number) FROM measurement");
    assert!(!plain.conditional);
    let contributors = plain.contributors.expect("who has a value").to_string();
    assert!(contributors.contains("IS NOT NULL") && !contributors.contains("!="), "{contributors}");
    assert!(state("SELECT median(value_as_number) FILTER (WHERE value_as_number > 8) FROM measurement").conditional);
    assert!(
        state("SELECT median(CASE WHEN value_as_number > 8 THEN value_as_number END) FROM measurement").conditional
    );
    // A zero that the condition has put is nobody's value.
    let chosen = state("SELECT median(CASE WHEN value_as_number > 8 THEN value_as_number ELSE 0 END) FROM measurement");
    let contributors = chosen.contributors.expect("who has a value").to_string();
    assert!(chosen.conditional && contributors.contains("!="), "{contributors}");
}

#[test]
fn a_parameter_has_the_type_that_it_is_cast_to() {
    let types = |sql: &str| Planner::new(Catalogue::cdm()).parameters(sql).unwrap_or_else(|e| panic!("{sql}\n{e}"));
    let sql =
        "SELECT count(*) FROM person WHERE year_of_birth < CAST($1 AS INTEGER) + CAST(? AS BIGINT)".replace('?', "$2");
    assert_eq!(types(&sql), [Some(DataType::Int32), Some(DataType::Int64)]);
    let sql = "SELECT count(*) FROM visit_occurrence WHERE visit_start_date > CAST(? AS DATE) AND visit_end_date < ?";
    assert_eq!(types(sql), [Some(DataType::Date32), Some(DataType::Date32)]);
}

#[test]
fn grouping_of_keys_that_the_dialect_rewrites() {
    for key in ["visit_end_date < current_date", "visit_concept_id + 1", "date_part('year', visit_end_date) / 10"] {
        check(
            &format!("SELECT {key} AS k, grouping({key}) AS g, count(*) FROM visit_occurrence GROUP BY ROLLUP ({key})"),
            &[(2, 1, 1)],
        );
    }
}

/// A CASE around a key is a condition on who is counted.
#[test]
fn a_key_chosen_by_a_condition_is_a_filter() {
    for count in ["DISTINCT person_id", "DISTINCT visit_occurrence_id", "visit_occurrence_id"] {
        let filter = format!("count({count}) FILTER (WHERE value_as_number > 8)");
        let (distinct, key) = count.rsplit_once(' ').unwrap_or(("", count));
        let case = format!("count({distinct} CASE WHEN value_as_number > 8 THEN {key} END)");
        // One state serves both, so they are the same to the last condition.
        check(&format!("SELECT {filter}, {case} FROM measurement"), &[(0, 1, 2)]);
    }
}

#[test]
fn percentiles_are_of_numbers_by_a_literal_share() {
    for share in ["1.5", "-0.1", "value_as_number", "NULL"] {
        refused::check(
            Code::Type,
            &format!("SELECT approx_percentile_cont(value_as_number, {share}) FROM measurement"),
        );
    }
    refused::check(Code::Type, "SELECT percentile_cont(1.01) WITHIN GROUP (ORDER BY value_as_number) FROM measurement");
    refused::check(Code::Argument, "SELECT median(measurement_concept_id) FROM measurement");
    refused::check(Code::KeyUse, "SELECT median(person_id) FROM person");
    // Beside median(year_of_birth) it would show the bin of whom the condition chose.
    refused::check(
        Code::Argument,
        "SELECT median(CASE WHEN year_of_birth = 1901 THEN 9000 ELSE year_of_birth END) FROM person",
    );
    refused::check(Code::Aggregate, "SELECT median(DISTINCT value_as_number) FROM measurement");
    refused::check(Code::Aggregate, "SELECT approx_percentile_cont(value_as_number, 0.5, 100) FROM measurement");
    refused::check(
        Code::Aggregate,
        "SELECT approx_percentile_cont_with_weight(value_as_number, 1, 0.5) FROM measurement",
    );
}

/// What people of other dialects try first is refused with what works here; each hint's example is taken.
#[test]
fn functions_of_other_dialects_have_hints_that_work() {
    for (tried, hint, works) in [
        ("age(visit_start_date)", "date_part('year'", "date_part('year', v.visit_start_date) - p.year_of_birth"),
        ("datediff('day', visit_start_date, visit_end_date)", "subtract", "visit_end_date - visit_start_date"),
        ("months_between(visit_end_date, visit_start_date)", "365.25", "(visit_end_date - visit_start_date) / 365.25"),
        ("nvl(year_of_birth, 0)", "coalesce", "coalesce(p.year_of_birth, 0)"),
        ("clamp(year_of_birth, 1900, 2000)", "clip", "clip(p.year_of_birth, 1900, 2000)"),
    ] {
        let from = "FROM visit_occurrence v JOIN person p ON p.person_id = v.person_id";
        let sql = format!("SELECT avg({tried}) {from}");
        refused::check(Code::UnknownFunction, &sql);
        let said = split(&sql).expect_err("refused").hint.expect("a hint");
        assert!(said.contains(hint), "{tried}: {said}");
        for aggregate in ["avg", "median"] {
            let sql = format!("SELECT {aggregate}({works}) {from}");
            assert!(split(&sql).is_ok(), "{sql}: {:?}", split(&sql).err());
        }
    }
}

#[test]
fn the_examples_of_the_documentation_are_taken() {
    let text = include_str!("../../../../docs/examples.md");
    let blocks: Vec<&str> = text.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 12);
    for sql in blocks {
        split(sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"));
    }
}
