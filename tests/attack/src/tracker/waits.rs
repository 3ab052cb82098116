//! Trackers that read what is held: two parts of which the second lacks the victim, alike but for that.

use super::persons;
use crate::{Attack, Target, Victim};

/// The tracker's second half where the rows of the join are many for each person: another number of rows for the same
/// persons.
#[derive(Debug, Default)]
pub struct Rows;

impl Attack for Rows {
    fn name(&self) -> &str {
        "the same persons with other rows"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let Victim { crowd, secret, alone, .. } = victim;
        let all = target.count(&persons(&[crowd, secret]));
        let sql = format!(
            "SELECT count(DISTINCT p.person_id) AS n FROM person p JOIN condition_occurrence o ON o.person_id = \
             p.person_id WHERE {crowd} AND {secret} AND NOT ({alone})"
        );
        compared(all, target.count(&sql))
    }
}

/// A number of persons, then a sum over the same without the victim: of the same persons something else.
#[derive(Debug, Default)]
pub struct Other;

impl Attack for Other {
    fn name(&self) -> &str {
        "another aggregate without the victim"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let Victim { crowd, secret, alone, .. } = victim;
        let all = target.count(&persons(&[crowd, secret]));
        let sum = format!("SELECT sum(p.year_of_birth) AS n FROM person p WHERE {crowd} AND {secret}");
        let but = target.count(&format!("{sum} AND NOT ({alone})"));
        match (all, but) {
            // Of each person some two thousand; whether one is missing does not show in the sum alone.
            (Some(all), Some(but)) => f64::from(u8::from(but < all * 1_930.0)),
            (all, but) => compared(all, but),
        }
    }
}

/// Two conditions of one cell, with and without the victim.
#[derive(Debug, Default)]
pub struct Filters;

impl Attack for Filters {
    fn name(&self) -> &str {
        "two conditions of one cell"
    }

    fn belief(&mut self, target: &Target, victim: &Victim) -> f64 {
        let Victim { crowd, secret, alone, .. } = victim;
        let seen = target.ask(&format!(
            "SELECT count(*) FILTER (WHERE p.year_of_birth < 1950) AS n, count(*) FILTER (WHERE p.year_of_birth < 1950 AND \
             NOT ({alone})) AS but FROM person p WHERE {crowd} AND {secret}"
        ));
        compared(seen.number(0, "n"), seen.number(0, "but"))
    }
}

/// Two numbers of which the second lacks the victim; that it is held is taken for a sign of it.
fn compared(all: Option<f64>, but: Option<f64>) -> f64 {
    match (all, but) {
        (Some(all), Some(but)) => f64::from(u8::from(all - but > 0.5)),
        (Some(_), None) => 1.0,
        _ => 0.5,
    }
}
