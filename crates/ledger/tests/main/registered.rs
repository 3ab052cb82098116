//! A registered statement leaves as it is beside what the hospital had in view, and beside nothing that left later.

use std::collections::BTreeSet;

use renkei_disclosure::{Memory, Ruling};
use renkei_ledger::{Asking, Ledger};
use renkei_policy::{
    Ask, Exemption, Exploration, Grant, Level, Mode, Registration, Registry, Seal, SitePolicy, Tables, Text, decide,
};
use renkei_types::{PersonId, ProjectId, SnapshotId, Timestamp};

use crate::{People, asking, contributions, crowd, offer};

/// As the policy makes it, and nothing else can.
fn exemption(ledger: &Ledger) -> Exemption {
    exempt(ledger.identity(), ledger.anchors())
}

fn exempt(ledger: u64, known: usize) -> Exemption {
    let (project, subject) = (ProjectId::new("dm").unwrap(), PersonId::new("taro").unwrap());
    let (snapshot, statement) = (SnapshotId::new("s1").unwrap(), [7; 32]);
    let registration = Registration {
        name: "primary".to_owned(),
        project: project.clone(),
        statement,
        snapshot: snapshot.clone(),
        ledger,
        known: known as u64,
        at: Timestamp(0),
    };
    let grant = Grant {
        level: Level::Aggregate,
        mode: None,
        budget: None,
        tables: Tables::All,
        members: None,
        minimum_persons: None,
    };
    let grants = [(project.clone(), grant)].into();
    let policy = SitePolicy { minimum_persons: 10, level: Level::Aggregate, grants };
    let ask = Ask {
        project: &project,
        subject: &subject,
        tables: &BTreeSet::new(),
        reference_tables: &BTreeSet::new(),
        seal: Seal::Clinical,
        exploration: &Exploration::default(),
        text: Some(Text { statement, snapshot: &snapshot }),
        registered: &Registry::new(vec![registration]),
    };
    decide(&policy, &ask).unwrap().exemption().unwrap().clone()
}

/// Asks for a number of persons; gives the ruling and whether something near was noted, and under which word.
fn ask(ledger: &Ledger, people: &People, mode: Mode, exemption: Option<Exemption>, whole: bool) -> (Ruling, Vec<bool>) {
    let exact = contributions(people);
    let offers = [offer(&exact, people.len() as i64, true)];
    let mut session = ledger.session(Asking { exemption, ..asking(mode, 10) });
    let ruling = session.rule(&offers, whole).unwrap().remove(0);
    if ruling == Ruling::Exact {
        session.keep(&offers).unwrap();
    }
    (ruling, session.into_flags(0).iter().map(|flag| flag.registered).collect())
}

#[test]
fn beside_what_was_in_view_it_leaves_and_is_noted() {
    for mode in [Mode::Substitute, Mode::Hold, Mode::Flag] {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), [3; 32]).unwrap();
        assert_eq!(ask(&ledger, &crowd(0, 1000), mode, None, true), (Ruling::Exact, vec![]));
        let registered = exemption(&ledger);
        let registered = || Some(registered.clone());
        if mode != Mode::Flag {
            let (ruling, noted) = ask(&ledger, &crowd(0, 998), mode, None, true);
            assert_ne!(ruling, Ruling::Exact, "{mode:?}: without it, it would not leave");
            assert_eq!(noted, [false]);
        }
        let held = ask(&ledger, &crowd(0, 998), mode, registered(), false);
        assert_eq!(held.0 == Ruling::Exact, mode == Mode::Flag, "{mode:?}: something of it is held: as ever");
        drop(ledger);
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), [3; 32]).unwrap();
        let _ = ask(&ledger, &crowd(0, 1000), mode, None, true);
        assert_eq!(ask(&ledger, &crowd(0, 998), mode, registered(), true), (Ruling::Exact, vec![true]), "{mode:?}");
        assert_eq!(ledger.registered().len(), 1, "{mode:?}: it is recorded");
        assert_eq!(ask(&ledger, &crowd(0, 998), mode, registered(), true), (Ruling::Exact, vec![]), "again: {mode:?}");
        assert_eq!((ledger.registered().len(), ledger.anchors()), (1, 2), "{mode:?}: nothing new left");
        drop(ledger);
        let ledger = Ledger::open(folder.path(), [0; 32]).unwrap();
        assert_eq!((ledger.registered().len(), ledger.anchors()), (1, 2), "{mode:?}: it is there again");
        assert_eq!(ledger.registered()[0].name, "primary");
        // It is an anchor like any other.
        let (ruling, noted) = ask(&ledger, &crowd(0, 976), mode, None, true);
        assert_eq!((ruling, noted), (Ruling::Exact, vec![]), "{mode:?}: 22 and 24 persons are many");
        let (_, noted) = ask(&ledger, &crowd(1, 997), mode, None, true);
        assert_eq!(noted, [false], "{mode:?}: one person is few");
    }
}

/// Somebody asks for nearly the same before the registered statement is asked for the first time.
#[test]
fn what_left_after_the_registration_is_compared_as_ever() {
    for mode in [Mode::Substitute, Mode::Hold] {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), [3; 32]).unwrap();
        let _ = ask(&ledger, &crowd(5_000, 100), mode, None, true);
        let registered = Some(exemption(&ledger));
        assert_eq!(ask(&ledger, &crowd(0, 999), mode, None, true).0, Ruling::Exact);
        let (ruling, noted) = ask(&ledger, &crowd(0, 1000), mode, registered, true);
        assert_ne!(ruling, Ruling::Exact, "{mode:?}");
        assert_eq!(noted, [false]);
        assert!(ledger.registered().is_empty());
    }
}

/// A part that was in view, and its counterpart that was asked for later: together they are nearly the registered total.
#[test]
fn a_pair_is_in_view_if_both_of_it_were() {
    for (between, exact) in [(false, true), (true, false)] {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), [3; 32]).unwrap();
        let _ = ask(&ledger, &crowd(0, 60), Mode::Hold, None, true);
        let early = exemption(&ledger);
        let _ = ask(&ledger, &crowd(60, 80), Mode::Hold, None, true);
        let registered = if between { early } else { exemption(&ledger) };
        let (ruling, _) = ask(&ledger, &crowd(0, 141), Mode::Hold, Some(registered), true);
        assert_eq!(ruling == Ruling::Exact, exact, "between: {between}");
    }
}

#[test]
fn in_another_ledger_it_holds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), [3; 32]).unwrap();
    assert_eq!(ask(&ledger, &crowd(0, 1000), Mode::Hold, None, true).0, Ruling::Exact);
    let other = exempt(ledger.identity() ^ 1, 1);
    assert_eq!(ask(&ledger, &crowd(0, 999), Mode::Hold, Some(other), true).0, Ruling::Hold);
    assert_eq!(ask(&ledger, &crowd(0, 999), Mode::Hold, Some(exemption(&ledger)), true).0, Ruling::Exact);
}
