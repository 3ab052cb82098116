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
use renkei_types::{PersonId, QueryId, Refusal};
use tokio::time::Instant;
use tonic::{Response, Status};

use super::prepare::Planned;
use super::status;
use crate::explain::explain;
use crate::federator::{self, Terms};
use crate::headers::Headers;
use crate::state::State;

/// What DoGet answers.
pub(super) type Fetched = Response<Pin<Box<dyn Stream<Item = Result<FlightData, Status>> + Send + 'static>>>;

/// Asks, explains or computes, whatever was planned.
pub(super) async fn fetch(
    state: &Arc<State>,
    person: PersonId,
    headers: &Headers,
    planned: Planned,
) -> Result<Fetched, Status> {
    let project = state.authorise(&person, headers, &planned.question.split.facts);
    let project = project.map_err(|refusal| status::status(&refusal))?.cloned();
    let place = state.admission.enter(&person).map_err(|refusal| status::status(&refusal))?;
    if planned.explain {
        let batch = explain(state, &planned.question.split, project.as_ref(), headers.explain_json);
        let batch = batch.map_err(|_| Status::internal("the explanation could not be built"))?;
        return Ok(one(batch));
    }
    let (deadline, warning) = headers.deadline(state.limits.deadline, state.limits.max_deadline);
    let terms = Terms {
        query_id: state.query_id(),
        person,
        project,
        deadline,
        min_sites: headers.min_sites.unwrap_or(1),
        warnings: warning.into_iter().collect(),
    };
    let mut note = Note::new(&terms);
    tracing::debug!(query_id = %terms.query_id, sql = planned.question.sql, "question");
    let answer = match federator::ask(state, &planned.question, &terms).await {
        Ok(answer) => answer,
        Err(refused) => {
            note.end(refused.refusal.code.as_str());
            return Err(status::refused(&refused));
        }
    };
    let metadata = answer.answered.map(|answered| answered.to_json()).unwrap_or_default();
    let batches = noted(answer.batches, note).map_err(|refusal| FlightError::Tonic(Box::new(status::status(&refusal))));
    // The place is given back when the stream ends or is dropped.
    let batches = batches.inspect(move |_| {
        let _held = &place;
    });
    Ok(encode(planned.schema(), Bytes::from(metadata), batches.boxed()))
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

fn noted(
    batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
    note: Note,
) -> BoxStream<'static, Result<RecordBatch, Refusal>> {
    let next = |(mut batches, mut note): (BoxStream<'static, Result<RecordBatch, Refusal>>, Note)| async move {
        let batch = batches.next().await;
        match &batch {
            Some(Ok(batch)) => note.rows += batch.num_rows(),
            Some(Err(refusal)) => note.end(refusal.code.as_str()),
            None => note.end("answered"),
        }
        batch.map(|batch| (batch, (batches, note)))
    };
    stream::unfold((batches, note), next).boxed()
}

/// Writes one line for each question, also for one whose caller went away.
struct Note {
    query_id: QueryId,
    person: PersonId,
    project: String,
    started: Instant,
    rows: usize,
    ended: bool,
}

impl Note {
    fn new(terms: &Terms) -> Self {
        Self {
            query_id: terms.query_id.clone(),
            person: terms.person.clone(),
            project: terms.project.as_ref().map(|project| project.id.to_string()).unwrap_or_default(),
            started: Instant::now(),
            rows: 0,
            ended: false,
        }
    }

    fn end(&mut self, outcome: &str) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let Self { query_id, person, project, rows, .. } = self;
        let elapsed_ms = self.started.elapsed().as_millis();
        tracing::info!(%query_id, %person, project, outcome, rows, elapsed_ms, "question");
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        self.end(renkei_types::Code::Cancelled.as_str());
    }
}
