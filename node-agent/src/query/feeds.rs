//! Released results that came with the question, held to what the split says of them.
//!
//! They are the gateway's word, like parameters: a hospital releases nothing more for it, since whatever they hold could
//! have been typed into the statement. So they are checked for shape and size, not for truth.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use renkei_plan::{Feed, MAX_CODES, Split};
use renkei_types::{Code, Refusal};

use super::Received;
use crate::engine::Feeds;

pub(super) fn take(split: &Split, received: &Received) -> Result<Feeds, Refusal> {
    split.feeds_until(received.round).map(|feed| Ok((feed.index, one(feed, received)?))).collect()
}

fn one(feed: &Feed, received: &Received) -> Result<(SchemaRef, Vec<RecordBatch>), Refusal> {
    let malformed =
        |what: &str| Refusal::new(Code::StatementKind, format!("feed {} of the question {what}", feed.index));
    let batches = received.feeds.get(&feed.index).ok_or_else(|| malformed("is missing"))?;
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    if rows > MAX_CODES {
        return Err(Refusal::new(
            Code::TooLarge,
            format!("feed {} has {rows} rows; the limit is {MAX_CODES}", feed.index),
        ));
    }
    if feed.scalar && rows > 1 {
        return Err(malformed("has more than one row where one value is compared"));
    }
    let typed = batches.iter().map(|batch| {
        let same = batch.num_columns() == feed.schema.fields().len()
            && batch.columns().iter().zip(feed.schema.fields()).all(|(c, f)| c.data_type() == f.data_type());
        if !same {
            return Err(malformed("has another shape"));
        }
        RecordBatch::try_new(SchemaRef::clone(&feed.schema), batch.columns().to_vec())
            .map_err(|_| malformed("has another shape"))
    });
    Ok((SchemaRef::clone(&feed.schema), typed.collect::<Result<_, _>>()?))
}
