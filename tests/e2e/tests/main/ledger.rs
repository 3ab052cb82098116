//! Answers that could be subtracted from each other, budgets, and the level feasibility: through the whole path.

use renkei_audit::entry::{Body, Entry};
use renkei_e2e::records::Person;
use renkei_e2e::{Consortium, Records, Site};
use renkei_node::config::{Budget, Level, Mode};
use renkei_types::Code;

const FEMALE: i32 = 8532;
const MALE: i32 = 8507;

fn born(n: usize, sex: i32, year: i32) -> impl Iterator<Item = Person> {
    (0..n).map(move |_| Person::new(sex, year))
}

/// 40 men and 7 women of 1950, 30 men and 30 women of 1960, and one man of 1901.
fn records() -> Records {
    Records::of(born(40, MALE, 1950))
        .and(born(7, FEMALE, 1950))
        .and(born(30, MALE, 1960))
        .and(born(30, FEMALE, 1960))
        .and(born(1, MALE, 1901))
}

const EVERYBODY: &str = "SELECT count(DISTINCT person_id) AS n FROM person";
const BUT_ONE: &str = "SELECT count(DISTINCT person_id) AS n FROM person WHERE year_of_birth <> 1901";

fn near(consortium: &Consortium, site: &str) -> usize {
    let reader = renkei_node::audit::reader(&consortium.state_dir(site));
    let entries = (0..reader.size().unwrap()).map(|i| Entry::decode(&reader.entry(i).unwrap()).unwrap());
    entries.filter(|e| matches!(&e.body, Body::Outcome(outcome) if !outcome.private.is_empty())).count()
}

#[test]
fn a_tracker_is_flagged_held_or_given_the_earlier_value() {
    let mode = |site: &str, mode: Mode| Site::with(site, records()).grant(|project| project.ledger = Some(mode));
    let consortium =
        Consortium::start([mode("flag", Mode::Flag), mode("hold", Mode::Hold), mode("substitute", Mode::Substitute)]);
    let by_site = |sql: &str| sql.replace("SELECT", "SELECT site_id,") + " GROUP BY 1 ORDER BY 1";
    let all = ["flag | 108 | 1 | 0", "hold | 108 | 1 | 0", "substitute | 108 | 1 | 0"];
    assert_eq!(consortium.ask(&by_site(EVERYBODY)).rows(), all);
    let rows = consortium.ask(&by_site(BUT_ONE)).rows();
    assert_eq!(rows, ["flag | 107 | 1 | 0", "hold | NULL | 1 | 1", "substitute | 108 | 1 | 0"]);
    for site in ["flag", "hold", "substitute"] {
        assert_eq!(near(&consortium, site), 1, "{site}: the pair is in the log");
    }
}

#[test]
fn a_subtotal_does_not_show_what_is_held() {
    let consortium = Consortium::start([Site::with("good", records())]);
    let rollup = "SELECT year_of_birth AS born, gender_concept_id AS sex, count(*) AS n FROM person \
                  WHERE year_of_birth >= 1950 GROUP BY ROLLUP (year_of_birth, gender_concept_id) ORDER BY 1, 2";
    let rows = consortium.ask(rollup).rows();
    let counts: Vec<&str> = rows.iter().map(|row| row.as_str()).collect();
    // The seven women of 1950 and with them the men, whose sum of 47 is known.
    assert_eq!(
        counts,
        [
            "1950 | NULL | 47 | 1 | 0",
            "1960 | 8507 | 30 | 1 | 0",
            "1960 | 8532 | 30 | 1 | 0",
            "1960 | NULL | 60 | 1 | 0",
            "NULL | NULL | 107 | 1 | 0",
        ]
    );
    let both = "WITH a AS (SELECT count(*) AS n FROM person), \
                b AS (SELECT count(*) AS n FROM person WHERE year_of_birth <> 1901) \
                SELECT a.n AS a, b.n AS b FROM a CROSS JOIN b";
    let rows = consortium.ask(both).rows();
    assert!(rows[0].starts_with("108 | NULL"), "two parts of one answer that differ by one: {rows:?}");
}

#[test]
fn exploration_gives_bins_and_keeps_to_its_grid_and_budget() {
    let site = Site::with("good", records()).grant(|project| {
        project.level = Level::Feasibility;
        project.budget = Some(Budget { project_30_days: Some(2), person_day: None });
    });
    let consortium = Consortium::start([site, Site::with("other", Records::plain(20, 10))]);
    let state = |sql: &str| consortium.ask(sql).states().remove(0);
    assert_eq!(consortium.ask(EVERYBODY).rows(), ["135 | 2 | 0"], "108 in bins of five from ten on, and 30");
    assert_eq!(consortium.ask(&EVERYBODY.to_lowercase()).rows(), ["135 | 2 | 0"], "the same question is free");
    for (sql, code) in [
        ("SELECT count(*) AS n FROM person", Code::Level),
        ("SELECT count(DISTINCT person_id) AS n FROM person WHERE year_of_birth < 1951", Code::Grid),
    ] {
        assert_eq!(state(sql), format!("good refused {code}"), "{sql}");
    }
    let men = format!("{EVERYBODY} WHERE gender_concept_id = {MALE}");
    assert_eq!(consortium.ask(&men).rows(), ["90 | 2 | 0"]);
    let women = format!("{EVERYBODY} WHERE gender_concept_id = {FEMALE}");
    assert_eq!(state(&women), format!("good refused {}", Code::Budget));
    assert_eq!(consortium.ask(EVERYBODY).rows(), ["135 | 2 | 0"]);
}

#[test]
fn the_ledger_outlives_the_node_and_is_missed() {
    let mut consortium = Consortium::start([Site::with("good", records()).grant(|p| p.ledger = Some(Mode::Hold))]);
    assert_eq!(consortium.ask(EVERYBODY).rows(), ["108 | 1 | 0"]);
    consortium.take("good").stop();
    consortium.join(Site::new("good").grant(|p| p.ledger = Some(Mode::Hold)));
    consortium.wait_connected(&["good"]);
    assert_eq!(consortium.ask(BUT_ONE).rows(), ["NULL | 1 | 1"]);
    consortium.take("good").stop();
    std::fs::remove_file(consortium.state_dir("good").join("ledger/records")).unwrap();
    let refused = consortium.try_join(Site::new("good")).unwrap_err();
    assert!(refused.contains("renkei-node ledger recover"), "{refused}");
}
