//! Nodes that answer by script: the generated service, on a connection that they dial themselves.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StructArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use futures::{Stream, StreamExt, stream};
use renkei_plan::{Catalogue, Planner, Question, Split, StateKind};
use renkei_proto::ipc;
use renkei_proto::v1::ask_response::Part;
use renkei_proto::v1::node_server::Node;
use renkei_proto::v1::{
    AskRequest, AskResponse, Cells, CodeInUse, Coded, CodesRequest, CodesResponse, DescribeRequest, DescribeResponse,
    ExchangeRequest, ExchangeResponse, Outcome, ProveRequest, ProveResponse, ReadLogRequest, ReadLogResponse, Seal,
    State, Verdict,
};
use renkei_types::Timestamp;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Cells of a release point: one key, counts that may be held.
#[derive(Clone)]
pub struct Counts(pub Vec<(Key, Option<i64>)>);

#[derive(Clone)]
pub enum Key {
    None,
    Number(i32),
}

/// What a node does when it is asked.
#[derive(Clone)]
pub enum Script {
    /// Answers with these counts for every release point.
    Answer(Counts),
    /// Answers, after the outcome was changed.
    Change(Counts, fn(&mut Outcome)),
    /// Says no.
    Refuse(State, &'static str, &'static str),
    /// Sends these bytes as cells.
    Garbage(&'static [u8]),
    /// Sends its outcome and ends its connection.
    DropMidStream,
    /// Ends the call with a status.
    Fail(tonic::Code),
    /// Answers when it is let.
    Wait(CancellationToken, Counts),
    /// Never answers.
    Hang,
    /// Sends its outcome and then nothing.
    HangMidStream,
}

/// One scripted node.
pub struct FakeNode {
    pub site: String,
    pub script: Mutex<Script>,
    /// The questions it was asked.
    pub asked: Mutex<Vec<AskRequest>>,
    /// Cancelled when a question that hangs is dropped.
    pub dropped: CancellationToken,
    /// Cancelled when a question has arrived.
    pub arrived: CancellationToken,
    /// Ends the node's connection.
    pub stop: CancellationToken,
    pub persons: u64,
    pub vocabulary: &'static str,
    pub clock_ahead: i64,
    /// Whether it publishes its codes.
    pub publishes: bool,
    pub plan_version: u32,
}

impl FakeNode {
    pub fn new(site: &str, script: Script) -> Self {
        Self {
            site: site.into(),
            script: Mutex::new(script),
            asked: Mutex::default(),
            dropped: CancellationToken::new(),
            arrived: CancellationToken::new(),
            stop: CancellationToken::new(),
            persons: 1_000,
            vocabulary: "v5.0 30-AUG-24",
            clock_ahead: 0,
            publishes: true,
            plan_version: renkei_plan::PLAN_VERSION,
        }
    }
}

/// The service, shared with the test.
#[derive(Clone)]
pub struct Service(pub Arc<FakeNode>);

type Parts = Pin<Box<dyn Stream<Item = Result<AskResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Node for Service {
    type AskStream = Parts;

    async fn describe(&self, request: Request<DescribeRequest>) -> Result<Response<DescribeResponse>, Status> {
        Ok(Response::new(DescribeResponse {
            site_id: self.0.site.clone(),
            software_version: "0.0-test".into(),
            plan_version: self.0.plan_version,
            cdm_version: "5.4".into(),
            snapshot_id: format!("snapshot-{}", self.0.site),
            persons_binned: self.0.persons,
            persons_bin: 100,
            vocabulary_version: self.0.vocabulary.into(),
            now_micros: request.get_ref().now_micros + self.0.clock_ahead,
            seal: Seal::Synthetic.into(),
            snapshot_made_micros: 1_700_000_000_000_000,
            minimum_persons: 10,
            tables: vec!["person".into()],
            coded: vec![Coded { table: "person".into(), column: "gender_concept_id".into(), percent_unmapped: 7 }],
            confinement: "without files".into(),
        }))
    }

    async fn assess(&self, request: Request<AskRequest>) -> Result<Response<Verdict>, Status> {
        let split = split(request.get_ref());
        assert_eq!(request.get_ref().split_digest, split.digest.0.to_vec());
        let script = self.0.script.lock().unwrap().clone();
        Ok(Response::new(match script {
            Script::Refuse(state, code, message) => {
                Verdict { state: state.into(), code: code.into(), message: message.into(), hint: "ask there".into() }
            }
            _ => Verdict { state: State::Answered.into(), ..Verdict::default() },
        }))
    }

    async fn prove(&self, _: Request<ProveRequest>) -> Result<Response<ProveResponse>, Status> {
        Err(Status::unimplemented("a node of before"))
    }

    async fn exchange(&self, _: Request<ExchangeRequest>) -> Result<Response<ExchangeResponse>, Status> {
        Err(Status::unimplemented("a node of before"))
    }

    async fn read_log(&self, _: Request<ReadLogRequest>) -> Result<Response<ReadLogResponse>, Status> {
        Err(Status::unimplemented("a node of before"))
    }

    async fn codes(&self, _: Request<CodesRequest>) -> Result<Response<CodesResponse>, Status> {
        let code = |code: &str, persons_binned| CodeInUse {
            table: "measurement".into(),
            system: "JLAC10".into(),
            code: code.into(),
            unit: "%".into(),
            persons_binned,
            percent_unmapped: 25,
        };
        let own = code(&format!("own-{}", self.0.site), 10);
        let codes = vec![code("3D0450000019", 120), own];
        Ok(Response::new(CodesResponse {
            snapshot_id: format!("snapshot-{}", self.0.site),
            published: self.0.publishes,
            codes,
        }))
    }

    async fn ask(&self, request: Request<AskRequest>) -> Result<Response<Parts>, Status> {
        let request = request.into_inner();
        let (split, round) = (split(&request), request.round as usize);
        self.0.asked.lock().unwrap().push(request);
        self.0.arrived.cancel();
        let script = self.0.script.lock().unwrap().clone();
        let parts = match script {
            Script::Answer(counts) => answer(&self.0, (&split, round), &counts, |_| {}),
            Script::Change(counts, change) => answer(&self.0, (&split, round), &counts, change),
            Script::Refuse(state, code, message) => {
                let outcome =
                    Outcome { state: state.into(), code: code.into(), message: message.into(), ..Outcome::default() };
                vec![Part::Outcome(outcome)]
            }
            Script::Garbage(bytes) => {
                let cells = Cells { release_point: 0, arrow_ipc: Bytes::from_static(bytes) };
                vec![Part::Outcome(outcome(&self.0, &split)), Part::Cells(cells)]
            }
            Script::Fail(code) => return Err(Status::new(code, "the node's own words")),
            Script::Wait(let_go, counts) => {
                let guard = self.0.dropped.clone().drop_guard();
                let_go.cancelled().await;
                guard.disarm();
                answer(&self.0, (&split, round), &counts, |_| {})
            }
            Script::Hang => {
                let _guard = self.0.dropped.clone().drop_guard();
                std::future::pending::<()>().await;
                Vec::new()
            }
            Script::HangMidStream => {
                let guard = self.0.dropped.clone().drop_guard();
                let first = part(Part::Outcome(outcome(&self.0, &split)));
                let never = stream::pending().inspect(move |_: &Result<AskResponse, Status>| {
                    let _held = &guard;
                });
                return Ok(Response::new(Box::pin(stream::iter([Ok(first)]).chain(never))));
            }
            Script::DropMidStream => {
                let stop = self.0.stop.clone();
                let first = part(Part::Outcome(outcome(&self.0, &split)));
                let end = stream::once(async move {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    stop.cancel();
                    std::future::pending::<Result<AskResponse, Status>>().await
                });
                return Ok(Response::new(Box::pin(stream::iter([Ok(first)]).chain(end))));
            }
        };
        Ok(Response::new(Box::pin(stream::iter(parts.into_iter().map(|p| Ok(part(p)))))))
    }
}

fn part(part: Part) -> AskResponse {
    AskResponse { part: Some(part) }
}

/// The node's own split of what it was asked.
fn split(request: &AskRequest) -> Split {
    let batches = if request.parameters.is_empty() { Vec::new() } else { ipc::decode(&request.parameters).unwrap() };
    let parameters: Vec<ScalarValue> = batches
        .iter()
        .flat_map(|batch| batch.columns().iter().map(|column| ScalarValue::try_from_array(column, 0).unwrap()))
        .collect();
    let question =
        Question { sql: &request.sql, parameters: &parameters, bound_at: Timestamp(request.bound_at_micros) };
    Planner::new(Catalogue::cdm()).split(&question).unwrap()
}

fn outcome(node: &FakeNode, split: &Split) -> Outcome {
    Outcome {
        state: State::Answered.into(),
        code: String::new(),
        message: String::new(),
        hint: String::new(),
        snapshot_id: format!("snapshot-{}", node.site),
        vocabulary_version: node.vocabulary.into(),
        minimum_persons: 10,
        split_digest: split.digest.0.to_vec(),
        policy: String::new(),
        codes_held: Vec::new(),
        receipt: None,
        padding: Vec::new(),
    }
}

fn answer(node: &FakeNode, (split, round): (&Split, usize), counts: &Counts, change: fn(&mut Outcome)) -> Vec<Part> {
    let mut said = outcome(node, split);
    change(&mut said);
    let cells = split.points_of(round).map(|point| {
        let batch = cells(point.cell_schema().field(0).data_type(), counts, &point.cell_schema());
        let bytes = ipc::encode(&point.cell_schema(), &[batch]).unwrap();
        Part::Cells(Cells { release_point: point.index as u32, arrow_ipc: bytes })
    });
    std::iter::once(Part::Outcome(said)).chain(cells).collect()
}

fn cells(first: &DataType, counts: &Counts, schema: &datafusion::arrow::datatypes::SchemaRef) -> RecordBatch {
    let rows = &counts.0;
    let nulls = NullBuffer::from_iter(rows.iter().map(|(_, n)| n.is_some()));
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, n)| n.unwrap_or(0))));
    let state: ArrayRef = Arc::new(StructArray::new(StateKind::Count.fields(), vec![n], Some(nulls)));
    let keys: Option<ArrayRef> = match first {
        DataType::Int32 => Some(Arc::new(
            rows.iter()
                .map(|(key, _)| match key {
                    Key::Number(n) => Some(*n),
                    Key::None => None,
                })
                .collect::<Int32Array>(),
        )),
        _ => None,
    };
    RecordBatch::try_new(Arc::clone(schema), keys.into_iter().chain([state]).collect()).unwrap()
}
