//! A whole consortium in a temporary folder.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use renkei_gateway::Gateway;
use renkei_gateway::config::{self as gateway, Limits, Log, Tables};
use renkei_node::config as node;
use renkei_node::ingest::{self, Options, Report};
use renkei_node::store::{Seal, Store};
use renkei_node::worker::{Execution, Program};
use renkei_pki::{PeerName, PeerRole};
use renkei_proto::v1::node_server::NodeServer;
use renkei_service::{Backoff, Dialler, Jitter, NodeSession, Target};
use renkei_types::{SiteId, SystemClock};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::node::runtime;
use crate::scripted::{Scripted, Service};
use crate::site::Who;
use crate::{
    AUDITOR, Answer, CONSORTIUM, Certificates, Client, DEADLINE, LIMIT, Node, PERSON, PROJECT, Pair, Refused, Site,
    Source,
};

/// Between two looks at whether the sites are there.
const LOOK: Duration = Duration::from_millis(20);
/// Scripted nodes dial once; a second time would hide what the gateway did with the first.
const NEVER: Duration = Duration::from_secs(3_600);

/// How a test's own program becomes a worker of the nodes in it: by this one test of it, `tests/main/worker.rs`.
const WORKER: [&str; 5] = ["worker::process", "--exact", "--ignored", "--nocapture", "--test-threads=1"];

/// A running consortium. Dropping it ends everything and removes its folder.
pub struct Consortium {
    /// Certificates of everybody.
    pub certificates: Certificates,
    /// Where the gateway listens.
    pub address: SocketAddr,
    nodes: BTreeMap<String, Node>,
    ports: BTreeMap<String, u16>,
    client: Client,
    gateway: Option<Runtime>,
    clients: Option<Runtime>,
    dir: TempDir,
}

impl Consortium {
    /// Sites and a gateway that demands a minimum of 10; returns when all of them are connected.
    #[must_use]
    pub fn start(sites: impl IntoIterator<Item = Site>) -> Self {
        Self::with(sites, |_| {})
    }

    /// One whose gateway accepts every cell.
    #[must_use]
    pub fn open(sites: impl IntoIterator<Item = Site>) -> Self {
        Self::with(sites, |config| config.projects[0].minimum_persons = 1)
    }

    /// One whose gateway is configured otherwise. Returns when every site of the project is connected.
    #[must_use]
    pub fn with(sites: impl IntoIterator<Item = Site>, change: impl FnOnce(&mut gateway::Config)) -> Self {
        let sites: Vec<Site> = sites.into_iter().collect();
        let dir = tempfile::Builder::new().prefix("renkei-e2e-").tempdir().unwrap();
        let ids: Vec<SiteId> = sites.iter().map(|site| site.id.parse().unwrap()).collect();
        let certificates = Certificates::make(&dir.path().join("pki"), &ids);
        let ports = sites.iter().filter(|site| site.listens).map(|site| (site.id.clone(), free_port())).collect();
        let state = dir.path().join("gateway");
        let mut config = gateway_config(&certificates, &ids, &ports, state);
        change(&mut config);
        let asked: Vec<String> = config.projects[0].sites.iter().map(ToString::to_string).collect();
        let expected: Vec<String> = sites
            .iter()
            .filter(|site| site.connects() && asked.contains(&site.id))
            .map(|site| site.id.clone())
            .collect();
        let (gateway, clients) = (runtime(), runtime());
        let bound = gateway.block_on(Gateway::bind(config, Arc::new(SystemClock))).unwrap();
        let address = bound.address();
        gateway.spawn(bound.serve(CancellationToken::new()));
        let client = clients.block_on(Client::connect(address, &certificates.person())).unwrap();
        let client = client.header(renkei_gateway::PROJECT, PROJECT).header(renkei_gateway::DEADLINE, DEADLINE);
        let (gateway, clients) = (Some(gateway), Some(clients));
        let mut this = Self { certificates, address, nodes: BTreeMap::new(), ports, client, gateway, clients, dir };
        sites.into_iter().for_each(|site| this.join(site));
        this.wait_connected(&expected.iter().map(String::as_str).collect::<Vec<_>>());
        this
    }

    /// Starts what runs at a site, and does not wait until it is connected.
    ///
    /// # Panics
    /// When it cannot start.
    pub fn join(&mut self, site: Site) {
        self.try_join(site).unwrap();
    }

