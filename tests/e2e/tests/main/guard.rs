//! The minimum of persons: nothing below it in any answer, and everything else exact.

mod count;
mod statements;

use std::collections::BTreeMap;

use renkei_e2e::records::Person;
use renkei_e2e::{Answer, Consortium, Records, Site};

use count::Expected;
use statements::Statement;

const FEMALE: i32 = 8532;
const MALE: i32 = 8507;

fn men(n: usize) -> impl Iterator<Item = Person> {
    (0..n).map(|_| Person::new(MALE, 1950))
}

#[test]
fn nine_are_held_and_ten_are_not() {
    let consortium =
        Consortium::start([Site::with("nine", Records::plain(30, 9)), Site::with("ten", Records::plain(30, 10))]);
    let by_site = "SELECT site_id, gender_concept_id AS sex, count(*) AS n FROM person GROUP BY 1, 2 ORDER BY 1, 2";
    assert_eq!(
        consortium.ask(by_site).rows(),
        ["nine | 8507 | 30 | 1 | 0", "ten | 8507 | 30 | 1 | 0", "ten | 8532 | 10 | 1 | 0"]
    );
    let women = "SELECT count(*) AS n FROM person WHERE gender_concept_id = 8532";
    assert_eq!(consortium.ask(women).rows(), ["10 | 1 | 1"]);
    let nobody = "SELECT count(*) AS n FROM person WHERE gender_concept_id = 1";
    assert_eq!(consortium.ask(nobody).rows(), ["NULL | 0 | 2"], "none looks as few do");
    let list = "SELECT DISTINCT gender_concept_id AS sex FROM person WHERE site_id = 'nine' ORDER BY 1";
    assert_eq!(consortium.ask(list).rows(), ["8507 | 1 | 1"], "a list of values holds rare ones too");
}

#[test]
fn rows_are_not_persons() {
    let often = Records::of([Person::new(FEMALE, 1950).visiting(500, 2021)])
        .and((0..8).map(|_| Person::new(FEMALE, 1950).visiting(3, 2021)))
        .and((0..12).map(|_| Person::new(MALE, 1950).visiting(2, 2021)));
    let consortium = Consortium::start([Site::with("often", often)]);
    let by_sex = "SELECT p.gender_concept_id AS sex, count(*) AS n, count(DISTINCT v.person_id) AS persons \
                  FROM visit_occurrence v JOIN person p ON p.person_id = v.person_id GROUP BY 1 ORDER BY 1";
    assert_eq!(consortium.ask(by_sex).rows(), ["8507 | 24 | 12 | 1 | 0"], "524 visits of nine women are few");
    let all = "SELECT count(*) AS n, count(DISTINCT person_id) AS persons FROM visit_occurrence";
    assert_eq!(consortium.ask(all).rows(), ["548 | 21 | 1 | 0"]);
}

#[test]
fn conditional_aggregates_hold_few_contributors_and_few_others() {
    let tested = |n: usize, value: f64| men(n).map(move |person| person.tested(Some(value)));
    let consortium = Consortium::start([
        Site::with("even", Records::of(tested(20, 5.0).chain(tested(20, 9.0)))),
        Site::with("few-above", Records::of(tested(31, 5.0).chain(tested(9, 9.0)))),
        Site::with("few-below", Records::of(tested(9, 5.0).chain(tested(31, 9.0)))),
        Site::with("none-above", Records::of(tested(40, 5.0))),
        Site::with("one-above", Records::of(tested(39, 5.0).chain(tested(1, 9.0)))),
    ]);
    for above in [
        "count(*) FILTER (WHERE value_as_number > 8)",
        "count(DISTINCT person_id) FILTER (WHERE value_as_number > 8)",
        "sum(CASE WHEN value_as_number > 8 THEN 1 ELSE 0 END)",
        "sum(CASE WHEN value_as_number > 8 THEN 1 END)",
        "count(CASE WHEN value_as_number > 8 THEN 1 END)",
    ] {
        let sql = format!("SELECT site_id, count(*) AS n, {above} AS above FROM measurement GROUP BY 1 ORDER BY 1");
        let rows = consortium.ask(&sql).rows();
        let expected = [
            "even | 40 | 20 | 1 | 0",
            "few-above | 40 | NULL | 1 | 1",
            "few-below | 40 | NULL | 1 | 1",
            "none-above | 40 | NULL | 1 | 1",
            "one-above | 40 | NULL | 1 | 1",
        ];
        assert_eq!(rows, expected, "{above}");
        let sql = format!("SELECT count(*) AS n, {above} AS above FROM measurement");
        assert_eq!(consortium.ask(&sql).rows(), ["200 | 20 | 5 | 4"], "{above}");
    }
}

