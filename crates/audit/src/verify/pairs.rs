//! What entries say of each other: every outcome has its intent, every intent its outcome, every question its number.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap, HashSet};

use renkei_types::{ProjectId, Timestamp};

use super::{Check, Report};
use crate::entry::{Body, Intent, Outcome, Question};
use crate::tree::Hash;

/// A question, and a part of it, in 16 bytes.
type Key = [u8; 16];

fn key(query: &str, part: u32, site: &str) -> Key {
    let hash = Hash::of(format!("{query}\n{part}\n{site}").as_bytes()).0;
    let mut short = Key::default();
    short.copy_from_slice(&hash[..16]);
    short
}

/// Questions that are open and closed.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// Open ones, with the place and time of their intents.
    open: HashMap<Key, (u64, Timestamp)>,
    /// Whatever has happened once and may not again: intents, outcomes of sites.
    done: HashSet<Key>,
    projects: BTreeMap<ProjectId, u64>,
    /// The log's first entries were not read: what refers to them is believed once.
    behind: bool,
}

impl Pairs {
    /// For a log whose first entries are not read.
    pub(super) fn behind() -> Self {
        Self { behind: true, ..Self::default() }
    }

    pub(super) fn see(&mut self, index: u64, at: Timestamp, body: &Body, complete: bool, report: &mut Report) {
        match body {
            Body::Intent(intent) => self.begin(index, at, intent, complete, report),
            Body::Outcome(outcome) => self.end(index, outcome, report),
            Body::Refusal(refusal) => {
                if let Some((project, number)) = refusal.question.as_ref().and_then(numbered) {
                    // A refused repetition changes nothing; a refused next question has used its number.
                    let last = self.projects.entry(project.clone()).or_default();
                    *last += u64::from(number == *last + 1);
                }
            }
            Body::Admin(_) | Body::Cosign(_) | Body::Heartbeat(_) => {}
        }
    }

    fn begin(&mut self, index: u64, at: Timestamp, intent: &Intent, complete: bool, report: &mut Report) {
        let key = key(intent.query.as_str(), intent.part, "");
        if !self.done.insert(key) {
            report.find(Check::Pair, Some(index));
        }
        if let Slot::Vacant(slot) = self.open.entry(key) {
            slot.insert((index, at));
        }
        if let (0, Some((project, number))) = (intent.part, numbered(&intent.question)) {
            let unread = self.behind && !self.projects.contains_key(project);
            let last = self.projects.entry(project.clone()).or_default();
            if !unread && (number <= *last || complete && number != *last + 1) {
                report.find(Check::Project, Some(index));
            }
            *last = number.max(*last);
        }
    }

    fn end(&mut self, index: u64, outcome: &Outcome, report: &mut Report) {
        let own = key(outcome.query.as_str(), outcome.part, "");
        let first = match &outcome.site {
            None => self.open.remove(&own).is_some() || self.behind && self.done.insert(own),
            Some(site) => {
                let new = self.done.insert(key(outcome.query.as_str(), outcome.part, site.as_str()));
                new && (self.behind || self.open.contains_key(&own))
            }
        };
        if !first {
            report.find(Check::Pair, Some(index));
        }
    }

    /// Questions still open that were begun before a time.
    pub(super) fn finish(&self, before: Timestamp, report: &mut Report) {
        let mut late: Vec<u64> = self.open.values().filter(|(_, at)| *at < before).map(|(index, _)| *index).collect();
        late.sort_unstable();
        for index in late {
            report.find(Check::Open, Some(index));
        }
    }
}

fn numbered(question: &Question) -> Option<(&ProjectId, u64)> {
    question.sequence.map(|number| (&question.project, number.get()))
}
