//! The gRPC face of the node: decode, call, encode.

use std::sync::Arc;

use renkei_plan::PLAN_VERSION;
use renkei_proto::v1::node_server::Node;
use renkei_proto::v1::{
    AskRequest, AskResponse, CodesRequest, CodesResponse, DescribeRequest, DescribeResponse, ExchangeRequest,
    ExchangeResponse, ProveRequest, ProveResponse, ReadLogRequest, ReadLogResponse, Seal as WireSeal, Verdict,
};
use renkei_types::SiteId;
use tokio_stream::Iter;
use tonic::{Request, Response, Status};

use crate::exchange::Exchange;
use crate::profile::Profiles;
use crate::query::Pipeline;
use crate::share::Share;
use crate::store::Seal;
use crate::worker::Confinement;

/// Published numbers of persons are rounded down to a multiple of this.
const PERSONS_BIN: u64 = 10;

/// The node's service on whatever connection there is.
#[derive(Debug, Clone)]
pub(crate) struct NodeService {
    pub(crate) site: SiteId,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) profiles: Arc<Profiles>,
    /// Whether the codes in use are told, by the site's configuration.
    pub(crate) publish_codes: bool,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) share: Arc<Share>,
}

impl NodeService {
    fn describe(&self) -> DescribeResponse {
        let mut answer = DescribeResponse {
            site_id: self.site.to_string(),
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            plan_version: PLAN_VERSION,
            cdm_version: renkei_cdm::CDM_VERSION.to_owned(),
            persons_bin: PERSONS_BIN,
            now_micros: self.pipeline.clock.now().0,
            minimum_persons: self.pipeline.policy.minimum_persons,
            confinement: self.pipeline.executor.confinement().map(Confinement::words).unwrap_or_default(),
            ..DescribeResponse::default()
        };
        if let Ok(tables) = self.pipeline.snapshots.tables(None) {
            let snapshot = tables.snapshot();
            answer.snapshot_id = snapshot.id().to_string();
            answer.persons_binned = snapshot.persons() / PERSONS_BIN * PERSONS_BIN;
            answer.vocabulary_version = snapshot.vocabulary_version().unwrap_or_default().to_owned();
            answer.snapshot_made_micros = snapshot.manifest().contents.made_at.0;
            answer.seal = wire_seal(snapshot.seal()).into();
            answer.tables =
                renkei_cdm::tables().iter().filter(|t| tables.has(t.name)).map(|t| t.name.to_owned()).collect();
            let minimum = self.pipeline.policy.minimum_persons;
            answer.coded = self.profiles.of(snapshot).map(|profile| profile.coded(minimum)).unwrap_or_default();
        }
        answer
    }

    /// The codes of the present snapshot, if the site publishes them.
    fn codes_in_use(&self) -> CodesResponse {
        let Ok(tables) = self.pipeline.snapshots.tables(None) else { return CodesResponse::default() };
        let snapshot = tables.snapshot();
        let published = self.publish_codes;
        let minimum = self.pipeline.policy.minimum_persons;
        let profile = self.profiles.of(snapshot).filter(|_| published);
        let codes = profile.map(|profile| profile.codes(minimum, PERSONS_BIN)).unwrap_or_default();
        CodesResponse { snapshot_id: snapshot.id().to_string(), published, codes }
    }
}

fn wire_seal(seal: Seal) -> WireSeal {
    match seal {
        Seal::Clinical => WireSeal::Clinical,
        Seal::Synthetic => WireSeal::Synthetic,
        Seal::Public => WireSeal::Public,
    }
}

impl From<Seal> for renkei_policy::Seal {
    fn from(seal: Seal) -> Self {
        match seal {
            Seal::Clinical => Self::Clinical,
            Seal::Synthetic => Self::Synthetic,
            Seal::Public => Self::Public,
        }
    }
}

#[tonic::async_trait]
impl Node for NodeService {
    async fn describe(&self, _request: Request<DescribeRequest>) -> Result<Response<DescribeResponse>, Status> {
        let service = self.clone();
        let answer = tokio::task::spawn_blocking(move || service.describe()).await;
        answer.map(Response::new).map_err(|_| Status::unavailable("the site could not describe itself"))
    }

    async fn assess(&self, request: Request<AskRequest>) -> Result<Response<Verdict>, Status> {
        Ok(Response::new(self.pipeline.assess(request.into_inner()).await))
    }

    async fn codes(&self, _request: Request<CodesRequest>) -> Result<Response<CodesResponse>, Status> {
        let service = self.clone();
        let answer = tokio::task::spawn_blocking(move || service.codes_in_use()).await;
        answer.map(Response::new).map_err(|_| Status::unavailable("the site could not list its codes"))
    }

    async fn exchange(&self, request: Request<ExchangeRequest>) -> Result<Response<ExchangeResponse>, Status> {
        Ok(Response::new(self.exchange.answer(request.into_inner()).await))
    }

    async fn prove(&self, request: Request<ProveRequest>) -> Result<Response<ProveResponse>, Status> {
        let (exchange, index) = (Arc::clone(&self.exchange), request.into_inner().index);
        let proof = tokio::task::spawn_blocking(move || exchange.prove(index)).await;
        let proof = proof.map_err(|_| Status::unavailable("the proof could not be made"))?;
        proof.map(Response::new).map_err(|_| Status::unavailable("the site's log cannot be read"))
    }

    async fn read_log(&self, request: Request<ReadLogRequest>) -> Result<Response<ReadLogResponse>, Status> {
        let read = self.share.answer(request.into_inner()).await;
        read.map(Response::new).ok_or_else(|| Status::unavailable("the site's log cannot be read"))
    }

    type AskStream = Iter<std::vec::IntoIter<Result<AskResponse, Status>>>;

    async fn ask(&self, request: Request<AskRequest>) -> Result<Response<Self::AskStream>, Status> {
        let answer = self.pipeline.ask(request.into_inner()).await;
        let stream = tokio_stream::iter(answer.messages().into_iter().map(Ok).collect::<Vec<_>>());
        Ok(Response::new(stream))
    }
}
