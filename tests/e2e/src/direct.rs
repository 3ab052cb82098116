//! A node asked directly, as a gateway could that has gone wrong.

use std::sync::Arc;

use futures::future::join_all;
use renkei_pki::PeerName;
use renkei_plan::{Catalogue, Planner, Question};
use renkei_proto::v1::ask_response::Part;
use renkei_proto::v1::node_client::NodeClient;
use renkei_proto::v1::{AskRequest, AskResponse, Outcome};
use renkei_service::{Dialler, SiteLink};
use renkei_types::{Clock, SystemClock, Timestamp};
use tokio::runtime::Runtime;

use crate::{CONSORTIUM, Consortium, PERSON, PROJECT};

/// The gateway's key in the hands of a test.
pub struct Direct {
    runtime: Runtime,
    link: SiteLink,
    planner: Planner,
}

impl Direct {
    /// A connection to a site that listens.
    #[must_use]
    pub fn to(consortium: &Consortium, site: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let own = consortium.certificates.gateway().load(Arc::new(SystemClock));
        let site = site.parse().unwrap();
        let name = PeerName::site(CONSORTIUM.parse().unwrap(), &site);
        let target = format!("localhost:{}", consortium.port(site.as_str())).parse().unwrap();
        let dialler = Dialler::to_site(target, name, &own).unwrap();
        let link = runtime.block_on(async {
            let link = SiteLink::new(site, Arc::new(SystemClock));
            link.attach(dialler.connect().await.unwrap());
            link
        });
        Self { runtime, link, planner: Planner::new(Catalogue::cdm()) }
    }

    /// A question in order.
    #[must_use]
    pub fn request(&self, sql: &str) -> AskRequest {
        request(&self.planner, sql)
    }

    /// The outcome, and the number of messages with cells after it.
    #[must_use]
    pub fn ask(&self, request: AskRequest) -> (Outcome, usize) {
        let parts = self.all(vec![request]).remove(0);
        let Some(Part::Outcome(outcome)) = parts.first().cloned() else { panic!("no outcome: {parts:?}") };
        (outcome, parts.len() - 1)
    }

    /// Everything that comes back for each of several questions that are asked at the same time.
    #[must_use]
    pub fn all(&self, requests: Vec<AskRequest>) -> Vec<Vec<Part>> {
        let one = |request| async {
            let mut stream = NodeClient::new(self.link.channel()).ask(request).await.unwrap().into_inner();
            let mut parts = Vec::new();
            while let Some(AskResponse { part }) = stream.message().await.unwrap() {
                parts.push(part.unwrap());
            }
            parts
        };
        self.runtime.block_on(join_all(requests.into_iter().map(one)))
    }
}

/// A question in order, with the digest that both sides derive; of zeros where the statement is refused.
#[must_use]
pub fn request(planner: &Planner, sql: &str) -> AskRequest {
    let now = SystemClock.now().0;
    let question = Question { sql, parameters: &[], bound_at: Timestamp(now) };
    let digest = planner.split(&question).map(|split| split.digest.0.to_vec());
    AskRequest {
        query_id: "q1".into(),
        project: PROJECT.into(),
        subject: PERSON.into(),
        sql: sql.into(),
        bound_at_micros: now,
        asked_at_micros: now,
        time_left_micros: 30_000_000,
        split_digest: digest.unwrap_or_else(|_| vec![0; 32]),
        ..AskRequest::default()
    }
}
