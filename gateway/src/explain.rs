//! The answer to EXPLAIN: what leaves, what runs where, and how ready each site is.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use renkei_plan::{Explanation, PLAN_VERSION, Split};
use renkei_types::SiteId;
use serde::Serialize;

use crate::config::Project;
use crate::federator::Question;
use crate::state::State;
use crate::vocabulary::Vocabulary;

/// The schema of every explanation: part, site_id (NULL unless the part is of one site), detail.
pub(crate) fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![text("part"), text("site_id"), text("detail")]))
}

/// How ready one site is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Readiness {
    site: SiteId,
    connected: bool,
    snapshot: Option<String>,
    seal: Option<&'static str>,
    persons: Option<u64>,
    minimum_persons: Option<u32>,
    vocabulary: Option<String>,
    /// Tables of the statement in which the snapshot has no rows.
    missing_tables: Vec<String>,
    /// Whether the node splits statements by the rules of this gateway.
    same_rules: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    explanation: &'a Explanation,
    project: Option<&'a str>,
    sites: &'a [Readiness],
}

/// Explains a split under a project.
pub(crate) fn explain(
    state: &State,
    question: &Question,
    project: Option<&Project>,
    json: bool,
) -> Result<RecordBatch, ArrowError> {
    let split = question.split.as_ref();
    let mut explanation = split.explain();
    for set in &mut explanation.code_sets {
        set.codes = question.resolved.iter().find(|made| made.index == set.feed).map(|made| made.rows);
    }
    let asked: BTreeSet<&SiteId> = match project {
        Some(project) if !split.release_points.is_empty() => project.sites.iter().collect(),
        _ => BTreeSet::new(),
    };
    let sites: Vec<Readiness> = asked.into_iter().map(|site| readiness(state, site, split)).collect();
    let rows = match json {
        true => {
            let project = project.map(|project| project.id.as_str());
            let whole = serde_json::to_string(&Whole { explanation: &explanation, project, sites: &sites });
            vec![("json", None, whole.unwrap_or_default())]
        }
        false => text(&explanation, state.vocabulary.as_deref(), project, &sites),
    };
    let column = |values: StringArray| Arc::new(values) as ArrayRef;
    RecordBatch::try_new(
        schema(),
        vec![
            column(rows.iter().map(|(part, ..)| Some(*part)).collect()),
            column(rows.iter().map(|(_, site, _)| site.as_deref()).collect()),
            column(rows.iter().map(|(.., detail)| Some(detail)).collect()),
        ],
    )
}

type Row = (&'static str, Option<String>, String);

fn text(
    explanation: &Explanation,
    vocabulary: Option<&Vocabulary>,
    project: Option<&Project>,
    sites: &[Readiness],
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut add = |part, detail: String| rows.push((part, None, detail));
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let facts = &explanation.facts;
    if let Some(project) = project {
        add("project", project.id.to_string());
    }
    for (part, names) in [
        ("tables", &facts.tables),
        ("vocabulary tables", &facts.reference_tables),
        ("gateway tables", &facts.gateway_tables),
        ("vocabulary at the gateway", &facts.gateway_vocabulary),
    ] {
        if !names.is_empty() {
            add(part, list(names));
        }
    }
    for set in &explanation.code_sets {
        let column = set.column.as_deref().unwrap_or("computed values");
        let codes = set.codes.map_or_else(|| "codes".to_owned(), |codes| format!("{codes} codes"));
        let version = vocabulary.map_or("none", Vocabulary::version);
        let tables = list(&set.tables);
        add("code set", format!("{codes} for {column}, looked up once in the gateway's {tables} ({version})"));
        add("looked up by", set.looked_up.clone());
    }
    add("rounds", explanation.release_levels.to_string());
    for point in &explanation.release_points {
        let keys = if point.keys.is_empty() { "one total".to_owned() } else { format!("by {}", point.keys.join(", ")) };
        add("leaves", format!("cells {keys}; each carries {}", point.states.join("; ")));
        if explanation.release_levels > 1 {
            add("in round", (point.round + 1).to_string());
        }
        if !point.reads.is_empty() {
            add("reads", list(&point.reads));
        }
        add("runs at each site", point.runs_at_site.clone());
    }
    add("runs at the gateway", explanation.runs_at_gateway.clone());
    add("digest", explanation.digest.clone());
    rows.extend(sites.iter().map(|site| ("site", Some(site.site.to_string()), site.sentence())));
    rows
}

fn readiness(state: &State, id: &SiteId, split: &Split) -> Readiness {
    let site = state.sites.get(id);
    let profile = site.and_then(|site| site.profile());
    let profile = profile.as_deref();
    let needed = split.facts.tables.iter().chain(&split.facts.reference_tables);
    let missing = profile.map(|profile| needed.filter(|table| !profile.tables.contains(*table)).cloned().collect());
    let described = profile.filter(|profile| profile.snapshot.is_some());
    Readiness {
        site: id.clone(),
        connected: site.is_some_and(|site| site.link.is_connected()),
        snapshot: profile.and_then(|profile| profile.snapshot.as_ref().map(ToString::to_string)),
        seal: described.map(|profile| profile.seal.as_str()),
        persons: described.map(|profile| profile.persons),
        minimum_persons: described.map(|profile| profile.minimum_persons),
        vocabulary: profile.and_then(|profile| profile.vocabulary.clone()),
        missing_tables: missing.unwrap_or_default(),
        same_rules: profile.map(|profile| profile.plan_version == PLAN_VERSION),
    }
}

impl Readiness {
    fn sentence(&self) -> String {
        let mut parts = vec![if self.connected { "connected" } else { "offline" }.to_owned()];
        match (&self.snapshot, self.same_rules) {
            (Some(snapshot), _) => parts.push(format!("snapshot {snapshot}")),
            (None, Some(_)) => parts.push("no snapshot".to_owned()),
            (None, None) => parts.push("never described".to_owned()),
        }
        parts.extend(self.seal.map(|seal| format!("sealed as {seal}")));
        parts.extend(self.persons.map(|persons| format!("at least {persons} persons")));
        parts.extend(self.minimum_persons.map(|minimum| format!("at least {minimum} persons per cell")));
        parts.extend(self.vocabulary.as_ref().map(|version| format!("vocabulary {version}")));
        if !self.missing_tables.is_empty() {
            parts.push(format!("no rows in {}", self.missing_tables.join(", ")));
        }
        if self.same_rules == Some(false) {
            parts.push("splits statements by other rules: its answer would not be merged".to_owned());
        }
        parts.join("; ")
    }
}
