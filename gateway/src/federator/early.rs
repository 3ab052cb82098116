//! An answer before every site has ended.
//!
//! Who asks with `renkei.wait` gets, when that time is over, what the sites have released by then; the others are late
//! in that answer. The question goes on to its deadline in a task of its own, and what comes in is kept for a while
//! under the same query id ([`crate::late`]). Nothing is asked twice: the whole answer is made of the same cells.
//!
//! A statement of several rounds compares the rows of all sites with what all sites released before, so that it has no
//! answer before the first round has ended everywhere; for it the time means nothing, and the answer says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use renkei_types::{Code, SiteId, SiteOutcome, SiteState};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::dispatch::Reply;
use super::rounds::{self, Asked};
use super::{Question, Terms};
use crate::audit::Record;
use crate::config::Project;
use crate::state::State;

/// The replies so far, for whoever does not wait for the rest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    replies: Mutex<BTreeMap<SiteId, Reply>>,
    /// Sites that contribute.
    contributing: watch::Sender<usize>,
}

impl Seen {
    fn kept() -> Self {
        let inner = Inner { replies: Mutex::default(), contributing: watch::channel(0).0 };
        Self(Some(Arc::new(inner)))
    }

    /// A site has ended.
    pub(super) fn add(&self, reply: &Reply) {
        let Some(inner) = &self.0 else { return };
        let contributes = usize::from(reply.outcome.state.contributes());
        let mut replies = inner.replies.lock().unwrap_or_else(PoisonError::into_inner);
        replies.insert(reply.outcome.site.clone(), reply.clone());
        inner.contributing.send_modify(|contributing| *contributing += contributes);
    }

    fn replies(&self) -> BTreeMap<SiteId, Reply> {
        let inner = self.0.as_ref().map(|inner| inner.replies.lock().unwrap_or_else(PoisonError::into_inner));
        inner.map(|replies| replies.clone()).unwrap_or_default()
    }

    async fn enough(&self, sites: usize) {
        if let Some(inner) = &self.0 {
            let mut contributing = inner.contributing.subscribe();
            // The sender lives in what is waited on.
            drop(contributing.wait_for(|contributing| *contributing >= sites).await);
        }
    }
}

/// A question that goes on, and what has come of it.
#[derive(Debug)]
pub(crate) struct Going {
    seen: Seen,
    done: watch::Receiver<Option<Arc<Asked>>>,
    _task: AbortOnDropHandle<()>,
}

/// What is there after a while.
pub(super) enum Came {
    /// Every site has ended.
    Whole(Arc<Asked>),
    /// Some are still at work.
    Part(Box<Asked>),
}

impl Going {
    /// Asks in a task of its own. Dropping this ends it.
    pub(super) fn start(
        state: &Arc<State>,
        question: &Question,
        terms: &Terms,
        project: &Project,
        record: &Record,
    ) -> Self {
        let seen = Seen::kept();
        let (sender, done) = watch::channel(None);
        let terms = Terms { seen: seen.clone(), ..terms.clone() };
        let (state, question, project) = (Arc::clone(state), question.clone(), project.clone());
        let record = record.clone();
        let task = tokio::spawn(async move {
            let mut asked = rounds::all(&state, &question, &terms, &project, &record).await;
            asked.collected().await;
            sender.send_replace(Some(Arc::new(asked)));
        });
        Self { seen, done, _task: AbortOnDropHandle::new(task) }
    }

    /// Waits for the end, or, if a time is given, until it is over and enough sites contribute.
    pub(super) async fn wait(
        &self,
        wait: Option<Duration>,
        question: &Question,
        terms: &Terms,
        project: &Project,
    ) -> Came {
        let points = question.split.release_points.len();
        let mut done = self.done.clone();
        let ended = async { done.wait_for(Option::is_some).await.ok().and_then(|asked| asked.clone()) };
        let over = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
            self.seen.enough(terms.min_sites.max(1)).await;
        };
        let asked = tokio::select! {
            biased;
            asked = ended => asked,
            () = over => None,
        };
        asked.map_or_else(|| Came::Part(Box::new(self.part(points, project))), Came::Whole)
    }

    /// Whether every site has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.done.borrow().is_some()
    }

    /// Where its end is told.
    pub(super) fn done(&self) -> watch::Receiver<Option<Arc<Asked>>> {
        self.done.clone()
    }

    /// The cells in it, once it has ended.
    pub(crate) fn bytes(&self) -> usize {
        self.done.borrow().as_ref().map_or(0, |asked| asked.bytes())
    }

    fn part(&self, points: usize, project: &Project) -> Asked {
        let mut replies = self.seen.replies();
        let sites: std::collections::BTreeSet<&SiteId> = project.sites.iter().collect();
        let replies = sites.into_iter().map(|site| replies.remove(site).unwrap_or_else(|| at_work(site)));
        Asked::of_one_round(points, replies.collect())
    }
}

fn at_work(site: &SiteId) -> Reply {
    let outcome = SiteOutcome {
        site: site.clone(),
        state: SiteState::Late,
        code: Some(Code::Late),
        message: Some("still at work when the answer was wanted".to_owned()),
        snapshot: None,
        vocabulary: None,
        minimum_persons: None,
        policy: None,
        elapsed_ms: 0,
    };
    Reply { outcome, cells: Vec::new(), codes_held: BTreeMap::new(), receipt: None }
}
