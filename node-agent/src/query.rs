//! What happens to a question, station by station: receive, decide, execute, release.
//!
//! Every station's no is typed ([`Answer`]). The order is fixed: nothing is planned before the envelope is in order,
//! nothing is read before the policy has permitted, nothing leaves that was not released.

mod answer;
mod assess;
mod budget;
mod codes;
mod decide;
mod execute;
mod feeds;
mod receive;
mod release_time;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use prost::Message;
use renkei_audit::entry::State;
use renkei_audit::tree::Hash;
use renkei_ledger::{Asking, Flag, Ledger};
use renkei_plan::{Catalogue, Planner, Question, ReleasePoint, Split};
use renkei_policy::SitePolicy;
use renkei_proto::v1::AskRequest;
use renkei_types::{Clock, Code, Refusal, SiteState};
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use answer::Answer;
pub(crate) use budget::asked;
pub(crate) use decide::{mapped, permit};
pub(crate) use execute::{Asked, Executed, Settling, execute, reading};
pub(crate) use receive::Received;
use release_time::ReleaseTime;

use crate::audit::{Audit, Terms};
use crate::config::ReleaseTimes;
use crate::registered;
use crate::snapshots::{Snapshots, Unready};
use crate::worker::{Executor, Lease, Part};

/// How far a question has come, for whoever ends it from outside.
#[derive(Debug, Default)]
struct Begun {
    /// Its execution is recorded, or being recorded, as begun.
    executing: AtomicBool,
    /// When its answer may leave.
    release: OnceLock<ReleaseTime>,
}

/// Everything that a question needs.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) planner: Arc<Planner>,
    pub(crate) policy: SitePolicy,
    pub(crate) snapshots: Snapshots,
    pub(crate) executor: Executor,
    pub(crate) audit: Arc<Audit>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) release_times: ReleaseTimes,
    /// The state folder, for what the hospital registered.
    pub(crate) state: PathBuf,
    /// Questions at the same time.
    pub(crate) places: Semaphore,
}

impl Pipeline {
    pub(crate) fn planner() -> Arc<Planner> {
        Arc::new(Planner::new(Catalogue::cdm()))
    }

    /// Answers one question within its time, and records it: no record, no answer. Dropping the future ends the work.
    pub(crate) async fn ask(&self, request: AskRequest) -> Answer {
        let now = self.clock.now();
        let bytes = Hash::of(&request.encode_to_vec());
        let begun = Begun::default();
        // Decoding foreign bytes may panic; the pool of threads contains it.
        let received = match self.executor.blocking(move || receive::receive(request, now)).await {
            Ok(Ok(received)) => received,
            Ok(Err(refusal)) => return self.recorded(&bytes, None, &begun, Answer::refused(refusal)).await,
            Err(error) => return self.recorded(&bytes, None, &begun, Answer::fault("receiving", &error)).await,
        };
        let received = Arc::new(received);
        let (query, project) = (received.query.clone(), received.project.clone());
        let arrived = Instant::now();
        let answer = match tokio::time::timeout(received.time_left, self.answer(&received, &begun)).await {
            Ok(answer) => answer,
            Err(_) => Answer::failed(Code::Late, "the question's time ran out at the site"),
        };
        let answer = self.recorded(&bytes, Some(&received), &begun, answer).await;
        if let Some(time) = begun.release.get() {
            time.wait(arrived + received.time_left).await;
        }
        tracing::info!(%query, %project, state = %answer.state, code = answer.code().map(Code::as_str), "question ended");
        answer
    }

    /// The answer, once it is on the disk that it was given. What began to be executed has its OUTCOME there by now, or
    /// in the queue; everything else is recorded as refused.
    async fn recorded(&self, bytes: &Hash, received: Option<&Received>, begun: &Begun, answer: Answer) -> Answer {
        let recorded = if begun.executing.load(Ordering::Acquire) {
            self.audit.settle().await
        } else {
            self.audit.refused(bytes, received, answer.code(), answer.reason()).await
        };
        match recorded {
            Ok(()) => answer,
            Err(error) => Answer::fault("audit", &error),
        }
    }

    async fn answer(&self, received: &Arc<Received>, begun: &Begun) -> Answer {
        let Ok(_place) = self.places.acquire().await else { return Answer::stopping() };
        let planned = self.plan(received).await;
        let (split, mut lease) = match planned {
            Ok(planned) => planned,
            Err(answer) => return *answer,
        };
        let digest = split.digest;
        if received.digest != digest.0 {
            let text = "this site derives another split of the statement than the gateway; versions differ";
            return Answer::failed(Code::Digest, text).with_digest(digest);
        }
        match self.permitted(received, &split, &mut lease, begun).await {
            Ok(answer) => answer.with_digest(digest),
            Err(answer) => answer.with_digest(digest),
        }
    }

    /// Plans a question: in a worker first, on schemas alone, so that a statement that ends or holds up a planner ends or
    /// holds up no more than a worker; then here, since the node decides on its own plan.
    async fn plan(&self, received: &Arc<Received>) -> Result<(Split, Lease<'_>), Box<Answer>> {
        let fault = |error| Box::new(Answer::fault("planning", &error));
        let mut lease = self.executor.lease(&received.project).await.map_err(fault)?;
        lease.plan(&received.statement()).await.map_err(fault)?;
        let (planner, asked) = (Arc::clone(&self.planner), Arc::clone(received));
        let split = self.executor.blocking(move || split(&planner, &asked)).await.map_err(fault)?;
        Ok((split.map_err(|refusal| Box::new(Answer::refused(refusal)))?, lease))
    }

