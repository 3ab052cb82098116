//! A node that answers by script: the generated service, under a real certificate, on a real session.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StructArray};
use arrow::datatypes::DataType;
use bytes::Bytes;
use futures::{Stream, stream};
use renkei_plan::{Catalogue, Planner, Question, Split, StateKind};
use renkei_proto::ipc;
use renkei_proto::v1::ask_response::Part;
use renkei_proto::v1::node_server::Node;
use renkei_proto::v1::{
    AskRequest, AskResponse, Cells, CodesRequest, CodesResponse, DescribeRequest, DescribeResponse, ExchangeRequest,
    ExchangeResponse, Outcome, ProveRequest, ProveResponse, ReadLogRequest, ReadLogResponse, Seal, State, Verdict,
};
use renkei_types::{Clock, SystemClock, Timestamp};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Code, Request, Response, Status};

use crate::ScriptedLog;

/// One thing that a scripted node does.
pub enum Step {
    /// Sends a part.
    Send(Part),
    /// Sends a part again and again.
    Repeat(Part, u64),
    /// Ends the call with a status.
    Fail(Code),
    /// Ends its connection.
    HangUp,
    /// Does nothing for ever.
    Stall,
}

/// What a scripted node was asked, and answers that fit it.
pub struct Asked {
    /// The question.
    pub request: AskRequest,
    /// The node's own split of it.
    pub split: Split,
}

impl Asked {
    /// An outcome in order.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome {
            state: State::Answered.into(),
            code: String::new(),
            message: String::new(),
            hint: String::new(),
            snapshot_id: "scripted".into(),
            vocabulary_version: String::new(),
            minimum_persons: 10,
            split_digest: self.split.digest.0.to_vec(),
            policy: String::new(),
            codes_held: Vec::new(),
            receipt: None,
            padding: Vec::new(),
        }
    }

    /// Cells of the first release point, whose one key is an Int32 and whose one state is a count.
    #[must_use]
    pub fn counts(&self, counts: &[(i32, i64)]) -> Part {
        let schema = self.split.release_points[0].cell_schema();
        assert_eq!(schema.field(0).data_type(), &DataType::Int32, "the script does not fit the question");
        let keys: ArrayRef = Arc::new(Int32Array::from_iter_values(counts.iter().map(|(key, _)| *key)));
        let n: ArrayRef = Arc::new(Int64Array::from_iter_values(counts.iter().map(|(_, n)| *n)));
        let state: ArrayRef = Arc::new(StructArray::new(StateKind::Count.fields(), vec![n], None));
        self.batch(&RecordBatch::try_new(schema, vec![keys, state]).unwrap())
    }

    /// Any batch as cells of the first release point.
    #[must_use]
    pub fn batch(&self, batch: &RecordBatch) -> Part {
        self.bytes(ipc::encode(&batch.schema(), std::slice::from_ref(batch)).unwrap())
    }

    /// Any bytes as cells of the first release point.
    #[must_use]
    pub fn bytes(&self, bytes: impl Into<Bytes>) -> Part {
        Part::Cells(Cells { release_point: 0, arrow_ipc: bytes.into() })
    }
}

type Script = Box<dyn Fn(&Asked) -> Vec<Step> + Send + Sync>;

/// A scripted node.
pub struct Scripted {
    pub(crate) site: String,
    script: Script,
    log: Option<Arc<ScriptedLog>>,
    /// Cancelled when a question has arrived.
    pub arrived: CancellationToken,
    /// Cancelled when the gateway has let go of a question.
    pub released: CancellationToken,
    pub(crate) stop: CancellationToken,
}

impl Scripted {
    /// A node of `site` that does what `script` says with every question.
    #[must_use]
    pub fn new(site: &str, script: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) -> Arc<Self> {
        Self::make(site, script, None)
    }

    /// A node with a log, that takes every question and says nothing.
    #[must_use]
    pub fn with_log(site: &str, log: &Arc<ScriptedLog>) -> Arc<Self> {
        Self::make(site, |_| vec![Step::Stall], Some(Arc::clone(log)))
    }

