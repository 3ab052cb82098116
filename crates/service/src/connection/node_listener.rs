//! A site that listens instead of dialling: the same routes, served to its own gateway when that dials in.

use std::sync::Arc;
use std::time::Duration;

use renkei_types::Clock;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::connection::session::{DRAIN_LIMIT, serve_stream};
use crate::{Listener, SessionState, Trouble};

/// Serves a node's routes on the connections that a [`Listener`] with [`crate::Gate::Site`] admits.
#[derive(Debug)]
pub struct NodeListener {
    listener: Listener,
    routes: Routes,
    clock: Arc<dyn Clock>,
    drain: Duration,
    state: watch::Sender<SessionState>,
}

impl NodeListener {
    /// Serves `routes` behind `listener`.
    #[must_use]
    pub fn new(listener: Listener, routes: Routes, clock: Arc<dyn Clock>) -> Self {
        let state = watch::Sender::new(SessionState::Listening);
        Self { listener, routes, clock, drain: DRAIN_LIMIT, state }
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
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { listener, routes, clock, drain, state } = self;
        let state = Arc::new(state);
        let mut streams = listener.run(|_, _| {}, shutdown.clone());
        let mut serving = JoinSet::new();
        loop {
            let stream = tokio::select! {
                stream = streams.recv() => stream,
                Some(_) = serving.join_next() => {
                    if serving.is_empty() {
                        state.send_replace(SessionState::Listening);
                    }
                    continue;
                }
            };
            let Some(Ok(stream)) = stream else { break };
            let (routes, clock, state, shutdown) =
                (routes.clone(), Arc::clone(&clock), Arc::clone(&state), shutdown.clone());
            let remote = stream.info().remote;
            serving.spawn(async move {
                let trouble = serve_stream(stream, routes, &shutdown, drain, || {
                    state.send_replace(SessionState::Connected { since: clock.now() });
                    tracing::info!(%remote, "the gateway is connected");
                });
                match trouble.await {
                    Trouble::Lost => tracing::info!(%remote, "the gateway's connection ended"),
                    trouble => tracing::warn!(%remote, remedy = trouble.remedy(), "{trouble}"),
                }
            });
        }
        while serving.join_next().await.is_some() {}
        state.send_replace(SessionState::Stopped);
    }
}
