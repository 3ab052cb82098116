//! Trackers: two cohorts that differ by one person, and what is counted in both.

mod waits;

pub use waits::{Filters, Other, Rows};

use crate::{Attack, Target, Victim};

/// Numbers of persons of a crowd, of whom the victim is one or is left out.
#[must_use]
pub fn persons(conditions: &[&str]) -> String {
    format!("SELECT count(DISTINCT p.person_id) AS n FROM person p WHERE {}", conditions.join(" AND "))
}

/// Four questions: the crowd with and without the victim, and those of both with the secret.
#[derive(Debug, Default)]
pub struct Four;

impl Attack for Four {
    fn name(&self) -> &str {
        "tracker of four questions"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let not = format!("NOT ({})", victim.alone);
        let ask = |conditions: &[&str]| target.count(&persons(conditions));
        let all = ask(&[&victim.crowd]);
        let but = ask(&[&victim.crowd, &not]);
        let with = ask(&[&victim.crowd, &victim.secret]);
        let with_but = ask(&[&victim.crowd, &victim.secret, &not]);
        match (all, but, with, with_but) {
            (Some(_), _, Some(with), Some(but)) => {
                if with - but > 0.5 {
                    1.0
                } else {
                    0.0
                }
            }
            _ => 0.5,
        }
    }
}

/// The same as [`Four`], where an answer that is held or moved is taken for a sign in itself.
#[derive(Debug, Default)]
pub struct Moved;

impl Attack for Moved {
    fn name(&self) -> &str {
        "did any answer move or vanish"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let not = format!("NOT ({})", victim.alone);
        let with = target.ask(&persons(&[&victim.crowd, &victim.secret]));
        let but = target.ask(&persons(&[&victim.crowd, &victim.secret, &not]));
        if with.number(0, "n").is_none() { 0.5 } else { f64::from(u8::from(with.cells != but.cells)) }
    }
}

/// Both cohorts in one statement: what of one answer is held beside what is shown.
#[derive(Debug, Default)]
pub struct Within;

impl Attack for Within {
    fn name(&self) -> &str {
        "both cohorts in one statement"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let not = format!("NOT ({})", victim.alone);
        let with = persons(&[&victim.crowd, &victim.secret]);
        let but = persons(&[&victim.crowd, &victim.secret, &not]);
        let sql = format!("WITH a AS ({with}), b AS ({but}) SELECT a.n AS n, b.n AS but FROM a CROSS JOIN b");
        let seen = target.ask(&sql);
        match (seen.number(0, "n"), seen.number(0, "but")) {
            (Some(a), Some(b)) => f64::from(u8::from(a > b)),
            (Some(_), None) => 1.0,
            _ => 0.5,
        }
    }
}

/// One cell, and how many of it are not the victim: a conditional aggregate that is held, or shown.
#[derive(Debug, Default)]
pub struct Conditional;

impl Attack for Conditional {
    fn name(&self) -> &str {
        "a conditional aggregate that is held or shown"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let (crowd, secret, alone) = (&victim.crowd, &victim.secret, &victim.alone);
        let sql = format!(
            "SELECT count(*) AS n, count(*) FILTER (WHERE {alone}) AS one FROM person p WHERE {crowd} AND {secret}"
        );
        let seen = target.ask(&sql);
        match (seen.number(0, "n"), seen.number(0, "one")) {
            (Some(_), Some(one)) => f64::from(u8::from(one > 0.5)),
            (Some(_), None) => 1.0,
            _ => 0.5,
        }
    }
}

/// Numbers of persons by sex and in all, whose parts add up to a total that was released before.
#[derive(Debug, Default)]
pub struct Parts {
    /// Whether the parts are asked before the total.
    pub first: bool,
}