    async fn permitted(
        &self,
        received: &Received,
        split: &Split,
        lease: &mut Lease<'_>,
        begun: &Begun,
    ) -> Result<Answer, Box<Answer>> {
        let tables = self.snapshots.tables(received.snapshot.as_ref()).map_err(|unready| {
            tracing::warn!(error = renkei_service::chain(&unready), "no snapshot to run on");
            Box::new(unready.answer())
        })?;
        let registered = registered::all(&self.state);
        let permit = Arc::new(decide::decide(&self.policy, received, split, &tables, &registered)?);
        mapped(split, &tables)?;
        let part = Part::Round(received.round);
        let points = part.points(split);
        let feeds = feeds::take(split, received).map_err(|refusal| Box::new(Answer::refused(refusal)))?;
        let left_out = self.snapshots.left_out(&tables, &received.project).map_err(|unready| {
            tracing::error!(
                error = renkei_service::chain(&unready),
                "nobody knows who opted out; no question is answered"
            );
            Box::new(Answer::failed(Code::NoSnapshot, "the site has no snapshot that can be used"))
        })?;
        let read = |points: &[ReleasePoint]| reading(&tables, points, feeds.clone(), &left_out.persons);
        let snapshot = tables.snapshot().id();
        if self.release_times.hold(tables.snapshot().seal()) {
            let _ = begun.release.set(ReleaseTime::of(&points, &tables));
        }
        let left = budget::charge(&self.ledger, &permit, received, snapshot, self.clock.now())?;
        let unrecorded = |error| Box::new(Answer::fault("audit", &error));
        begun.executing.store(true, Ordering::Release);
        let terms = Terms { snapshot, opt_out: left_out.version, permit: &permit, left, feeds: &feeds };
        let intent = self.audit.intent(received, split, terms).await;
        let mut open = intent.map_err(|error| {
            begun.executing.store(false, Ordering::Release);
            unrecorded(error)
        })?;
        let Received { sql, parameters, bound_at, feeds: brought, .. } = received;
        let statement =
            asked(sql, parameters, *bound_at, brought, snapshot).map_err(|e| Box::new(Answer::fault("ledger", &e)))?;
        let settling = |rehearsal| Settling {
            ledger: Arc::clone(&self.ledger),
            asking: Asking {
                project: received.project.clone(),
                query: received.query.clone(),
                snapshot: snapshot.clone(),
                mode: permit.mode(),
                minimum: permit.minimum_persons(),
                now: self.clock.now(),
                statement,
                exemption: permit.exemption().cloned(),
            },
            population: tables.snapshot().persons().saturating_sub(left_out.persons.len() as u64),
            rehearsal,
        };
        // Codes leave as their number alone: held to the same rules, and nothing that later answers are compared with.
        let sets = codes::held_in(split, received.round);
        let executed = async {
            let held = match sets.is_empty() {
                true => codes::CodesHeld::new(),
                false => {
                    let read = read(&sets)?;
                    let asked = Asked { permit: &permit, part: Part::Codes, points: &sets, read };
                    execute(&self.executor, lease, asked, settling(true)).await.map(codes::counted)?
                }
            };
            let asked = Asked { permit: &permit, part, points: &points, read: read(&points)? };
            Ok::<_, Box<Answer>>((execute(&self.executor, lease, asked, settling(false)).await?, held))
        };
        let executed = executed.await;
        match executed {
            Ok((Executed { cells, flags }, held)) => {
                flagged(&flags);
                open.note(&flags);
                let released = cells.iter().map(|(_, released)| released.batch().num_rows() as u64).sum();
                let answer = match Answer::released(&permit, &tables, &cells) {
                    Ok(answer) => answer,
                    Err(error) => {
                        open.close(State::Failed, Some(Code::Failed), 0, None).await.map_err(unrecorded)?;
                        return Err(Box::new(Answer::fault("encoding", &error)));
                    }
                };
                let closed = open.close(State::Answered, None, released, Some(answer.cells_digest())).await;
                let answer = answer.with_codes(held).with_policy(self.audit.policy());
                Ok(answer.with_receipt(closed.map_err(unrecorded)?))
            }
            Err(answer) => {
                open.close(State::Failed, answer.code(), 0, None).await.map_err(unrecorded)?;
                Err(answer)
            }
        }
    }
}

/// What is near an earlier answer is somebody's to look at; ids only, nothing of a cell.
fn flagged(flags: &[Flag]) {
    for flag in flags {
        tracing::warn!(
            part = flag.part,
            earlier = %flag.anchor_query,
            earlier_project = %flag.anchor_project,
            mode = flag.mode.as_str(),
            registered = flag.registered,
            "part of an answer differs from an earlier one by few persons"
        );
    }
}

fn split(planner: &Planner, received: &Received) -> Result<Split, Refusal> {
    let question = Question { sql: &received.sql, parameters: &received.parameters, bound_at: received.bound_at };
    let split = planner.split_resolving(&question, &received.vocabulary)?;
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

impl Unready {
    /// What is said outside.
    pub(crate) fn answer(&self) -> Answer {
        match self {
            Self::Gone(id) => {
                Answer::failed(Code::SnapshotGone, &format!("the site does not have the snapshot {id} any more"))
            }
            Self::Empty | Self::Store(_) | Self::OptOut(_) | Self::Crosswalk(_) => {
                Answer::failed(Code::NoSnapshot, "the site has no snapshot that can be used")
            }
        }
    }
}

/// The state of an answer with or without held aggregates.
pub(crate) fn answered(held: bool) -> SiteState {
    if held { SiteState::AnsweredHeld } else { SiteState::Answered }
}
