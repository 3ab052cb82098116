//! Statements at the level *feasibility*: what of them is beside its rules.

use crate::split;

fn off_grid(sql: &str) -> Vec<(String, Vec<String>)> {
    let found = split(sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}")).exploration();
    found.off_grid.into_iter().map(|literal| (literal.literal, literal.nearest)).collect()
}

#[test]
fn literals_on_the_grid_pass() {
    for rest in [
        "WHERE 2024 - year_of_birth >= 65",
        "WHERE 2024 - year_of_birth BETWEEN 18 AND 75",
        "WHERE year_of_birth < 1960",
        "WHERE gender_concept_id = 8507 AND gender_concept_id IN (8507, 8532)",
        "JOIN measurement m USING (person_id) WHERE m.value_as_number >= 6.5 AND m.measurement_concept_id = 3004410",
        "JOIN visit_occurrence v USING (person_id) WHERE v.visit_start_date >= DATE '2023-04-01'",
    ] {
        let sql = format!("SELECT count(DISTINCT person_id) FROM person {rest}");
        assert_eq!(off_grid(&sql), [], "{sql}");
    }
}

#[test]
fn literals_beside_the_grid_are_named_with_the_nearest() {
    for (from, literal, nearest) in [
        ("FROM person WHERE 2024 - year_of_birth >= 67", "67", ["65", "70"]),
        ("FROM (SELECT person_id, 2024 - year_of_birth AS age FROM person) p WHERE p.age > 66", "66", ["65", "70"]),
        ("FROM person WHERE year_of_birth = 1961", "1961", ["1960", "1965"]),
        ("FROM measurement WHERE value_as_number > 6.51", "6.51", ["6.5", "6.6"]),
        (
            "FROM visit_occurrence WHERE visit_start_date < DATE '2023-04-05'",
            "2023-04-05",
            ["2023-04-03", "2023-04-10"],
        ),
    ] {
        let sql = format!("SELECT count(DISTINCT person_id) {from}");
        let found = off_grid(&sql);
        assert_eq!(found.len(), 1, "{sql}: {found:?}");
        assert_eq!(found[0], (literal.to_owned(), nearest.map(str::to_owned).to_vec()), "{sql}");
    }
    let filter = "SELECT count(DISTINCT person_id) FILTER (WHERE year_of_birth < 1958) FROM person";
    assert!(!off_grid(filter).is_empty());
    let band = "SELECT CASE WHEN 2024 - year_of_birth < 43 THEN 'a' ELSE 'b' END AS b, count(DISTINCT person_id) FROM person GROUP BY 1";
    assert!(!off_grid(band).is_empty());
}

#[test]
fn aggregates_and_dimensions() {
    let found = |sql: &str| split(sql).expect(sql).exploration();
    let rows = found("SELECT count(*) AS n, count(DISTINCT person_id) AS p FROM visit_occurrence");
    assert_eq!(rows.other_aggregates.len(), 1);
    let keys = "gender_concept_id, race_concept_id, ethnicity_concept_id, year_of_birth";
    let four = found(&format!("SELECT {keys}, count(DISTINCT person_id) FROM person GROUP BY {keys}"));
    assert_eq!((four.dimensions, four.other_aggregates.len()), (4, 0));
    let rollup =
        found("SELECT gender_concept_id, count(DISTINCT person_id) FROM person GROUP BY ROLLUP (gender_concept_id)");
    assert_eq!(rollup.dimensions, 1);
}
