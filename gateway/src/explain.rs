//! The answer to EXPLAIN: what leaves, what runs where, and how ready each site is.

mod verdict;

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use renkei_audit::entry::EXPLAIN;
use renkei_plan::{Explanation, PLAN_VERSION, Split};
use renkei_types::{Code, Refusal, SiteId};
use serde::Serialize;

use crate::audit::{End, Record};
use crate::config::Project;
use crate::federator::{Question, Terms};
use crate::sites::Profile;
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
    verdicts: &'a [Verdict],
    estimate: Estimate,
}

/// What a site's policy says of the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Verdict {
    site: SiteId,
    /// Whether it would be permitted; none where the site did not say.
    permitted: Option<bool>,
    /// The state in which the site would end, or why it did not say.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// What is known before of how much there is to do. Nothing in it is guessed: what nobody knows is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Estimate {
    sites: usize,
    sites_connected: usize,
    rounds: usize,
    /// By release point: the most cells of all sites together.
    most_cells: Vec<Option<u64>>,
}

/// Explains a question; where sites are asked for their verdicts, that is recorded before and after.
pub(crate) async fn explained(
    state: &Arc<State>,
    question: &Question,
    terms: &Terms,
    json: bool,
) -> Result<RecordBatch, Refusal> {
    let part = match &terms.project {
        Some(project) if !question.split.release_points.is_empty() => {
            let record = Record::new(&state.audit, question, terms, project, EXPLAIN);
            Some(record.begin(project.sites.iter().cloned(), 0).await?.without_ends())
        }
        _ => None,
    };
    let batch = explain(state, question, terms, json).await.map_err(|error| {
        tracing::error!(error = renkei_service::chain(&error), "the explanation could not be built");
        Refusal::new(Code::Failed, "the explanation could not be built")
    });
    if let Some(part) = part {
        let end = batch.as_ref().map_or_else(|refusal| End::without_answer(refusal.code), |_| End::collected());
        part.close(end).await?;
    }
    batch
}

/// Explains a question under a project: asks every site for its verdict, and for nothing else.
async fn explain(
    state: &Arc<State>,
    question: &Question,
    terms: &Terms,
    json: bool,
) -> Result<RecordBatch, ArrowError> {
    let split = question.split.as_ref();
    let mut explanation = split.explain();
    for set in &mut explanation.code_sets {
        set.codes = question.resolved.iter().find(|made| made.index == set.feed).map(|made| made.rows);
    }
    let project = terms.project.as_ref();
    let asked: BTreeSet<&SiteId> = match project {
        Some(project) if !split.release_points.is_empty() => project.sites.iter().collect(),
        _ => BTreeSet::new(),
    };
    let verdicts = match project {
        Some(project) => verdict::all(state, question, terms, project, &asked).await,
        None => Vec::new(),
    };
    let sites: Vec<Readiness> = asked.into_iter().map(|site| readiness(state, site, split)).collect();
    let estimate = estimate(state, &explanation, &sites);
    let rows = match json {
        true => {
            let project = project.map(|project| project.id.as_str());
            let whole = Whole { explanation: &explanation, project, sites: &sites, verdicts: &verdicts, estimate };
            vec![("json", None, serde_json::to_string(&whole).unwrap_or_default())]
        }
        false => text(&explanation, state.vocabulary.as_deref(), project, &sites, &verdicts, &estimate),
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

/// Bounds from the keys' values, and, where no person is in two cells, from the sites' numbers of persons.
fn estimate(state: &State, explanation: &Explanation, sites: &[Readiness]) -> Estimate {
    let profiles: Vec<_> = sites.iter().map(|site| state.sites.get(&site.site)?.profile()).collect();
    let most_cells = explanation.release_points.iter().map(|point| {
        let of_site = |profile: &Option<Arc<Profile>>| {
            let by_persons = profile.as_ref().filter(|_| point.one_row_per_person).and_then(|profile| {
                let persons = profile.persons.checked_add(profile.persons_bin)?.saturating_sub(1);
                persons.checked_div(profile.minimum_persons.into())
            });
            match (point.most_cells, by_persons) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            }
        };
        profiles.iter().map(of_site).try_fold(0_u64, |sum, cells| sum.checked_add(cells?))
    });
    Estimate {
        sites: sites.len(),
        sites_connected: sites.iter().filter(|site| site.connected).count(),
        rounds: explanation.release_levels,
        most_cells: most_cells.collect(),
    }
}

type Row = (&'static str, Option<String>, String);

fn text(
    explanation: &Explanation,
    vocabulary: Option<&Vocabulary>,
    project: Option<&Project>,
    sites: &[Readiness],
    verdicts: &[Verdict],
    estimate: &Estimate,
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
        point.cells.iter().for_each(|cell| add("leaves", cell.clone()));
        if explanation.release_levels > 1 {
            add("in round", (point.round + 1).to_string());
        }
        if !point.reads.is_empty() {
            add("reads", list(&point.reads));
        }
        for (column, codes) in &point.codes {
            add("codes", format!("{column}: {}", list(codes)));
        }
        add("runs at each site", point.runs_at_site.clone());
    }
    add("runs at the gateway", explanation.runs_at_gateway.clone());
    add("digest", explanation.digest.clone());
    if !sites.is_empty() {
        estimate.sentences().into_iter().for_each(|sentence| rows.push(("estimate", None, sentence)));
    }
    rows.extend(verdicts.iter().map(|verdict| ("verdict", Some(verdict.site.to_string()), verdict.sentence())));
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

impl Estimate {
    fn sentences(&self) -> Vec<String> {
        let Self { sites, sites_connected, rounds, .. } = self;
        let mut sentences = vec![format!("{sites} sites, {sites_connected} of them connected; {rounds} rounds")];
        for (i, most) in self.most_cells.iter().enumerate() {
            let point = if self.most_cells.len() > 1 { format!(" of release point {}", i + 1) } else { String::new() };
            sentences.push(match most {
                Some(most) => format!("at most {most} cells{point} from all sites together"),
                None => {
                    format!("the number of cells{point} is not known before: a key has as many values as are in use")
                }
            });
        }
        sentences
    }
}

impl Verdict {
    fn sentence(&self) -> String {
        let head = match self.permitted {
            Some(true) => "would be permitted".to_owned(),
            Some(false) => format!("would not be answered: {}", self.state),
            None => format!("did not say: {}", self.state),
        };
        let code = self.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        let message = self.message.as_ref().map(|message| format!("; {message}")).unwrap_or_default();
        format!("{head}{code}{message}")
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
