//! How many questions were asked.

use std::collections::VecDeque;
use std::time::Duration;

use renkei_policy::Budget;
use renkei_types::{PersonId, ProjectId, Timestamp};

use crate::record::Charged;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

/// What a question cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Whether it was charged; an identical repetition is free.
    pub charged: bool,
    /// What is left for the project before and after it, where there is a limit.
    pub left: Option<(u64, u64)>,
}

/// The budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// Whether it is the person's of the day; else the project's of 30 days.
    pub of_person: bool,
    /// How many questions it allows.
    pub limit: u32,
    /// When the next one fits.
    pub again: Timestamp,
}

/// Questions of the last 30 days, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    charged: VecDeque<Charged>,
}

impl Spent {
    pub(crate) fn add(&mut self, charged: Charged) {
        self.charged.push_back(charged);
    }

    pub(crate) fn questions(&self) -> impl Iterator<Item = &Charged> {
        self.charged.iter()
    }

    /// Whether a question may be asked, and whether it costs something.
    pub(crate) fn look(&mut self, asked: &Charged, budget: Budget) -> Result<Charge, Exhausted> {
        while self.charged.front().is_some_and(|first| first.at.after(MONTH) <= asked.at) {
            self.charged.pop_front();
        }
        let of_project = |charged: &&Charged| charged.project == asked.project;
        let spent = self.charged.iter().filter(of_project).count() as u64;
        let left = |more: u64| budget.project_30_days.map(|limit| u64::from(limit).saturating_sub(spent + more));
        if self.charged.iter().filter(of_project).any(|charged| charged.statement == asked.statement) {
            return Ok(Charge { charged: false, left: left(0).zip(left(0)) });
        }
        let today = |charged: &&Charged| charged.person == asked.person && charged.at.after(DAY) > asked.at;
        let person = self.within(budget.person_day, DAY, &today);
        let project = self.within(budget.project_30_days, MONTH, &of_project);
        match (person, project) {
            (Some((limit, again)), _) => Err(Exhausted { of_person: true, limit, again }),
            (None, Some((limit, again))) => Err(Exhausted { of_person: false, limit, again }),
            (None, None) => Ok(Charge { charged: true, left: left(0).zip(left(1)) }),
        }
    }

    /// The limit and when it has room again, where it is used up.
    fn within(
        &self,
        limit: Option<u32>,
        time: Duration,
        counts: &dyn Fn(&&Charged) -> bool,
    ) -> Option<(u32, Timestamp)> {
        let limit = limit?;
        let times: Vec<Timestamp> = self.charged.iter().filter(counts).map(|charged| charged.at).collect();
        let over = times.len().checked_sub(limit as usize)?;
        Some((limit, times.get(over).copied().map_or(Timestamp(i64::MAX), |at| at.after(time))))
    }
}

/// Who asks, for budgets.
pub(crate) fn charged(project: &ProjectId, person: &PersonId, statement: [u8; 32], at: Timestamp) -> Charged {
    Charged { at, project: project.clone(), person: person.clone(), statement }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(project: &str, person: &str, text: u8, hours: i64) -> Charged {
        let (project, person) = (ProjectId::new(project).expect("id"), PersonId::new(person).expect("id"));
        charged(&project, &person, [text; 32], Timestamp(hours * 3_600_000_000))
    }

    #[test]
    fn questions_are_counted_and_repetitions_are_not() {
        let budget = Budget { project_30_days: Some(3), person_day: Some(2) };
        let mut spent = Spent::default();
        for (asked, expected) in [
            (asked("dm", "taro", 1, 0), Ok((true, 3, 2))),
            (asked("dm", "taro", 1, 1), Ok((false, 2, 2))),
            (asked("dm", "taro", 2, 1), Ok((true, 2, 1))),
            (asked("dm", "taro", 3, 2), Err((true, 24))),
            (asked("other", "taro", 3, 2), Err((true, 24))),
            (asked("dm", "jiro", 1, 2), Ok((false, 1, 1))),
            (asked("dm", "jiro", 3, 3), Ok((true, 1, 0))),
            (asked("dm", "hanako", 4, 30), Err((false, 30 * 24))),
            (asked("dm", "hanako", 4, 30 * 24), Ok((true, 1, 0))),
        ] {
            let found = spent.look(&asked, budget);
            if found.is_ok_and(|charge| charge.charged) {
                spent.add(asked.clone());
            }
            let found = found.map(|c| (c.charged, c.left.expect("a limit").0, c.left.expect("a limit").1));
            assert_eq!(found.map_err(|e| (e.of_person, e.again.0 / 3_600_000_000)), expected, "{asked:?}");
        }
    }

    #[test]
    fn without_a_limit_everything_passes() {
        let mut spent = Spent::default();
        let free = spent.look(&asked("dm", "taro", 1, 0), Budget::default());
        assert_eq!(free, Ok(Charge { charged: true, left: None }));
        let none = spent.look(&asked("dm", "taro", 1, 0), Budget { project_30_days: Some(0), person_day: None });
        assert!(none.is_err());
    }
}
