//! One question to all sites of a project, one answer from what they released.
//!
//! [`rounds`] asks as often as the statement needs; [`dispatch`] asks every site at once and gives each its one outcome; [`collect`] is the pure part that judges what a
//! site sent; [`merge`] combines the cells and runs the gateway's half. All of it is one future: dropping it drops the
//! calls, which the nodes notice at once.

mod answered;
mod codes;
mod collect;
mod dispatch;
mod feeds;
mod judge;
mod merge;
mod progress;
mod rounds;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use futures::stream::BoxStream;
use renkei_plan::Split;
use renkei_types::{PersonId, QueryId, Refusal, Timestamp};

pub use answered::{Answered, CodeSet, Coverage};
pub(crate) use codes::{Resolved, Text, resolve};
pub(crate) use merge::Engine;
pub(crate) use progress::{Progress, Stage};

use crate::answers::Entry;
use crate::config::Project;
use crate::refused::Refused;
use crate::state::State;

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
    /// The schema in which the answer leaves.
    pub(crate) schema: SchemaRef,
}

/// Who asks, and how long and for how many sites they wait.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) query_id: QueryId,
    pub(crate) person: PersonId,
    /// None where no site is asked.
    pub(crate) project: Option<Project>,
    pub(crate) deadline: Duration,
    pub(crate) min_sites: usize,
    pub(crate) warnings: Vec<String>,
    /// Whom to tell how far the question has come.
    pub(crate) progress: Progress,
}

/// An answer: what the sites said, and the rows.
pub(crate) struct Answer {
    /// None where no site was asked.
    pub(crate) answered: Option<Answered>,
    pub(crate) batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
}

/// Asks a question.
pub(crate) async fn ask(state: &Arc<State>, question: &Question, terms: &Terms) -> Result<Answer, Refused> {
    let (answered, cells) = match &terms.project {
        Some(project) if !question.split.release_points.is_empty() => {
            let (answered, cells) = ask_sites(state, question, terms, project).await?;
            (Some(answered), cells)
        }
        _ => (None, Vec::new()),
    };
    match merge::answer(state, question, terms, cells).await {
        Ok((batches, notes)) => {
            let answered = answered.map(|answered| answered.with_warnings(notes));
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
) -> Result<(Answered, Cells), Refused> {
    judge::possible(project.sites.len(), terms.min_sites)?;
    let asked_at = state.clock.now();
    let asked = rounds::all(state, question, terms, project).await;
    // Over several rounds a site's end is not that of its last round alone.
    asked.outcomes.iter().for_each(|outcome| terms.progress.ended(outcome));
    let mut answered = Answered::new(state, terms, project, asked.outcomes);
    codes::tell(state, question, &asked.codes_held, &mut answered);
    answered.warnings.extend(asked.warnings);
    state.answers.add(&terms.person, Entry { asked_at, answered: answered.clone() });
    match asked.cells {
        Ok(cells) => Ok((answered, cells)),
        Err(refusal) => Err(Refused { refusal, answered: Some(Box::new(answered)) }),
    }
}
