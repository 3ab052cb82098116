//! Running a planned question and encoding its rows.

use std::pin::Pin;
use std::sync::Arc;

use arrow_flight::FlightData;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use renkei_types::{PersonId, Refusal, SiteId};
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status};

use super::handles::cancelled;
use super::note::Note;
use super::prepare::{Planned, refuse};
use super::status;
use crate::admission::Place;
use crate::explain::explained;
use crate::federator::{self, Progress, Seen, Terms};
use crate::options::Options;
use crate::refused::Refused;
use crate::state::State;

/// What DoGet answers.
pub(super) type Fetched = Response<Pin<Box<dyn Stream<Item = Result<FlightData, Status>> + Send + 'static>>>;

/// The handle under which a running question can be cancelled; dropping it says that the question has ended.
pub(super) struct Run {
    state: Arc<State>,
    handle: Bytes,
    cancel: CancellationToken,
}

impl Run {
    pub(super) fn new(state: &Arc<State>, handle: Bytes, cancel: CancellationToken) -> Self {
        Self { state: Arc::clone(state), handle, cancel }
    }

    /// A question without a ticket, which ends with its call alone.
    pub(super) fn without_handle(state: &Arc<State>) -> Self {
        Self::new(state, Bytes::new(), CancellationToken::new())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.state.handles.ended(&self.handle);
    }
}

/// Asks, explains or computes, whatever was planned, and sends the rows.
pub(super) async fn fetch(state: &Arc<State>, asking: Asking, run: Run) -> Result<Fetched, Status> {
    let answer = tokio::select! {
        biased;
        () = run.cancel.cancelled() => Err(Refused::from(cancelled())),
        answer = asking.ask(state) => answer,
    };
    Ok(answer.map_err(|refused| status::refused(&refused))?.send(run))
}

/// Checks that the person may ask this; a refusal is recorded.
pub(super) async fn admitted(
    state: &Arc<State>,
    person: PersonId,
    options: &Options,
    planned: Planned,
    place: Place,
) -> Result<Asking, Status> {
    let (who, sql) = (person.clone(), planned.question.sql.clone());
    match Asking::admit(state, person, options, planned, place) {
        Ok(asking) => Ok(asking),
        Err(refusal) => Err(refuse(state, &who, options, &sql, &refusal).await),
    }
}

/// A question that may be asked, with its place among the running ones.
pub(super) struct Asking {
    planned: Planned,
    pub(super) terms: Terms,
    place: Arc<Place>,
    explain_json: bool,
}

/// An answer whose rows are still to come.
pub(super) struct Asked {
    schema: SchemaRef,
    metadata: Bytes,
    batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
    note: Option<Note>,
    place: Option<Arc<Place>>,
}

impl Asking {
    fn admit(
        state: &State,
        person: PersonId,
        options: &Options,
        planned: Planned,
        place: Place,
    ) -> Result<Self, Refusal> {
        let place = Arc::new(place);
        if let Some(kept) = planned.fetch.clone() {
            let terms = Terms { progress: Progress::default(), wait: options.wait, ..kept.terms.clone() };
            return Ok(Self { planned, terms, place, explain_json: false });
        }
        let project = state.authorise(&person, options, &planned.question.split.facts)?.cloned();
        let (deadline, warning) = options.deadline(state.limits.deadline, state.limits.max_deadline);
        let terms = Terms {
            query_id: state.query_id(),
            person,
            proof: options.proof.clone(),
            project,
            deadline,
            min_sites: options.min_sites.unwrap_or(1),
            snapshots: options.snapshots.clone().unwrap_or_default(),
            warnings: warning.into_iter().collect(),
            progress: Progress::default(),
            wait: options.wait,
            seen: Seen::default(),
            _place: Some(Arc::clone(&place)),
        };
        Ok(Self { planned, terms, place, explain_json: options.explain_json() })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.planned.schema()
    }

    /// The sites that will be asked.
    pub(super) fn sites(&self) -> &[SiteId] {
        match &self.terms.project {
            Some(project)
                if !self.planned.explain
                    && self.planned.fetch.is_none()
                    && !self.planned.question.split.release_points.is_empty() =>
            {
                &project.sites
            }
            _ => &[],
        }
    }

    /// Asks. Dropping the future cancels the question at every site.
    pub(super) async fn ask(self, state: &Arc<State>) -> Result<Asked, Refused> {
        let Self { planned, terms, place, explain_json } = self;
        let (schema, place) = (planned.schema(), Some(place));
        if planned.explain {
            let batch = explained(state, &planned.question, &terms, explain_json).await?;
            let batches = stream::iter([Ok(batch)]).boxed();
            return Ok(Asked { schema, metadata: Bytes::new(), batches, note: None, place });
        }
        let mut note = Note::new(&terms);
        tracing::debug!(query_id = %terms.query_id, sql = planned.question.sql, "question");
        let answer = match &planned.fetch {
            Some(kept) => federator::fetch(state, kept, terms.wait).await,
            None => federator::ask(state, &planned.question, &terms).await,
        };
        match answer {
            Ok(answer) => {
                let metadata = answer.answered.map(|answered| answered.to_json()).unwrap_or_default();
                Ok(Asked { schema, metadata: Bytes::from(metadata), batches: answer.batches, note: Some(note), place })
            }
            Err(refused) => {
                note.end(refused.refusal.code.as_str());
                Err(refused)
            }
        }
    }
}

impl Asked {
    /// An answer that waits to be fetched takes no place among the running questions.
    pub(super) fn waiting(self) -> Self {
        Self { place: None, ..self }
    }

    /// An answer that waited and is fetched.
    pub(super) fn resumed(self, place: Place) -> Self {
        Self { place: Some(Arc::new(place)), ..self }
    }

    /// Sends the rows. The place is given back when the stream ends or is dropped.
    pub(super) fn send(self, run: Run) -> Fetched {
        let Self { schema, metadata, batches, note, place } = self;
        let rows = Rows { batches, note, _place: place, run, ended: false };
        let batches = stream::unfold(rows, |mut rows| async move { rows.next().await.map(|batch| (batch, rows)) });
        let batches = batches.map_err(|refusal| FlightError::Tonic(Box::new(status::status(&refusal))));
        encode(schema, metadata, batches.boxed())
    }
}

/// Rows on their way, as long as nobody cancels.
struct Rows {
    batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
    note: Option<Note>,
    _place: Option<Arc<Place>>,
    run: Run,
    ended: bool,
}

impl Rows {
    async fn next(&mut self) -> Option<Result<RecordBatch, Refusal>> {
        if self.ended {
            return None;
        }
        let batch = tokio::select! {
            biased;
            () = self.run.cancel.cancelled() => Some(Err(cancelled())),
            batch = self.batches.next() => batch,
        };
        self.ended = !matches!(batch, Some(Ok(_)));
        if let Some(note) = &mut self.note {
            match &batch {
                Some(Ok(batch)) => note.rows += batch.num_rows(),
                Some(Err(refusal)) => note.end(refusal.code.as_str()),
                None => note.end("answered"),
            }
        }
        batch
    }
}

/// A stream of one batch without metadata.
pub(super) fn one(batch: RecordBatch) -> Fetched {
    encode(batch.schema(), Bytes::new(), stream::iter([Ok(batch)]).boxed())
}

fn encode(
    schema: SchemaRef,
    metadata: Bytes,
    batches: BoxStream<'static, Result<RecordBatch, FlightError>>,
) -> Fetched {
    let encoder = FlightDataEncoderBuilder::new().with_schema(schema).with_metadata(metadata).build(batches);
    Response::new(Box::pin(encoder.map_err(Status::from)))
}
