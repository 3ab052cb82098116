//! The node's composition root: everything that runs is made here, once, and handed down.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use rand::SeedableRng;
use rand::rngs::StdRng;
use renkei_ledger::Ledger;
use renkei_pki::{Credentials, PeerName, PeerRole};
use renkei_proto::v1::node_server::NodeServer;
use renkei_service::{Dialler, Gate, Jitter, Listener, NodeListener, NodeSession, SessionState};
use renkei_types::{Clock, SiteId};
use tokio::sync::{OnceCell, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::audit::{Audit, Standing};
use crate::config::Config;
use crate::exchange::Exchange;
use crate::query::Pipeline;
use crate::service::NodeService;
use crate::share::Share;
use crate::snapshots::Snapshots;
use crate::store::Store;
use crate::worker::{Execution, Executor, Limits};

/// Largest message from the gateway: a statement, its parameters and code sets.
const MAX_QUESTION_BYTES: usize = 8 * 1024 * 1024;

/// A node that is ready to run.
#[derive(Debug)]
pub struct Node {
    connection: Connection,
    name: PeerName,
    audit: Arc<Audit>,
    standing: Standing,
}

#[derive(Debug)]
enum Connection {
    Dials(NodeSession),
    Listens(NodeListener),
}

impl Node {
    /// Makes everything ready: credentials, state folder, a first worker, connection. Nothing is dialled yet.
    ///
    /// # Errors
    /// What is missing or unreadable, with its path or key.
    pub async fn new(config: &Config, execution: &Execution, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let files = &config.tls;
        let own = Credentials::load(&files.ca, &files.certificate, &files.key, Arc::clone(&clock))?;
        let name = own.name().clone();
        anyhow::ensure!(name.role() == PeerRole::Site, "`{name}` is not a site's certificate");
        let site = SiteId::new(name.id()).context("the certificate's site")?;
        let gateway = PeerName::new(name.consortium().clone(), PeerRole::Gateway, &config.gateway.id)
            .context("`gateway.id` in the configuration")?;
        let (policy, settings) = (format!("{:?}", config.site_policy()), config.audit.settings());
        let audit = Audit::open(&config.state_dir, name.clone(), site.clone(), &policy, &settings, Arc::clone(&clock))?;
        let audit = Arc::new(audit);
        let standing = Standing::of(config, own.certificate());
        let routes =
            Routes::new(service(config, execution, site, gateway.clone(), Arc::clone(&audit), Arc::clone(&clock))?);
        let connection = match &config.listen {
            None => {
                let jitter = Jitter::of(&name, clock.now());
                let dialler = Dialler::to_gateway(config.gateway.address.clone(), gateway, &own)?;
                Connection::Dials(NodeSession::new(dialler, routes, clock, jitter))
            }
            Some(listen) => {
                let listener = Listener::bind(listen.address, &own, Gate::Site { gateway }).await?;
                tracing::info!(address = %listener.address(), "listening");
                Connection::Listens(NodeListener::new(listener, routes, clock))
            }
        };
        Ok(Self { connection, name, audit, standing })
    }

    /// Where the connection stands, and every change of it.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<SessionState> {
        match &self.connection {
            Connection::Dials(session) => session.state(),
            Connection::Listens(listener) => listener.state(),
        }
    }

    /// Runs until `shutdown`, then lets running questions end within a hard limit.
    pub async fn run(self, shutdown: CancellationToken) {
        tracing::info!(site = %self.name, version = env!("CARGO_PKG_VERSION"), "node starts");
        self.audit.begin(&self.standing).await;
        let stop = CancellationToken::new();
        let audit = Arc::clone(&self.audit);
        let records = tokio::spawn({
            let stop = stop.clone();
            async move { audit.run(stop).await }
        });
        match self.connection {
            Connection::Dials(session) => session.run(shutdown).await,
            Connection::Listens(listener) => listener.run(shutdown).await,
        }
        // Questions have ended: what became of them is recorded before the log ends.
        stop.cancel();
        let _ = records.await;
        tracing::info!(site = %self.name, "node stopped");
    }
}

fn service(
    config: &Config,
    execution: &Execution,
    site: SiteId,
    gateway: PeerName,
    audit: Arc<Audit>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<NodeServer<NodeService>> {
    let store = Store::open(&config.state_dir, Arc::clone(&clock))?;
    let spill_dir = config.state_dir.join("spill");
    // What a killed process spilled is of no use to anybody.
    let _ = std::fs::remove_dir_all(&spill_dir);
    std::fs::create_dir_all(&spill_dir).with_context(|| format!("`{}` cannot be made", spill_dir.display()))?;
    let ledger = Ledger::open(&config.state_dir, rand::Rng::random(&mut StdRng::from_os_rng()))?;
    if ledger.cut() > 0 {
        tracing::warn!(bytes = ledger.cut(), "the ledger had a torn end, which nobody had relied on and which was cut");
    }
    let exchange = Arc::new(Exchange::new(Arc::clone(&audit.cosigner), gateway.clone(), Arc::clone(&clock)));
    let (shared, recorded) = (config.audit.share, OnceCell::new());
    let share = Arc::new(Share { shared, audit: Arc::clone(&audit), gateway, recorded });
    let pipeline = Pipeline {
        planner: Pipeline::planner(),
        policy: config.site_policy(),
        snapshots: Snapshots::new(store, config.opt_out.clone()),
        executor: Executor::new(site.clone(), limits(config, spill_dir), execution)?,
        audit,
        ledger: Arc::new(ledger),
        clock,
        release_times: config.policy.release_times,
        state: config.state_dir.clone(),
        places: Semaphore::new(config.engine.questions),
    };
    let (profiles, publish_codes) = (Arc::default(), config.policy.publish_codes);
    let service = NodeService { site, pipeline: Arc::new(pipeline), profiles, publish_codes, exchange, share };
    Ok(NodeServer::new(service).max_decoding_message_size(MAX_QUESTION_BYTES))
}

/// What questions may use.
pub(crate) fn limits(config: &Config, spill_dir: PathBuf) -> Limits {
    let (engine, worker) = (&config.engine, &config.worker);
    Limits {
        threads: engine.threads(),
        memory_bytes: engine.memory_mib * 1024 * 1024,
        spill_dir,
        spill_bytes: engine.spill_gib * 1024 * 1024 * 1024,
        places: engine.questions,
        questions: worker.questions,
        output_bytes: worker.output_mib * 1024 * 1024,
        require: worker.require,
    }
}
