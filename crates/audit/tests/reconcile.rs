//! Injected one-sided deletions, edits, gaps and delays are classified, every one.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use rand::RngCore as _;
use renkei_audit::entry::{Act, Body, ClockState, Count, Entry, Heartbeat, Seal, State, Version};
use renkei_audit::note::Origin;
use renkei_audit::tree::Hash;
use renkei_audit::verify::{Class, reconcile};
use renkei_types::Timestamp;

use crate::common::*;

/// Seconds between questions.
const STEP: i64 = 30;

/// The gateway's and the node's log of the same questions: at both the question, refusal or not, and its outcome.
fn logs(count: u64) -> (Vec<Entry>, Vec<Entry>) {
    let (mut left, mut right, mut rng) = (Vec::new(), Vec::new(), rng(5));
    for log in [&mut left, &mut right] {
        log.push((admin(Act::Start).body, START - 1_000_000));
    }
    for n in 0..count {
        let at = START + i64::try_from(n).unwrap() * STEP * 1_000_000;
        let mut gateway = |body, later: i64| left.push((body, at + later));
        let sites = if n % 7 == 3 { &["osaka"][..] } else { &["osaka", "tokyo"] };
        gateway(intent(n, sites, &mut rng).body, 0);
        let state = match n % 11 {
            5 => State::Refused,
            6 => State::Offline,
            _ => State::Answered,
        };
        if n % 7 != 3 {
            gateway(outcome(n, state, Some("tokyo")).body, 900_000);
            match state {
                State::Refused => right.push((refusal(n).body, at + 300_000)),
                State::Offline => {}
                _ => {
                    right.push((intent(n, sites, &mut rng).body, at + 300_000));
                    right.push((outcome(n, state, None).body, at + 800_000));
                }
            }
        }
        gateway(outcome(n, state, Some("osaka")).body, 1_000_000);
        gateway(outcome(n, state, None).body, 1_100_000);
        // Both live, whatever is asked.
        let beat = Heartbeat { beat: Count::saturating(n), clock: ClockState::Free, root: Hash::empty() };
        left.push((Body::Heartbeat(beat.clone()), at + 2_000_000));
        right.push((Body::Heartbeat(beat), at + 2_000_000));
    }
    (number(left), number(right))
}

fn number(bodies: Vec<(Body, i64)>) -> Vec<Entry> {
    let log = Origin::new("renkei.example/audit/x").unwrap();
    let entry = |(seq, (body, at))| Entry { at: Timestamp(at), body, log: log.clone(), seq, v: Version };
    (0..).zip(bodies).map(entry).collect()
}

/// Class, question, and whether it is about the outcome.
type Difference = (Class, String, bool);

fn counts(left: &[Entry], right: &[Entry]) -> (BTreeMap<Class, u64>, Vec<Difference>) {
    let (tolerance, silence) = (Duration::from_secs(10), Duration::from_secs(180));
    let found = reconcile(read(left), read(right), &site("tokyo"), tolerance, silence).unwrap();
    (found.counts, found.items.into_iter().map(|item| (item.class, item.query.to_string(), item.outcome)).collect())
}

fn read(log: &[Entry]) -> impl Iterator<Item = Result<Entry, Infallible>> + '_ {
    log.iter().cloned().map(Ok)
}

fn about(entry: &Entry, number: u64) -> bool {
    match &entry.body {
        Body::Intent(intent) => intent.query == query(number),
        Body::Outcome(outcome) => {
            outcome.query == query(number) && outcome.site.as_ref().is_none_or(|s| *s == site("tokyo"))
        }
        Body::Refusal(refusal) => refusal.query == Some(query(number)),
        _ => false,
    }
}

#[test]
fn equal_logs_match() {
    let (left, right) = logs(200);
    let (counts, items) = counts(&left, &right);
    assert_eq!(items, []);
    assert_eq!(counts.keys().collect::<Vec<_>>(), [&Class::Matched]);
}

