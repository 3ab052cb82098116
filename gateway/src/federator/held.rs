//! The rows of an answer are held back until all are there, so that the log can promise exactly these.
//!
//! A very large answer leaves as it is computed: its record then promises no digest, and an error in the middle is told
//! to the one who reads it.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use futures::StreamExt;
use futures::stream;
use renkei_audit::entry::State as Ended;
use renkei_proto::rows::Rows;
use renkei_types::{Code, Refusal};

use super::Answer;
use crate::audit::End;
use crate::refused::Refused;
use crate::state::State;

/// Bytes of rows that are held back.
const HELD: usize = 32 * 1024 * 1024;

/// The answer with its rows at hand, and how it is recorded.
pub(super) async fn held(state: &State, answer: Answer, schema: &SchemaRef) -> Result<(Answer, End), Refused> {
    let Answer { answered, mut batches } = answer;
    let (mut rows, mut bytes) = (Vec::new(), 0_usize);
    while bytes <= HELD {
        match batches.next().await {
            Some(Ok(batch)) => {
                bytes = bytes.saturating_add(batch.get_array_memory_size());
                rows.push(batch);
            }
            Some(Err(refusal)) => return Err(Refused { refusal, answered: answered.map(Box::new) }),
            None => {
                let hashed = digest(state, schema, rows).await;
                let (rows, digest) = hashed.map_err(|refusal| Refused { refusal, answered: None })?;
                let count = rows.iter().map(|batch| batch.num_rows() as u64).sum();
                let end = End { state: Ended::Answered, code: None, rows: count, digest: Some(digest) };
                return Ok((Answer { answered, batches: stream::iter(rows.into_iter().map(Ok)).boxed() }, end));
            }
        }
    }
    let count = rows.iter().map(|batch| batch.num_rows() as u64).sum();
    let end = End { state: Ended::Answered, code: None, rows: count, digest: None };
    Ok((Answer { answered, batches: stream::iter(rows.into_iter().map(Ok)).chain(batches).boxed() }, end))
}

type Batches = Vec<datafusion::arrow::record_batch::RecordBatch>;

async fn digest(state: &State, schema: &SchemaRef, batches: Batches) -> Result<(Batches, [u8; 32]), Refusal> {
    let schema = Arc::clone(schema);
    let hash = move || {
        let mut rows = Rows::new(&schema);
        for batch in &batches {
            rows.add(batch).map_err(|error| {
                tracing::error!(error = renkei_service::chain(&error), "the rows of an answer could not be hashed");
                Refusal::new(Code::Failed, "the rows of the answer could not be recorded")
            })?;
        }
        Ok((batches, rows.finish()))
    };
    state.pool.run(hash).await
}
