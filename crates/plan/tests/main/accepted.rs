//! Statements that split, with the shape of their release points: keys and states of each.

use datafusion::common::ScalarValue;
use renkei_plan::{Catalogue, Planner, Question, StateKind};
use renkei_types::Timestamp;

use crate::split;

/// Keys, states and outputs of every release point.
#[track_caller]
pub(crate) fn check(sql: &str, expected: &[(usize, usize, usize)]) {
    let split = split(sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"));
    let found: Vec<_> = split.release_points.iter().map(|p| (p.keys.len(), p.states.len(), p.outputs.len())).collect();
    assert_eq!(found, expected, "{sql}");
    for point in &split.release_points {
        assert_eq!(point.cell_schema().fields().len(), point.keys.len() + point.states.len());
    }
    assert!(!split.output_schema().fields().is_empty());
}

#[test]
fn totals_and_groups() {
    check("SELECT count(*) FROM person", &[(0, 1, 1)]);
    check("SELECT gender_concept_id, count(*), avg(year_of_birth) FROM person GROUP BY 1", &[(1, 2, 2)]);
    check("SELECT count(DISTINCT person_id) FROM measurement", &[(0, 1, 1)]);
    check("SELECT DISTINCT condition_concept_id FROM condition_occurrence", &[(1, 0, 0)]);
    check("SELECT site_id, count(*) AS n FROM person GROUP BY site_id", &[(1, 1, 1)]);
    check("SELECT date_trunc('month', visit_start_date) AS m, count(*) FROM visit_occurrence GROUP BY m", &[(1, 1, 1)]);
    check("SELECT EXTRACT(YEAR FROM visit_start_date), count(*) FROM visit_occurrence GROUP BY 1", &[(1, 1, 1)]);
    check("SELECT code_prefix(measurement_source_value, 5), count(*) FROM measurement GROUP BY 1", &[(1, 1, 1)]);
    check("SELECT count(*) FILTER (WHERE value_as_number > 8) FROM measurement", &[(0, 1, 1)]);
    check("SELECT sum(CASE WHEN value_as_number > 8 THEN 1 ELSE 0 END) FROM measurement", &[(0, 1, 1)]);
    check(
        "SELECT CASE WHEN value_as_number < 6 THEN 'low' ELSE 'high' END AS band, count(*) FROM measurement GROUP BY band",
        &[(1, 1, 1)],
    );
}

#[test]
fn states_are_shared() {
    check(
        "SELECT count(*), avg(value_as_number), stddev(value_as_number), var_pop(value_as_number), sum(value_as_number) FROM measurement",
        &[(0, 2, 5)],
    );
    let split = split("SELECT avg(value_as_number), stddev(value_as_number) FROM measurement").expect("splits");
    assert_eq!(split.release_points[0].states[0].kind, StateKind::Moments);
}

#[test]
fn states_of_other_contributors_are_not_shared() {
    check(
        "SELECT count(DISTINCT p.person_id), count(DISTINCT d.person_id) FROM person p LEFT JOIN death d ON d.person_id = p.person_id",
        &[(0, 2, 2)],
    );
}

#[test]
fn arguments_of_sums() {
    for argument in [
        "value_as_number",
        "value_as_number * 18.0",
        "value_as_number / 2.5",
        "- value_as_number",
        "round(value_as_number, 1)",
        "ln(value_as_number)",
        "range_high - range_low",
        "value_as_number / range_high",
        "coalesce(value_as_number, 0)",
        "CASE WHEN value_as_number > 8 THEN value_as_number END",
        "CASE WHEN value_as_number > 8 THEN 1.0 ELSE 0 END * 100",
        "CASE WHEN value_as_number > 8 THEN range_low ELSE 0 END * range_high",
    ] {
        check(&format!("SELECT avg({argument}), count(*) FROM measurement"), &[(0, 2, 2)]);
    }
    check("SELECT avg(2024 - year_of_birth) FROM person", &[(0, 1, 1)]);
    check("SELECT avg(visit_end_date - visit_start_date) FROM visit_occurrence", &[(0, 1, 1)]);
    check("SELECT avg(DATE '2024-01-01' - visit_start_date) FROM visit_occurrence", &[(0, 1, 1)]);
    check(
        "SELECT avg(date_part('year', v.visit_start_date) - p.year_of_birth) FROM visit_occurrence v JOIN person p ON p.person_id = v.person_id",
        &[(0, 1, 1)],
    );
    check(
        "SELECT avg(coalesce(d.death_date, o.observation_period_end_date) - o.observation_period_start_date)
         FROM observation_period o LEFT JOIN death d ON d.person_id = o.person_id",
        &[(0, 1, 1)],
    );
    check(
        "SELECT score, count(*) FROM (SELECT person_id, sum(CASE WHEN condition_concept_id = 1 THEN 1 WHEN condition_concept_id = 2 THEN 2 ELSE 0 END) + 1 AS score
         FROM condition_occurrence GROUP BY person_id) s GROUP BY score",
        &[(1, 1, 1)],
    );
}

