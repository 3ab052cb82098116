//! Questions that go on between polls.
//!
//! Asked in the usual way a question lives in the call that fetches it, and dies with it. A client that polls has no
//! such call: the question begins with the first poll and runs in a task of its own, which its handle holds. When the
//! handle expires, is cancelled or makes room for another, the task is aborted and with it the calls to the sites.
//! The finished answer waits, merged but not computed, for the one fetch of its ticket.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use datafusion::arrow::datatypes::SchemaRef;
use renkei_types::{Code, ProjectId, QueryId, Refusal};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

use super::fetch::{Asked, Asking};
use super::handles::cancelled;
use super::status;
use crate::federator::{Progress, Stage};
use crate::state::State;

/// The longest that a poll waits for a change. Proxies and drivers give up on silence after half a minute or more.
const WAIT: Duration = Duration::from_secs(10);

/// A question that was polled.
pub(crate) struct Polled {
    pub(super) schema: SchemaRef,
    query_id: QueryId,
    project: Option<ProjectId>,
    stage: watch::Receiver<Stage>,
    shared: Arc<Shared>,
    /// Polls that waited for it so far.
    polls: AtomicU64,
    task: AbortOnDropHandle<()>,
}

/// What the task leaves for the handle.
struct Shared {
    outcome: Mutex<Outcome>,
    progress: Progress,
}

enum Outcome {
    Running,
    Answered(Box<Asked>),
    Failed(Status),
    Fetched,
}

impl std::fmt::Debug for Polled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Polled").field("query_id", &self.query_id).finish_non_exhaustive()
    }
}

/// How far a question has come.
pub(super) struct Seen {
    /// Per-site states as JSON.
    pub(super) json: Bytes,
    pub(super) share: f64,
    pub(super) changes: u64,
    /// Whether the answer can be fetched.
    pub(super) finished: bool,
}

impl Polled {
    /// Begins a question.
    pub(super) fn start(state: &Arc<State>, mut asking: Asking) -> Self {
        let (progress, stage) = Progress::watched(asking.sites());
        asking.terms.progress = progress.clone();
        let shared = Arc::new(Shared { outcome: Mutex::new(Outcome::Running), progress });
        let (schema, query_id) = (asking.schema(), asking.terms.query_id.clone());
        let project = asking.terms.project.as_ref().map(|project| project.id.clone());
        let (state, left) = (Arc::clone(state), Left(Arc::clone(&shared)));
        let task = tokio::spawn(async move {
            let outcome = match asking.ask(&state).await {
                Ok(asked) => Outcome::Answered(Box::new(asked.waiting())),
                Err(refused) => Outcome::Failed(status::refused(&refused)),
            };
            left.0.end(outcome);
        });
        let (polls, task) = (AtomicU64::new(0), AbortOnDropHandle::new(task));
        Self { schema, query_id, project, stage, shared, polls, task }
    }

    /// Waits until there is something that the caller has not seen, or for as long as a poll may take: not so long that
    /// the question would expire meanwhile.
    pub(super) async fn wait(&self, seen: u64, lifetime: Duration) {
        let mut stage = self.stage.clone();
        let change = stage.wait_for(|stage| stage.changes != seen || stage.finished);
        // Neither the end of the time nor of the question is a reason not to answer.
        drop(tokio::time::timeout(WAIT.min(lifetime / 2), change).await);
    }

    /// How far it has come, or why it has no answer.
    pub(super) fn seen(&self) -> Result<Seen, Status> {
        // The outcome is there before the stage says so.
        let stage = self.stage.borrow().clone();
        if let Outcome::Failed(status) = &*self.shared.lock() {
            return Err(status.clone());
        }
        let json = stage.to_json(&self.query_id, self.project.as_ref()).into();
        Ok(Seen { json, share: stage.share(), changes: stage.changes, finished: stage.finished })
    }

    /// Somebody waits for it.
    pub(super) fn touch(&self) {
        self.polls.fetch_add(1, Ordering::Relaxed);
    }

    /// How often somebody has waited for it.
    pub(super) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    /// Whether it no longer runs.
    pub(super) fn is_finished(&self) -> bool {
        self.stage.borrow().finished
    }

    /// Takes the answer with it, once.
    pub(super) fn take(&self) -> Result<Asked, Status> {
        let mut outcome = self.shared.lock();
        match std::mem::replace(&mut *outcome, Outcome::Fetched) {
            Outcome::Answered(asked) => Ok(*asked),
            Outcome::Failed(status) => {
                *outcome = Outcome::Failed(status.clone());
                Err(status)
            }
            Outcome::Fetched => Err(status::status(&Refusal::new(Code::StatementKind, "the answer was fetched"))),
            Outcome::Running => {
                *outcome = Outcome::Running;
                let refusal = Refusal::new(Code::StatementKind, "the question has not ended yet");
                Err(status::status(&refusal.hint("poll until the descriptor is unset")))
            }
        }
    }

    /// Ends the question at the sites, and tells whoever polls.
    pub(super) fn cancel(&self) {
        self.task.abort();
        self.shared.end(Outcome::Failed(status::status(&cancelled())));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, outcome: Outcome) {
        *self.lock() = outcome;
        self.progress.finish();
    }
}

/// The task's end of a question: whatever ends the task ends the question.
struct Left(Arc<Shared>);

impl Drop for Left {
    fn drop(&mut self) {
        if matches!(*self.0.lock(), Outcome::Running) {
            self.0.end(Outcome::Failed(status::status(&cancelled())));
        }
    }
}

/// The handle in a poll's descriptor, and the last change that the caller has seen. The latter makes a repeated poll
/// answer the same at once.
pub(super) fn read(handle: &[u8]) -> (&[u8], u64) {
    match handle.split_last_chunk::<8>() {
        Some((id, seen)) if id.len() == 16 => (id, u64::from_be_bytes(*seen)),
        _ => (handle, 0),
    }
}

/// The handle of the next poll.
pub(super) fn write(id: &[u8], seen: u64) -> Bytes {
    [id, seen.to_be_bytes().as_slice()].concat().into()
}
