//! Projects: under which one a question is asked, and whether it may read what it reads.
//!
//! The gateway's check only saves time; each node decides for itself.

use std::collections::BTreeMap;

use renkei_plan::Facts;
use renkei_types::{Code, PersonId, ProjectId, Refusal, SiteId};

use crate::config::{Project, Tables};
use crate::options::PROJECT;

/// Every project, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Projects(BTreeMap<ProjectId, Project>);

impl Projects {
    pub(crate) fn new(projects: Vec<Project>) -> Self {
        Self(projects.into_iter().map(|project| (project.id.clone(), project)).collect())
    }

    /// The projects of which a person is a member.
    pub(crate) fn of(&self, person: &PersonId) -> Vec<&Project> {
        self.0.values().filter(|project| project.members.contains(person)).collect()
    }

    /// The asked project, or the only one of the person. Whether another project exists is not told.
    pub(crate) fn choose(&self, person: &PersonId, asked: Option<&ProjectId>) -> Result<&Project, Refusal> {
        let mine = self.of(person);
        let list = || mine.iter().map(|project| project.id.as_str()).collect::<Vec<_>>().join(", ");
        let refusal = match (asked, mine.as_slice()) {
            (Some(asked), _) => match mine.iter().find(|project| project.id == *asked) {
                Some(project) => return Ok(project),
                None => Refusal::new(Code::Project, format!("`{asked}` is not a project of `{person}`")),
            },
            (None, [only]) => return Ok(only),
            (None, []) => Refusal::new(Code::Project, format!("`{person}` is not a member of any project")),
            (None, _) => Refusal::new(Code::Project, format!("`{person}` has several projects and none was named")),
        };
        Err(match mine.is_empty() {
            true => refusal.hint("ask the coordinator to add you to a project"),
            false => refusal.hint(format!("name one in the call header `{PROJECT}`: {}", list())),
        })
    }

    /// The sites that a person may know about: those of a project, or of all of the person's projects.
    pub(crate) fn visible_sites(&self, person: &PersonId, project: Option<&Project>) -> Vec<SiteId> {
        let mut sites: Vec<SiteId> = match project {
            Some(project) => project.sites.clone(),
            None => self.of(person).into_iter().flat_map(|project| project.sites.iter().cloned()).collect(),
        };
        sites.sort();
        sites.dedup();
        sites
    }
}

/// Whether the project was granted every CDM table that a statement reads. Vocabulary is open to all projects.
pub(crate) fn check_tables(project: &Project, facts: &Facts) -> Result<(), Refusal> {
    let Tables::Only(granted) = &project.tables else { return Ok(()) };
    let missing: Vec<&str> = facts.tables.iter().filter(|table| !granted.contains(table)).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("the project `{}` was not granted {}", project.id, missing.join(", "));
    Err(Refusal::new(Code::TableGrant, message).hint(format!("it may read {}", granted.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(id: &str, members: &[&str], tables: Tables) -> Project {
        Project {
            id: id.parse().unwrap(),
            title: String::new(),
            ethics: None,
            purpose: None,
            members: members.iter().map(|m| m.parse().unwrap()).collect(),
            sites: vec!["osaka".parse().unwrap(), "tokyo".parse().unwrap()],
            tables,
            minimum_persons: 10,
        }
    }

    #[test]
    fn a_project_is_named_or_the_only_one() {
        let projects = Projects::new(vec![
            project("a", &["sato", "ito"], Tables::All),
            project("b", &["sato"], Tables::All),
            project("secret", &["mori"], Tables::All),
        ]);
        let choose = |person: &str, asked: Option<&str>| {
            let asked = asked.map(|asked| asked.parse().unwrap());
            projects.choose(&person.parse().unwrap(), asked.as_ref()).map(|project| project.id.to_string())
        };
        assert_eq!(choose("ito", None).unwrap(), "a");
        assert_eq!(choose("sato", Some("b")).unwrap(), "b");
        for (person, asked, hint) in [
            ("sato", None, "a, b"),
            ("sato", Some("secret"), "a, b"),
            ("ito", Some("nowhere"), ": a"),
            ("nobody", None, "coordinator"),
            ("nobody", Some("a"), "coordinator"),
        ] {
            let refusal = choose(person, asked).unwrap_err();
            assert_eq!(refusal.code, Code::Project);
            let text = refusal.hint.unwrap();
            assert!(text.contains(hint) && !text.contains("secret"), "{text}");
        }
        // A foreign project and one that does not exist cannot be told apart.
        let foreign = choose("ito", Some("secret")).unwrap_err().to_string();
        assert_eq!(foreign.replace("secret", "nowhere"), choose("ito", Some("nowhere")).unwrap_err().to_string());
    }

    #[test]
    fn only_granted_tables_are_read() {
        let facts = Facts { tables: ["person".into(), "measurement".into()].into(), ..Facts::default() };
        check_tables(&project("a", &[], Tables::All), &facts).unwrap();
        let refusal = check_tables(&project("a", &[], Tables::Only(vec!["person".into()])), &facts).unwrap_err();
        assert_eq!(refusal.code, Code::TableGrant);
        assert!(refusal.message.ends_with("not granted measurement"), "{refusal}");
    }
}