#[test]
fn conditions_protect_the_rest() {
    let conditional = |sql: &str| split(sql).expect("splits").release_points[0].states[0].conditional;
    assert!(!conditional("SELECT avg(value_as_number) FROM measurement"));
    assert!(conditional(
        "SELECT avg(CASE WHEN value_as_number > 8 THEN year_of_birth END) FROM measurement m JOIN person p ON p.person_id = m.person_id"
    ));
    assert!(conditional("SELECT count(d.person_id) FROM person p LEFT JOIN death d ON d.person_id = p.person_id"));
    assert!(conditional(
        "SELECT sum(n) FROM (SELECT count(*) FILTER (WHERE value_as_number > 8) AS n FROM measurement GROUP BY person_id) x"
    ));
}

#[test]
fn joins() {
    check(
        "SELECT p.gender_concept_id, count(*) FROM measurement m JOIN person p ON m.person_id = p.person_id GROUP BY 1",
        &[(1, 1, 1)],
    );
    check(
        "SELECT count(*) FROM measurement m, person p WHERE m.person_id = p.person_id AND p.year_of_birth < 1950",
        &[(0, 1, 1)],
    );
    check("SELECT count(*) FROM measurement JOIN person USING (person_id)", &[(0, 1, 1)]);
    check(
        "SELECT count(*) FROM measurement m JOIN visit_occurrence v ON m.visit_occurrence_id = v.visit_occurrence_id",
        &[(0, 1, 1)],
    );
    check(
        "SELECT count(*) FROM person p LEFT JOIN death d ON p.person_id = d.person_id WHERE d.person_id IS NULL",
        &[(0, 1, 1)],
    );
    check(
        "SELECT c.concept_name, count(*) FROM condition_occurrence o JOIN concept c ON c.concept_id = o.condition_concept_id GROUP BY c.concept_name",
        &[(1, 1, 1)],
    );
    check(
        "SELECT count(DISTINCT o.person_id) FROM condition_occurrence o JOIN concept_ancestor a ON a.descendant_concept_id = o.condition_concept_id WHERE a.ancestor_concept_id = 201820",
        &[(0, 1, 1)],
    );
    check(
        "SELECT s.place_of_service_concept_id, count(*) FROM visit_occurrence v JOIN care_site s ON v.care_site_id = s.care_site_id GROUP BY 1",
        &[(1, 1, 1)],
    );
    check(
        "SELECT count(*) FROM measurement m JOIN (VALUES (3004410), (3020891)) AS codes(id) ON m.measurement_concept_id = codes.id",
        &[(0, 1, 1)],
    );
    check(
        "SELECT count(*) FROM person a JOIN person b ON a.person_id = b.person_id JOIN death d ON d.person_id = b.person_id",
        &[(0, 1, 1)],
    );
    check("SELECT count(*) FROM person p FULL JOIN death d ON p.person_id = d.person_id", &[(0, 1, 1)]);
}

