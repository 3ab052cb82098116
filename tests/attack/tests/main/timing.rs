//! How well the time of an answer tells one database from another with one person fewer. A measurement: with release times it
//! should be chance, and without them it should not be, or the measurement would prove nothing.

use std::time::Instant;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use renkei_attack::fixture::{Hospital, YEAR};
use renkei_attack::{Target, auc};
use renkei_e2e::{Consortium, Site};
use renkei_node::store::Seal;

/// Answers of each database, unless `RENKEI_PAIRS` says another number.
const PAIRS: usize = 1_000;

/// Microseconds of a question to a database with the victim and to one without, in random order.
fn times(with: &Target, without: &Target, sql: &str, pairs: usize) -> Vec<(f64, bool)> {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let mut times = Vec::with_capacity(2 * pairs);
    for _ in 0..pairs {
        let first = rng.next_u32() % 2 == 0;
        for there in [first, !first] {
            let started = Instant::now();
            let _ = if there { with.ask(sql) } else { without.ask(sql) };
            times.push((started.elapsed().as_secs_f64() * 1e6, there));
        }
    }
    times
}

#[test]
#[ignore = "a measurement of a thousand pairs each"]
fn time_of_answers_as_a_classifier() {
    let pairs = crate::how_many("RENKEI_PAIRS", PAIRS);
    let records = Hospital::planted(1);
    let mut others = records.clone();
    others.people.retain(|person| person.born != YEAR);
    // Of the one who came 500 times a quarter of a million pairs; nobody else has more than a few.
    let join = format!(
        "SELECT count(*) AS n FROM visit_occurrence a JOIN visit_occurrence b ON a.person_id = b.person_id JOIN person p ON \
         p.person_id = b.person_id WHERE p.year_of_birth = {YEAR}"
    );
    let case = format!("SELECT count(CASE WHEN year_of_birth = {YEAR} THEN person_id END) AS n FROM person");
    let exists = format!(
        "SELECT count(*) AS n FROM person p WHERE year_of_birth = {YEAR} AND EXISTS (SELECT 1 FROM condition_occurrence c \
         WHERE c.person_id = p.person_id AND c.condition_concept_id = 4266367)"
    );
    // What the person of interest is not in: anything but chance is between the two consortia themselves.
    let other = "SELECT count(*) AS n FROM death".to_owned();
    for (seal, released) in [(Seal::Clinical, "on steps"), (Seal::Synthetic, "at once")] {
        let start = |records: &Hospital| Consortium::start([Site::with("tokyo", records.clone()).seal(seal)]);
        let (with, without) = (start(&records), start(&others));
        let (with, without) = (Target::of(&with), Target::of(&without));
        for (name, sql) in [("join", &join), ("case", &case), ("exists", &exists), ("nobody", &other)] {
            let found = times(&with, &without, sql, pairs);
            println!("RT-25 {name}, released {released}: AUC {:.3} over {pairs} pairs", auc(&found));
        }
    }
}