    /// Starts what runs at a site.
    ///
    /// # Errors
    /// Why a node agent cannot start.
    pub fn try_join(&mut self, mut site: Site) -> Result<(), String> {
        if let Some(records) = site.records.take() {
            self.ingest(&site.state, &*records, site.seal);
        }
        let node = match &site.who {
            Who::Nobody => return Ok(()),
            Who::Scripted(scripted) => self.scripted(&site, scripted),
            Who::Agent => self.agent(&site)?,
        };
        self.nodes.insert(site.state.clone(), node);
        Ok(())
    }

    fn agent(&self, site: &Site) -> Result<Node, String> {
        let config = self.node_config(site);
        let clock = Arc::clone(&site.clock);
        let itself = Program::own(WORKER.map(Into::into).to_vec());
        let execution = Execution::Workers(itself);
        let node = renkei_node::node::Node::new(&config, &execution, clock);
        let node = self.runtime().block_on(node);
        let node = node.map_err(|error| format!("{error:#}"))?;
        let stop = CancellationToken::new();
        Ok(Node::spawn(self.runtime().handle().clone(), stop.clone(), |_| (node.state(), node.run(stop))))
    }

    fn scripted(&self, site: &Site, scripted: &Arc<Scripted>) -> Node {
        let own = self.identity(site).load(Arc::clone(&site.clock));
        let gateway = PeerName::new(CONSORTIUM.parse().unwrap(), PeerRole::Gateway, "gateway").unwrap();
        let dialler = Dialler::to_gateway(self.target(), gateway, &own).unwrap();
        let routes = Routes::new(NodeServer::new(Service(Arc::clone(scripted))));
        let session = NodeSession::new(dialler, routes, Arc::clone(&site.clock), Jitter::seeded(1))
            .with_backoff(Backoff::new(NEVER, NEVER))
            .with_drain(Duration::ZERO);
        let stop = scripted.stop.clone();
        Node::spawn(self.runtime().handle().clone(), stop.clone(), |_| (session.state(), session.run(stop)))
    }

    fn identity(&self, site: &Site) -> Pair {
        site.identity.clone().unwrap_or_else(|| self.certificates.site(&site.id))
    }

    fn target(&self) -> Target {
        format!("localhost:{}", self.address.port()).parse().unwrap()
    }

    fn node_config(&self, site: &Site) -> node::Config {
        let Pair { ca, certificate, key } = self.identity(site);
        let listen = self.ports.get(&site.id).filter(|_| site.listens);
        node::Config {
            state_dir: self.state_dir(&site.state),
            tls: node::Tls { ca, certificate, key },
            audit: node::Audit { share: site.share_log, ..node::Audit::default() },
            gateway: node::Gateway { address: self.target(), id: "gateway".into() },
            listen: listen.map(|port| node::Listen { address: ([127, 0, 0, 1], *port).into() }),
            policy: node::Policy { minimum_persons: site.minimum, ..node::Policy::default() },
            projects: site.projects.clone(),
            engine: site.engine.clone(),
            worker: node::Worker::default(),
            sources: Vec::new(),
            codes: Default::default(),
            rules: Default::default(),
            opt_out: site.opt_out.clone(),
            digest: None,
        }
    }

    /// Makes a snapshot for a site as the node's command does: beside the node, whether or not that runs.
    ///
    /// # Panics
    /// When the records cannot be ingested.
    pub fn ingest(&self, state: &str, records: &dyn Source, seal: Seal) -> Report {
        let source = self.dir.path().join("sources").join(state);
        records.write(&source);
        let store = Store::open(self.state_dir(state), Arc::new(SystemClock)).unwrap();
        let options = Options { seal, sort_memory: 16 << 20, ..Options::new([source]) };
        ingest::run(&store, &options, &mut |_| {}, &mut ChaCha20Rng::seed_from_u64(7)).unwrap()
    }

    /// A site's state folder.
    #[must_use]
    pub fn state_dir(&self, state: &str) -> PathBuf {
        self.dir.path().join("state").join(state)
    }

    /// The gateway's state folder.
    #[must_use]
    pub fn gateway_state(&self) -> PathBuf {
        self.dir.path().join("gateway")
    }

