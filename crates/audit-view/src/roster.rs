//! The coordinator's roster: names for ids, and what reports count people by. The log holds none of it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Names and attributes. All of it is optional; what is not said is unknown and shown as unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Roster {
    /// The consortium's name.
    pub consortium: Option<String>,
    /// People, by their ids.
    pub people: BTreeMap<String, Member>,
    /// Sites, by their ids.
    pub sites: BTreeMap<String, Place>,
    /// Projects, by their ids.
    pub projects: BTreeMap<String, Study>,
}

/// What is known of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Member {
    /// The name.
    pub name: Option<String>,
    /// The institution.
    pub institution: Option<String>,
    /// The field of research, such as cardiology or statistics.
    pub field: Option<String>,
    /// Whether that field is of medicine; `false` counts as a field other than medicine.
    pub medicine: Option<bool>,
    /// Whether the person counts as a young researcher (若手) by the consortium's rule.
    pub young: Option<bool>,
    /// Where the person comes from: `md`, `phd`, `industry`, `overseas` or what the consortium counts by.
    pub background: Option<String>,
}

/// What is known of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Place {
    /// The hospital's name.
    pub name: Option<String>,
}

/// What is known of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Study {
    /// The title.
    pub title: Option<String>,
    /// The principal investigator.
    pub lead: Option<String>,
    /// The number of the ethics committee's approval.
    pub ethics: Option<String>,
}

impl Roster {
    /// Reads a roster (TOML).
    ///
    /// # Errors
    /// What is wrong, with line and column.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// A site's name, or its id.
    #[must_use]
    pub fn site<'a>(&'a self, id: &'a str) -> &'a str {
        self.sites.get(id).and_then(|site| site.name.as_deref()).unwrap_or(id)
    }

    /// A project's title with its id, or its id.
    #[must_use]
    pub fn project(&self, id: &str) -> String {
        match self.projects.get(id).and_then(|project| project.title.as_deref()) {
            Some(title) => format!("{title} ({id})"),
            None => id.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_unknown_and_mistakes_are_told() {
        let roster = "[people.suzuki]\nname = '鈴木 花子'\nyoung = true\n[sites.tokyo]\nname = '東京病院'\n";
        let roster = Roster::parse(roster).unwrap();
        assert_eq!(roster.people["suzuki"].young, Some(true));
        assert_eq!(roster.people["suzuki"].medicine, None);
        assert_eq!((roster.site("tokyo"), roster.site("osaka")), ("東京病院", "osaka"));
        let wrong = Roster::parse("[people.suzuki]\nyuong = true\n").unwrap_err().to_string();
        assert!(wrong.contains("yuong") && wrong.contains("line 2"), "{wrong}");
    }
}
