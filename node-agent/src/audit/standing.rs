//! What is in force at this site, told by digests: what changed since the program ran last is recorded at its start.
//!
//! `recorded.json` in the state folder remembers what the log has. It is written after the entries are; lost, it costs
//! that everything is recorded once more.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use renkei_audit::entry::{Act, Admin};
use renkei_audit::tree::Hash;
use renkei_policy::{Grant, SitePolicy};
use renkei_types::ProjectId;
use serde::{Deserialize, Serialize};

use super::own;
use crate::config::Config;
use crate::store::{self, Error};

/// File in the state folder.
const FILE: &str = "recorded.json";

/// What the log has of each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// SHA-256 of the certificate in DER.
    #[serde(default)]
    certificate: Option<Hash>,
    /// SHA-256 of the configuration's file.
    #[serde(default)]
    config: Option<Hash>,
    /// Members of each project that the site names itself.
    #[serde(default)]
    members: BTreeMap<ProjectId, Hash>,
    /// The version of the opt-out list.
    #[serde(default)]
    opt_out: Option<Hash>,
    /// The version of the policy, as each question's entry has it.
    #[serde(default)]
    policy: Option<Hash>,
    /// Grants without their members.
    #[serde(default)]
    grants: BTreeMap<ProjectId, Hash>,
    /// What holds for all projects.
    #[serde(default)]
    site: String,
}

impl Standing {
    pub(crate) fn of(config: &Config, certificate: &[u8]) -> Self {
        let policy = config.site_policy();
        let members = policy.grants.iter().filter(|(_, grant)| grant.members.is_some());
        let members = members.map(|(id, grant)| (id.clone(), told(&grant.members))).collect();
        let plain = |grant: &Grant| told(&Grant { members: None, ..grant.clone() });
        let SitePolicy { minimum_persons, level, .. } = &policy;
        Self {
            certificate: Some(Hash::of(certificate)),
            config: config.digest,
            members,
            opt_out: None,
            grants: policy.grants.iter().map(|(id, grant)| (id.clone(), plain(grant))).collect(),
            site: format!("minimum {minimum_persons} persons, at most {}", level.as_str()),
            policy: Some(told(&policy)),
        }
    }

    /// The acts that tell what is other than the log has it.
    pub(super) fn changes(&self, state: &Path) -> Vec<Admin> {
        let before = read(state);
        let mut acts = Vec::new();
        if before.certificate != self.certificate {
            acts.push(own(Act::Key, "certificate", "another certificate is in use", self.certificate));
        }
        if before.config != self.config {
            acts.push(own(Act::Config, "configuration", "another configuration is in force", self.config));
        }
        let grants = difference(&before.grants, &self.grants);
        if before.site != self.site || !grants.is_empty() {
            let mut detail = self.site.clone();
            for (word, projects) in &grants {
                detail.push_str(&format!("; {word}: {}", projects.join(", ")));
            }
            acts.push(own(Act::Policy, "policy", &detail, self.policy));
        }
        let members = difference(&before.members, &self.members);
        if !members.is_empty() {
            let named: Vec<String> =
                members.iter().map(|(word, projects)| format!("{word}: {}", projects.join(", "))).collect();
            let detail = format!("members named here; {}", named.join("; "));
            acts.push(own(Act::Roster, "members", &detail, Some(told(&self.members))));
        }
        acts
    }

    /// Remembers what the log has now.
    pub(super) fn remember(&self, state: &Path) -> Result<(), Error> {
        write(state, &Self { opt_out: read(state).opt_out, ..self.clone() })
    }
}

/// The version of the opt-out list that the log has.
pub(super) fn opt_out(state: &Path) -> Option<Hash> {
    read(state).opt_out
}

/// Remembers the version of the opt-out list. One that is not remembered is recorded again.
pub(super) fn remember_opt_out(state: &Path, version: Option<Hash>) {
    if let Err(error) = write(state, &Standing { opt_out: version, ..read(state) }) {
        tracing::warn!(error = renkei_service::chain(&error), "the opt-out list is recorded again at the next start");
    }
}

