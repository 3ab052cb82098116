//! On which ward a patient was, from the lines of a stay to runs of days.
//!
//! Every line has a ward. Of one day the line of the bed fee (90, 92) decides, which is charged once a day; without one
//! the last line. A file holds one month, so a run ends with it, and goes on in the next file.

use std::collections::BTreeMap;

use crate::when::Day;

#[derive(Default)]
pub(super) struct Wards {
    days: BTreeMap<Day, (String, bool)>,
}

/// Days in a row on one ward.
#[derive(Debug, PartialEq)]
pub(super) struct Run {
    pub(super) ward: String,
    pub(super) first: Day,
    pub(super) last: Day,
}

impl Wards {
    pub(super) fn see(&mut self, day: Day, ward: &str, bed: bool) {
        if ward.is_empty() {
            return;
        }
        match self.days.get_mut(&day) {
            Some((known, certain)) if bed || !*certain => {
                if known != ward {
                    ward.clone_into(known);
                }
                *certain = bed;
            }
            Some(_) => {}
            None => {
                self.days.insert(day, (ward.to_owned(), bed));
            }
        }
    }

    pub(super) fn runs(self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (day, (ward, _)) in self.days {
            match runs.last_mut() {
                Some(run) if run.ward == ward => run.last = day,
                _ => runs.push(Run { ward, first: day, last: day }),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bed_fee_decides_and_days_without_lines_belong_to_the_run() {
        let mut wards = Wards::default();
        for (day, ward, bed) in [
            (1, "A", true),
            (1, "OR", false),
            (2, "ICU", false),
            (2, "A", false),
            (5, "A", true),
            (6, "A", false),
            (6, "B", true),
            (7, "", true),
        ] {
            wards.see(Day(day), ward, bed);
        }
        let runs: Vec<_> = wards.runs().into_iter().map(|run| (run.ward, run.first.0, run.last.0)).collect();
        assert_eq!(runs, [("A".to_owned(), 1, 5), ("B".to_owned(), 6, 6)]);
    }
}
