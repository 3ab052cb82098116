//! Statements that must be refused, each with its code; a refusal always says what to do.

use renkei_types::Code;

use crate::split;

#[track_caller]
pub(crate) fn check(code: Code, sql: &str) {
    match split(sql) {
        Ok(_) => panic!("taken although it must be {code}: {sql}"),
        Err(refusal) => {
            assert_eq!(refusal.code, code, "{sql}\n{refusal}");
            assert!(refusal.hint.is_some() || code == Code::Syntax || code == Code::Type, "no hint: {sql}\n{refusal}");
            assert!(sql.contains("__") || !refusal.to_string().contains("__"), "names what is hidden: {refusal}");
        }
    }
}

#[test]
fn rows_do_not_leave() {
    check(Code::Rows, "SELECT * FROM person");
    check(Code::Rows, "SELECT person_id FROM person");
    check(Code::Rows, "SELECT year_of_birth FROM person WHERE gender_concept_id = 8507");
    check(Code::Rows, "SELECT person_id, count(*) FROM measurement GROUP BY person_id");
    check(Code::Rows, "WITH x AS (SELECT DISTINCT person_id FROM person) SELECT * FROM x");
    check(
        Code::Rows,
        "SELECT person_id, row_number() OVER (PARTITION BY person_id ORDER BY measurement_date) FROM measurement",
    );
    check(Code::Rows, "SELECT care_site_id FROM care_site");
    check(Code::SetOperation, "SELECT year_of_birth FROM person UNION ALL SELECT count(*) FROM person");
    check(Code::Limit, "SELECT year_of_birth FROM person LIMIT 1");
    check(Code::Limit, "SELECT count(*) FROM (SELECT * FROM person ORDER BY year_of_birth LIMIT 1) p");
    check(Code::Limit, "SELECT avg(r) FROM (SELECT row_number() OVER (ORDER BY year_of_birth) AS r FROM person) p");
}

#[test]
fn keys_are_not_values() {
    check(Code::KeyUse, "SELECT count(*) FROM person WHERE person_id = 7");
    check(Code::KeyUse, "SELECT count(*) FROM person WHERE person_id IN (1, 2, 3)");
    check(Code::KeyUse, "SELECT count(*) FROM person WHERE person_id % 2 = 0");
    check(Code::KeyUse, "SELECT sum(person_id) FROM person");
    check(Code::KeyUse, "SELECT sum(CASE WHEN year_of_birth < 1950 THEN person_id END) FROM person");
    check(Code::KeyUse, "SELECT count(CASE WHEN year_of_birth < 1950 THEN person_id ELSE 0 END) FROM person");
    check(Code::Aggregate, "SELECT max(visit_occurrence_id) FROM visit_occurrence");
    check(Code::NullableKey, "SELECT visit_occurrence_id, count(*) FROM measurement GROUP BY 1");
    check(Code::Rows, "SELECT visit_occurrence_id, count(*) FROM visit_occurrence GROUP BY 1");
    check(Code::KeyUse, "SELECT care_site_id, count(*) FROM visit_occurrence GROUP BY 1");
    check(Code::KeyUse, "SELECT person_id + 1, count(*) FROM person GROUP BY 1");
    check(Code::KeyUse, "SELECT count(*) FROM person p JOIN death d ON p.person_id = d.person_id AND p.person_id > 5");
    check(Code::JoinReference, "SELECT count(*) FROM person p JOIN concept c ON c.concept_id = p.person_id");
    check(Code::JoinReference, "SELECT count(*) FROM person p JOIN (VALUES (7)) v(id) ON v.id = p.person_id");
    check(
        Code::JoinKey,
        "SELECT count(*) FROM measurement m JOIN visit_occurrence v ON m.person_id = v.visit_occurrence_id",
    );
    check(Code::JoinKey, "SELECT count(*) FROM measurement m JOIN person p ON m.person_id = p.year_of_birth");
}

