//! One question to all sites of a project, one answer from what they released.
//!
//! What must stay true: no site is asked but with an open part of the question's record in hand, and no row leaves before
//! that part is closed ([`crate::audit`]).
//!
//! [`rounds`] asks as often as the statement needs; [`dispatch`] asks every site at once and gives each its one outcome;
//! [`collect`] is the pure part that judges what a site sent; [`merge`] combines the cells and runs the gateway's half.
//! All of it is one future: dropping it drops the calls, which the nodes notice at once.

mod answered;
mod codes;
mod collect;
mod dispatch;
mod early;
mod feeds;
mod held;
mod judge;
mod merge;
mod progress;
mod receipts;
mod rounds;
mod spool;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use futures::stream::BoxStream;
use renkei_plan::Split;
use renkei_types::{PersonId, QueryId, Refusal, SiteId, SnapshotId, Timestamp};

pub use answered::{Answered, CodeSet, Coverage, Fetch, Undecided, Unmapped};
pub(crate) use codes::{Resolved, Text, resolve};
use early::Came;
pub(crate) use early::{Going, Seen};
pub(crate) use merge::Engine;
pub(crate) use progress::{Progress, Stage};

use crate::admission::Place;
use crate::answers::Entry;
use crate::audit::{Leaving, NO_LEVEL, Record};
use crate::config::Project;
use crate::late::Kept;
use crate::refused::Refused;
use crate::state::State;
use rounds::Asked;
use tokio::time::Instant;

/// A question, ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// The researcher's own text.
    pub(crate) sql: String,
    pub(crate) parameters: Vec<ScalarValue>,
    /// What `now()` means in it.
    pub(crate) bound_at: Timestamp,
    pub(crate) split: Arc<Split>,
    /// Vocabulary tables that the gateway resolved code sets from; the sites derive the same split by them.
    pub(crate) vocabulary: BTreeSet<String>,
    /// What the vocabulary selects, resolved before anybody is asked.
    pub(crate) resolved: Vec<Resolved>,
    /// What the reader should know of it.
    pub(crate) warnings: Vec<String>,
    /// The columns of concepts that it reads at the sites.
    pub(crate) coded: Arc<BTreeSet<String>>,
    /// The schema in which the answer leaves.
    pub(crate) schema: SchemaRef,
}

/// Who asks, and how long and for how many sites they wait.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) query_id: QueryId,
    pub(crate) person: PersonId,
    /// What the person proved of themselves, for the log.
    pub(crate) proof: String,
    /// None where no site is asked.
    pub(crate) project: Option<Project>,
    pub(crate) deadline: Duration,
    pub(crate) min_sites: usize,
    /// Snapshots to answer from; a site that is not named answers from its current one.
    pub(crate) snapshots: BTreeMap<SiteId, SnapshotId>,
    pub(crate) warnings: Vec<String>,
    /// Whom to tell how far the question has come.
    pub(crate) progress: Progress,
    /// The time after which the answer comes without the sites that are still at work.
    pub(crate) wait: Option<Duration>,
    /// Where replies are kept for an answer before the end.
    pub(crate) seen: Seen,
    /// The question's place among the running ones, for as long as a site is at work.
    pub(crate) _place: Option<Arc<Place>>,
}

/// An answer: what the sites said, and the rows.
pub(crate) struct Answer {
    /// None where no site was asked.
    pub(crate) answered: Option<Answered>,
    pub(crate) batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
}

/// What a site is sent of a question before anything is asked; none where the parameters cannot be sent.
pub(crate) fn request(
    state: &State,
    question: &Question,
    terms: &Terms,
    project: &Project,
    time: Duration,
) -> Option<renkei_proto::v1::AskRequest> {
    let round = dispatch::Round { number: 0, until: Instant::now() + time, feeds: Vec::new(), sites: BTreeMap::new() };
    dispatch::request(state, question, terms, project, &round)
}

/// Asks a question.
pub(crate) async fn ask(state: &Arc<State>, question: &Question, terms: &Terms) -> Result<Answer, Refused> {
    match &terms.project {
        Some(project) if !question.split.release_points.is_empty() => {
            let record = Record::new(&state.audit, question, terms, project, NO_LEVEL);
            let (taken, leaving) = ask_sites(state, question, terms, project, record).await;
            leave(state, question, terms, taken, leaving).await
        }
        _ => merged(state, question, terms, None, Vec::new()).await,
    }
}

/// The answer, once it is recorded; a refusal is recorded too.
async fn leave(
    state: &Arc<State>,
    question: &Question,
    terms: &Terms,
    taken: Taken,
    leaving: Leaving,
) -> Result<Answer, Refused> {
    let held = match taken {
        Ok((answered, cells)) => match merged(state, question, terms, Some(answered), cells).await {
            Ok(answer) => held::held(state, answer, &question.schema).await,
            Err(refused) => Err(refused),
        },
        Err(refused) => Err(refused),
    };
    match held {
        Ok((mut answer, end)) => match leaving.end(end).await {
            Ok(own) => {
                if let Some(answered) = &mut answer.answered {
                    answered.receipts.extend(own);
                }
                Ok(answer)
            }
            Err(refusal) => Err(Refused { refusal, answered: answer.answered.map(Box::new) }),
        },
        Err(refused) => {
            leaving.refuse(&refused.refusal).await;
            Err(refused)
        }
    }
}

