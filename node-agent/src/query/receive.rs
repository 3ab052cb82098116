//! The envelope: ids, parameters, clocks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use renkei_proto::ipc;
use renkei_proto::v1::{AskRequest, Feed};
use renkei_types::{Code, PersonId, ProjectId, QueryId, Refusal, SnapshotId, Timestamp};

use crate::worker::Statement;

/// How far the gateway's clock may be from this one: `now()` is bound there, and the log compares times.
const CLOCK_LIMIT: Duration = Duration::from_secs(5 * 60);

/// A question whose envelope is in order.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) query: QueryId,
    pub(crate) project: ProjectId,
    pub(crate) subject: PersonId,
    pub(crate) sql: String,
    pub(crate) parameters: Vec<ScalarValue>,
    pub(crate) bound_at: Timestamp,
    pub(crate) time_left: Duration,
    pub(crate) digest: [u8; 32],
    pub(crate) snapshot: Option<SnapshotId>,
    pub(crate) round: usize,
    /// Under which number this asking is recorded.
    pub(crate) part: u32,
    /// Released results of earlier rounds by index, not yet checked against the split.
    pub(crate) feeds: BTreeMap<usize, Vec<RecordBatch>>,
    /// Vocabulary tables that the gateway resolves code sets from.
    pub(crate) vocabulary: BTreeSet<String>,
}

impl Received {
    /// What its plan depends on.
    pub(super) fn statement(&self) -> Statement {
        Statement {
            sql: self.sql.clone(),
            parameters: self.parameters.clone(),
            bound_at: self.bound_at,
            vocabulary: self.vocabulary.clone(),
        }
    }
}

pub(super) fn receive(request: AskRequest, now: Timestamp) -> Result<Received, Refusal> {
    let malformed = |what: &str| Refusal::new(Code::StatementKind, format!("the question's {what} is malformed"));
    let asked_at = Timestamp(request.asked_at_micros);
    if asked_at.distance(now) > CLOCK_LIMIT {
        let minutes = asked_at.distance(now).as_secs() / 60;
        let message = format!("the gateway's clock and this site's are {minutes} minutes apart");
        return Err(Refusal::new(Code::Clock, message).hint("set both clocks by NTP"));
    }
    let snapshot = match request.snapshot_id.as_str() {
        "" => None,
        id => Some(SnapshotId::new(id).map_err(|_| malformed("snapshot id"))?),
    };
    Ok(Received {
        query: QueryId::new(request.query_id).map_err(|_| malformed("query id"))?,
        project: ProjectId::new(request.project).map_err(|_| malformed("project"))?,
        subject: PersonId::new(request.subject).map_err(|_| malformed("subject"))?,
        parameters: parameters(&request.parameters).ok_or_else(|| malformed("parameter row"))?,
        sql: request.sql,
        bound_at: Timestamp(request.bound_at_micros),
        time_left: Duration::from_micros(request.time_left_micros),
        digest: request.split_digest.as_slice().try_into().map_err(|_| malformed("digest"))?,
        snapshot,
        // A gateway of before numbers no parts.
        part: request.part.max(request.round),
        round: usize::try_from(request.round).map_err(|_| malformed("round"))?,
        feeds: feeds(&request.feeds).ok_or_else(|| malformed("feed"))?,
        vocabulary: vocabulary(request.vocabulary_tables).ok_or_else(|| malformed("list of vocabulary tables"))?,
    })
}

/// Each feed once, decoded.
fn feeds(sent: &[Feed]) -> Option<BTreeMap<usize, Vec<RecordBatch>>> {
    let decoded = sent.iter().map(|feed| {
        let batches = ipc::decode(&feed.arrow_ipc).ok()?;
        Some((usize::try_from(feed.index).ok()?, batches))
    });
    let feeds = decoded.collect::<Option<BTreeMap<_, _>>>()?;
    (feeds.len() == sent.len()).then_some(feeds)
}

/// Names of vocabulary tables, each once.
fn vocabulary(sent: Vec<String>) -> Option<BTreeSet<String>> {
    let known = |name: &String| renkei_cdm::table(name).is_some_and(|table| table.kind == renkei_cdm::Kind::Reference);
    let (count, tables) = (sent.len(), sent.into_iter().filter(known).collect::<BTreeSet<_>>());
    (tables.len() == count).then_some(tables)
}

/// One row, one column a parameter.
fn parameters(bytes: &[u8]) -> Option<Vec<ScalarValue>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let batches = ipc::decode(bytes).ok()?;
    let [batch] = batches.as_slice() else { return None };
    if batch.num_rows() != 1 {
        return None;
    }
    batch.columns().iter().map(|column| ScalarValue::try_from_array(column, 0).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::Schema;

    fn request() -> AskRequest {
        AskRequest {
            query_id: "q1".into(),
            project: "dm".into(),
            subject: "taro".into(),
            sql: "SELECT 1".into(),
            asked_at_micros: 1_000_000_000,
            time_left_micros: 1_000_000,
            split_digest: vec![7; 32],
            ..AskRequest::default()
        }
    }

    #[test]
    fn envelopes() {
        let now = Timestamp(1_000_000_000);
        assert!(receive(request(), now).is_ok());
        let hour = Timestamp(now.0 + 3_600_000_000);
        assert_eq!(receive(request(), hour).expect_err("an hour off").code, Code::Clock);
        let cases: [fn(&mut AskRequest); 9] = [
            |r| r.vocabulary_tables = vec!["person".into()],
            |r| r.vocabulary_tables = vec!["concept".into(), "concept".into()],
            |r| r.query_id = "../x".into(),
            |r| r.project = String::new(),
            |r| r.split_digest = vec![1; 31],
            |r| r.parameters = vec![1, 2, 3].into(),
            |r| r.snapshot_id = "A B".into(),
            |r| r.feeds = vec![Feed { index: 0, arrow_ipc: vec![1].into() }],
            |r| {
                let empty = ipc::encode(&Schema::empty(), &[]).expect("encodes");
                r.feeds = vec![Feed { index: 3, arrow_ipc: empty.clone() }, Feed { index: 3, arrow_ipc: empty }];
            },
        ];
        for (i, spoil) in cases.into_iter().enumerate() {
            let mut request = request();
            spoil(&mut request);
            assert_eq!(receive(request, now).expect_err("malformed").code, Code::StatementKind, "case {i}");
        }
    }
}
