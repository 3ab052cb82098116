//! A released result before it travels: whether it can be compared with at all.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::error::ArrowError;
use renkei_plan::{Feed, MAX_CODES};
use renkei_proto::{ipc, v1};
use renkei_types::{Code, Refusal};

use super::merge::Made;

/// Judges what a feed's plan yielded: its columns, then contributing and holding sites where cells are in it.
pub(super) fn made(feed: &Feed, batches: &[RecordBatch], guarded: bool) -> Result<Made, Refusal> {
    let unreadable = |_: ArrowError| Refusal::new(Code::Failed, "a released result could not be read");
    let Some(first) = batches.first() else { return encoded(feed, Vec::new(), 0, guarded) };
    let batch = concat_batches(&first.schema(), batches).map_err(unreadable)?;
    let width = feed.schema.fields().len();
    let typed = batch.columns().iter().zip(feed.schema.fields()).map(|(column, field)| cast(column, field.data_type()));
    let columns = typed.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let held = batch.columns().get(width + 1).filter(|_| feed.counted()).map_or(0, some);
    encoded(feed, columns, held, guarded)
}

/// Rows with a part that some site holds.
fn some(held: &ArrayRef) -> usize {
    let Some(held) = held.as_primitive_opt::<Int64Type>() else { return held.len() };
    held.iter().filter(|n| n.is_none_or(|n| n > 0)).count()
}

fn encoded(feed: &Feed, columns: Vec<ArrayRef>, held: usize, guarded: bool) -> Result<Made, Refusal> {
    let rows = columns.first().map_or(0, |column| column.len());
    if feed.scalar && rows > 1 {
        return Err(Refusal::new(Code::Subquery, format!("a subquery that stands for one value has {rows} rows"))
            .hint("aggregate it, or join it by an equality of codes"));
    }
    if rows > MAX_CODES {
        let message =
            format!("a released result that rows are compared with has {rows} rows; the limit is {MAX_CODES}");
        return Err(Refusal::new(Code::TooLarge, message).hint("narrow it with HAVING or LIMIT"));
    }
    // Where no row came and sites hold small cells back, one of these may have been the value.
    if feed.scalar && (held > 0 || rows == 0 && guarded && feed.counted()) {
        return Err(Refusal::new(
            Code::Undetermined,
            "a value that rows are compared with is held in part: fewer persons than the minimum stand behind it at some site",
        )
        .hint("ask for the value by itself to see how many sites hold it; widen what it is taken from, or leave a site out"));
    }
    let failed = |_| Refusal::new(Code::Failed, "a released result could not be sent");
    let batches = match rows {
        0 => Vec::new(),
        _ => vec![RecordBatch::try_new(Arc::clone(&feed.schema), columns).map_err(|e| failed(e.to_string()))?],
    };
    let arrow_ipc = ipc::encode(&feed.schema, &batches).map_err(|e| failed(e.to_string()))?;
    let index = u32::try_from(feed.index).map_err(|e| failed(e.to_string()))?;
    let warning = (guarded && feed.counted()).then(|| {
        format!(
            "rows were compared with a released result of {rows} rows, {held} of them held in part; values with fewer \
             persons than the minimum at every site are not in it"
        )
    });
    Ok(Made { feed: v1::Feed { index, arrow_ipc }, warning: warning.filter(|_| !feed.scalar) })
}