#[test]
fn per_person_results_stay_local() {
    check(
        "WITH first AS (SELECT person_id, min(condition_start_date) AS d, count(*) AS n FROM condition_occurrence GROUP BY person_id)
         SELECT n, count(*) FROM first GROUP BY n",
        &[(1, 1, 1)],
    );
    check(
        "WITH visits AS (SELECT person_id, count(*) AS n FROM visit_occurrence GROUP BY person_id)
         SELECT p.gender_concept_id, avg(v.n) FROM person p JOIN visits v ON v.person_id = p.person_id GROUP BY 1",
        &[(1, 1, 1)],
    );
    check(
        "SELECT avg(x.v) FROM (SELECT person_id, max(value_as_number) AS v FROM measurement WHERE measurement_concept_id = 3004410 GROUP BY person_id) x",
        &[(0, 1, 1)],
    );
    check(
        "SELECT count(*) FROM (SELECT person_id, row_number() OVER (PARTITION BY person_id ORDER BY measurement_date) AS i FROM measurement) m WHERE m.i = 1",
        &[(0, 1, 1)],
    );
    check(
        "SELECT count(*) FROM (SELECT DISTINCT person_id FROM condition_occurrence WHERE condition_concept_id = 201826) c JOIN drug_exposure d ON d.person_id = c.person_id",
        &[(0, 1, 1)],
    );
    check(
        "SELECT count(*) FROM (SELECT person_id FROM condition_occurrence UNION ALL SELECT person_id FROM drug_exposure) u",
        &[(0, 1, 1)],
    );
}

#[test]
fn several_release_points() {
    check(
        "WITH a AS (SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1),
              b AS (SELECT p.gender_concept_id AS g, count(*) AS d FROM death x JOIN person p ON p.person_id = x.person_id GROUP BY 1)
         SELECT a.g, 1.0 * b.d / a.n AS rate FROM a LEFT JOIN b ON a.g = b.g ORDER BY rate DESC LIMIT 5",
        &[(1, 1, 1), (1, 1, 1)],
    );
    check("SELECT count(*) FROM person UNION ALL SELECT count(*) FROM death", &[(0, 1, 1), (0, 1, 1)]);
    check(
        "WITH a AS (SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1) SELECT x.g, x.n, y.n FROM a x JOIN a y ON x.g = y.g",
        &[(1, 1, 1)],
    );
    check(
        "SELECT max(n), sum(n) FROM (SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1) t",
        &[(1, 1, 1)],
    );
    check(
        "SELECT gender_concept_id, count(*) AS n, sum(count(*)) OVER () AS total FROM person GROUP BY 1 HAVING count(*) > 5 ORDER BY n DESC",
        &[(1, 1, 1)],
    );
    check("SELECT DISTINCT n FROM (SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1) t", &[(1, 1, 1)]);
}

#[test]
fn statements_without_persons_run_at_the_gateway() {
    check("SELECT 1 AS one", &[]);
    check("SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t(x, y) WHERE x > 1", &[]);
}

#[test]
fn answers_carry_sites_and_held() {
    let split =
        split("SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1 ORDER BY n DESC").expect("splits");
    let schema = split.output_schema();
    let names: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, ["gender_concept_id", "n", "renkei_sites", "renkei_held"]);
    assert!(schema.field(1).is_nullable(), "what may be held is nullable");
}

