//! The questions, asked with the `renkei` command, and the comparison of their answers.

use anyhow::Context;
use renkei_sim_hospital::Hospital;
use serde_json::Value;

use crate::expected::{self, Row};
use crate::processes::Consortium;
use crate::say;
use crate::stage::Stage;

struct Question {
    title: &'static str,
    sql: &'static str,
    expected: fn(&[Hospital]) -> Vec<Row>,
}

const QUESTIONS: &[Question] = &[
    Question {
        title: "How many people are there, by sex?",
        sql: "SELECT c.concept_name AS sex, count(*) AS persons
FROM person p JOIN concept c ON c.concept_id = p.gender_concept_id
GROUP BY c.concept_name ORDER BY sex",
        expected: expected::persons_by_sex,
    },
    Question {
        title: "HbA1c of people with type 2 diabetes, by sex",
        sql: "WITH diabetes AS (
  SELECT DISTINCT o.person_id
  FROM condition_occurrence o JOIN concept_ancestor a ON a.descendant_concept_id = o.condition_concept_id
  WHERE a.ancestor_concept_id = 201826)
SELECT c.concept_name AS sex, count(DISTINCT m.person_id) AS persons, count(*) AS tests,
       avg(m.value_as_number) AS mean, stddev(m.value_as_number) AS sd
FROM measurement m
JOIN diabetes d ON d.person_id = m.person_id
JOIN person p ON p.person_id = m.person_id
JOIN concept c ON c.concept_id = p.gender_concept_id
WHERE m.measurement_concept_id = 3004410 AND m.unit_concept_id = 8554 AND m.value_as_number IS NOT NULL
GROUP BY c.concept_name ORDER BY sex",
        expected: expected::hba1c_in_diabetes,
    },
    Question {
        title: "Admissions by hospital and year",
        sql: "SELECT site_id, date_part('year', visit_start_date) AS year, count(*) AS admissions
FROM visit_occurrence WHERE visit_concept_id = 9201
GROUP BY site_id, year ORDER BY site_id, year",
        expected: expected::admissions_by_site_and_year,
    },
    Question {
        title: "A rate from two release points: prevalence of type 2 diabetes by sex",
        sql: "WITH everybody AS (
  SELECT c.concept_name AS sex, count(*) AS persons
  FROM person p JOIN concept c ON c.concept_id = p.gender_concept_id GROUP BY c.concept_name),
ill AS (
  SELECT c.concept_name AS sex, count(DISTINCT o.person_id) AS ill
  FROM condition_occurrence o JOIN person p ON p.person_id = o.person_id
  JOIN concept c ON c.concept_id = p.gender_concept_id
  JOIN concept_ancestor a ON a.descendant_concept_id = o.condition_concept_id
  WHERE a.ancestor_concept_id = 201826 GROUP BY c.concept_name)
SELECT e.sex, i.ill, e.persons, 100.0 * i.ill / e.persons AS percent
FROM everybody e JOIN ill i ON i.sex = e.sex ORDER BY e.sex",
        expected: expected::diabetes_prevalence,
    },
    Question {
        title: "A disease so rare that every hospital holds its count back",
        sql: "SELECT count(DISTINCT person_id) AS persons FROM condition_occurrence WHERE condition_concept_id = 373182",
        expected: expected::rare_disease,
    },
];

/// Statements that must be refused, with the code.
const REFUSED: &[(&str, &str)] =
    &[("SELECT * FROM person", "E-ROWS"), ("SELECT count(*) FROM person WHERE person_id = 7", "E-KEY-USE")];

/// Asks everything and returns how many answers were wrong.
pub(crate) fn ask_all(consortium: &Consortium, stage: &Stage) -> anyhow::Result<usize> {
    let mut wrong = 0;
    for question in QUESTIONS {
        say(format!("\n-- {}\n{}\n", question.title, question.sql));
        say(shown(consortium, question.sql)?);
        let found = answer(consortium, question.sql)?;
        let expected = (question.expected)(&stage.hospitals);
        let verdict = compare(&found, &expected);
        wrong += usize::from(verdict.is_err());
        say(match verdict {
            Ok(()) => "   right: equals the count over the simulated patients themselves".to_owned(),
            Err(why) => format!("   WRONG: {why}\n   expected {expected:?}"),
        });
    }
    say("\n-- Statements that must be refused");
    for (sql, code) in REFUSED {
        let output = consortium.renkei()?.args(["query", sql]).output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        let refused = !output.status.success() && text.contains(code) && output.stdout.is_empty();
        wrong += usize::from(!refused);
        say(format!("\n{sql}\n{}", text.trim_end()));
        say(if refused {
            format!("   right: refused with {code}")
        } else {
            format!("   WRONG: not refused with {code}")
        });
    }
    Ok(wrong)
}

fn shown(consortium: &Consortium, sql: &str) -> anyhow::Result<String> {
    let output = consortium.renkei()?.args(["query", "--quiet", "--output", "table", sql]).output()?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(format!("{}{}", out, err).trim_end().to_owned())
}

fn answer(consortium: &Consortium, sql: &str) -> anyhow::Result<Vec<Row>> {
    let output = consortium.renkei()?.args(["query", "--quiet", "--output", "json", sql]).output()?;
    let lines = String::from_utf8(output.stdout).context("the answer is not text")?;
    lines.lines().map(|line| serde_json::from_str(line).context("a line of the answer is not JSON")).collect()
}

fn compare(found: &[Row], expected: &[Row]) -> Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("{} rows, {} expected", found.len(), expected.len()));
    }
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        for (column, wanted) in expected {
            let value = found.get(column).unwrap_or(&Value::Null);
            if !same(value, wanted) {
                return Err(format!("row {}, column {column}: {value}, {wanted} expected", i + 1));
            }
        }
    }
    Ok(())
}

/// Integers exactly, floats to 1e-9 of their size.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(x), Some(y)) => (x - y).abs() <= 1e-9 * x.abs().max(y.abs()),
        _ => a == b,
    }
}
