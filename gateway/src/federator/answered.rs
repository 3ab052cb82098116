//! What accompanies every answer: how each site ended, coverage, warnings.

use std::collections::{BTreeMap, BTreeSet};

use renkei_audit::receipt::Given;
use renkei_types::{ProjectId, QueryId, SiteId, SiteOutcome, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Question, Terms};
use crate::config::Project;
use crate::sites::{Profile, Seal};
use crate::state::State;

/// A clock that is further off is told to the reader.
const SKEW_MICROS: u64 = 60_000_000;

/// The metadata of an answer, sent as JSON with the schema of its stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The question.
    pub query_id: QueryId,
    /// The project under which it was asked.
    pub project: ProjectId,
    /// How each site of the project ended, by site.
    pub sites: Vec<SiteOutcome>,
    /// How much of the project answered.
    pub coverage: Coverage,
    /// What the reader should know: differing vocabularies, clocks, seals.
    pub warnings: Vec<String>,
    /// Sets of codes that the gateway resolved for this question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_sets: Vec<CodeSet>,
    /// Rows with concept 0 in the coded columns that the question reads, at the sites that answered.
    #[serde(default)]
    pub unmapped: Vec<Unmapped>,
    /// Rows that could be in or out of the answer by what sites hold, by the clause that chose.
    #[serde(default)]
    pub undecided: Vec<Undecided>,
    /// What the logs of the gateway and of the sites promise of the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<Given>,
    /// How to get the rest, where some sites were still at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<Fetch>,
}

/// A set of codes that the gateway resolved of its own vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSet {
    /// The column that is compared with it, as `table.column`; none where it is computed.
    pub column: Option<String>,
    /// Vocabulary tables that it was looked up in.
    pub tables: BTreeSet<String>,
    /// The version of the gateway's vocabulary.
    pub vocabulary: String,
    /// Codes in the set.
    pub codes: u64,
    /// Of these, how many a site holds data for: codes recorded for at least its minimum of persons.
    pub sites: BTreeMap<SiteId, u64>,
}

/// The whole answer can be fetched under the same query id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// Until when, in UTC (RFC 3339).
    pub until: String,
}

impl Fetch {
    pub(super) fn until(until: Timestamp) -> Self {
        let until = chrono::DateTime::from_timestamp_micros(until.0);
        let until = until.map(|until| until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        Self { until: until.unwrap_or_default() }
    }
}

/// How much of a coded column has no concept at a site: codes that no concept stands for are in no answer by concept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmapped {
    /// The site.
    pub site: SiteId,
    /// `table.column`.
    pub column: String,
    /// Rows with concept 0, in whole percent.
    pub percent: u32,
}

/// Rows of which a clause cannot say whether they belong to the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undecided {
    /// HAVING, WHERE, ORDER BY … LIMIT, JOIN, GROUP BY or DISTINCT.
    pub clause: String,
    /// How many, among the cells that some site lists.
    pub rows: u64,
}

/// How much of a project answered.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Sites of the project.
    pub sites_asked: usize,
    /// Sites whose cells are in the answer.
    pub sites_answered: usize,
    /// Share of the project's persons at those sites, 0 to 1, from the sites' binned profiles; none where a site has
    /// never said how many it has.
    pub persons_share: Option<f64>,
}

impl Answered {
    pub(super) fn new(
        state: &State,
        question: &Question,
        terms: &Terms,
        project: &Project,
        sites: Vec<SiteOutcome>,
    ) -> Self {
        let profiles: Vec<_> =
            sites.iter().map(|outcome| state.sites.get(&outcome.site).and_then(|site| site.profile())).collect();
        let pairs: Vec<(&SiteOutcome, Option<&Profile>)> =
            sites.iter().zip(profiles.iter().map(Option::as_deref)).collect();
        let (coverage, mut warnings) = (coverage(&pairs), terms.warnings.clone());
        warnings.extend(warn(&pairs));
        let (query_id, project) = (terms.query_id.clone(), project.id.clone());
        let unmapped = unmapped(&question.coded, &pairs);
        Self {
            query_id,
            project,
            sites,
            coverage,
            warnings,
            code_sets: Vec::new(),
            unmapped,
            undecided: Vec::new(),
            receipts: Vec::new(),
            fetch: None,
        }
    }

    /// With further things that the reader should know.
    pub(super) fn with_warnings(mut self, more: Vec<String>) -> Self {
        self.warnings.extend(more);
        self
    }

