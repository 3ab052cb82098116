//! What happens to a question, station by station: receive, decide, execute, release.
//!
//! Every station's no is typed ([`Answer`]). The order is fixed: nothing is planned before the envelope is in order,
//! nothing is read before the policy has permitted, nothing leaves that was not released.

mod answer;
mod decide;
mod execute;
mod feeds;
mod receive;

use std::sync::Arc;

use renkei_plan::{Catalogue, Planner, Question, Split};
use renkei_policy::SitePolicy;
use renkei_proto::v1::AskRequest;
use renkei_types::{Clock, Code, Refusal, SiteState};
use tokio::sync::Semaphore;

pub use answer::Answer;
pub(crate) use receive::Received;

use crate::engine::Engine;
use crate::snapshots::Snapshots;

/// Everything that a question needs.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) planner: Arc<Planner>,
    pub(crate) policy: SitePolicy,
    pub(crate) snapshots: Snapshots,
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    /// Questions at the same time.
    pub(crate) places: Semaphore,
}

impl Pipeline {
    pub(crate) fn planner() -> Arc<Planner> {
        Arc::new(Planner::new(Catalogue::cdm()))
    }

    /// Answers one question within its time. Dropping the future ends the work.
    pub(crate) async fn ask(&self, request: AskRequest) -> Answer {
        let now = self.clock.now();
        // Decoding foreign bytes may panic; the engine's pool contains it.
        let received = match self.engine.blocking(move || receive::receive(request, now)).await {
            Ok(Ok(received)) => received,
            Ok(Err(refusal)) => return Answer::refused(refusal),
            Err(error) => return Answer::fault("receiving", &error),
        };
        let (query, project) = (received.query.clone(), received.project.clone());
        let left = received.time_left;
        let answer = match tokio::time::timeout(left, self.answer(received)).await {
            Ok(answer) => answer,
            Err(_) => Answer::failed(Code::Late, "the question's time ran out at the site"),
        };
        tracing::info!(%query, %project, state = %answer.state, code = answer.code().map(Code::as_str), "question ended");
        answer
    }

    async fn answer(&self, received: Received) -> Answer {
        let Ok(_place) = self.places.acquire().await else { return Answer::stopping() };
        let planner = Arc::clone(&self.planner);
        let received = Arc::new(received);
        let asked = Arc::clone(&received);
        let split = self.engine.blocking(move || split(&planner, &asked)).await;
        let split = match split {
            Ok(Ok(split)) => split,
            Ok(Err(refusal)) => return Answer::refused(refusal),
            Err(error) => return Answer::fault("planning", &error),
        };
        let digest = split.digest;
        if received.digest != digest.0 {
            let text = "this site derives another split of the statement than the gateway; versions differ";
            return Answer::failed(Code::Digest, text).with_digest(digest);
        }
        match self.permitted(&received, &split).await {
            Ok(answer) => answer.with_digest(digest),
            Err(answer) => answer.with_digest(digest),
        }
    }

    async fn permitted(&self, received: &Received, split: &Split) -> Result<Answer, Box<Answer>> {
        let tables = self.snapshots.tables(received.snapshot.as_ref()).map_err(|unready| {
            tracing::warn!(error = renkei_service::chain(&unready), "no snapshot to run on");
            Box::new(Answer::failed(Code::NoSnapshot, "the site has no snapshot that can be used"))
        })?;
        let permit = decide::decide(&self.policy, received, split, &tables)?;
        decide::mapped(split, &tables)?;
        let points: Vec<_> = split.points_of(received.round).cloned().collect();
        let feeds = feeds::take(split, received).map_err(|refusal| Box::new(Answer::refused(refusal)))?;
        let cells = execute::execute(&self.engine, &permit, &points, &feeds, &tables).await?;
        Ok(Answer::released(&permit, &tables, cells))
    }
}

fn split(planner: &Planner, received: &Received) -> Result<Split, Refusal> {
    let question = Question { sql: &received.sql, parameters: &received.parameters, bound_at: received.bound_at };
    let split = planner.split(&question)?;
    if split.release_points.is_empty() {
        return Err(Refusal::new(Code::ReferenceOnly, "the statement asks nothing of a site"));
    }
    if received.round >= split.rounds() {
        return Err(Refusal::new(
            Code::StatementKind,
            "the question asks for a round that the statement does not have",
        ));
    }
    Ok(split)
}

/// The state of an answer with or without held aggregates.
pub(crate) fn answered(held: bool) -> SiteState {
    if held { SiteState::AnsweredHeld } else { SiteState::Answered }
}
