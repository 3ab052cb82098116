//! The composition root: configuration in, a serving gateway out.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use futures::StreamExt;
use rand::RngCore as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use renkei_pki::{Credentials, PeerRole};
use renkei_service::shutdown::drain;
use renkei_service::{Gate, Listener, StreamHandle, http2};
use renkei_types::Clock;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::Config;
use crate::audit::Audit;
use crate::flight;
use crate::sites::{Copies, Cosigning, watch, watch_dialled};
use crate::state::State;

/// How often expired handles are looked for.
const SWEEP: Duration = Duration::from_secs(30);

/// A gateway whose port is bound but that does not serve yet.
pub struct Gateway {
    listener: Listener,
    state: Arc<State>,
    own: Credentials,
    config: Config,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("listener", &self.listener).finish_non_exhaustive()
    }
}

/// Binds and serves until `shutdown`, then drains.
///
/// # Errors
/// When the credentials are of no use or the port cannot be bound.
pub async fn run(config: Config, clock: Arc<dyn Clock>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let gateway = Gateway::bind(config, clock).await?;
    tracing::info!(address = %gateway.address(), "listening");
    gateway.serve(shutdown).await;
    tracing::info!("stopped");
    Ok(())
}

impl Gateway {
    /// Loads the credentials and binds the port. Connections wait in the system's queue until [`Gateway::serve`].
    ///
    /// # Errors
    /// When the credentials are of no use, are not a gateway's, the port cannot be bound, or the audit log cannot be
    /// continued.
    pub async fn bind(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let tls = &config.tls;
        let own = Credentials::load(&tls.ca, &tls.certificate, &tls.key, Arc::clone(&clock))?;
        if own.name().role() != PeerRole::Gateway {
            anyhow::bail!("`{}` is the certificate of `{}`, not of a gateway", tls.certificate.display(), own.name());
        }
        let mut seed = [0; 32];
        StdRng::from_os_rng().fill_bytes(&mut seed);
        let listener = Listener::bind(config.listen, &own, Gate::Gateway).await?;
        let audit = Arc::new(Audit::open(&config, own.name().clone(), Arc::clone(&clock))?);
        let state = Arc::new(State::new(&config, audit, clock, seed).context("the gateway cannot start")?);
        Ok(Self { listener, state, own, config })
    }

    /// The bound address, with the port that the system chose where none was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Serves until `shutdown`; running questions then have the configured time to end.
    pub async fn serve(self, shutdown: CancellationToken) {
        let Self { listener, state, own, config } = self;
        let (audit, ended) = (Arc::clone(&state.audit), CancellationToken::new());
        let records = tokio::spawn({
            let ended = ended.clone();
            async move { audit.run(ended).await }
        });
        let mut tasks = tokio::task::JoinSet::new();
        for site in state.sites.iter() {
            tasks.spawn(watch(Arc::clone(site), Arc::clone(&state.clock), shutdown.clone()));
        }
        let cosigning = Arc::new(Cosigning::new(Arc::clone(&state.audit.cosigner), own.name().clone()));
        for site in state.sites.iter() {
            tasks.spawn(Arc::clone(&cosigning).run(Arc::clone(site), shutdown.clone()));
        }
        let cosigner = Arc::clone(&state.audit.cosigner);
        let copies = Arc::new(Copies::new(cosigning, cosigner, config.state_dir.clone()));
        for site in state.sites.iter() {
            tasks.spawn(Arc::clone(&copies).run(Arc::clone(site), shutdown.clone()));
        }
        for (id, target) in config.sites.iter().filter_map(|site| Some((&site.id, site.dial.clone()?))) {
            if let Some(site) = state.sites.get(id) {
                tasks.spawn(watch_dialled(Arc::clone(site), target, own.clone(), shutdown.clone()));
            }
        }
        tasks.spawn(sweep(Arc::clone(&state)));
        tasks.spawn(end_polled(Arc::clone(&state), shutdown.clone()));
        let sites = state.sites.clone();
        let clients = listener.run(move |site, stream| sites.attach(&site, stream), shutdown.clone());
        serve_clients(&state, clients, config.limits.drain, &shutdown).await;
        state.handles.clear();
        state.sites.disconnect();
        tasks.shutdown().await;
        // Questions have ended: what became of them is recorded before the log ends.
        ended.cancel();
        drop(records.await);
    }
}

/// Lets go of what expired while nobody called.
async fn sweep(state: Arc<State>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        state.handles.sweep();
        state.late.sweep();
    }
}

/// Ends polled questions when the drain begins: nobody can come any more to fetch their answers.
async fn end_polled(state: Arc<State>, shutdown: CancellationToken) {
    shutdown.cancelled().await;
    state.handles.clear();
    state.late.clear();
}

type Incoming = tokio::sync::mpsc::Receiver<std::io::Result<renkei_service::PeerStream>>;

async fn serve_clients(state: &Arc<State>, clients: Incoming, limit: Duration, shutdown: &CancellationToken) {
    let open: Arc<Mutex<Vec<StreamHandle>>> = Arc::default();
    let noted = Arc::clone(&open);
    let incoming = ReceiverStream::new(clients).inspect(move |stream| {
        if let Ok(stream) = stream {
            let mut open = noted.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|handle| !handle.is_closed());
            open.push(stream.handle());
        }
    });
    let server = http2::server()
        .add_service(flight::service(Arc::clone(state)))
        .serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned());
    let served = async {
        if let Err(error) = server.await {
            tracing::error!(error = renkei_service::chain(&error), "serving clients ended");
        }
    };
    if !drain(served, shutdown, limit).await {
        tracing::warn!("running questions were cut off at the end of the drain");
    }
    // tonic runs each connection in a task of its own, which outlives the server unless its stream ends.
    open.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(StreamHandle::abort);
}