fn read(state: &Path) -> Standing {
    fs::read(state.join(FILE)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn write(state: &Path, standing: &Standing) -> Result<(), Error> {
    let path = state.join(FILE);
    let bytes = serde_json::to_vec_pretty(standing).map_err(io::Error::from).map_err(Error::io("write", &path))?;
    store::replace(&path, &bytes)
}

/// What a value is told by. Values here are made of sorted collections, so that equal ones are written alike.
fn told(value: &impl std::fmt::Debug) -> Hash {
    Hash::of(format!("{value:?}").as_bytes())
}

/// Names that were added, changed and removed; only those of the three that happened.
fn difference(before: &BTreeMap<ProjectId, Hash>, now: &BTreeMap<ProjectId, Hash>) -> Vec<(&'static str, Vec<String>)> {
    let names = |of: &BTreeMap<ProjectId, Hash>, keep: &dyn Fn(&ProjectId, &Hash) -> bool| -> Vec<String> {
        of.iter().filter(|(id, hash)| keep(id, hash)).map(|(id, _)| id.to_string()).collect()
    };
    let all = [
        ("added", names(now, &|id, _| !before.contains_key(id))),
        ("changed", names(now, &|id, hash| before.get(id).is_some_and(|old| old != hash))),
        ("removed", names(before, &|id, _| !now.contains_key(id))),
    ];
    all.into_iter().filter(|(_, names)| !names.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SAMPLE;

    fn config(change: impl Fn(&str) -> String) -> Config {
        let text = change(SAMPLE);
        Config { digest: Some(Hash::of(text.as_bytes())), ..renkei_service::config::parse(&text).unwrap() }
    }

    fn told(acts: &[Admin]) -> Vec<(Act, &str)> {
        acts.iter().map(|admin| (admin.act, admin.detail.as_str())).collect()
    }

    #[test]
    fn each_change_is_told_once_as_what_it_is() {
        let state = tempfile::tempdir().unwrap();
        let first = Standing::of(&config(str::to_owned), b"certificate");
        let acts = first.changes(state.path());
        assert_eq!(acts.iter().map(|admin| admin.act).collect::<Vec<_>>()[..3], [Act::Key, Act::Config, Act::Policy]);
        assert!(acts[2].detail.as_str().starts_with("minimum 10 persons, at most aggregate; added: "), "{acts:?}");
        first.remember(state.path()).unwrap();
        assert_eq!(first.changes(state.path()), []);

        remember_opt_out(state.path(), Some(Hash::of(b"list")));
        assert_eq!(first.changes(state.path()), []);
        let stricter = config(|text| text.replace("minimum_persons = 10", "minimum_persons = 20"));
        let second = Standing::of(&stricter, b"renewed");
        let acts = second.changes(state.path());
        let detail = "minimum 20 persons, at most aggregate";
        let expect = [
            (Act::Key, "another certificate is in use"),
            (Act::Config, "another configuration is in force"),
            (Act::Policy, detail),
        ];
        assert_eq!(told(&acts), expect);
        assert_eq!(acts[0].digest, Some(Hash::of(b"renewed")));
        second.remember(state.path()).unwrap();
        assert_eq!(opt_out(state.path()), Some(Hash::of(b"list")), "it is kept");

        // Without its projects, and with a member of one.
        let mut bare = stricter;
        let project = bare.projects.remove(0);
        let third = Standing::of(&bare, b"renewed");
        let acts = third.changes(state.path());
        let removed = format!("{detail}; removed: {}", project.id);
        assert!(told(&acts).contains(&(Act::Policy, removed.as_str())), "{acts:?}");
        third.remember(state.path()).unwrap();
        let members = Some([renkei_types::PersonId::new("suzuki").unwrap()].into());
        bare.projects = vec![crate::config::Project { members, ..project.clone() }];
        let acts = Standing::of(&bare, b"renewed").changes(state.path());
        let named = format!("members named here; added: {}", project.id);
        assert!(told(&acts).contains(&(Act::Roster, named.as_str())), "{acts:?}");
    }
}
