//! Do two logs tell the same? The gateway's, and that of one site's node.
//!
//! Both record each question and what became of it; the salted hash of the answer is in both. So one side can leave
//! nothing out, add nothing and change nothing without the other's consent. Questions that a site never received are
//! told by the gateway as such (offline, late), and are no contradiction.

use std::collections::BTreeMap;
use std::time::Duration;

use renkei_types::{QueryId, SiteId, Timestamp};
use serde::Serialize;

use crate::entry::{Body, EXPLAIN, Entry, Line, Outcome, Seal, State};
use crate::tree::Hash;

/// How the two sides of one question stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The same on both sides.
    Matched,
    /// The same, recorded further apart than allowed.
    Late,
    /// On one side only, while the other has no sign of life: it was down, or that stretch is missing.
    Gap,
    /// In the gateway's log only.
    LeftOnly,
    /// In the node's log only.
    RightOnly,
    /// On both sides, with another question or another answer.
    Mismatch,
}

impl Class {
    /// What it means, in English.
    #[must_use]
    pub fn english(self) -> &'static str {
        match self {
            Self::Matched => "Both logs tell the same.",
            Self::Late => "Both logs tell the same, but too far apart in time, or the answer did not arrive.",
            Self::Gap => {
                "One log tells it while the other has no entry at all: it was down, or that stretch is missing."
            }
            Self::LeftOnly => "Only the gateway's log tells it.",
            Self::RightOnly => "Only the node's log tells it.",
            Self::Mismatch => "The logs tell of different questions or different answers.",
        }
    }

    /// What it means, in Japanese.
    #[must_use]
    pub fn japanese(self) -> &'static str {
        match self {
            Self::Matched => "双方の記録が一致しています。",
            Self::Late => "双方の記録は一致しますが、時刻の差が大きすぎるか、回答が届いていません。",
            Self::Gap => "一方にのみ記録があり、他方はその間まったく記録がありません（停止または欠落）。",
            Self::LeftOnly => "ゲートウェイのログにのみ記録があります。",
            Self::RightOnly => "ノードのログにのみ記録があります。",
            Self::Mismatch => "照会または回答の内容が双方の記録で異なります。",
        }
    }
}

/// One question's part at this site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// How the sides stand.
    pub class: Class,
    /// The question.
    pub query: QueryId,
    /// Its release point.
    pub part: u32,
    /// The entry in the gateway's log that it is about.
    pub left: Option<u64>,
    /// The entry in the node's log that it is about.
    pub right: Option<u64>,
    /// Whether it is about the outcome; else about the question.
    pub outcome: bool,
}

/// Two logs compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Reconciliation {
    /// How many of each class.
    pub counts: BTreeMap<Class, u64>,
    /// All that are not matched, in the order of their ids.
    pub items: Vec<Item>,
}

/// One side's account of a question.
#[derive(Debug, Default)]
struct Account {
    asked: Option<(u64, Timestamp, Hash)>,
    ended: Option<Ended>,
    /// The gateway's own end of the part, where it had none of the site.
    given_up: Option<Ended>,
}

/// How a side says that a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ended {
    place: u64,
    at: Timestamp,
    state: State,
    /// The code of whatever is not an answer.
    code: Option<Line<32>>,
    result: Option<Seal>,
}

impl Ended {
    /// Whether the other side was told this: the same bytes, or no answer for the same reason. Which of its own states a
    /// side gives a reason is its own matter.
    fn same(&self, other: &Self) -> bool {
        match (self.state == State::Answered, other.state == State::Answered) {
            (true, true) => self.result == other.result,
            (false, false) => self.code == other.code,
            // What arrived is what left, even where it was not used.
            _ => self.result.is_some() && self.result == other.result,
        }
    }
}

/// One side: accounts by question, and the times of all its entries, as signs of life.
#[derive(Debug, Default)]
struct Side {
    accounts: BTreeMap<(QueryId, u32), Account>,
    alive: Vec<Timestamp>,
}

impl Side {
    /// The gateway's log as far as it is about this site, or the node's own.
    fn read<E>(entries: impl Iterator<Item = Result<Entry, E>>, at_gateway: Option<&SiteId>) -> Result<Self, E> {
        let mut side = Self::default();
        for entry in entries {
            let Entry { at, body, seq, .. } = entry?;
            side.alive.push(at);
            match body {
                Body::Intent(intent) if intent.question.level.as_str() == EXPLAIN => {}
                Body::Intent(intent)
                    if at_gateway.is_none_or(|site| intent.question.sites.as_slice().contains(site)) =>
                {
                    let account = side.accounts.entry((intent.query, intent.part)).or_default();
                    account.asked.get_or_insert((seq, at, intent.question.statement));
                }
                Body::Outcome(outcome) if outcome.site.as_ref() == at_gateway => {
                    let account = side.accounts.entry((outcome.query, outcome.part)).or_default();
                    let Outcome { state, code, result, .. } = *outcome;
                    account.ended.get_or_insert(Ended { place: seq, at, state, code, result });
                }
                Body::Outcome(outcome) if at_gateway.is_some() && outcome.site.is_none() => {
                    // Only of a part of which the site was asked.
                    if let Some(account) = side.accounts.get_mut(&(outcome.query.clone(), outcome.part)) {
                        let Outcome { state, code, result, .. } = *outcome;
                        account.given_up.get_or_insert(Ended { place: seq, at, state, code, result });
                    }
                }
                Body::Refusal(refusal) if at_gateway.is_none() => {
                    if let (Some(query), Some(question)) = (refusal.query, refusal.question) {
                        let account = side.accounts.entry((query, refusal.part.unwrap_or(0))).or_default();
                        account.asked.get_or_insert((seq, at, question.statement));
                        let (state, code) = (State::Refused, Some(refusal.code));
                        account.ended.get_or_insert(Ended { place: seq, at, state, code, result: None });
                    }
                }
                _ => {}
            }
        }
        for account in side.accounts.values_mut() {
            // A gateway that stopped in the middle has no end of the site, and says so with its own.
            let given_up = account.given_up.take().filter(|own| own.state == State::Aborted);
            account.ended = account.ended.take().or(given_up);
        }
        side.alive.sort_unstable();
        Ok(side)
    }

