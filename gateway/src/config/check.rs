//! What a configuration that parses may still get wrong.

use std::collections::BTreeSet;
use std::fmt::Display;

use renkei_plan::Catalogue;
use renkei_service::config::{Problems, Settings};

use super::{Config, Tables};

impl Settings for Config {
    fn check(&self, problems: &mut Problems) {
        check_limits(self, problems);
        let sites = distinct("sites", "id", self.sites.iter().map(|site| &site.id), problems);
        distinct("projects", "id", self.projects.iter().map(|project| &project.id), problems);
        let catalogue = Catalogue::cdm();
        for (index, project) in self.projects.iter().enumerate() {
            let key = |field: &str| format!("projects.{index}.{field}");
            for site in project.sites.iter().filter(|site| !sites.contains(site)) {
                problems.add(&key("sites"), format!("names `{site}`, which is not among [[sites]]"));
            }
            for (field, empty) in [("members", project.members.is_empty()), ("sites", project.sites.is_empty())] {
                if empty {
                    problems.add(&key(field), "must not be empty");
                }
            }
            for member in project.members.iter().filter(|member| self.auditors.contains(member)) {
                problems.add(&key("members"), format!("names `{member}`, who is among `auditors` and asks nothing"));
            }
            if project.minimum_persons == 0 {
                problems.add(&key("minimum_persons"), "must be at least 1");
            }
            if let Tables::Only(tables) = &project.tables {
                for table in tables.iter().filter(|table| catalogue.table(table).is_none()) {
                    let near = renkei_cdm::nearest(table, catalogue.tables().map(|table| table.name()));
                    let hint =
                        if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
                    problems.add(&key("tables"), format!("names `{table}`, which is no table of the CDM{hint}"));
                }
            }
        }
        distinct("people", "id", self.people.iter().map(|person| &person.id), problems);
        for (index, token) in self.tokens.iter().enumerate() {
            if self.tokens.iter().take(index).any(|earlier| earlier.sha256.is(&token.sha256)) {
                problems.add(&format!("tokens.{index}.sha256"), "stands here twice");
            }
        }
    }
}

fn check_limits(config: &Config, problems: &mut Problems) {
    let limits = &config.limits;
    let numbers = [
        ("queries_per_person", limits.queries_per_person),
        ("queries", limits.queries),
        ("handles_per_person", limits.handles_per_person),
        ("memory_mib", limits.memory_mib),
        ("site_answer_mib", limits.site_answer_mib),
        ("answer_mib", limits.answer_mib),
    ];
    for (key, _) in numbers.iter().filter(|(_, number)| *number == 0) {
        problems.add(&format!("limits.{key}"), "must be at least 1");
    }
    let times = [
        ("deadline", limits.deadline),
        ("max_deadline", limits.max_deadline),
        ("handle_lifetime", limits.handle_lifetime),
        ("answer_lifetime", limits.answer_lifetime),
    ];
    for (key, _) in times.iter().filter(|(_, time)| time.is_zero()) {
        problems.add(&format!("limits.{key}"), "must be longer than nothing");
    }
    if limits.deadline > limits.max_deadline {
        problems.add("limits.deadline", "is longer than `limits.max_deadline`");
    }
}

fn distinct<'a, T: Ord + Display>(
    list: &str,
    field: &str,
    ids: impl Iterator<Item = &'a T>,
    problems: &mut Problems,
) -> BTreeSet<&'a T> {
    let mut seen = BTreeSet::new();
    for (index, id) in ids.enumerate() {
        if !seen.insert(id) {
            problems.add(&format!("{list}.{index}.{field}"), format!("`{id}` stands here twice"));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use renkei_service::config::parse;

    #[test]
    fn the_sample_is_a_good_configuration() {
        let config: Config = parse(super::super::SAMPLE).unwrap();
        assert_eq!(config.limits, super::super::Limits::default(), "the sample shows the defaults");
        assert!(config.sites.len() >= 2 && !config.projects.is_empty() && !config.tokens.is_empty());
    }

    #[test]
    fn every_mistake_is_named() {
        let text = "state_dir = 's'\nlisten = '127.0.0.1:7443'\n[tls]\nca = 'a'\ncertificate = 'b'\nkey = 'c'\n\
            [limits]\nqueries = 0\ndeadline = '2h'\n\
            [[sites]]\nid = 'tokyo'\n[[sites]]\nid = 'tokyo'\n\
            [[projects]]\nid = 'p'\nmembers = []\nsites = ['osaka']\ntables = ['mesurement']\nminimum_persons = 0\n";
        let problems = parse::<Config>(text).unwrap_err().to_string();
        for wanted in [
            "`limits.queries` must be at least 1",
            "`limits.deadline` is longer",
            "`sites.1.id` `tokyo` stands here twice",
            "`projects.0.members` must not be empty",
            "names `osaka`, which is not among [[sites]]",
            "names `mesurement`, which is no table of the CDM; did you mean measurement?",
            "`projects.0.minimum_persons` must be at least 1",
        ] {
            assert!(problems.contains(wanted), "{wanted}\n{problems}");
        }
    }

    #[test]
    fn tables_are_all_or_a_list() {
        let with = |tables: &str| {
            parse::<Config>(&format!(
                "state_dir = 's'\nlisten = '127.0.0.1:1'\n[tls]\nca = 'a'\ncertificate = 'b'\nkey = 'c'\n[[sites]]\nid = 's'\n\
                 [[projects]]\nid = 'p'\nmembers = ['m']\nsites = ['s']\n{tables}\n"
            ))
        };
        assert_eq!(with("").unwrap().projects[0].tables, Tables::All);
        assert_eq!(with("tables = 'all'").unwrap().projects[0].tables, Tables::All);
        assert_eq!(with("tables = ['person']").unwrap().projects[0].tables, Tables::Only(vec!["person".into()]));
        assert!(with("tables = 'al'").unwrap_err().to_string().contains("write \"all\" or a list of tables"));
    }
}
