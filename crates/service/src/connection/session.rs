//! A node's session: it dials its gateway for ever and serves its routes on whatever connection it has.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use renkei_pki::PeerName;
use renkei_types::{Clock, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::connection::greeting::GreetingLayer;
use crate::connection::http2;
use crate::connection::stream::{PeerStream, StreamHandle};
use crate::shutdown::drain;
use crate::{Backoff, Dialler, Jitter, Trouble};

/// A gateway that took the connection greets within a round trip; this allows for a busy one.
pub(crate) const GREETING_LIMIT: Duration = Duration::from_secs(15);
/// What running questions have, once the node is told to stop.
pub(crate) const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// Where a node's session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// Dialling, or waiting for the gateway's first request.
    Dialling,
    /// The gateway's first request has arrived.
    Connected {
        /// When it arrived.
        since: Timestamp,
    },
    /// Not connected; dials again at a set time.
    Waiting {
        /// When it dials again.
        until: Timestamp,
        /// Why there is no connection.
        trouble: Trouble,
    },
    /// A site that listens: the port is open and the gateway not there.
    Listening,
    /// The program is stopping.
    Stopped,
}

/// Dials, serves, and dials again.
#[derive(Debug)]
pub struct NodeSession {
    dialler: Dialler,
    routes: Routes,
    clock: Arc<dyn Clock>,
    backoff: Backoff,
    jitter: Jitter,
    drain: Duration,
    state: watch::Sender<SessionState>,
}

impl NodeSession {
    /// A session that serves `routes` to the gateway that `dialler` leads to.
    #[must_use]
    pub fn new(dialler: Dialler, routes: Routes, clock: Arc<dyn Clock>, jitter: Jitter) -> Self {
        let state = watch::Sender::new(SessionState::Dialling);
        Self { dialler, routes, clock, backoff: Backoff::default(), jitter, drain: DRAIN_LIMIT, state }
    }

    /// Waits differently between attempts.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Gives running calls another time to end after `shutdown`.
    #[must_use]
    pub fn with_drain(self, drain: Duration) -> Self {
        Self { drain, ..self }
    }

    /// Where the session stands, and every change of it.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<SessionState> {
        self.state.subscribe()
    }

    /// Runs until `shutdown`, then lets running calls end within the drain limit.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut before = None;
        while !shutdown.is_cancelled() {
            self.state.send_replace(SessionState::Dialling);
            let dialled = tokio::select! {
                () = shutdown.cancelled() => break,
                dialled = self.dialler.connect() => dialled,
            };
            let trouble = match dialled {
                Ok(stream) => self.serve(stream, &shutdown).await,
                Err(trouble) => trouble,
            };
            if !shutdown.is_cancelled() {
                self.wait(&trouble, before.as_ref(), &shutdown).await;
            }
            before = Some(trouble);
        }
        self.state.send_replace(SessionState::Stopped);
    }

    async fn serve(&mut self, stream: PeerStream, shutdown: &CancellationToken) -> Trouble {
        let (state, clock, backoff) = (&self.state, &self.clock, &mut self.backoff);
        let peer = self.dialler.expected();
        serve_stream(stream, self.routes.clone(), shutdown, self.drain, || {
            backoff.reset();
            state.send_replace(SessionState::Connected { since: clock.now() });
            tracing::info!(%peer, "connected");
        })
        .await
    }

    async fn wait(&mut self, trouble: &Trouble, before: Option<&Trouble>, shutdown: &CancellationToken) {
        let peer: &PeerName = self.dialler.expected();
        trouble.log(peer, before);
        let wait = self.backoff.next(&mut self.jitter);
        let until = self.clock.now().after(wait);
        self.state.send_replace(SessionState::Waiting { until, trouble: trouble.clone() });
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Ends the connection when the one who serves it goes away: tonic runs it in a task of its own.
struct EndWith(StreamHandle);

impl Drop for EndWith {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves `routes` on one connection to its end; calls `arrived` with the peer's first request.
pub(crate) async fn serve_stream(
    stream: PeerStream,
    routes: Routes,
    shutdown: &CancellationToken,
    limit: Duration,
    arrived: impl FnOnce(),
) -> Trouble {
    let handle = stream.handle();
    let _end = EndWith(handle.clone());
    let first = CancellationToken::new();
    let over = async {
        tokio::select! { () = handle.closed() => {}, () = shutdown.cancelled() => {} }
    };
    // The incoming stream must not end after its one connection: tonic would take that for the end of serving.
    let incoming = stream::once(async { Ok::<_, io::Error>(stream) }).chain(stream::pending());
    let server =
        http2::server().layer(GreetingLayer(first.clone())).serve_with_incoming_shutdown(routes, incoming, over);
    let server = async { drop(server.await) };
    tokio::pin!(server);

    let greeted = tokio::select! {
        biased;
        () = first.cancelled() => true,
        () = &mut server => false,
        () = tokio::time::sleep(GREETING_LIMIT) => false,
    };
    if greeted {
        arrived();
        if !drain(server, shutdown, limit).await {
            tracing::warn!("running calls were cut off at the end of the drain");
        }
    }
    match (handle.fault(), greeted) {
        (Some(fault), _) => Trouble::of_tls("the peer", fault),
        (None, true) => Trouble::Lost,
        (None, false) => Trouble::NoGreeting,
    }
}
