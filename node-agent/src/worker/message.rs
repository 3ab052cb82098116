//! What agent and worker say to each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::ScalarValue;
use renkei_plan::{ReleasePoint, Split};
use renkei_proto::ipc;
use renkei_types::{SiteId, SnapshotId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Confinement, Fault};
use crate::engine::Feeds;

/// From the agent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Once, before everything else.
    Start(Start),
    /// Plan a statement, without data; the only body are its parameters.
    Plan(Plan),
    /// Execute what was planned; the bodies are the persons who are left out, then the feeds. The files follow.
    Run(Run),
}

/// What a worker is and may use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) site: SiteId,
    pub(super) threads: usize,
    /// Bytes of memory that a question may use at most.
    pub(super) memory_bytes: usize,
    /// The worker's own folder, which exists.
    pub(super) spill_dir: PathBuf,
    pub(super) spill_bytes: u64,
    /// Bytes of address space of the whole process.
    pub(super) address_space: u64,
}

/// A statement to plan.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) sql: String,
    pub(super) bound_at: Timestamp,
    /// Vocabulary tables that the gateway resolves code sets from.
    pub(super) vocabulary: BTreeSet<String>,
}

/// Which release points of a statement are executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    /// Those of a round.
    Round(usize),
    /// Those that count the codes of the statement's code sets.
    Codes,
}

impl Part {
    /// The release points, in order.
    pub(crate) fn points(self, split: &Split) -> Vec<ReleasePoint> {
        match self {
            Self::Round(round) => split.points_of(round).cloned().collect(),
            Self::Codes => split.code_sets().filter_map(|(_, set)| set.held.clone()).collect(),
        }
    }
}

/// An execution.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) part: Part,
    pub(super) guarded: bool,
    pub(super) snapshot: SnapshotId,
    /// The files that follow, in order.
    pub(super) files: Vec<FileHead>,
    pub(super) memory_bytes: usize,
    /// The feeds whose batches are in the bodies.
    pub(super) feeds: Vec<usize>,
}

/// An open file that follows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FileHead {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// From the worker.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Reply {
    /// It is confined and waits.
    Ready(Confinement),
    /// The statement was planned, or refused: the agent finds out by itself.
    Planned,
    /// Raw cells of one release point, in the only body; there may be more.
    Cells {
        /// Position among the release points that were asked for.
        point: usize,
    },
    /// That was all.
    Done,
    /// It gave up.
    Fault(Fault),
}

/// One row, one column a parameter.
pub(super) fn encode_parameters(parameters: &[ScalarValue]) -> Option<Vec<u8>> {
    let columns =
        parameters.iter().map(|parameter| parameter.to_array_of_size(1)).collect::<Result<Vec<ArrayRef>, _>>();
    let columns = columns.ok()?;
    let fields =
        columns.iter().enumerate().map(|(i, column)| Field::new(format!("p{i}"), column.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let one_row = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(SchemaRef::clone(&schema), columns, &one_row).ok()?;
    Some(ipc::encode(&schema, &[batch]).ok()?.to_vec())
}

pub(super) fn decode_parameters(bytes: &[u8]) -> Option<Vec<ScalarValue>> {
    let batches = ipc::decode(bytes).ok()?;
    let [batch] = batches.as_slice() else { return None };
    batch.columns().iter().map(|column| ScalarValue::try_from_array(column, 0).ok()).collect()
}

pub(super) fn encode_persons(persons: &[u32]) -> Vec<u8> {
    persons.iter().flat_map(|person| person.to_le_bytes()).collect()
}

pub(super) fn decode_persons(bytes: &[u8]) -> Option<Arc<[u32]>> {
    let (persons, rest) = bytes.as_chunks();
    rest.is_empty().then(|| persons.iter().map(|person| u32::from_le_bytes(*person)).collect())
}

pub(super) fn encode_feeds(feeds: &Feeds) -> Option<(Vec<usize>, Vec<Vec<u8>>)> {
    let encoded = feeds.iter().map(|(index, (schema, batches))| {
        let bytes = ipc::encode(schema, batches).ok()?;
        Some((*index, bytes.to_vec()))
    });
    encoded.collect::<Option<Vec<_>>>().map(|feeds| feeds.into_iter().unzip())
}

/// The feeds under the schemas of the split.
pub(super) fn decode_feeds(split: &Split, indices: &[usize], bodies: &[Vec<u8>]) -> Option<Feeds> {
    let decoded = indices.iter().zip(bodies).map(|(index, bytes)| {
        let schema = &split.feeds.iter().find(|feed| feed.index == *index)?.schema;
        let batches = ipc::decode(bytes).ok()?;
        let typed =
            batches.iter().map(|batch| RecordBatch::try_new(SchemaRef::clone(schema), batch.columns().to_vec()));
        Some((*index, (SchemaRef::clone(schema), typed.collect::<Result<Vec<_>, _>>().ok()?)))
    });
    (indices.len() == bodies.len()).then(|| decoded.collect::<Option<BTreeMap<_, _>>>())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_persons_come_back() {
        let all = vec![
            vec![],
            vec![ScalarValue::Utf8(Some("E11".into())), ScalarValue::Int64(None), ScalarValue::Date32(Some(19_000))],
            vec![ScalarValue::Null],
        ];
        for parameters in all {
            assert_eq!(decode_parameters(&encode_parameters(&parameters).unwrap()), Some(parameters));
        }
        assert_eq!(decode_persons(&encode_persons(&[7, u32::MAX])).as_deref(), Some([7, u32::MAX].as_slice()));
        assert_eq!(decode_persons(&[1, 2, 3]), None);
        assert_eq!(decode_parameters(b"hostile"), None);
    }
}