#[test]
fn joins_need_a_common_owner() {
    check(Code::JoinKey, "SELECT count(*) FROM person a CROSS JOIN person b");
    check(Code::JoinKey, "SELECT count(*) FROM person a JOIN person b ON a.year_of_birth = b.year_of_birth");
    check(
        Code::JoinReference,
        "SELECT count(*) FROM concept c LEFT JOIN condition_occurrence o ON o.condition_concept_id = c.concept_id",
    );
    check(Code::JoinReference, "SELECT count(*) FROM person p CROSS JOIN concept c");
    check(
        Code::JoinReference,
        "SELECT count(*) FROM measurement m JOIN concept c ON c.concept_id > m.measurement_concept_id",
    );
    check(
        Code::NullableKey,
        "SELECT d.person_id, count(*) FROM person p LEFT JOIN death d ON p.person_id = d.person_id GROUP BY d.person_id",
    );
    check(
        Code::NotSupported,
        "SELECT count(*) FROM person p FULL JOIN (SELECT count(*) AS n FROM death) t ON t.n > p.year_of_birth",
    );
}

#[test]
fn aggregates_that_show_one_person() {
    for function in ["min", "max", "array_agg", "first_value", "bit_xor"] {
        check(Code::Aggregate, &format!("SELECT {function}(year_of_birth) FROM person"));
    }
    check(
        Code::NotSupported,
        "SELECT code_prefix(measurement_source_value, unit_concept_id), count(*) FROM measurement GROUP BY 1",
    );
    check(Code::Aggregate, "SELECT sum(DISTINCT year_of_birth) FROM person");
    check(Code::NotSupported, "SELECT count(DISTINCT value_as_number) FROM measurement");
    check(Code::NotSupported, "SELECT count(DISTINCT visit_start_date) FROM visit_occurrence");
    check(Code::NotSupported, "SELECT count(DISTINCT care_site_id) FROM visit_occurrence");
    check(
        Code::NotSupported,
        "SELECT gender_concept_id, count(DISTINCT year_of_birth) FROM person GROUP BY ROLLUP (gender_concept_id)",
    );
    check(Code::Argument, "SELECT corr(value_as_number, measurement_concept_id) FROM measurement");
    check(
        Code::Argument,
        "SELECT covar_samp(value_as_number, CASE WHEN value_as_number > 8 THEN 1000 ELSE 1 END) FROM measurement",
    );
    check(Code::Argument, "SELECT regr_slope(value_as_number + 1, range_high) FROM measurement");
    check(
        Code::Rows,
        "SELECT n, count(*) FROM (SELECT person_id, visit_concept_id, count(*) AS n FROM visit_occurrence GROUP BY ROLLUP (person_id, visit_concept_id)) v GROUP BY n",
    );
    check(
        Code::Rows,
        "SELECT n, count(*) FROM (SELECT person_id, count(*) AS n FROM visit_occurrence GROUP BY GROUPING SETS ((person_id), (visit_concept_id))) v GROUP BY n",
    );
    check(Code::Argument, "SELECT sum(CASE WHEN year_of_birth = 1901 THEN 1000000 ELSE 1 END) FROM person");
    check(
        Code::Argument,
        "SELECT sum(v) FROM (SELECT CASE WHEN year_of_birth = 1901 THEN 1000000 ELSE 1 END AS v FROM person) p",
    );
    check(Code::Argument, "SELECT sum(measurement_concept_id) FROM measurement");
    check(Code::Argument, "SELECT value_as_number, count(*) FROM measurement GROUP BY 1");
    check(Code::Argument, "SELECT floor(value_as_number), count(*) FROM measurement GROUP BY 1");
    check(Code::Argument, "SELECT measurement_date, count(*) FROM measurement GROUP BY 1");
    check(Code::Argument, "SELECT CAST(measurement_date AS VARCHAR), count(*) FROM measurement GROUP BY 1");
    check(Code::Argument, "SELECT date_trunc('day', measurement_date), count(*) FROM measurement GROUP BY 1");
    check(Code::Argument, "SELECT DISTINCT measurement_date FROM measurement");
}

