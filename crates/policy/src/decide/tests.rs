//! The decision table.

use std::collections::{BTreeMap, BTreeSet};

use renkei_types::{PersonId, SnapshotId, Timestamp};

use super::*;
use crate::{Grant, Registration, Registry, Seal, Tables, Text};

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn policy(site_minimum: u32, tables: Tables, members: Option<&[&str]>, minimum: Option<u32>) -> SitePolicy {
    let members = members.map(|m| m.iter().map(|p| PersonId::new(*p).expect("id")).collect());
    let grant = Grant { level: Level::Aggregate, mode: None, budget: None, tables, members, minimum_persons: minimum };
    let grants = BTreeMap::from([(ProjectId::new("dm").expect("id"), grant)]);
    SitePolicy { minimum_persons: site_minimum, level: Level::Aggregate, grants }
}

fn ask(policy: &SitePolicy, project: &str, who: &str, tables: &[&str], seal: Seal) -> Result<u32, (SiteState, Code)> {
    let (project, subject) = (ProjectId::new(project).expect("id"), PersonId::new(who).expect("id"));
    let (tables, reference_tables) = (names(tables), names(&["concept"]));
    let exploration = &Exploration::default();
    let ask = Ask {
        project: &project,
        subject: &subject,
        tables: &tables,
        reference_tables: &reference_tables,
        seal,
        exploration,
        text: None,
        registered: &Registry::default(),
    };
    decide(policy, &ask).map(|p| p.minimum_persons()).map_err(|d| (d.state, d.refusal.code))
}

#[test]
fn decisions() {
    use Seal::{Clinical, Public, Synthetic};
    let all = || policy(10, Tables::All, None, None);
    let not_approved = |code| Err((SiteState::NotApproved, code));
    let refused = |code| Err((SiteState::Refused, code));

    assert_eq!(ask(&all(), "dm", "taro", &["person"], Clinical), Ok(10));
    assert_eq!(ask(&all(), "other", "taro", &["person"], Clinical), not_approved(Code::Project));

    let roster = policy(10, Tables::All, Some(&["hanako"]), None);
    assert_eq!(ask(&roster, "dm", "hanako", &["person"], Clinical), Ok(10));
    assert_eq!(ask(&roster, "dm", "taro", &["person"], Clinical), not_approved(Code::Project));

    let narrow = policy(10, Tables::Only(names(&["person", "concept"])), None, None);
    assert_eq!(ask(&narrow, "dm", "taro", &["person"], Clinical), Ok(10));
    assert_eq!(ask(&narrow, "dm", "taro", &["person", "death"], Clinical), not_approved(Code::TableGrant));
    let no_vocabulary = policy(10, Tables::Only(names(&["person"])), None, None);
    assert_eq!(ask(&no_vocabulary, "dm", "taro", &["person"], Clinical), not_approved(Code::TableGrant));

    for (site, project, seal, expected) in [
        (10, Some(20), Clinical, Ok(20)),
        (10, Some(7), Clinical, Ok(10)),
        (5, None, Clinical, Ok(5)),
        (4, None, Clinical, refused(Code::MinimumPersons)),
        (10, Some(1), Clinical, refused(Code::MinimumPersons)),
        (10, Some(0), Clinical, refused(Code::MinimumPersons)),
        (10, Some(1), Synthetic, Ok(1)),
        (10, Some(1), Public, Ok(1)),
        (10, None, Synthetic, Ok(10)),
        (1, None, Synthetic, Ok(1)),
    ] {
        let policy = policy(site, Tables::All, None, project);
        assert_eq!(ask(&policy, "dm", "taro", &["person"], seal), expected, "{site} {project:?} {seal:?}");
    }
}

#[test]
fn a_registered_statement_is_its_words_on_its_snapshot_in_its_project() {
    let (dm, other) = (ProjectId::new("dm").expect("id"), ProjectId::new("other").expect("id"));
    let snapshot = |id: &str| SnapshotId::new(id).expect("id");
    let mut policy = policy(10, Tables::All, None, None);
    let grant = policy.grants.get_mut(&dm).expect("granted");
    grant.budget = Some(Budget { project_30_days: Some(1), person_day: None });
    let same = grant.clone();
    policy.grants.insert(other.clone(), same);
    let registration = Registration {
        name: "primary".into(),
        project: dm.clone(),
        statement: [7; 32],
        snapshot: snapshot("s1"),
        ledger: 9,
        known: 3,
        at: Timestamp(0),
    };
    let registered = Registry::new(vec![registration]);
    let (none, subject, exploration) = (BTreeSet::new(), PersonId::new("taro").expect("id"), Exploration::default());
    let exempt = |project: &ProjectId, text: Option<(u8, &str)>| {
        let snapshot = text.map(|(_, id)| snapshot(id));
        let text = text.zip(snapshot.as_ref()).map(|((n, _), snapshot)| Text { statement: [n; 32], snapshot });
        let ask = Ask {
            project,
            subject: &subject,
            tables: &none,
            reference_tables: &none,
            seal: Seal::Clinical,
            exploration: &exploration,
            text,
            registered: &registered,
        };
        let permit = decide(&policy, &ask).expect("permitted");
        let free = permit.budget() == Budget::default();
        assert_eq!(permit.exemption().is_some(), free, "what is not exempt is charged");
        permit.exemption().map(|exemption| (exemption.name().to_owned(), exemption.known()))
    };
    assert_eq!(exempt(&dm, Some((7, "s1"))), Some(("primary".to_owned(), 3)));
    assert_eq!(exempt(&dm, Some((8, "s1"))), None, "other words");
    assert_eq!(exempt(&dm, Some((7, "s2"))), None, "another snapshot");
    assert_eq!(exempt(&other, Some((7, "s1"))), None, "another project");
    assert_eq!(exempt(&dm, None), None, "words that do not say everything");
}