#[test]
fn every_injected_difference_is_classified() {
    let (left, right) = logs(120);
    let mut rng = rng(6);
    let mut tried = BTreeMap::new();
    for round in 0..600 {
        let (mut l, mut r) = (left.clone(), right.clone());
        let n = rng.next_u64() % 120;
        let at_node = right.iter().any(|entry| about(entry, n));
        let refused = n % 11 == 5;
        if !at_node {
            continue;
        }
        let change_left = round % 2 == 0;
        let log = if change_left { &mut l } else { &mut r };
        let (kind, class, of_outcome) = match round % 6 {
            // The whole question is gone from one side.
            0 | 1 => {
                log.retain(|entry| !about(entry, n));
                ("gone", if change_left { Class::RightOnly } else { Class::LeftOnly }, change_left && refused)
            }
            // The outcome only.
            2 | 3 if !refused => {
                log.retain(|entry| !(about(entry, n) && matches!(entry.body, Body::Outcome(_))));
                ("outcome", if change_left { Class::RightOnly } else { Class::LeftOnly }, true)
            }
            // Another question was recorded, or another answer.
            4 => {
                for entry in log.iter_mut().filter(|entry| about(entry, n)) {
                    match &mut entry.body {
                        Body::Intent(intent) => intent.question.statement = Hash::of(b"another"),
                        Body::Refusal(refusal) => {
                            refusal.question.as_mut().unwrap().statement = Hash::of(b"another");
                        }
                        _ => {}
                    }
                }
                ("edited", Class::Mismatch, false)
            }
            5 if !refused => {
                for entry in log.iter_mut().filter(|entry| about(entry, n)) {
                    if let Body::Outcome(outcome) = &mut entry.body {
                        outcome.result = Some(Seal(Hash::of(b"another")));
                    }
                }
                ("answer", Class::Mismatch, true)
            }
            _ => continue,
        };
        *tried.entry(kind).or_insert(0) += 1;
        let (_, items) = counts(&l, &r);
        assert_eq!(items.len(), 1, "{kind} {n}: {items:?}");
        assert_eq!((items[0].0, items[0].1.as_str()), (class, query(n).as_str()), "{kind}");
        if kind != "gone" {
            assert_eq!(items[0].2, of_outcome, "{kind}");
        }
    }
    assert!(tried.len() == 4 && tried.values().all(|count| *count > 40), "{tried:?}");
}

#[test]
fn a_side_that_was_down_is_a_gap_and_a_slow_one_is_late() {
    let (left, mut right) = logs(120);
    let dead = |entry: &Entry| (40..60).contains(&((entry.at.0 - START) / (STEP * 1_000_000)));
    right.retain(|entry| !dead(entry));
    let (found, items) = counts(&left, &right);
    assert!(items.iter().all(|item| item.0 == Class::Gap), "{items:?}");
    assert_eq!(found[&Class::Gap], (40..60).filter(|n| n % 7 != 3 && n % 11 != 6).count() as u64);

    let (left, mut right) = logs(120);
    for entry in right.iter_mut().filter(|entry| about(entry, 20)) {
        entry.at.0 += 11_000_000;
    }
    let (_, items) = counts(&left, &right);
    assert_eq!(items, [(Class::Late, query(20).to_string(), false)]);
}

#[test]
fn who_stopped_in_the_middle_is_late_and_not_in_contradiction() {
    // The gateway was killed: its own end says so, and it has none of the site.
    let (mut left, right) = logs(120);
    left.retain(|entry| !(about(entry, 20) && matches!(&entry.body, Body::Outcome(o) if o.site.is_some())));
    for entry in left.iter_mut().filter(|entry| about(entry, 20)) {
        if let Body::Outcome(outcome) = &mut entry.body {
            (outcome.state, outcome.result) = (State::Aborted, None);
        }
    }
    assert_eq!(counts(&left, &right).1, [(Class::Late, query(20).to_string(), true)]);
    // The node was: the gateway has another reason, and no answer.
    let (mut left, mut right) = logs(120);
    for (log, state) in [(&mut left, State::Failed), (&mut right, State::Aborted)] {
        for entry in log.iter_mut().filter(|entry| about(entry, 20)) {
            if let Body::Outcome(outcome) = &mut entry.body {
                (outcome.state, outcome.result) = (state, None);
                outcome.code = (state == State::Failed).then(|| line("E-UNAVAILABLE"));
            }
        }
    }
    assert_eq!(counts(&left, &right).1, [(Class::Late, query(20).to_string(), true)]);
    // But it cannot have had an answer.
    for entry in left.iter_mut().filter(|entry| about(entry, 20)) {
        if let Body::Outcome(outcome) = &mut entry.body {
            (outcome.state, outcome.code) = (State::Answered, None);
        }
    }
    assert_eq!(counts(&left, &right).1, [(Class::Mismatch, query(20).to_string(), true)]);
}

#[test]
fn an_answer_that_was_lost_on_the_way_is_late_and_no_contradiction() {
    let (mut left, right) = logs(120);
    for entry in left.iter_mut().filter(|entry| about(entry, 20)) {
        if let Body::Outcome(outcome) = &mut entry.body {
            (outcome.state, outcome.result) = (State::Late, None);
        }
    }
    let (_, items) = counts(&left, &right);
    assert_eq!(items, [(Class::Late, query(20).to_string(), true)]);
}