#[test]
fn only_questions() {
    for sql in [
        "INSERT INTO person SELECT * FROM person",
        "DELETE FROM person",
        "COPY person TO 'x.csv'",
        "SET x = 1",
        "CREATE TABLE t AS SELECT 1",
        "DROP TABLE person",
        "",
        "   ",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "SELECT count(*) INTO t FROM person",
    ] {
        check(Code::StatementKind, sql);
    }
    check(Code::Syntax, "SELECT count( FROM person");
    check(Code::Syntax, "SELEC count(*) FROM person");
    check(Code::NotSupported, "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t");
    check(Code::NotSupported, "SELECT * FROM generate_series(1, 1000000000)");
    check(Code::NotSupported, "SELECT count(*) FROM person TABLESAMPLE BERNOULLI (1)");
    check(Code::SetOperation, "SELECT gender_concept_id FROM person INTERSECT SELECT gender_concept_id FROM person");
    check(Code::Type, "SELECT sum(date_part('day', measurement_date - measurement_date)) FROM measurement");
    check(
        Code::Subquery,
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM death d WHERE d.person_id = p.person_id) THEN 1 END, count(*) FROM person p GROUP BY 1",
    );
    check(Code::ReferenceOnly, "SELECT concept_name FROM concept");
    check(Code::ReferenceOnly, "SELECT count(*) FROM concept");
}

#[test]
fn names_that_do_not_exist_have_neighbours() {
    let hint = |sql: &str| split(sql).expect_err("refused").hint.expect("a hint");
    check(Code::UnknownTable, "SELECT count(*) FROM mesurement");
    assert!(hint("SELECT count(*) FROM mesurement").contains("measurement"));
    check(Code::UnknownColumn, "SELECT count(*) FROM person WHERE year_of_brth < 1950");
    assert!(hint("SELECT count(*) FROM person WHERE year_of_brth < 1950").contains("year_of_birth"));
    check(Code::UnknownFunction, "SELECT averge(year_of_birth) FROM person");
    check(Code::UnknownColumn, "SELECT count(*) FROM person WHERE person_source_value LIKE '%a%'");
    check(Code::UnknownColumn, "SELECT count(*) FROM person WHERE __owner = 1");
    check(Code::UnknownTable, "SELECT * FROM information_schema.tables");
    check(Code::UnknownTable, "SELECT count(*) FROM note_nlp");
    for function in ["random()", "repeat('a', 1000000000)", "power(2, 1000)", "to_date('x')", "version()"] {
        check(Code::UnknownFunction, &format!("SELECT {function}, count(*) FROM person GROUP BY 1"));
    }
}

#[test]
fn positions_point_into_the_text() {
    let refusal = split("SELECT count(*)\nFROM person\nWHERE person_id = 7").expect_err("refused");
    let place = refusal.position.expect("a position");
    assert_eq!((place.line, place.column), (3, 7));
    let refusal = split("SELECT count(*)\nFROM person WHERE (").expect_err("refused");
    assert!(refusal.position.is_some(), "{refusal}");
}

#[test]
fn parameters_are_counted() {
    check(Code::Parameter, "SELECT count(*) FROM person WHERE year_of_birth < $1");
}

/// A sum whose terms a condition chose shows whom it chose: everybody contributes, so no minimum protects the few.
#[test]
fn sums_do_not_encode_conditions() {
    let victim = "year_of_birth = 1901";
    let flag = format!("CASE WHEN {victim} THEN 1 ELSE 0 END");
    for argument in [
        format!("{flag} * 1000000 + 1"),
        format!("1 - {flag}"),
        format!("{flag} + {flag}"),
        format!("year_of_birth + {flag}"),
        format!("coalesce(CASE WHEN {victim} THEN 1000000 END, 1)"),
        format!("greatest({flag} * 1000000, 1)"),
        format!("least({flag}, 0.5)"),
        format!("exp({flag})"),
        format!("ln({flag} + 1)"),
        format!("year_of_birth * CASE WHEN {victim} THEN 1000000 ELSE 1 END"),
        format!("CASE WHEN {victim} THEN year_of_birth ELSE 1 END"),
        format!("CASE WHEN {victim} THEN 2 * year_of_birth ELSE year_of_birth END"),
        format!("abs({flag} - 1)"),
        format!("- ({flag} + 1)"),
        format!("CAST({flag} + 1 AS DOUBLE)"),
        format!("nullif({flag} + 1, 7)"),
        format!("({flag} + 1) % 2"),
        format!("CAST({victim} AS INT) + 1"),
    ] {
        check(Code::Argument, &format!("SELECT sum({argument}) FROM person"));
        check(Code::Argument, &format!("SELECT avg(x) FROM (SELECT {argument} AS x FROM person) p"));
        check(
            Code::Argument,
            &format!("SELECT stddev(x) FROM (SELECT max({argument}) AS x FROM person GROUP BY person_id) p"),
        );
    }
}