    fn make(
        site: &str,
        script: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static,
        log: Option<Arc<ScriptedLog>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            site: site.to_owned(),
            script: Box::new(script),
            log,
            arrived: CancellationToken::new(),
            released: CancellationToken::new(),
            stop: CancellationToken::new(),
        })
    }

    /// A node that takes every question and says nothing.
    #[must_use]
    pub fn silent(site: &str) -> Arc<Self> {
        Self::new(site, |_| vec![Step::Stall])
    }
}

/// The service, shared with the test.
pub(crate) struct Service(pub(crate) Arc<Scripted>);

type Parts = Pin<Box<dyn Stream<Item = Result<AskResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Node for Service {
    type AskStream = Parts;

    async fn describe(&self, _: Request<DescribeRequest>) -> Result<Response<DescribeResponse>, Status> {
        Ok(Response::new(DescribeResponse {
            site_id: self.0.site.clone(),
            plan_version: renkei_plan::PLAN_VERSION,
            snapshot_id: "scripted".into(),
            persons_binned: 100,
            persons_bin: 10,
            now_micros: SystemClock.now().0,
            seal: Seal::Clinical.into(),
            minimum_persons: 10,
            ..DescribeResponse::default()
        }))
    }

    async fn assess(&self, _: Request<AskRequest>) -> Result<Response<Verdict>, Status> {
        Ok(Response::new(Verdict { state: State::Answered.into(), ..Verdict::default() }))
    }

    async fn prove(&self, _: Request<ProveRequest>) -> Result<Response<ProveResponse>, Status> {
        Err(Status::unimplemented("a node of before"))
    }

    async fn exchange(&self, request: Request<ExchangeRequest>) -> Result<Response<ExchangeResponse>, Status> {
        let log = self.0.log.as_ref().ok_or_else(|| Status::unimplemented("a node of before"))?;
        Ok(Response::new(log.exchange(request.get_ref())))
    }

    async fn read_log(&self, request: Request<ReadLogRequest>) -> Result<Response<ReadLogResponse>, Status> {
        let log = self.0.log.as_ref().ok_or_else(|| Status::unimplemented("a node of before"))?;
        Ok(Response::new(log.read(request.get_ref())))
    }

    async fn codes(&self, _: Request<CodesRequest>) -> Result<Response<CodesResponse>, Status> {
        Ok(Response::new(CodesResponse::default()))
    }

    async fn ask(&self, request: Request<AskRequest>) -> Result<Response<Parts>, Status> {
        let request = request.into_inner();
        let question = Question { sql: &request.sql, parameters: &[], bound_at: Timestamp(request.bound_at_micros) };
        let split = Planner::new(Catalogue::cdm()).split(&question).unwrap();
        let steps = VecDeque::from((self.0.script)(&Asked { request, split }));
        let guard = self.0.released.clone().drop_guard();
        self.0.arrived.cancel();
        if matches!(steps.front(), Some(Step::Stall)) {
            return std::future::pending().await;
        }
        let stop = self.0.stop.clone();
        Ok(Response::new(Box::pin(stream::unfold((steps, guard, stop), next))))
    }
}

type Playing = (VecDeque<Step>, DropGuard, CancellationToken);

async fn next((mut steps, guard, stop): Playing) -> Option<(Result<AskResponse, Status>, Playing)> {
    let sent = |part| Ok(AskResponse { part: Some(part) });
    let item = match steps.pop_front()? {
        Step::Send(part) => sent(part),
        Step::Repeat(part, times) => {
            if times > 1 {
                steps.push_front(Step::Repeat(part.clone(), times - 1));
            }
            sent(part)
        }
        Step::Fail(code) => Err(Status::new(code, "the node's own words")),
        Step::HangUp => {
            // What was sent before has to leave first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            stop.cancel();
            return std::future::pending().await;
        }
        Step::Stall => return std::future::pending().await,
    };
    Some((item, (steps, guard, stop)))
}