#[test]
fn absent_and_zero_amounts_do_not_contribute() {
    let values = |n: usize, value: Option<f64>| men(n).map(move |person| person.tested(value));
    let consortium = Consortium::start([
        Site::with("nine-known", Records::of(values(9, Some(6.0)).chain(values(30, None)))),
        Site::with("nine-above-zero", Records::of(values(9, Some(6.0)).chain(values(30, Some(0.0))))),
        Site::with("ten-known", Records::of(values(10, Some(6.0)).chain(values(30, None)))),
    ]);
    let sql = "SELECT site_id, count(*) AS n, count(value_as_number) AS known, sum(value_as_number) AS total, \
               avg(value_as_number) AS mean, stddev(value_as_number) AS sd FROM measurement GROUP BY 1 ORDER BY 1";
    assert_eq!(
        consortium.ask(sql).rows(),
        [
            "nine-above-zero | 39 | 39 | NULL | NULL | NULL | 1 | 1",
            "nine-known | 39 | NULL | NULL | NULL | NULL | 1 | 1",
            "ten-known | 40 | 10 | 60.0 | 6.0 | 0.0 | 1 | 0",
        ]
    );
}

#[test]
fn every_cell_equals_the_count_by_hand() {
    let hospitals = [("a", Records::drawn(11, 400)), ("b", Records::drawn(12, 250)), ("c", Records::drawn(13, 150))];
    let consortium = Consortium::start(hospitals.iter().map(|(site, records)| Site::with(site, records.clone())));
    let people: Vec<(&str, &[Person])> = hospitals.iter().map(|(site, r)| (*site, r.people.as_slice())).collect();
    let statements = statements::all();
    assert!(statements.len() >= 190, "{}", statements.len());
    let (mut held, mut released) = (0, 0);
    for statement in &statements {
        let expected = count::expected(statement, &people);
        compare(statement, &consortium.ask(&statement.sql()), &expected);
        held += expected.values().filter(|row| row.held > 0).count();
        released += expected.values().flat_map(|row| &row.values).flatten().count();
    }
    assert!(held > 300 && released > 150, "the records test nothing: {held} rows held, {released} values released");
}

fn compare(statement: &Statement, answer: &Answer, expected: &BTreeMap<Vec<String>, Expected>) {
    let sql = statement.sql();
    let keys = statement.keys.len();
    let found: BTreeMap<Vec<String>, &[String]> =
        answer.cells.iter().map(|row| (row[..keys].to_vec(), &row[keys..])).collect();
    assert_eq!(found.len(), answer.cells.len(), "a cell twice: {sql}");
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{sql}");
    for (key, row) in expected {
        let found = found[key];
        for (i, value) in row.values.iter().enumerate() {
            let text = &found[i];
            let same = match value {
                None => text == "NULL",
                Some(value) => text.parse::<f64>().is_ok_and(|x| (x - value).abs() <= 1e-9 * value.abs().max(1.0)),
            };
            assert!(same, "{sql}\n{key:?}, value {i}: {text}, by hand {value:?}");
        }
        let counts = [row.sites.to_string(), row.held.to_string()];
        assert_eq!(found[row.values.len()..], counts, "{sql}\n{key:?}: sites and held");
    }
}