/// The same through values that are 0 or NULL for almost everybody.
#[test]
fn sums_do_not_shift_what_is_mostly_zero() {
    let counted = "SELECT p.person_id, count(d.person_id) AS n FROM person p LEFT JOIN death d ON d.person_id = p.person_id GROUP BY p.person_id";
    check(Code::Argument, &format!("SELECT sum(n + 1) FROM ({counted}) x"));
    check(Code::Argument, &format!("SELECT avg(n * 1000 + 1) FROM ({counted}) x"));
    check(Code::Argument, "SELECT avg(value_as_number + 1) FROM measurement");
    check(
        Code::Argument,
        "SELECT sum(x) FROM (SELECT lag(value_as_number, 1, 5.0) OVER (PARTITION BY person_id ORDER BY measurement_date) AS x FROM measurement) m",
    );
    check(
        Code::Argument,
        "SELECT sum(x) FROM (SELECT person_id, 1 AS x FROM person UNION ALL SELECT person_id, 1000000 FROM death) u",
    );
    check(
        Code::Argument,
        "SELECT sum(v.w) FROM condition_occurrence c JOIN (VALUES (201826, 1000000), (320128, 1)) v(code, w) ON c.condition_concept_id = v.code",
    );
    check(Code::Argument, "SELECT sum(visit_end_date - visit_start_date + 1) FROM visit_occurrence");
    check(Code::Argument, "SELECT sum((visit_end_date + INTERVAL '1 day') - visit_start_date) FROM visit_occurrence");
}

#[test]
fn arithmetic_of_amounts_is_no_flag() {
    for expr in ["value_as_number + 1", "value_as_number * 2", "value_as_number - range_low", "- value_as_number"] {
        check(Code::Argument, &format!("SELECT {expr}, count(*) FROM measurement GROUP BY 1"));
    }
    check(Code::Argument, "SELECT visit_end_date - visit_start_date, count(*) FROM visit_occurrence GROUP BY 1");
}

#[test]
fn demographic_concepts_are_codes() {
    check(Code::Argument, "SELECT avg(gender_concept_id) FROM person");
}

#[test]
fn count_takes_one_argument() {
    check(Code::Aggregate, "SELECT count(year_of_birth, gender_concept_id) FROM person");
    check(
        Code::Aggregate,
        "SELECT n, count(*) FROM (SELECT count(year_of_birth, gender_concept_id) AS n FROM person GROUP BY person_id) p GROUP BY 1",
    );
}

#[test]
fn subqueries() {
    // NOT IN over what may be NULL has a third truth value.
    check(
        Code::NullableKey,
        "SELECT count(*) FROM visit_occurrence WHERE visit_occurrence_id NOT IN (SELECT visit_occurrence_id FROM measurement)",
    );
    check(Code::Subquery, "SELECT count(*) FROM person WHERE EXISTS (SELECT 1 FROM death)");
    check(
        Code::JoinKey,
        "SELECT count(*) FROM person WHERE person_id IN (SELECT visit_occurrence_id FROM visit_occurrence)",
    );
    check(Code::JoinReference, "SELECT count(*) FROM person WHERE person_id IN (SELECT concept_id FROM concept)");
    check(Code::JoinReference, "SELECT count(*) FROM person WHERE person_id IN (SELECT count(*) FROM death)");
    check(
        Code::Argument,
        "SELECT count(*) FROM measurement WHERE value_as_number IN (SELECT value_as_number FROM measurement)",
    );
    check(Code::KeyUse, "SELECT count(*) FROM person WHERE person_id = (SELECT count(*) FROM death)");
    check(
        Code::KeyUse,
        "SELECT count(*) FROM person p WHERE (SELECT max(d.person_id) FROM death d WHERE d.person_id = p.person_id) > 1",
    );
    check(
        Code::Subquery,
        "SELECT count(*) FROM person p WHERE year_of_birth > (SELECT year_of_birth FROM person q WHERE q.person_id = p.person_id LIMIT 1)",
    );
    check(Code::Aggregate, "SELECT count(*) FROM person WHERE year_of_birth > (SELECT max(year_of_birth) FROM person)");
    check(Code::Rows, "SELECT person_id FROM person WHERE person_id IN (SELECT person_id FROM death)");
    // A row for each value would be kept although no person has it.
    check(
        Code::JoinReference,
        "WITH u AS (SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1)
         SELECT count(*) FROM u LEFT JOIN person p ON p.gender_concept_id = u.g",
    );
    check(
        Code::TooLarge,
        "WITH a AS (SELECT avg(year_of_birth) AS y FROM person),
              b AS (SELECT avg(year_of_birth) AS y FROM person WHERE year_of_birth > (SELECT y FROM a)),
              c AS (SELECT avg(year_of_birth) AS y FROM person WHERE year_of_birth > (SELECT y FROM b)),
              d AS (SELECT avg(year_of_birth) AS y FROM person WHERE year_of_birth > (SELECT y FROM c))
         SELECT count(*) FROM person WHERE year_of_birth > (SELECT y FROM d)",
    );
}

