//! A consortium of one run: authority, gateway, sites, people.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use renkei_pki::{Authority, Credentials, PeerName, Request};
use renkei_service::{
    Backoff, Dialler, Gate, Jitter, Listener, NodeSession, PeerStream, SessionState, SiteLink, Target,
};
use renkei_types::{Clock, FixedClock, SiteId, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// 2026-04-01.
pub const NOW: Timestamp = Timestamp(1_775_001_600_000_000);
pub const DAY: Duration = Duration::from_secs(86_400);
pub const GATEWAY: &str = "renkei://c/gateway/lead";
pub const TOKYO: &str = "renkei://c/site/tokyo";
pub const QUICK: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(200));

pub fn name(text: &str) -> PeerName {
    text.parse().unwrap()
}

pub fn clock(now: Timestamp) -> Arc<dyn Clock> {
    Arc::new(FixedClock(now))
}

pub struct Consortium {
    pub authority: Authority,
}

impl Consortium {
    pub fn new() -> Self {
        Self { authority: Authority::create("c".parse().unwrap(), NOW).unwrap() }
    }

    /// Credentials valid for 30 days from [`NOW`].
    pub fn credentials(&self, peer: &str) -> Credentials {
        self.credentials_at(peer, 30, NOW)
    }

    pub fn credentials_at(&self, peer: &str, valid_days: u32, now: Timestamp) -> Credentials {
        self.credentials_trusting(self.authority.cert_pem(), peer, valid_days, now)
    }

    pub fn credentials_trusting(&self, roots: &str, peer: &str, valid_days: u32, now: Timestamp) -> Credentials {
        let request = Request { name: name(peer), dns: vec!["localhost".into()], ip: vec![], valid_days };
        let issued = self.authority.issue(&request, NOW).unwrap();
        Credentials::from_pem(roots, &issued.cert_pem, &issued.key_pem, clock(now)).unwrap()
    }
}

/// A gateway with links to some sites.
pub struct Gateway {
    pub target: Target,
    pub clients: mpsc::Receiver<Result<PeerStream, std::io::Error>>,
    /// Sites whose streams were admitted, in order.
    pub admitted: Arc<Mutex<Vec<SiteId>>>,
    pub shutdown: CancellationToken,
    pub link: SiteLink,
}

impl Gateway {
    pub async fn open(own: &Credentials) -> Self {
        let link = SiteLink::new("tokyo".parse().unwrap(), clock(NOW));
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), own, Gate::Gateway).await.unwrap();
        let target = format!("localhost:{}", listener.address().port()).parse().unwrap();
        let shutdown = CancellationToken::new();
        let admitted = Arc::new(Mutex::new(Vec::new()));
        let (seen, tokyo) = (Arc::clone(&admitted), link.clone());
        let nodes = move |site: SiteId, stream| {
            seen.lock().unwrap().push(site.clone());
            if site == *tokyo.site() {
                tokyo.attach(stream);
            }
        };
        let clients = listener.run(nodes, shutdown.clone());
        Self { target, clients, admitted, shutdown, link }
    }

    pub fn dialler(&self, own: &Credentials) -> Dialler {
        Dialler::to_gateway(self.target.clone(), name(GATEWAY), own).unwrap()
    }

    /// Starts a node that dials this gateway.
    pub fn node(&self, own: &Credentials, routes: tonic::service::Routes) -> Node {
        Node::start(NodeSession::new(self.dialler(own), routes, clock(NOW), Jitter::seeded(1)).with_backoff(QUICK))
    }
}

pub struct Node {
    pub state: watch::Receiver<SessionState>,
    pub shutdown: CancellationToken,
    pub task: tokio::task::JoinHandle<()>,
}

impl Node {
    pub fn start(session: NodeSession) -> Self {
        let (state, shutdown) = (session.state(), CancellationToken::new());
        let task = tokio::spawn(session.run(shutdown.clone()));
        Self { state, shutdown, task }
    }
}

/// Waits for a state, or fails the test.
pub async fn until<T: Clone + std::fmt::Debug>(receiver: &mut watch::Receiver<T>, wanted: impl Fn(&T) -> bool) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(10), receiver.wait_for(|state| wanted(state))).await;
    let reached = waited.ok().map(|state| state.unwrap().clone());
    reached.unwrap_or_else(|| panic!("still {:?}", receiver.borrow()))
}

/// Awaits something that must happen soon.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), future).await.expect("not within five seconds")
}