#[test]
fn parameters_and_time_are_bound() {
    let planner = Planner::new(Catalogue::cdm());
    let sql = "SELECT count(*) FROM person WHERE year_of_birth < ? AND gender_concept_id = ?";
    assert_eq!(planner.parameters(sql).expect("types").len(), 2);
    let values = [ScalarValue::Int64(Some(1950)), ScalarValue::Int64(Some(8507))];
    let ask = |parameters: &[ScalarValue], at| planner.split(&Question { sql, parameters, bound_at: Timestamp(at) });
    let a = ask(&values, 0).expect("splits").digest;
    assert_eq!(a, ask(&values, 0).expect("splits").digest);
    assert_ne!(a, ask(&values, 1).expect("splits").digest, "time is part of the digest");
    let other = [ScalarValue::Int64(Some(1951)), ScalarValue::Int64(Some(8507))];
    assert_ne!(a, ask(&other, 0).expect("splits").digest, "so are parameters");
    assert_eq!(planner.prepare(sql).expect("schema").fields().len(), 3);
    assert!(planner.prepare("SELECT count(*) FROM visit_occurrence WHERE visit_start_date < current_date").is_ok());
}

/// The round of every release point, and how many feeds there are.
#[track_caller]
fn rounds(sql: &str, expected: &[usize], feeds: usize) {
    let split = split(sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"));
    let found: Vec<_> = split.release_points.iter().map(|point| point.round).collect();
    assert_eq!((found.as_slice(), split.feeds.len()), (expected, feeds), "{sql}");
}

#[test]
fn subqueries_of_the_same_person() {
    for condition in [
        "person_id IN (SELECT person_id FROM death)",
        "person_id NOT IN (SELECT person_id FROM death)",
        "EXISTS (SELECT 1 FROM death d WHERE d.person_id = p.person_id)",
        "NOT EXISTS (SELECT 1 FROM death d WHERE d.person_id = p.person_id AND d.death_date > DATE '2020-01-01')",
        "year_of_birth < 1950 OR EXISTS (SELECT 1 FROM death d WHERE d.person_id = p.person_id)",
        "year_of_birth < (SELECT max(date_part('year', d.death_date)) - 80 FROM death d WHERE d.person_id = p.person_id)",
        "(SELECT count(*) FROM visit_occurrence v WHERE v.person_id = p.person_id) > 3",
        "person_id IN (SELECT person_id FROM visit_occurrence GROUP BY person_id HAVING count(*) > 3)",
        "gender_concept_id IN (SELECT descendant_concept_id FROM concept_ancestor WHERE ancestor_concept_id = 1)",
        "gender_concept_id IN (SELECT x FROM (VALUES (8507), (8532)) AS v(x))",
    ] {
        rounds(&format!("SELECT count(*) FROM person p WHERE {condition}"), &[0], 0);
    }
    rounds(
        "SELECT avg(n) FROM (SELECT person_id, (SELECT count(*) FROM visit_occurrence v WHERE v.person_id = p.person_id) AS n FROM person p) x",
        &[0],
        0,
    );
}

#[test]
fn results_that_rows_are_compared_with_come_first() {
    rounds(
        "SELECT count(*) FROM measurement WHERE value_as_number > (SELECT avg(value_as_number) FROM measurement)",
        &[0, 1],
        1,
    );
    rounds(
        "SELECT count(*) FROM drug_exposure WHERE drug_concept_id IN
           (SELECT drug_concept_id FROM drug_exposure GROUP BY 1 HAVING count(*) > 100)",
        &[0, 1],
        1,
    );
    rounds(
        "SELECT count(*) FROM drug_exposure WHERE drug_concept_id NOT IN
           (SELECT drug_concept_id FROM drug_exposure WHERE drug_concept_id > 0)",
        &[0, 1],
        1,
    );
    rounds(
        "WITH usual AS (SELECT measurement_concept_id AS c, avg(value_as_number) AS a FROM measurement GROUP BY 1)
         SELECT count(*) FROM measurement m JOIN usual u ON u.c = m.measurement_concept_id WHERE m.value_as_number > u.a",
        &[0, 1],
        1,
    );
    rounds(
        "WITH a AS (SELECT avg(year_of_birth) AS y FROM person),
              b AS (SELECT avg(year_of_birth) AS y FROM person WHERE year_of_birth > (SELECT y FROM a))
         SELECT count(*) FROM person WHERE year_of_birth > (SELECT y FROM b)",
        &[0, 1, 2],
        2,
    );
    // Above the release point everything is known already.
    rounds(
        "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1 HAVING count(*) > (SELECT count(*) / 3 FROM person)",
        &[0, 0],
        0,
    );
    rounds(
        "SELECT drug_concept_id, count(*) FROM drug_exposure GROUP BY 1 HAVING drug_concept_id IN
           (SELECT drug_concept_id FROM drug_exposure WHERE days_supply > 30)",
        &[0, 0],
        0,
    );
}

#[test]
fn a_key_that_was_found_is_a_key() {
    let left = "SELECT n, count(*) FROM (SELECT d.person_id, count(*) AS n FROM person p LEFT JOIN death d ON d.person_id = p.person_id";
    check(&format!("{left} WHERE d.person_id IS NOT NULL GROUP BY d.person_id) x GROUP BY n"), &[(1, 1, 1)]);
}

#[test]
fn grouping_sets_have_a_key_that_tells_them_apart() {
    check(
        "SELECT gender_concept_id, race_concept_id, count(*) FROM person GROUP BY ROLLUP (gender_concept_id, race_concept_id)",
        &[(3, 1, 1)],
    );
    check(
        "SELECT gender_concept_id, site_id, grouping(site_id), count(*) FROM person GROUP BY CUBE (gender_concept_id, site_id)",
        &[(3, 1, 1)],
    );
    check(
        "SELECT visit_concept_id, count(*) FROM visit_occurrence GROUP BY GROUPING SETS ((visit_concept_id), ())",
        &[(2, 1, 1)],
    );
    check(
        "SELECT n, count(*) FROM (SELECT person_id, visit_concept_id, count(*) AS n FROM visit_occurrence
           GROUP BY GROUPING SETS ((person_id), (person_id, visit_concept_id))) v GROUP BY n",
        &[(1, 1, 1)],
    );
}