#[test]
fn what_could_be_read_in_two_ways() {
    check(
        Code::Syntax,
        "SELECT count(*) FROM person WHERE gender_concept_id IS DISTINCT FROM 8507 AND year_of_birth > 1900",
    );
    check(
        Code::Syntax,
        "SELECT count(*) FROM person WHERE gender_concept_id IS NOT DISTINCT FROM 8507 OR year_of_birth > 1900",
    );
    check(Code::NotSupported, "SELECT count(DISTINCT person_id) FROM death RIGHT JOIN person USING (person_id)");
    check(Code::NotSupported, "SELECT count(*) FROM death NATURAL FULL JOIN person");
}

/// A type whose arithmetic fails on one row would show that row.
#[test]
fn types_that_fail_on_a_value() {
    for expr in ["CAST(value_as_number AS DECIMAL(10, 2)) > 1", "CAST(value_as_number AS TIME) IS NOT NULL"] {
        check(Code::NotSupported, &format!("SELECT count(*) FROM measurement WHERE {expr}"));
    }
    check(
        Code::NotSupported,
        "SELECT sum(CAST(value_as_number AS DECIMAL(38, 10)) * CAST(1e20 AS DECIMAL(38, 10))) FROM measurement",
    );
}

#[test]
fn reference_rows_are_never_kept() {
    check(
        Code::JoinReference,
        "SELECT count(*) FROM concept c WHERE concept_id IN (SELECT condition_concept_id FROM condition_occurrence)",
    );
    check(
        Code::JoinReference,
        "SELECT c.domain_id, count(*) FROM concept c WHERE NOT EXISTS
           (SELECT 1 FROM condition_occurrence o WHERE o.condition_concept_id = c.concept_id) GROUP BY 1",
    );
}

#[test]
fn a_sites_own_table_joins_by_its_key() {
    check(
        Code::JoinKey,
        "SELECT count(*) FROM visit_occurrence v JOIN care_site c ON c.place_of_service_concept_id = v.visit_concept_id",
    );
    check(Code::JoinKey, "SELECT count(*) FROM visit_occurrence v CROSS JOIN care_site c");
}

#[test]
fn set_operations_keep_one_kind_of_key_in_a_column() {
    check(
        Code::SetOperation,
        "SELECT count(*) FROM (SELECT person_id AS k FROM person UNION ALL SELECT visit_occurrence_id FROM visit_occurrence) u",
    );
    check(
        Code::SetOperation,
        "SELECT count(*) FROM (SELECT person_id AS k FROM person UNION ALL SELECT gender_concept_id FROM person) u",
    );
}

#[test]
fn cells_are_not_keyed_by_days_or_amounts() {
    check(Code::Argument, "SELECT visit_start_date, count(*) FROM visit_occurrence GROUP BY 1");
    check(Code::Argument, "SELECT date_trunc('day', visit_start_date), count(*) FROM visit_occurrence GROUP BY 1");
    check(Code::Argument, "SELECT value_as_number, count(*) FROM measurement GROUP BY 1");
    check(Code::Argument, "SELECT DISTINCT value_as_number FROM measurement");
}

#[test]
fn codes_are_matched_by_a_literal_prefix() {
    for pattern in ["'%E11'", "'ICD10:_11%'", "'ICD10:E11'", "condition_status_source_value"] {
        check(
            Code::NotSupported,
            &format!("SELECT count(*) FROM condition_occurrence WHERE condition_source_value LIKE {pattern}"),
        );
    }
}
