//! A consortium on this machine: an authority, a gateway, scripted nodes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use renkei_gateway::Gateway;
use renkei_gateway::config::{Config, Limits, Log, Project, Site, Tables, Tls, Token, TokenHash};
use renkei_pki::{Credentials, DevSpec, PeerName, PeerRole, dev_ca};
use renkei_proto::v1::node_server::NodeServer;
use renkei_service::{Backoff, Dialler, Jitter, NodeSession};
use renkei_types::{Clock, ConsortiumId, SiteId, SystemClock};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::clients::Client;
use crate::nodes::{Counts, FakeNode, Key, Script, Service};

pub const TOKEN: &str = "a-token-long-enough-for-a-test-0123456789";
pub const BY_GENDER: &str =
    "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY gender_concept_id ORDER BY gender_concept_id";

pub struct Consortium {
    dir: TempDir,
    pub address: std::net::SocketAddr,
    pub nodes: Vec<Arc<FakeNode>>,
    config: Config,
    stop: CancellationToken,
    served: Option<tokio::task::JoinHandle<()>>,
}

fn consortium() -> ConsortiumId {
    "c".parse().unwrap()
}

fn credentials(dir: &Path, stem: &str) -> Credentials {
    let file = |end: &str| dir.join(format!("{stem}.{end}"));
    Credentials::load(&dir.join("ca.pem"), &file("pem"), &file("key"), Arc::new(SystemClock)).unwrap()
}

/// Counts by gender.
pub fn genders(female: i64, male: i64) -> Script {
    Script::Answer(counts(female, male))
}

pub fn counts(female: i64, male: i64) -> Counts {
    Counts(vec![(Key::Number(8532), Some(female)), (Key::Number(8507), Some(male))])
}

impl Consortium {
    /// Sites in the order given, each with a node that dials unless its script is `None`.
    pub async fn start(scripts: Vec<(&str, Option<Script>)>) -> Self {
        let nodes = scripts
            .into_iter()
            .map(|(site, script)| (site.to_owned(), script.map(|script| FakeNode::new(site, script))))
            .collect();
        Self::with(nodes, |_| {}).await
    }

    pub async fn with(nodes: Vec<(String, Option<FakeNode>)>, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sites: Vec<SiteId> = nodes.iter().map(|(site, _)| site.parse().unwrap()).collect();
        let people = ["sato", "ito", "outsider"].map(|person| person.parse().unwrap()).to_vec();
        let spec = DevSpec { sites: sites.clone(), people, ..DevSpec::new(consortium()) };
        dev_ca(&spec, dir.path(), SystemClock.now()).unwrap();
        let mut config = config(dir.path(), &sites);
        change(&mut config);
        let gateway = Gateway::bind(config.clone(), Arc::new(SystemClock)).await.unwrap();
        let (address, stop) = (gateway.address(), CancellationToken::new());
        let served = Some(tokio::spawn(gateway.serve(stop.clone())));
        let mut this = Self { dir, address, nodes: Vec::new(), config, stop, served };
        for node in nodes.into_iter().filter_map(|(_, node)| node) {
            this.dial(node);
        }
        this.wait_connected().await;
        this
    }

    /// The gateway's state folder.
    pub fn state(&self) -> PathBuf {
        self.config.state_dir.clone()
    }

    /// The gateway's configuration.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    fn dial(&mut self, node: FakeNode) {
        let own = credentials(self.dir.path(), &format!("sites/{}", node.site));
        let gateway = PeerName::new(consortium(), PeerRole::Gateway, "gateway").unwrap();
        let target = format!("localhost:{}", self.address.port()).parse().unwrap();
        let dialler = Dialler::to_gateway(target, gateway, &own).unwrap();
        let node = Arc::new(node);
        let routes = Routes::new(NodeServer::new(Service(Arc::clone(&node))));
        let session = NodeSession::new(dialler, routes, Arc::new(SystemClock), Jitter::seeded(1))
            .with_backoff(Backoff::new(Duration::from_millis(20), Duration::from_millis(20)))
            .with_drain(Duration::ZERO);
        tokio::spawn(session.run(node.stop.clone()));
        self.nodes.push(node);
    }

    /// Waits until the gateway has heard from every node.
    async fn wait_connected(&self) {
        let started = Instant::now();
        let mut client = self.person("sato").await;
        loop {
            let rows = client
                .rows("SELECT site_id FROM renkei.sites WHERE state = 'connected' AND snapshot_id IS NOT NULL")
                .await;
            if rows.len() == self.nodes.len() {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "nodes did not connect: {rows:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Another node for a site whose first one has gone.
    pub async fn redial(&mut self, node: FakeNode) {
        self.nodes.retain(|known| known.site != node.site);
        self.dial(node);
        self.wait_connected().await;
    }

    pub fn node(&self, site: &str) -> &Arc<FakeNode> {
        self.nodes.iter().find(|node| node.site == site).unwrap()
    }

    /// A client with the certificate of a person.
    pub async fn person(&self, person: &str) -> Client {
        let own = credentials(self.dir.path(), &format!("people/{person}"));
        Client::connect(self.address, renkei_pki::client_config(&own, &["h2"]).unwrap()).await
    }

    /// A client without a certificate.
    pub async fn anonymous(&self) -> Client {
        Client::connect(self.address, crate::clients::anonymous(&self.dir.path().join("ca.pem"))).await
    }

    /// Stops the gateway and waits until it has.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        self.served.take().unwrap().await.unwrap();
    }
}

impl Drop for Consortium {
    fn drop(&mut self) {
        self.stop.cancel();
        self.nodes.iter().for_each(|node| node.stop.cancel());
    }
}

fn config(dir: &Path, sites: &[SiteId]) -> Config {
    let project = |id: &str, members: &[&str], tables: Tables| Project {
        id: id.parse().unwrap(),
        title: String::new(),
        ethics: None,
        purpose: None,
        members: members.iter().map(|member| member.parse().unwrap()).collect(),
        sites: sites.to_vec(),
        tables,
        minimum_persons: 10,
    };
    Config {
        state_dir: dir.join("state"),
        audit: Default::default(),
        vocabulary: None,
        listen: "127.0.0.1:0".parse().unwrap(),
        tls: Tls { ca: dir.join("ca.pem"), certificate: dir.join("gateway.pem"), key: dir.join("gateway.key") },
        limits: Limits { drain: Duration::from_millis(500), ..Limits::default() },
        log: Log::default(),
        sites: sites.iter().map(|id| Site { id: id.clone(), name: String::new(), dial: None }).collect(),
        projects: vec![
            project("study", &["sato", "ito"], Tables::All),
            project("narrow", &["ito"], Tables::Only(vec!["person".into()])),
        ],
        tokens: vec![Token { sha256: TokenHash::of(TOKEN), person: "sato".parse().unwrap() }],
        people: Vec::new(),
        auditors: Default::default(),
    }
}
