//! An automated search for attacks: random pairs of questions, ranked on victims whose secret is known to the searcher.
//!
//! After QueryCheetah (Stevanoski, Cretu and de Montjoye, 2024): proposals are drawn from a grammar of conditions, those whose
//! answers tell the secrets of known persons best are kept and changed a little, and the best is then used on others.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::tracker::persons;
use crate::{Attack, Target, Victim, accuracy};

/// Conditions that a proposal may add to both of its questions.
const EXTRA: [&str; 8] = [
    "p.gender_concept_id = 8507",
    "p.gender_concept_id = 8532",
    "p.year_of_birth < 1960",
    "p.year_of_birth >= 1960",
    "p.year_of_birth < 1975",
    "p.race_concept_id = 8515",
    "p.year_of_birth > 0",
    "p.race_concept_id <> 0",
];

/// How two answers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The first is larger.
    Larger,
    /// They differ in any way.
    Other,
    /// The second is held, the first is not.
    Held,
}

/// A sequence of questions and how the last two answers are read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Proposal {
    /// Conditions of each question before the last two: indexes of [`EXTRA`], whether with the secret, whether without the
    /// victim.
    before: Vec<(Vec<usize>, bool, bool)>,
    extra: Vec<usize>,
    reading: Reading,
    /// Whether a sign speaks for the secret or against it.
    speaks_for: bool,
}

impl Proposal {
    fn draw(rng: &mut ChaCha20Rng) -> Self {
        let mut below = |n: u32| rng.next_u32() % n;
        let some = |below: &mut dyn FnMut(u32) -> u32| -> Vec<usize> {
            (0..below(3)).map(|_| below(EXTRA.len() as u32) as usize).collect()
        };
        let before = (0..below(3)).map(|_| (some(&mut below), below(2) == 0, below(2) == 0)).collect();
        let reading = [Reading::Larger, Reading::Other, Reading::Held][below(3) as usize];
        let extra = some(&mut below);
        Self { before, extra, reading, speaks_for: below(4) > 0 }
    }

    fn changed(&self, rng: &mut ChaCha20Rng) -> Self {
        let other = Self::draw(rng);
        match rng.next_u32() % 4 {
            0 => Self { before: other.before, ..self.clone() },
            1 => Self { extra: other.extra, ..self.clone() },
            2 => Self { reading: other.reading, ..self.clone() },
            _ => Self { speaks_for: other.speaks_for, ..self.clone() },
        }
    }

    fn belief(&self, target: &Target, victim: &Victim) -> f64 {
        let not = format!("NOT ({})", victim.alone);
        let ask = |extra: &[usize], secret: bool, without: bool| {
            let mut conditions = vec![victim.crowd.as_str()];
            conditions.extend(secret.then_some(victim.secret.as_str()));
            conditions.extend(without.then_some(not.as_str()));
            conditions.extend(extra.iter().map(|i| EXTRA[*i]));
            target.ask(&persons(&conditions))
        };
        for (extra, secret, without) in &self.before {
            let _ = ask(extra, *secret, *without);
        }
        let (with, but) = (ask(&self.extra, true, false), ask(&self.extra, true, true));
        let sign = match (self.reading, with.number(0, "n"), but.number(0, "n")) {
            (Reading::Larger, Some(with), Some(but)) => with > but,
            (Reading::Other, ..) => with.cells != but.cells,
            (Reading::Held, Some(_), but) => but.is_none(),
            _ => return 0.5,
        };
        f64::from(u8::from(sign == self.speaks_for))
    }
}

/// The search, and with what it found, the attack.
#[derive(Debug)]
pub struct Search {
    best: Proposal,
    /// Share of the known victims about whom the best proposal was right.
    pub known: f64,
    /// Proposals that were tried.
    pub proposals: usize,
}

impl Search {
    /// Tries proposals on known victims, each on a few of them.
    #[must_use]
    pub fn on(target: &Target, known: &[Victim], proposals: usize, seed: u64) -> Self {
        const FEW: usize = 8;
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (mut best, mut best_score) = (Proposal::draw(&mut rng), 0.0);
        for i in 0..proposals {
            let proposal = if i % 3 == 0 { Proposal::draw(&mut rng) } else { best.changed(&mut rng) };
            let first = rng.next_u32() as usize;
            let few = (0..FEW.min(known.len())).map(|i| &known[(first + i) % known.len()]);
            let beliefs: Vec<(f64, bool)> = few.map(|victim| (proposal.belief(target, victim), victim.truth)).collect();
            let score = accuracy(&beliefs);
            if score > best_score {
                (best, best_score) = (proposal, score);
            } else if proposal == best {
                best_score = f64::midpoint(best_score, score);
            }
        }
        Self { best, known: best_score, proposals }
    }
}

impl Attack for Search {
    fn name(&self) -> &str {
        "automated search"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        self.best.belief(target, victim)
    }
}
