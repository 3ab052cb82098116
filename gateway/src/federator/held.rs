//! The rows of an answer are held back until all are there, so that the log can promise exactly these: in memory, and a
//! very large answer on the disk.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use renkei_audit::entry::State as Ended;
use renkei_proto::rows::Rows;
use renkei_types::{Code, Refusal};

use super::Answer;
use super::spool::{Spool, fault};
use crate::audit::End;
use crate::refused::Refused;
use crate::state::State;

/// Bytes of rows that are held back in memory.
const HELD: usize = 32 * 1024 * 1024;

type Batches = BoxStream<'static, Result<RecordBatch, Refusal>>;

/// The answer with its rows at hand, and how it is recorded.
pub(super) async fn held(state: &State, answer: Answer, schema: &SchemaRef) -> Result<(Answer, End), Refused> {
    let Answer { answered, batches } = answer;
    match all(state, batches, schema).await {
        Ok((batches, count, digest)) => {
            let end = End { state: Ended::Answered, code: None, rows: count, digest: Some(digest) };
            Ok((Answer { answered, batches }, end))
        }
        Err(refusal) => Err(Refused { refusal, answered: answered.map(Box::new) }),
    }
}

async fn all(state: &State, mut batches: Batches, schema: &SchemaRef) -> Result<(Batches, u64, [u8; 32]), Refusal> {
    let (mut rows, mut bytes) = (Vec::new(), 0_usize);
    while let Some(batch) = batches.next().await.transpose()? {
        bytes = bytes.saturating_add(batch.get_array_memory_size());
        rows.push(batch);
        if bytes > HELD {
            return spooled(state, rows, batches, schema).await;
        }
    }
    let (rows, digest) = digest(state, schema, rows).await?;
    let count = rows.iter().map(|batch| batch.num_rows() as u64).sum();
    Ok((stream::iter(rows.into_iter().map(Ok)).boxed(), count, digest))
}

/// All rows by way of the disk.
async fn spooled(
    state: &State,
    first: Vec<RecordBatch>,
    mut batches: Batches,
    columns: &SchemaRef,
) -> Result<(Batches, u64, [u8; 32]), Refusal> {
    let shape = first.first().map_or_else(|| Arc::clone(columns), RecordBatch::schema);
    let most = state.limits.answer_mib.saturating_mul(1024 * 1024);
    let (folder, columns) = (state.state_dir.clone(), Arc::clone(columns));
    let mut spool = blocking(move || {
        let mut spool = Spool::begin(&folder, &shape, &columns, most)?;
        first.iter().try_for_each(|batch| spool.add(batch))?;
        Ok(spool)
    })
    .await?;
    while let Some(batch) = batches.next().await.transpose()? {
        spool = blocking(move || spool.add(&batch).map(|()| spool)).await?;
    }
    let spooled = blocking(move || spool.finish()).await?;
    let (count, digest) = (spooled.count, spooled.digest);
    Ok((spooled.rows(), count, digest))
}

/// Work on the disk, off the threads that serve.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(fault(&error)))
}

async fn digest(
    state: &State,
    schema: &SchemaRef,
    batches: Vec<RecordBatch>,
) -> Result<(Vec<RecordBatch>, [u8; 32]), Refusal> {
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