    /// The folder for what a test needs beside.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.dir.path()
    }

    /// A file of a site's current snapshot.
    #[must_use]
    pub fn snapshot_file(&self, state: &str, name: &str) -> PathBuf {
        let root = self.state_dir(state);
        let id = std::fs::read_to_string(root.join("current")).unwrap();
        root.join("snapshots").join(id.trim_end()).join(name)
    }

    /// The port of a site that listens.
    #[must_use]
    pub fn port(&self, site: &str) -> u16 {
        self.ports[site]
    }

    /// What runs at a site.
    #[must_use]
    pub fn node(&self, state: &str) -> &Node {
        &self.nodes[state]
    }

    /// Takes a node away: dropping it kills it as a power cut does.
    #[must_use]
    pub fn take(&mut self, state: &str) -> Node {
        self.nodes.remove(state).unwrap()
    }

    /// The researcher's client.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// A client with another certificate.
    ///
    /// # Errors
    /// When the gateway does not let it in.
    pub fn client_of(&self, pair: &Pair) -> Result<Client, String> {
        let client = self.runtime().block_on(async {
            tokio::time::timeout(LIMIT, Client::connect(self.address, pair)).await.expect("the handshake hangs")
        });
        let client = client.map_err(|error| error.to_string())?;
        Ok(client.header(renkei_gateway::PROJECT, PROJECT).header(renkei_gateway::DEADLINE, DEADLINE))
    }

    /// Asks a question that has an answer.
    ///
    /// # Panics
    /// When it is refused.
    #[must_use]
    pub fn ask(&self, sql: &str) -> Answer {
        self.client.ask(sql).unwrap_or_else(|refused| panic!("{sql}: {refused:?}"))
    }

    /// Asks a question that has none.
    ///
    /// # Panics
    /// When it is answered.
    #[must_use]
    pub fn refused(&self, sql: &str) -> Refused {
        match self.client.ask(sql) {
            Ok(answer) => panic!("{sql}: answered {:?}", answer.rows()),
            Err(refused) => refused,
        }
    }

    /// Waits for an event.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait(&self, event: &CancellationToken, what: &str) {
        let waited = self.runtime().block_on(async { tokio::time::timeout(LIMIT, event.cancelled()).await });
        assert!(waited.is_ok(), "waited in vain: {what}");
    }

    /// Waits until the gateway has heard from these sites.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait_connected(&self, sites: &[&str]) {
        self.wait_state(sites, "connected");
    }

    /// Waits until the gateway sees these sites in a state and, where connected, knows what they serve.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait_state(&self, sites: &[&str], state: &str) {
        let described = if state == "connected" { "AND described_at >= since" } else { "" };
        let sql = format!("SELECT site_id FROM renkei.sites WHERE state = '{state}' {described}");
        let started = Instant::now();
        loop {
            let there = self.ask(&sql).rows();
            if sites.iter().all(|site| there.iter().any(|found| found == site)) {
                return;
            }
            assert!(started.elapsed() < LIMIT, "{sites:?} are not {state}, only {there:?}");
            std::thread::sleep(LOOK);
        }
    }

    fn runtime(&self) -> &Runtime {
        self.clients.as_ref().expect("a running consortium")
    }
}

impl Drop for Consortium {
    fn drop(&mut self) {
        self.nodes.clear();
        [self.gateway.take(), self.clients.take()].into_iter().flatten().for_each(Runtime::shutdown_background);
    }
}

fn gateway_config(
    certificates: &Certificates,
    sites: &[SiteId],
    ports: &BTreeMap<String, u16>,
    state_dir: PathBuf,
) -> gateway::Config {
    let Pair { ca, certificate, key } = certificates.gateway();
    let target = |port: &u16| format!("localhost:{port}").parse().unwrap();
    let site =
        |id: &SiteId| gateway::Site { id: id.clone(), name: String::new(), dial: ports.get(id.as_str()).map(target) };
    gateway::Config {
        state_dir,
        audit: Default::default(),
        listen: ([127, 0, 0, 1], 0).into(),
        tls: gateway::Tls { ca, certificate, key },
        vocabulary: None,
        limits: Limits { drain: Duration::from_millis(500), ..Limits::default() },
        log: Log::default(),
        sites: sites.iter().map(site).collect(),
        projects: vec![gateway::Project {
            id: PROJECT.parse().unwrap(),
            title: String::new(),
            ethics: None,
            purpose: None,
            members: vec![PERSON.parse().unwrap()],
            sites: sites.to_vec(),
            tables: Tables::All,
            minimum_persons: 10,
        }],
        tokens: Vec::new(),
        people: Vec::new(),
        auditors: [AUDITOR.parse().unwrap()].into(),
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