/// The answer of a question that goes on, as far as it has come.
pub(crate) async fn fetch(state: &Arc<State>, kept: &Arc<Kept>, wait: Option<Duration>) -> Result<Answer, Refused> {
    let Kept { question, terms, project, going, record, .. } = kept.as_ref();
    let mut taken = match going.wait(wait, question, terms, project).await {
        Came::Whole(asked) => take(state, question, terms, project, &asked),
        Came::Part(asked) => take(state, question, terms, project, &asked),
    };
    if let (Ok((answered, _)), false) = (&mut taken, going.has_ended()) {
        answered.fetch = Some(Fetch::until(kept.until));
    }
    leave(state, question, terms, taken, Leaving::new(record.clone(), None)).await
}

async fn merged(
    state: &Arc<State>,
    question: &Question,
    terms: &Terms,
    answered: Option<Answered>,
    cells: Cells,
) -> Result<Answer, Refused> {
    match merge::answer(state, question, terms, cells).await {
        Ok((batches, notes)) => {
            let merge::Notes { precisions, undecided } = notes;
            let answered = answered.map(|answered| Answered { undecided, ..answered.with_warnings(precisions) });
            Ok(Answer { answered, batches })
        }
        Err(refusal) => Err(Refused { refusal, answered: answered.map(Box::new) }),
    }
}

/// Cells by release point, then by site.
type Cells = Vec<Vec<renkei_plan::SiteCells>>;

async fn ask_sites(
    state: &Arc<State>,
    question: &Question,
    terms: &Terms,
    project: &Project,
    record: Record,
) -> (Taken, Leaving) {
    let possible = judge::possible(project.sites.len(), terms.min_sites);
    if let Err(refusal) = possible.and_then(|()| judge::wished(&terms.snapshots, &project.sites)) {
        return (Err(refusal.into()), Leaving::new(record, None));
    }
    let asked_at = state.clock.now();
    let wait = terms.wait.filter(|wait| *wait < terms.deadline && question.split.rounds() == 1);
    let Some(wait) = wait else {
        let mut asked = rounds::all(state, question, terms, project, &record).await;
        let leaving = Leaving::new(record, asked.part.take());
        // Over several rounds a site's end is not that of its last round alone.
        asked.outcomes.iter().for_each(|outcome| terms.progress.ended(outcome));
        let mut taken = take(state, question, terms, project, &asked);
        if let (Ok((answered, _)), Some(_), true) = (&mut taken, terms.wait, question.split.rounds() > 1) {
            answered.warnings.push("renkei.wait means nothing for a statement of several rounds".to_owned());
        }
        return (noted(state, terms, asked_at, taken), leaving);
    };
    let until = asked_at.after(terms.deadline).after(state.limits.answer_lifetime);
    let expires = Instant::now() + terms.deadline + state.limits.answer_lifetime;
    let going = Going::start(state, question, terms, project, &record);
    let taken = match going.wait(Some(wait), question, terms, project).await {
        Came::Whole(asked) => take(state, question, terms, project, &asked),
        Came::Part(asked) => {
            let taken = take(state, question, terms, project, &asked);
            // The task at work has the place; what waits to be fetched takes none.
            let terms = Terms { _place: None, ..terms.clone() };
            let (question, project) = (question.clone(), project.clone());
            let record = record.clone();
            let kept = Arc::new(Kept { question, terms, project, going, record, until, expires });
            state.late.keep(Arc::clone(&kept));
            tokio::spawn(complete(Arc::clone(state), Arc::downgrade(&kept), asked_at));
            taken.map(|(answered, cells)| (Answered { fetch: Some(Fetch::until(until)), ..answered }, cells))
        }
    };
    (noted(state, terms, asked_at, taken), Leaving::new(record, None))
}

/// Writes down how the sites ended once all have, for `renkei.answers`.
async fn complete(state: Arc<State>, kept: Weak<Kept>, asked_at: Timestamp) {
    let Some(mut done) = kept.upgrade().map(|kept| kept.going.done()) else { return };
    // Where the question is forgotten first, there is nothing to write down.
    let Ok(asked) = done.wait_for(Option::is_some).await.map(|asked| asked.clone()) else { return };
    if let (Some(asked), Some(kept)) = (asked, kept.upgrade()) {
        let taken = take(&state, &kept.question, &kept.terms, &kept.project, &asked);
        drop(noted(&state, &kept.terms, asked_at, taken));
    }
}

type Taken = Result<(Answered, Cells), Refused>;

fn take(state: &State, question: &Question, terms: &Terms, project: &Project, asked: &Asked) -> Taken {
    let mut answered = Answered::new(state, question, terms, project, asked.outcomes.clone());
    codes::tell(state, question, &asked.codes_held, &mut answered);
    answered.warnings.extend(asked.warnings.iter().cloned());
    answered.receipts.clone_from(&asked.receipts);
    match &asked.cells {
        Ok(cells) => Ok((answered, cells.clone())),
        Err(refusal) => Err(Refused { refusal: refusal.clone(), answered: Some(Box::new(answered)) }),
    }
}

fn noted(state: &State, terms: &Terms, asked_at: Timestamp, taken: Taken) -> Taken {
    let answered = match &taken {
        Ok((answered, _)) => Some(answered.clone()),
        Err(refused) => refused.answered.as_deref().cloned(),
    };
    if let Some(answered) = answered {
        state.answers.add(&terms.person, Entry { asked_at, answered });
    }
    taken
}
