//! An attack on many victims, and how often it was right.

use std::fmt;

use crate::{Target, accuracy, auc, balanced, wilson};

/// Somebody in a hospital's records about whom an attacker knows something and wants to know more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Victim {
    /// A condition in SQL on `person`, `p`, under which many fall, the victim among them.
    pub crowd: String,
    /// A condition under which nobody of the crowd falls but the victim: what an acquaintance knows.
    pub alone: String,
    /// A condition that half of the crowd fulfils: what is to be found out.
    pub secret: String,
    /// Whether the victim fulfils it. For the count of successes only.
    pub truth: bool,
}

/// A way to find a secret by allowed questions.
pub trait Attack {
    /// What it is called in reports.
    fn name(&self) -> &str;

    /// Asks what it likes, each question by what came before, and says how likely the secret is, from 0 to 1; 0.5 is no
    /// idea.
    fn belief(&mut self, target: &Target, victim: &Victim) -> f64;
}

/// How an attack went.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The attack.
    pub name: String,
    /// Its victims.
    pub victims: usize,
    /// Questions for each of them, on average.
    pub questions: f64,
    /// Share of victims about whom it was right; no idea is half right.
    pub accuracy: f64,
    /// Mean of the shares among those who have the secret and those who do not.
    pub balanced: f64,
    /// Area under the curve of its beliefs: 0.5 is chance.
    pub auc: f64,
    /// Between what the accuracy lies with 95 % confidence (Wilson).
    pub interval: (f64, f64),
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, victims, questions, accuracy, balanced, auc, interval: (low, high) } = self;
        write!(
            f,
            "{name}: accuracy {accuracy:.3} ({low:.3} to {high:.3}), balanced {balanced:.3}, AUC {auc:.3}; {victims} \
             victims, {questions:.1} questions each"
        )
    }
}

/// Runs an attack on all victims.
pub fn aim(attack: &mut dyn Attack, target: &Target, victims: &[Victim]) -> Report {
    let before = target.asked();
    let beliefs: Vec<(f64, bool)> = victims.iter().map(|v| (attack.belief(target, v), v.truth)).collect();
    let asked = target.asked() - before;
    let accuracy = accuracy(&beliefs);
    Report {
        name: attack.name().to_owned(),
        victims: victims.len(),
        questions: asked as f64 / victims.len().max(1) as f64,
        accuracy,
        balanced: balanced(&beliefs),
        auc: auc(&beliefs),
        interval: wilson(accuracy, victims.len()),
    }
}
