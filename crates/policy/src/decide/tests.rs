//! The decision table.

use std::collections::{BTreeMap, BTreeSet};

use renkei_types::PersonId;

use super::*;
use crate::{Grant, Seal, Tables};

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