impl Attack for Parts {
    fn name(&self) -> &str {
        if self.first { "a total after its parts" } else { "parts after their total" }
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let not = format!("NOT ({})", victim.alone);
        let total = |target: &Target| target.count(&persons(&[&victim.crowd, &victim.secret]));
        let parts = |target: &Target| -> Option<f64> {
            let ask = |sex: &str| target.count(&persons(&[&victim.crowd, &victim.secret, &not, sex]));
            Some(ask("p.gender_concept_id = 8507")? + ask("p.gender_concept_id = 8532")?)
        };
        let (total, parts) = if self.first {
            let parts = parts(target);
            (total(target), parts)
        } else {
            (total(target), parts(target))
        };
        match (total, parts) {
            (Some(total), Some(parts)) => f64::from(u8::from(total - parts > 0.5)),
            _ => 0.5,
        }
    }
}

/// A total, then the same without the victim cut into cells: whether a cell is held tells that their sum is another.
#[derive(Debug, Default)]
pub struct Cells;

impl Attack for Cells {
    fn name(&self) -> &str {
        "cells whose sum is nearly a total"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let not = format!("NOT ({})", victim.alone);
        let total = target.count(&persons(&[&victim.crowd, &victim.secret]));
        let but = [victim.crowd.as_str(), &victim.secret, &not].join(" AND ");
        let sql = format!(
            "SELECT p.gender_concept_id AS sex, count(DISTINCT p.person_id) AS n FROM person p WHERE {but} GROUP BY 1"
        );
        let seen = target.ask(&sql);
        let shown: Vec<Option<f64>> = (0..seen.cells.len()).map(|row| seen.number(row, "n")).collect();
        match (total, shown.len()) {
            (Some(total), 2) => match shown.iter().copied().sum::<Option<f64>>() {
                Some(sum) => f64::from(u8::from(total - sum > 0.5)),
                None => 1.0,
            },
            _ => 0.5,
        }
    }
}

/// A remainder: a total, one of its two parts, then the other part without the victim.
#[derive(Debug, Default)]
pub struct Remainder;

impl Attack for Remainder {
    fn name(&self) -> &str {
        "what remains of a total, without one"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let not = format!("NOT ({})", victim.alone);
        let ask = |conditions: &[&str]| target.count(&persons(conditions));
        let total = ask(&[&victim.crowd, &victim.secret]);
        // The victim is among the older; those of 1960 on are the part that is taken off.
        let young = ask(&[&victim.crowd, &victim.secret, "p.year_of_birth >= 1960"]);
        let old = target.ask(&persons(&[&victim.crowd, &victim.secret, "p.year_of_birth < 1960", &not]));
        match (total, young, old.number(0, "n")) {
            (Some(total), Some(young), Some(old)) => f64::from(u8::from(total - young - old > 0.5)),
            (Some(_), Some(_), None) => 1.0,
            _ => 0.5,
        }
    }
}

/// A crowd without the victim and nine helpers who are known to have the secret: if ten are missing, the answer may move.
#[derive(Debug)]
pub struct Helpers {
    /// The condition on `person p` that the helpers alone fulfil.
    pub helpers: String,
}

impl Attack for Helpers {
    fn name(&self) -> &str {
        "nine helpers and one more"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let not = format!("NOT ({}) AND NOT ({})", victim.alone, self.helpers);
        let all = target.count(&persons(&[&victim.crowd, &victim.secret]));
        let but = target.count(&persons(&[&victim.crowd, &victim.secret, &not]));
        match (all, but) {
            (Some(all), Some(but)) => f64::from(u8::from(all - but > 9.5)),
            _ => 0.5,
        }
    }
}

/// Sums in place of counts: the years of birth of those with the secret, with and without the victim.
#[derive(Debug, Default)]
pub struct Sums;

impl Attack for Sums {
    fn name(&self) -> &str {
        "tracker of sums"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let ask = |more: &str| {
            let Victim { crowd, secret, .. } = victim;
            let sql = format!("SELECT sum(p.year_of_birth) AS n FROM person p WHERE {crowd} AND {secret}{more}");
            target.count(&sql)
        };
        let (all, but) = (ask(""), ask(&format!(" AND NOT ({})", victim.alone)));
        match (all, but) {
            (Some(all), Some(but)) => f64::from(u8::from(all - but > 1_000.0)),
            (Some(_), None) => 1.0,
            _ => 0.5,
        }
    }
}
