//! The common column of JOIN … USING in WHERE, and what grouping sets are keyed by.

use renkei_types::Code;

use crate::{refused, split};

#[track_caller]
fn taken(sql: &str) {
    assert!(split(sql).is_ok(), "{sql}\n{}", split(sql).expect_err("refused"));
}

#[test]
fn the_common_column_needs_no_table() {
    for rest in [
        "person JOIN measurement USING (person_id) WHERE person_id IS NOT NULL",
        "person p LEFT JOIN measurement m USING (person_id) WHERE person_id IN (SELECT person_id FROM death)",
        "visit_occurrence v JOIN measurement m USING (person_id, visit_occurrence_id) WHERE visit_occurrence_id IS NOT NULL",
        "person JOIN death USING (\"person_id\") JOIN measurement USING (person_id) WHERE PERSON_ID IS NOT NULL",
        "person p JOIN (SELECT person_id FROM death) d USING (person_id) WHERE NOT (person_id IS NULL) OR gender_concept_id = 8507",
    ] {
        taken(&format!("SELECT count(*) FROM {rest}"));
    }
    taken(
        "SELECT n FROM (SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1) a
         JOIN (SELECT gender_concept_id, count(*) AS m FROM person GROUP BY 1) b USING (gender_concept_id)
         WHERE gender_concept_id = 8507",
    );
    taken(
        "SELECT count(*) FROM person WHERE EXISTS (SELECT 1 FROM measurement m JOIN death d USING (person_id)
         WHERE person_id = person.person_id)",
    );
}

#[test]
fn what_is_not_common_stays_as_it_was() {
    refused::check(
        Code::UnknownColumn,
        "SELECT count(*) FROM measurement m JOIN death d ON d.person_id = m.person_id WHERE person_id IS NOT NULL",
    );
    refused::check(Code::KeyUse, "SELECT count(*) FROM person JOIN measurement USING (person_id) WHERE person_id = 7");
}

#[test]
fn subtotals_by_what_is_negated() {
    for key in
        ["NOT (gender_concept_id IN (8507, 8532))", "gender_concept_id NOT IN (8507)", "NOT (year_of_birth > 1960)"]
    {
        taken(&format!("SELECT {key} AS k, count(*) FROM person GROUP BY ROLLUP ({key})"));
        taken(&format!("SELECT {key} AS k, count(*) FROM person GROUP BY {key}"));
    }
}