#[test]
fn distinct_events_and_distinct_codes() {
    check("SELECT count(DISTINCT visit_occurrence_id) FROM measurement", &[(0, 1, 1)]);
    check(
        "SELECT measurement_concept_id, count(DISTINCT visit_occurrence_id) FILTER (WHERE value_as_number > 8) FROM measurement GROUP BY 1",
        &[(1, 1, 1)],
    );
    check("SELECT count(DISTINCT year_of_birth) FROM person", &[(0, 1, 1), (1, 0, 0)]);
    check(
        "SELECT gender_concept_id, count(DISTINCT year_of_birth), avg(year_of_birth), count(DISTINCT race_concept_id) FROM person GROUP BY 1",
        &[(1, 1, 1), (2, 0, 0), (2, 0, 0)],
    );
}

#[test]
fn functions_of_pairs_share_their_state() {
    check(
        "SELECT corr(value_as_number, range_high), covar_samp(value_as_number, range_high), regr_slope(value_as_number, range_high),
                regr_count(value_as_number, range_high), corr(range_high, value_as_number) FROM measurement",
        &[(0, 2, 5)],
    );
}

#[test]
fn what_generated_statements_found() {
    check("SELECT count(*) FROM visit_occurrence WHERE visit_end_date - visit_start_date >= 1", &[(0, 1, 1)]);
    check(
        "SELECT sum(days_supply * days_supply), sum(- days_supply), sum(abs(days_supply)) FROM drug_exposure",
        &[(0, 3, 3)],
    );
    check(
        "SELECT n / 2, sum(n) FROM (SELECT person_id, rank() OVER (PARTITION BY person_id ORDER BY measurement_date) AS n FROM measurement) m GROUP BY 1",
        &[(1, 1, 1)],
    );
    check(
        "SELECT d.site_id, count(*) FROM person p LEFT JOIN death d ON d.person_id = p.person_id GROUP BY 1",
        &[(1, 1, 1)],
    );
    check(
        "SELECT count(*) FROM death d FULL JOIN person p ON d.person_id = p.person_id JOIN measurement m ON m.person_id = p.person_id
           FULL JOIN visit_occurrence v ON v.person_id = m.person_id JOIN observation o ON o.person_id = m.person_id",
        &[(0, 1, 1)],
    );
    check(
        "SELECT count(*) FROM condition_occurrence o JOIN concept c ON c.concept_id = o.condition_concept_id
         WHERE c.domain_id = 'Drug' OR o.condition_type_concept_id = 32817",
        &[(0, 1, 1)],
    );
    check("SELECT gender_concept_id AS a, gender_concept_id AS b, count(*) FROM person GROUP BY 1, 2", &[(1, 1, 1)]);
    check(
        "SELECT count(*) FROM person WHERE (gender_concept_id IS DISTINCT FROM 8507) AND year_of_birth > 1900",
        &[(0, 1, 1)],
    );
    check(
        "SELECT count(*) FROM visit_occurrence WHERE visit_start_date + INTERVAL '30 days' < visit_end_date",
        &[(0, 1, 1)],
    );
    check(
        "SELECT count(*) FROM visit_detail v WHERE v.visit_occurrence_id IN (SELECT DISTINCT m.visit_occurrence_id FROM measurement m)",
        &[(0, 1, 1)],
    );
    check(
        "SELECT visit_end_date - visit_start_date < 30 AS short, count(*) FROM visit_occurrence GROUP BY ROLLUP (visit_end_date - visit_start_date < 30)",
        &[(2, 1, 1)],
    );
    check(
        "SELECT visit_end_date < current_date AS past, count(*) FROM visit_occurrence GROUP BY CUBE (visit_end_date < current_date)",
        &[(2, 1, 1)],
    );
    check(
        "SELECT gender_concept_id AS a, gender_concept_id AS b, count(DISTINCT race_concept_id) FROM person GROUP BY gender_concept_id, gender_concept_id",
        &[(1, 1, 1), (2, 0, 0)],
    );
}