    /// Whether there is an entry on both sides of a time, no further away than allowed.
    fn lived(&self, at: Timestamp, silence: Duration) -> bool {
        let after = self.alive.partition_point(|time| *time < at);
        let near = |time: Option<&Timestamp>| time.is_some_and(|time| time.distance(at) <= silence);
        near(self.alive.get(after)) && (near(after.checked_sub(1).and_then(|n| self.alive.get(n))))
    }
}

/// Compares the gateway's log (left) with the log of one site's node (right). Both should have been verified.
///
/// `tolerance` is how far apart the two may record the same; `silence` how long a running log may say nothing.
///
/// # Errors
/// What reading an entry fails with.
pub fn reconcile<E>(
    left: impl Iterator<Item = Result<Entry, E>>,
    right: impl Iterator<Item = Result<Entry, E>>,
    site: &SiteId,
    tolerance: Duration,
    silence: Duration,
) -> Result<Reconciliation, E> {
    let (left, mut right) = (Side::read(left, Some(site))?, Side::read(right, None)?);
    let mut pairs: BTreeMap<(QueryId, u32), (Account, Account)> = BTreeMap::new();
    let alive = (left.alive, std::mem::take(&mut right.alive));
    for (key, account) in left.accounts {
        pairs.entry(key).or_default().0 = account;
    }
    for (key, account) in right.accounts {
        pairs.entry(key).or_default().1 = account;
    }
    let (left, right) = (Side { alive: alive.0, ..Side::default() }, Side { alive: alive.1, ..Side::default() });
    let mut found = Reconciliation::default();
    for ((query, part), (gateway, node)) in pairs {
        let judge = Judge { left: &left, right: &right, tolerance, silence };
        let (class, outcome) = judge.judge(&gateway, &node);
        *found.counts.entry(class).or_default() += 1;
        if class != Class::Matched {
            let place = |account: &Account| {
                let (asked, ended) = (account.asked.map(|asked| asked.0), account.ended.as_ref().map(|e| e.place));
                if outcome { ended } else { asked.or(ended) }
            };
            found.items.push(Item { class, query, part, left: place(&gateway), right: place(&node), outcome });
        }
    }
    Ok(found)
}

struct Judge<'a> {
    left: &'a Side,
    right: &'a Side,
    tolerance: Duration,
    silence: Duration,
}

impl Judge<'_> {
    /// The worst that the two accounts of a question say, and whether it is about the outcome.
    fn judge(&self, gateway: &Account, node: &Account) -> (Class, bool) {
        let asked = self.asked(gateway, node);
        let ended = self.ended(gateway, node);
        if asked >= ended { (asked, false) } else { (ended, true) }
    }

    fn asked(&self, gateway: &Account, node: &Account) -> Class {
        match (gateway.asked, node.asked) {
            (Some((_, at, left)), Some((_, there, right))) => self.both(left == right, at, there),
            (Some((_, at, _)), None) if !unreached(gateway) => self.left_only(at),
            (None, Some((_, at, _))) => self.right_only(at),
            (Some(_) | None, None) => Class::Matched,
        }
    }

    fn ended(&self, gateway: &Account, node: &Account) -> Class {
        match (&gateway.ended, &node.ended) {
            (Some(left), Some(right)) => match (left.state, right.state) {
                // The answer left the hospital and did not arrive in time: the gateway says so.
                (state, _) if lost(state) => self.both(true, left.at, right.at).max(Class::Late),
                // The hospital gave up, and the gateway had no answer of it.
                (State::Failed | State::Refused, state) if lost(state) && !left.same(right) => {
                    self.both(true, left.at, right.at).max(Class::Late)
                }
                _ => self.both(left.same(right), left.at, right.at),
            },
            (Some(left), None) if !unreached(gateway) => self.left_only(left.at),
            (None, Some(right)) => self.right_only(right.at),
            (Some(_) | None, None) => Class::Matched,
        }
    }

    fn both(&self, same: bool, at: Timestamp, there: Timestamp) -> Class {
        match (same, at.distance(there) > self.tolerance) {
            (false, _) => Class::Mismatch,
            (true, true) => Class::Late,
            (true, false) => Class::Matched,
        }
    }

    fn left_only(&self, at: Timestamp) -> Class {
        if self.right.lived(at, self.silence) { Class::LeftOnly } else { Class::Gap }
    }

    fn right_only(&self, at: Timestamp) -> Class {
        if self.left.lived(at, self.silence) { Class::RightOnly } else { Class::Gap }
    }
}

/// The gateway tells that the site did not receive the question, or not its answer.
fn unreached(gateway: &Account) -> bool {
    gateway.ended.as_ref().is_some_and(|ended| lost(ended.state))
}

/// States in which a side does not know what the other did.
fn lost(state: State) -> bool {
    matches!(state, State::Offline | State::Late | State::Cancelled | State::Aborted)
}
