//! An honest user: a thousand refinements of cohorts, and how often each mode touches an answer and by how much.
//!
//! A session starts from a cohort and refines it as people do: an age band, a sex, an exclusion, a lab that has to be
//! there, a longer washout. Most refinements change many persons, some change few; nobody attacks.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use renkei_disclosure::{Memory, Ruling};
use renkei_ledger::Ledger;
use renkei_policy::Mode;

use crate::{People, asking, contributions, offer};

const QUESTIONS: usize = 1_000;
const K: u32 = 10;

/// What happened in one mode.
#[derive(Debug, Default, PartialEq)]
struct Touched {
    exact: usize,
    flagged: usize,
    substituted: usize,
    held: usize,
    /// Persons by which substituted counts are off, largest.
    off: u64,
}

/// Share of a cohort that a refinement leaves: exclusions take few, bands take many.
fn refine(cohort: &People, rng: &mut ChaCha8Rng) -> People {
    let keep = *[0.5, 0.3, 0.8, 0.95, 0.99].choose(rng).unwrap_or(&0.5);
    cohort.iter().filter(|_| rng.random_bool(keep)).map(|(person, part)| (*person, *part)).collect()
}

fn run(mode: Mode) -> Touched {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), [6; 32]).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut touched = Touched::default();
    let mut cohort = People::new();
    for question in 0..QUESTIONS {
        if question % 8 == 0 || cohort.len() < 30 {
            let size = rng.random_range(100..4_000);
            cohort = (0..size).map(|_| (rng.random_range(0..50_000), (1, 0))).collect();
        } else {
            cohort = refine(&cohort, &mut rng);
        }
        if cohort.len() < K as usize {
            continue;
        }
        let exact = contributions(&cohort);
        let n = cohort.len() as i64;
        let offers = [offer(&exact, n, true)];
        let mut session = ledger.session(asking(mode, K));
        match session.rule(&offers, true).unwrap().remove(0) {
            Ruling::Exact => {
                session.keep(&offers).unwrap();
                if session.into_flags(0).is_empty() { touched.exact += 1 } else { touched.flagged += 1 }
            }
            Ruling::Hold => touched.held += 1,
            Ruling::Earlier(value) => {
                touched.substituted += 1;
                let earlier = i64::from_le_bytes(value.try_into().unwrap());
                touched.off = touched.off.max(earlier.abs_diff(n));
            }
        }
    }
    touched
}

#[test]
fn a_thousand_honest_refinements() {
    let (flag, substitute, hold) = (run(Mode::Flag), run(Mode::Substitute), run(Mode::Hold));
    for (name, touched) in [("flag", &flag), ("substitute", &substitute), ("hold", &hold)] {
        println!("{name}: {touched:?}");
    }
    assert_eq!((flag.substituted, flag.held), (0, 0), "in flag every answer is exact");
    assert!(flag.flagged > 0 && substitute.substituted > 0 && hold.held > 0, "some refinements are near");
    assert!(substitute.off < 2 * u64::from(K), "a count is off by less than twice the minimum");
    let share = |n: usize| n as f64 / QUESTIONS as f64;
    assert!(share(substitute.substituted + substitute.held) < 0.35, "most answers are exact: {substitute:?}");
}