/// An event's number counts together with its person, so that rows by event stay rows of persons.
#[test]
fn aggregates_per_event() {
    check(
        "SELECT avg(n) FROM (SELECT visit_occurrence_id, count(*) AS n FROM measurement WHERE visit_occurrence_id IS NOT NULL GROUP BY 1) v",
        &[(0, 1, 1)],
    );
    check(
        "SELECT count(*) FROM condition_occurrence c WHERE 0 < (SELECT count(*) FROM visit_occurrence v WHERE v.visit_occurrence_id = c.visit_occurrence_id)",
        &[(0, 1, 1)],
    );
    check(
        "SELECT count(*) FROM (SELECT DISTINCT visit_occurrence_id, visit_concept_id FROM visit_occurrence) v",
        &[(0, 1, 1)],
    );
}

#[test]
fn explanations_name_what_is_read() {
    let reads = |sql: &str| {
        let explained = split(sql).expect("splits").explain();
        explained.release_points.iter().flat_map(|point| point.reads.clone()).collect::<Vec<_>>()
    };
    assert_eq!(reads("SELECT count(*) FROM person"), ["person"]);
    assert_eq!(
        reads("SELECT p.gender_concept_id, avg(m.value_as_number) FROM measurement m JOIN person p ON p.person_id = m.person_id
               WHERE m.measurement_concept_id = 1 GROUP BY 1"),
        ["measurement.measurement_concept_id", "measurement.person_id", "measurement.value_as_number", "person.gender_concept_id", "person.person_id"]
    );
    assert_eq!(
        reads(
            "SELECT count(*) FROM (SELECT person_id, max(value_as_number) AS x, min(range_low) AS y FROM measurement GROUP BY person_id) m WHERE x > 8"
        ),
        ["measurement.person_id", "measurement.value_as_number"]
    );
}
