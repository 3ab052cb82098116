//! What EXPLAIN says of a hospital's half: cells with their types, codes, and how many cells there may be.

use renkei_plan::PointExplanation;

use crate::split;

fn point(sql: &str) -> PointExplanation {
    split(sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}")).explain().release_points.remove(0)
}

#[test]
fn cells_are_shown_with_their_types() {
    let point = point("SELECT gender_concept_id, count(*), avg(year_of_birth) FROM person GROUP BY 1");
    assert_eq!(
        point.cells,
        ["person.gender_concept_id: Int32", "count: n Int64", "sum: n Int64, sum Float64"],
        "{point:#?}"
    );
    assert!(point.one_row_per_person);
}

#[test]
fn codes_are_listed_by_the_column_that_they_are_compared_with() {
    let shown = |sql: &str| {
        let codes = point(sql).codes;
        codes
            .into_iter()
            .map(|(column, codes)| format!("{column}: {}", codes.into_iter().collect::<Vec<_>>().join(" ")))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shown("SELECT count(*) FROM condition_occurrence WHERE condition_concept_id IN (201826, 4193704)"),
        ["condition_occurrence.condition_concept_id: 201826 4193704"]
    );
    assert_eq!(
        shown(
            "SELECT count(*) FILTER (WHERE m.code = 'JLAC10:1') FROM \
             (SELECT person_id, measurement_source_value AS code FROM measurement WHERE measurement_concept_id = 3) m \
             JOIN person p ON p.person_id = m.person_id AND p.gender_concept_id <> 8507"
        ),
        [
            "measurement.measurement_concept_id: 3",
            "measurement.measurement_source_value: JLAC10:1",
            "person.gender_concept_id: 8507",
        ]
    );
    assert_eq!(
        shown("SELECT count(*) FROM condition_occurrence WHERE condition_source_value LIKE 'ICD10:E11%'"),
        ["condition_occurrence.condition_source_value: ICD10:E11%"]
    );
    assert!(shown("SELECT count(*) FROM measurement WHERE value_as_number > 8").is_empty());
}

#[test]
fn cells_are_bounded_where_the_keys_are() {
    for (sql, expected) in [
        ("SELECT count(*) FROM person", Some(1)),
        ("SELECT gender_concept_id, count(*) FROM person GROUP BY 1", None),
        ("SELECT site_id, count(*) FROM person GROUP BY 1", Some(1)),
        ("SELECT date_part('month', visit_start_date), count(*) FROM visit_occurrence GROUP BY 1", Some(13)),
        ("SELECT date_part('year', visit_start_date), count(*) FROM visit_occurrence GROUP BY 1", None),
        ("SELECT year_of_birth < 1950, count(*) FROM person GROUP BY 1", Some(3)),
        (
            "SELECT band, count(*) FROM (SELECT CASE WHEN value_as_number < 6 THEN 'low' WHEN value_as_number < 8 THEN \
             'mid' ELSE 'high' END AS band FROM measurement) m GROUP BY band",
            Some(4),
        ),
        (
            "SELECT year_of_birth < 1950, year_of_birth < 1980, count(*) FROM person \
             GROUP BY ROLLUP (year_of_birth < 1950, year_of_birth < 1980)",
            Some(16),
        ),
        (
            "SELECT year_of_birth < 1950, year_of_birth < 1980, count(*) FROM person \
             GROUP BY GROUPING SETS ((year_of_birth < 1950), (year_of_birth < 1980), ())",
            Some(7),
        ),
    ] {
        assert_eq!(point(sql).most_cells, expected, "{sql}");
    }
    assert!(!point("SELECT count(*) FROM visit_occurrence").one_row_per_person);
}

#[test]
fn concepts_that_are_read_are_known() {
    let coded = |sql: &str| split(sql).expect("splits").coded().into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(coded("SELECT gender_concept_id, count(*) FROM person GROUP BY 1"), "person.gender_concept_id");
    assert_eq!(
        coded("SELECT count(*) FROM measurement WHERE measurement_source_value = 'JLAC10:1'"),
        "measurement.measurement_concept_id"
    );
    assert_eq!(coded("SELECT count(*) FROM person WHERE year_of_birth < 1950"), "");
}

#[test]
fn the_columns_that_hospitals_read_are_listed() {
    let columns = |sql: &str| {
        let split = split(sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"));
        split.columns().into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(columns("SELECT count(*) FROM person"), "");
    assert_eq!(
        columns("SELECT p.gender_concept_id AS g, avg(p.year_of_birth) FROM person AS p GROUP BY 1"),
        "person.gender_concept_id person.year_of_birth"
    );
    // Behind another name, in a condition, in a subquery, in a filter.
    assert_eq!(
        columns(
            "SELECT count(*) FILTER (WHERE m.code = 'JLAC10:1') FROM \
             (SELECT person_id, measurement_source_value AS code FROM measurement WHERE measurement_concept_id = 3) m \
             JOIN person p ON p.person_id = m.person_id"
        ),
        "measurement.measurement_concept_id measurement.measurement_source_value measurement.person_id person.person_id"
    );
    assert_eq!(
        columns(
            "SELECT count(*) FROM person WHERE EXISTS (SELECT 1 FROM death WHERE death.person_id = person.person_id \
             AND death_date >= DATE '2020-01-01')"
        ),
        "death.death_date death.person_id person.person_id"
    );
}
