//! Accepting connections: TLS first, then the question who may speak what.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use renkei_pki::{ClientAuth, Credentials, PeerName, PeerRole, server_config};
use renkei_types::{ConsortiumId, SiteId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::connection::stream::{PeerStream, Protocol, StreamError};
use crate::{ALPN_CLIENT, ALPN_NODE};

const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
const HANDSHAKES: usize = 256;
/// After an accept error (no descriptors left, usually) a pause keeps the loop from spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long, and for how many bytes, a refused peer is listened to.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 64 * 1024;
/// Clients that wait to be taken by the server.
const WAITING_CLIENTS: usize = 64;

/// Why a listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is in use, not this machine's or not permitted.
    #[error("cannot listen on {address}: is another program there, and may this user open the port?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No TLS configuration can be made of the credentials.
    #[error("the credentials cannot be used to listen")]
    Tls(#[from] rustls::Error),
}

/// Who may come in, and what they may speak.
#[derive(Debug, Clone)]
pub enum Gate {
    /// At the gateway: nodes with a site's certificate, and clients, with a person's certificate or with none.
    Gateway,
    /// At a site that listens: its own gateway, and nobody else.
    Site {
        /// The one gateway.
        gateway: PeerName,
    },
}

/// Why a peer is turned away.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the handshake took too long")]
    Slow,
    #[error("the TLS handshake failed")]
    Handshake(#[source] io::Error),
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error("`{0}` may not speak this protocol here")]
    Role(PeerName),
    #[error("`{0}` is of another consortium")]
    Consortium(PeerName),
    #[error("a node's connection needs a certificate")]
    Anonymous,
}

/// Where an admitted stream goes.
enum Admitted {
    Node(SiteId, PeerStream),
    Other(PeerStream),
}

/// A bound port that admits peers by their certificate and protocol.
pub struct Listener {
    tcp: TcpListener,
    tls: TlsAcceptor,
    gate: Gate,
    consortium: ConsortiumId,
    address: SocketAddr,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).field("gate", &self.gate).finish_non_exhaustive()
    }
}

impl Listener {
    /// Opens the port. Connections wait in the system's queue until [`Listener::run`].
    ///
    /// # Errors
    /// [`ListenError`] when the port cannot be opened or the credentials do not serve.
    pub async fn bind(address: SocketAddr, own: &Credentials, gate: Gate) -> Result<Self, ListenError> {
        let (auth, alpn): (_, &[&str]) = match gate {
            Gate::Gateway => (ClientAuth::Optional, &[ALPN_NODE, ALPN_CLIENT]),
            Gate::Site { .. } => (ClientAuth::Required, &[ALPN_NODE]),
        };
        let tls = TlsAcceptor::from(server_config(own, auth, alpn)?);
        let bind = |source| ListenError::Bind { address, source };
        let tcp = TcpListener::bind(address).await.map_err(bind)?;
        let bound = tcp.local_addr().map_err(bind)?;
        Ok(Self { tcp, tls, gate, consortium: own.name().consortium().clone(), address: bound })
    }

    /// The address that was bound, with the port that the system chose where none was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts until `shutdown`, then closes the port. A node's stream goes to `nodes` at the gateway; every other
    /// admitted one comes out of the returned receiver, as tonic's `serve_with_incoming_shutdown` takes it.
    pub fn run(
        self,
        nodes: impl Fn(SiteId, PeerStream) + Send + Sync + 'static,
        shutdown: CancellationToken,
    ) -> mpsc::Receiver<Result<PeerStream, io::Error>> {
        let (others, receiver) = mpsc::channel(WAITING_CLIENTS);
        tokio::spawn(self.accept(Arc::new(nodes), others, shutdown));
        receiver
    }

    async fn accept(
        self,
        nodes: Arc<dyn Fn(SiteId, PeerStream) + Send + Sync>,
        others: mpsc::Sender<Result<PeerStream, io::Error>>,
        shutdown: CancellationToken,
    ) {
        let permits = Arc::new(Semaphore::new(HANDSHAKES));
        let mut handshakes = JoinSet::new();
        let Self { tcp, tls, gate, consortium, .. } = self;
        let judge = Arc::new(Judge { tls, gate, consortium });
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => return,
                accepted = async { (Arc::clone(&permits).acquire_owned().await, tcp.accept().await) } => accepted,
                Some(_) = handshakes.join_next() => continue,
            };
            let (permit, accepted) = accepted;
            let (tcp, remote) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (judge, nodes, others) = (Arc::clone(&judge), Arc::clone(&nodes), others.clone());
            handshakes.spawn(async move {
                let admitted = judge.admit(tcp).await;
                drop(permit);
                match admitted {
                    Ok(Admitted::Node(site, stream)) => nodes(site, stream),
                    // A closed receiver means that the program is stopping.
                    Ok(Admitted::Other(stream)) => drop(others.send(Ok(stream)).await),
                    Err(refused) => {
                        tracing::debug!(%remote, reason = crate::chain(&refused), "a connection was refused");
                    }
                }
            });
        }
    }
}

struct Judge {
    tls: TlsAcceptor,
    gate: Gate,
    consortium: ConsortiumId,
}

impl Judge {
    async fn admit(&self, tcp: TcpStream) -> Result<Admitted, Refused> {
        tcp.set_nodelay(true).map_err(Refused::Handshake)?;
        let handshake = self.tls.accept(tcp).into_fallible();
        let stream = match tokio::time::timeout(HANDSHAKE_LIMIT, handshake).await {
            Err(_) => return Err(Refused::Slow),
            Ok(Err((error, tcp))) => {
                linger(tcp).await;
                return Err(Refused::Handshake(error));
            }
            Ok(Ok(stream)) => stream,
        };
        let stream = PeerStream::new(stream.into())?;
        let info = stream.info();
        if let Some(name) = info.name.as_ref().filter(|name| *name.consortium() != self.consortium) {
            return Err(Refused::Consortium(name.clone()));
        }
        match (&self.gate, info.protocol, &info.name) {
            (Gate::Gateway, Protocol::Client, None) => Ok(Admitted::Other(stream)),
            (Gate::Gateway, Protocol::Client, Some(name)) if name.role() == PeerRole::Person => {
                Ok(Admitted::Other(stream))
            }
            (Gate::Site { gateway }, Protocol::Node, Some(name)) if name == gateway => Ok(Admitted::Other(stream)),
            (Gate::Gateway, Protocol::Node, Some(name)) => match name.site_id() {
                Some(site) => Ok(Admitted::Node(site, stream)),
                None => Err(Refused::Role(name.clone())),
            },
            (_, _, Some(name)) => Err(Refused::Role(name.clone())),
            (_, _, None) => Err(Refused::Anonymous),
        }
    }
}

/// Lets the peer read the alert. A socket that is closed over unread bytes is reset, and the alert lost with it; a
/// dialler has sent its first bytes before its certificate was judged.
async fn linger(mut tcp: TcpStream) {
    let quiet = async {
        tcp.shutdown().await?;
        tokio::io::copy(&mut tcp.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // Whatever comes of it, the connection is over.
    drop(tokio::time::timeout(LINGER, quiet).await);
}
