//! What a join must not do with keys, codes and tables of a site, and what it makes known.

use renkei_types::Code;

use crate::refused::check;
use crate::split;

#[test]
fn a_code_meets_columns_of_codes_only() {
    for column in ["p.year_of_birth", "m.value_as_number"] {
        check(
            Code::JoinReference,
            &format!(
                "SELECT count(*) FROM measurement m JOIN person p ON p.person_id = m.person_id
                 JOIN concept c ON c.concept_id = {column}"
            ),
        );
    }
}

#[test]
fn a_key_stands_in_no_other_condition_of_a_join() {
    let persons = "measurement m JOIN person p ON p.person_id = m.person_id";
    for from in [
        format!("{persons} AND m.visit_occurrence_id > p.person_id"),
        format!("{persons} AND m.measurement_id + p.person_id = 7"),
        "person p LEFT JOIN concept c ON c.concept_id = p.gender_concept_id AND c.concept_id < p.person_id".to_owned(),
        "visit_occurrence v LEFT JOIN care_site c ON c.care_site_id = v.care_site_id AND v.person_id < c.care_site_id"
            .to_owned(),
    ] {
        check(Code::KeyUse, &format!("SELECT count(*) FROM {from}"));
    }
}

/// What an outer join keeps without a partner has the key that it had, which may be NULL.
#[test]
fn a_key_is_known_only_where_rows_without_a_partner_are_gone() {
    let by_visit = |join: &str| {
        format!(
            "SELECT avg(n) FROM (SELECT m.visit_occurrence_id, count(*) AS n FROM measurement m
             {join} JOIN visit_occurrence v ON v.visit_occurrence_id = m.visit_occurrence_id GROUP BY 1) x"
        )
    };
    assert!(split(&by_visit("")).is_ok(), "{:?}", split(&by_visit("")).err());
    check(Code::NullableKey, &by_visit("LEFT"));
    check(Code::NullableKey, &by_visit("FULL"));
}

#[test]
fn is_not_null_makes_a_key_known_only_where_it_must_hold() {
    let by_visit = |condition: &str| {
        format!(
            "SELECT avg(n) FROM (SELECT visit_occurrence_id, count(*) AS n FROM measurement
             WHERE {condition} GROUP BY 1) x"
        )
    };
    let known = by_visit("visit_occurrence_id IS NOT NULL AND value_as_number > 8");
    assert!(split(&known).is_ok(), "{:?}", split(&known).err());
    check(Code::NullableKey, &by_visit("visit_occurrence_id IS NOT NULL OR value_as_number > 8"));
    check(Code::NullableKey, &by_visit("NOT (visit_occurrence_id IS NOT NULL)"));
}

#[test]
fn rows_of_a_site_are_never_kept() {
    for from in [
        "care_site c LEFT JOIN visit_occurrence v ON v.care_site_id = c.care_site_id",
        "visit_occurrence v RIGHT JOIN care_site c ON v.care_site_id = c.care_site_id",
        "visit_occurrence v FULL JOIN care_site c ON v.care_site_id = c.care_site_id",
    ] {
        check(Code::JoinReference, &format!("SELECT count(*) FROM {from}"));
    }
}

#[test]
fn tables_of_a_site_join_each_other_by_their_key() {
    let with = |join: &str| {
        format!(
            "SELECT count(*) FROM (SELECT c.care_site_id FROM care_site c {join}) s
             JOIN visit_occurrence v ON v.care_site_id = s.care_site_id"
        )
    };
    let by_key = with("JOIN location l ON l.location_id = c.location_id");
    assert!(split(&by_key).is_ok(), "{:?}", split(&by_key).err());
    check(Code::JoinKey, &with("JOIN provider r ON r.specialty_concept_id = c.place_of_service_concept_id"));
    check(Code::JoinKey, &with("CROSS JOIN location l"));
    check(Code::JoinKey, &with("LEFT JOIN location l ON l.location_id = c.location_id"));
}

/// A list of released numbers would choose the terms of a sum as VALUES would.
#[test]
fn a_result_that_travels_chooses_no_terms_of_a_sum() {
    let usual = "WITH usual AS
        (SELECT measurement_concept_id AS c, avg(value_as_number) AS a FROM measurement GROUP BY 1)";
    let from = "FROM measurement m JOIN usual u ON u.c = m.measurement_concept_id";
    check(Code::Argument, &format!("{usual} SELECT sum(u.a) {from}"));
    check(Code::Argument, &format!("{usual} SELECT avg(m.value_as_number - u.a) {from}"));
    let compared = format!("{usual} SELECT avg(m.value_as_number) {from} WHERE m.value_as_number > u.a");
    assert!(split(&compared).is_ok(), "{:?}", split(&compared).err());
}
