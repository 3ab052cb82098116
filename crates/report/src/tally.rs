//! Counting.

use std::collections::{BTreeMap, BTreeSet};

use renkei_audit::entry::State;
use renkei_audit::note::{Head, Origin};
use renkei_audit_view::{Event, Kind, Roster, when};
use renkei_types::QueryId;

use crate::life::Life;

/// A log that a report was counted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The log.
    pub origin: Origin,
    /// Entries that were read.
    pub entries: u64,
    /// The signed head.
    pub head: Option<Head>,
    /// Whether it verified; `None` where there was no key to verify it with.
    pub sound: Option<bool>,
    /// What it tells of its program's life.
    pub life: Life,
}

/// What was asked, each question once.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Questions and refusals, in the order of time.
    pub questions: Vec<Event>,
}

/// Counts of one group of questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Questions, refusals included.
    pub questions: u64,
    /// Answered by all sites that were asked.
    pub answered: u64,
    /// Answered without some site.
    pub partial: u64,
    /// Refused.
    pub refused: u64,
    /// Ended otherwise, or not at all.
    pub other: u64,
    /// Cells that left.
    pub cells: u64,
    /// Who asked.
    pub people: BTreeSet<String>,
    /// Under which projects.
    pub projects: BTreeSet<String>,
    /// Milliseconds of answered questions.
    millis: Vec<u64>,
}

impl Group {
    fn add(&mut self, event: &Event) {
        self.questions += 1;
        match event.outcome_word() {
            "answered" => self.answered += 1,
            "partial" => self.partial += 1,
            "refused" => self.refused += 1,
            _ => self.other += 1,
        }
        self.cells += cells(event);
        self.people.extend(event.who.as_ref().map(|who| who.id().to_owned()));
        self.projects.extend(event.project.as_ref().map(ToString::to_string));
        if event.kind == Kind::Question && event.state == Some(State::Answered) {
            self.millis.push(event.micros / 1_000);
        }
    }

    /// The median time to an answer, in milliseconds.
    #[must_use]
    pub fn median(&self) -> Option<u64> {
        let mut sorted = self.millis.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }
}

/// Cells that left with one question.
#[must_use]
pub fn cells(event: &Event) -> u64 {
    if event.answers.is_empty() {
        return if event.kind == Kind::Question { event.released } else { 0 };
    }
    event.answers.iter().filter(|answer| answer.state == State::Answered).map(|answer| answer.released).sum()
}

impl Tally {
    /// Takes what several logs tell, the gateway's account of a question before a node's.
    #[must_use]
    pub fn of(logs: Vec<(Origin, Vec<Event>)>) -> Self {
        let mut logs = logs;
        logs.sort_by_key(|(origin, _)| (!origin.as_str().contains("/gateway/"), origin.clone()));
        let mut seen: BTreeSet<QueryId> = BTreeSet::new();
        let mut questions = Vec::new();
        for event in logs.into_iter().flat_map(|(_, events)| events).filter(|event| event.kind != Kind::Act) {
            if event.query.as_ref().is_none_or(|query| seen.insert(query.clone())) {
                questions.push(event);
            }
        }
        questions.sort_by_key(|event| (event.at, event.first()));
        Self { questions }
    }

    /// Counts all.
    #[must_use]
    pub fn all(&self) -> Group {
        let mut group = Group::default();
        self.questions.iter().for_each(|event| group.add(event));
        group
    }

    /// Counts by what a function says of each question.
    #[must_use]
    pub fn by(&self, name: impl Fn(&Event) -> String) -> BTreeMap<String, Group> {
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for event in &self.questions {
            groups.entry(name(event)).or_default().add(event);
        }
        groups
    }

    /// Counts by month.
    #[must_use]
    pub fn by_month(&self) -> BTreeMap<String, Group> {
        self.by(|event| when::month(event.at))
    }

    /// Of each site: how often it was asked, and how often it ended in which state.
    #[must_use]
    pub fn by_site(&self) -> BTreeMap<String, (u64, BTreeMap<State, u64>)> {
        let mut sites: BTreeMap<String, (u64, BTreeMap<State, u64>)> = BTreeMap::new();
        for event in &self.questions {
            for site in event.sites.iter().filter(|_| event.kind == Kind::Question) {
                sites.entry(site.to_string()).or_default().0 += 1;
            }
            let (answered, others) = event.by_site();
            for answer in answered.into_iter().chain(others) {
                *sites.entry(answer.site.to_string()).or_default().1.entry(answer.state).or_default() += 1;
            }
            // A node's own log has one state, which is this site's.
            if let ([], Some(state), [site], Kind::Question) =
                (event.answers.as_slice(), event.state, event.sites.as_slice(), event.kind)
            {
                *sites.entry(site.to_string()).or_default().1.entry(state).or_default() += 1;
            }
        }
        sites
    }

    /// People who asked: yes, no, unknown, as the roster says.
    #[must_use]
    pub fn people(&self, of: impl Fn(&str) -> Option<bool>) -> [u64; 3] {
        let mut counts = [0; 3];
        for person in self.all().people {
            let place = match of(&person) {
                Some(true) => 0,
                Some(false) => 1,
                None => 2,
            };
            counts[place] += 1;
        }
        counts
    }
}

/// The institution of who asked: by the roster, else by the log.
#[must_use]
pub fn institution(event: &Event, roster: &Roster) -> Option<String> {
    let who = event.who.as_ref()?;
    let member = roster.people.get(who.id()).and_then(|member| member.institution.clone());
    member.or_else(|| who.institution.clone())
}