    /// The metadata as bytes.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of persons needs no 53 bits")]
fn coverage(sites: &[(&SiteOutcome, Option<&Profile>)]) -> Coverage {
    let contributing = || sites.iter().filter(|(outcome, _)| outcome.state.contributes());
    let persons = |profile: &Option<&Profile>| profile.map(|profile| profile.persons);
    let whole: Option<u64> = sites.iter().map(|(_, profile)| persons(profile)).try_fold(0, add);
    let part: Option<u64> = contributing().map(|(_, profile)| persons(profile)).try_fold(0, add);
    let share = whole.filter(|whole| *whole > 0).zip(part).map(|(whole, part)| part as f64 / whole as f64);
    Coverage { sites_asked: sites.len(), sites_answered: contributing().count(), persons_share: share }
}

/// The shares of the columns that are read, at the sites that contribute from the snapshot that they described.
fn unmapped(columns: &BTreeSet<String>, sites: &[(&SiteOutcome, Option<&Profile>)]) -> Vec<Unmapped> {
    let described = sites.iter().filter_map(|(outcome, profile)| {
        let profile = (*profile)?;
        let same = outcome.state.contributes() && profile.snapshot == outcome.snapshot;
        same.then_some((outcome.site.clone(), profile))
    });
    let of_site = |(site, profile): (SiteId, &Profile)| {
        let known = columns.iter().filter_map(|column| Some((column.clone(), *profile.unmapped.get(column)?)));
        known.map(|(column, percent)| Unmapped { site: site.clone(), column, percent }).collect::<Vec<_>>()
    };
    described.flat_map(of_site).collect()
}

fn add(sum: u64, more: Option<u64>) -> Option<u64> {
    sum.checked_add(more?)
}

fn warn(sites: &[(&SiteOutcome, Option<&Profile>)]) -> Vec<String> {
    let contributing = || sites.iter().filter(|(outcome, _)| outcome.state.contributes());
    let mut warnings = Vec::new();
    let versions: BTreeSet<&str> =
        contributing().map(|(outcome, _)| outcome.vocabulary.as_deref().unwrap_or("none")).collect();
    if versions.len() > 1 {
        let each = contributing()
            .map(|(outcome, _)| format!("{} {}", outcome.site, outcome.vocabulary.as_deref().unwrap_or("none")));
        warnings.push(format!("vocabulary versions differ: {}", each.collect::<Vec<_>>().join(", ")));
    }
    for (outcome, profile) in contributing() {
        let Some(profile) = profile else { continue };
        if profile.clock_ahead.unsigned_abs() > SKEW_MICROS {
            let seconds = (profile.clock_ahead + profile.clock_ahead.signum() * 500_000) / 1_000_000;
            warnings.push(format!("the clock of {} is off by {seconds} s", outcome.site));
        }
        if profile.seal != Seal::Clinical {
            warnings.push(format!("the snapshot of {} is sealed as {}", outcome.site, profile.seal.as_str()));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use renkei_types::SiteState;

    fn outcome(site: &str, state: SiteState, vocabulary: &str) -> SiteOutcome {
        SiteOutcome {
            site: site.parse().unwrap(),
            state,
            code: None,
            message: None,
            snapshot: None,
            vocabulary: Some(vocabulary.into()),
            minimum_persons: None,
            policy: None,
            elapsed_ms: 1,
        }
    }

    fn profile(persons: u64, seal: Seal, clock_ahead: i64) -> Profile {
        Profile {
            at: Timestamp(0),
            software_version: String::new(),
            plan_version: 1,
            cdm_version: "5.4".into(),
            snapshot: None,
            snapshot_made: None,
            persons,
            persons_bin: 100,
            vocabulary: None,
            seal,
            minimum_persons: 10,
            tables: BTreeSet::new(),
            unmapped: BTreeMap::new(),
            clock_ahead,
            confinement: None,
        }
    }

    #[test]
    fn the_share_is_known_only_where_every_site_is() {
        let (a, b) = (outcome("a", SiteState::AnsweredHeld, "v"), outcome("b", SiteState::Late, "v"));
        let (large, small) = (profile(300, Seal::Clinical, 0), profile(100, Seal::Clinical, 0));
        let share = |pairs: &[(&SiteOutcome, Option<&Profile>)]| coverage(pairs).persons_share;
        assert_eq!(share(&[(&a, Some(&large)), (&b, Some(&small))]), Some(0.75));
        assert_eq!(share(&[(&a, Some(&large)), (&b, None)]), None);
        assert_eq!(share(&[(&b, Some(&small))]), Some(0.0));
        assert_eq!(share(&[(&a, Some(&profile(0, Seal::Clinical, 0)))]), None);
        let whole = coverage(&[(&a, None), (&b, None)]);
        assert_eq!((whole.sites_asked, whole.sites_answered), (2, 1));
    }

    #[test]
    fn differences_between_contributing_sites_are_told() {
        let (a, b) = (outcome("a", SiteState::Answered, "v1"), outcome("b", SiteState::Answered, "v2"));
        let silent = outcome("c", SiteState::Offline, "v3");
        let (good, odd) = (profile(1, Seal::Clinical, 0), profile(1, Seal::Synthetic, -3_600_000_000));
        assert!(warn(&[(&a, Some(&good)), (&silent, Some(&odd))]).is_empty());
        assert_eq!(
            warn(&[(&a, Some(&good)), (&b, Some(&odd))]),
            [
                "vocabulary versions differ: a v1, b v2",
                "the clock of b is off by -3600 s",
                "the snapshot of b is sealed as synthetic"
            ]
        );
    }
}
