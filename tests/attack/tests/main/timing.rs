//! How well the time of an answer tells whether one person is in it. A measurement, with no bar yet: answers leave when
//! they are ready.

use std::time::Instant;

use renkei_attack::fixture::Hospital;
use renkei_attack::{Target, auc};
use renkei_e2e::{Consortium, Site};

const PAIRS: usize = 1_000;

/// Times of a question whose one-person side matches, and of one where it does not, in turn; microseconds.
fn times(target: &Target, one: &str, none: &str) -> Vec<(f64, bool)> {
    let time = |sql: &str| {
        let started = Instant::now();
        let _ = target.ask(sql);
        started.elapsed().as_secs_f64() * 1e6
    };
    (0..PAIRS).flat_map(|_| [(time(one), true), (time(none), false)]).collect()
}

#[test]
#[ignore = "a measurement of a thousand pairs each"]
fn time_of_answers_as_a_classifier() {
    let consortium = Consortium::start([Site::with("tokyo", Hospital::planted(1))]);
    let target = Target::of(&consortium);
    let join = "SELECT count(*) AS n FROM visit_occurrence a JOIN visit_occurrence b ON a.person_id = b.person_id \
                JOIN person p ON p.person_id = b.person_id WHERE p.year_of_birth = YEAR";
    let case = "SELECT count(CASE WHEN year_of_birth = YEAR THEN person_id END) AS n FROM person";
    let exists = "SELECT count(*) AS n FROM person p WHERE year_of_birth = YEAR AND EXISTS \
                  (SELECT 1 FROM condition_occurrence c WHERE c.person_id = p.person_id AND c.condition_concept_id = \
                  4266367)";
    for (name, sql) in [("join", join), ("case", case), ("exists", exists)] {
        // A new text each time would be charged; the ledger keeps what leaves, which is nothing here.
        let found = times(&target, &sql.replace("YEAR", "1901"), &sql.replace("YEAR", "1900"));
        println!("RT-25 {name}: AUC {:.3} over {PAIRS} pairs", auc(&found));
    }
}
