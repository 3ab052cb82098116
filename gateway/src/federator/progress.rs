//! How far a question has come, for whoever watches.
//!
//! It tells of each site that it waits or how it ended, which the answer tells as well, and nothing else: no number of
//! rows or cells, and no time, since a watcher learns these with an answer or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use renkei_types::{Code, ProjectId, QueryId, SiteId, SiteOutcome, SiteState};
use serde::Serialize;
use tokio::sync::watch;

/// Where a question says how far it has come. By default nobody watches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Option<Arc<watch::Sender<Stage>>>);

/// The state of a question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stage {
    sites: BTreeMap<SiteId, Option<End>>,
    /// Goes up with every change.
    pub(crate) changes: u64,
    /// Whether nothing more will come.
    pub(crate) finished: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    state: SiteState,
    code: Option<Code>,
}

impl Progress {
    /// A question to these sites, and where it can be watched.
    pub(crate) fn watched(sites: &[SiteId]) -> (Self, watch::Receiver<Stage>) {
        let sites = sites.iter().map(|site| (site.clone(), None)).collect();
        let (sender, receiver) = watch::channel(Stage { sites, ..Stage::default() });
        (Self(Some(Arc::new(sender))), receiver)
    }

    /// A site has ended. In a question of several rounds the last end counts.
    pub(crate) fn ended(&self, outcome: &SiteOutcome) {
        let end = End { state: outcome.state, code: outcome.code };
        self.change(|stage| stage.sites.insert(outcome.site.clone(), Some(end)) != Some(Some(end)));
    }

    /// The question has ended.
    pub(crate) fn finish(&self) {
        self.change(|stage| !std::mem::replace(&mut stage.finished, true));
    }

    fn change(&self, change: impl FnOnce(&mut Stage) -> bool) {
        let Some(sender) = &self.0 else { return };
        sender.send_if_modified(|stage| {
            let changed = change(stage);
            stage.changes += u64::from(changed);
            changed
        });
    }
}

/// What a watcher is told.
#[derive(Serialize)]
struct Told<'a> {
    query_id: &'a QueryId,
    project: Option<&'a ProjectId>,
    sites_asked: usize,
    sites_done: usize,
    sites: Vec<ToldSite<'a>>,
}

#[derive(Serialize)]
struct ToldSite<'a> {
    site: &'a SiteId,
    /// `waiting`, or the state in which the site ended.
    state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
}

impl Stage {
    /// The share that is done, from 0 to 1, and 1 only at the end: a site never becomes waiting again, and merging is
    /// one step more.
    #[expect(clippy::cast_precision_loss, reason = "sites are few")]
    pub(crate) fn share(&self) -> f64 {
        match self.finished {
            true => 1.0,
            false => self.done() as f64 / (self.sites.len() + 1) as f64,
        }
    }

    fn done(&self) -> usize {
        self.sites.values().flatten().count()
    }

    /// The stage as JSON.
    pub(crate) fn to_json(&self, query_id: &QueryId, project: Option<&ProjectId>) -> Vec<u8> {
        let sites = self.sites.iter().map(|(site, end)| ToldSite {
            site,
            state: end.as_ref().map_or("waiting", |end| end.state.as_str()),
            code: end.and_then(|end| end.code),
        });
        let told =
            Told { query_id, project, sites_asked: self.sites.len(), sites_done: self.done(), sites: sites.collect() };
        serde_json::to_vec(&told).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use renkei_types::Timestamp;

    fn outcome(site: &str, state: SiteState, code: Option<Code>) -> SiteOutcome {
        SiteOutcome {
            site: site.parse().unwrap(),
            state,
            code,
            message: Some("a sentence".into()),
            snapshot: None,
            vocabulary: None,
            minimum_persons: Some(10),
            policy: None,
            elapsed_ms: 1_234,
        }
    }

    #[test]
    fn sites_end_one_by_one_and_the_share_never_falls() {
        let sites: Vec<SiteId> = ["tokyo", "osaka", "kyoto"].map(|site| site.parse().unwrap()).into();
        let (progress, stage) = Progress::watched(&sites);
        assert_eq!((stage.borrow().share(), stage.borrow().changes), (0.0, 0));
        let mut last = 0.0;
        for (outcome, changes) in [
            (outcome("osaka", SiteState::Answered, None), 1),
            (outcome("osaka", SiteState::Answered, None), 1),
            (outcome("tokyo", SiteState::Answered, None), 2),
            (outcome("tokyo", SiteState::Late, Some(Code::Late)), 3),
            (outcome("kyoto", SiteState::Offline, Some(Code::Offline)), 4),
        ] {
            progress.ended(&outcome);
            let share = stage.borrow().share();
            assert!(share >= last && share < 1.0);
            assert_eq!(stage.borrow().changes, changes);
            last = share;
        }
        progress.finish();
        progress.finish();
        assert_eq!((stage.borrow().share(), stage.borrow().changes), (1.0, 5));
    }

    #[test]
    fn nothing_is_told_but_how_sites_ended() {
        let sites: Vec<SiteId> = ["tokyo", "osaka"].map(|site| site.parse().unwrap()).into();
        let (progress, stage) = Progress::watched(&sites);
        progress.ended(&outcome("tokyo", SiteState::Refused, Some(Code::TableGrant)));
        let id = QueryId::at(Timestamp(0), [7; 10]);
        let json = String::from_utf8(stage.borrow().to_json(&id, Some(&"p".parse().unwrap()))).unwrap();
        let expected = format!(
            "{{\"query_id\":\"{id}\",\"project\":\"p\",\"sites_asked\":2,\"sites_done\":1,\"sites\":[\
             {{\"site\":\"osaka\",\"state\":\"waiting\"}},\
             {{\"site\":\"tokyo\",\"state\":\"refused\",\"code\":\"E-GRANT-TABLE\"}}]}}"
        );
        assert_eq!(json, expected);
    }

    #[test]
    fn a_question_that_nobody_watches_tells_nobody() {
        let progress = Progress::default();
        progress.ended(&outcome("tokyo", SiteState::Answered, None));
        progress.finish();
    }
}
