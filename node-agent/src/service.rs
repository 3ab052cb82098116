//! The gRPC face of the node: decode, call, encode.

use std::sync::Arc;

use renkei_plan::PLAN_VERSION;
use renkei_proto::v1::node_server::Node;
use renkei_proto::v1::{AskRequest, AskResponse, DescribeRequest, DescribeResponse, Seal as WireSeal};
use renkei_types::SiteId;
use tokio_stream::Iter;
use tonic::{Request, Response, Status};

use crate::query::Pipeline;
use crate::store::Seal;

/// Published numbers of persons are rounded down to a multiple of this.
const PERSONS_BIN: u64 = 10;

/// The node's service on whatever connection there is.
#[derive(Debug, Clone)]
pub(crate) struct NodeService {
    pub(crate) site: SiteId,
    pub(crate) pipeline: Arc<Pipeline>,
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
        }
        answer
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

    type AskStream = Iter<std::vec::IntoIter<Result<AskResponse, Status>>>;

    async fn ask(&self, request: Request<AskRequest>) -> Result<Response<Self::AskStream>, Status> {
        let answer = self.pipeline.ask(request.into_inner()).await;
        let messages = answer.messages().map_err(|_| Status::unavailable("the answer could not be encoded"))?;
        let stream = tokio_stream::iter(messages.into_iter().map(Ok).collect::<Vec<_>>());
        Ok(Response::new(stream))
    }
}
