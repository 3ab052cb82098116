//! One value of each person: the first, the last, one of several.

use renkei_types::Code;

use crate::{refused, split};

#[test]
fn the_first_and_the_last_of_a_persons_rows() {
    for first in [
        "SELECT person_id, first_value(value_as_number ORDER BY measurement_date, measurement_id) AS v FROM measurement GROUP BY person_id",
        "SELECT person_id, last_value(value_as_number ORDER BY measurement_date, measurement_id) FILTER (WHERE measurement_concept_id = 3004410) AS v FROM measurement GROUP BY person_id",
        "SELECT person_id, first_value(value_as_number) OVER (PARTITION BY person_id ORDER BY measurement_date, measurement_id) AS v FROM measurement",
        "SELECT person_id, min(value_as_number) AS v FROM measurement GROUP BY person_id",
        "SELECT person_id, value_as_number AS v FROM (SELECT person_id, value_as_number, row_number() OVER (PARTITION BY person_id ORDER BY measurement_date, measurement_id) AS n FROM measurement) m WHERE n = 1",
        "SELECT person_id, lag(value_as_number) OVER (PARTITION BY person_id ORDER BY measurement_date, measurement_id) AS v FROM measurement",
    ] {
        let sql = format!(
            "WITH f AS ({first}) SELECT p.gender_concept_id, avg(v), count(*) FROM f JOIN person p ON p.person_id = f.person_id GROUP BY 1"
        );
        assert!(split(&sql).is_ok(), "{sql}\n{}", split(&sql).expect_err("refused"));
    }
}

#[test]
fn any_row_is_no_first_one() {
    refused::check(
        Code::Aggregate,
        "SELECT avg(v) FROM (SELECT person_id, first_value(value_as_number) AS v FROM measurement GROUP BY person_id) m",
    );
    refused::check(Code::Aggregate, "SELECT first_value(value_as_number ORDER BY measurement_date) FROM measurement");
    refused::check(
        Code::Aggregate,
        "SELECT avg(v) FROM (SELECT person_id, nth_value(value_as_number, 2 ORDER BY measurement_date) AS v FROM measurement GROUP BY person_id) m",
    );
    refused::check(
        Code::KeyUse,
        "SELECT count(v) FROM (SELECT person_id, first_value(visit_occurrence_id ORDER BY measurement_date) AS v FROM measurement GROUP BY person_id) m",
    );
}
