//! What is attacked: a gateway, as a stock Flight SQL client of one person reaches it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use renkei_e2e::{Client, Consortium, DEADLINE, Pair};
use tokio::runtime::Runtime;

use crate::Seen;

/// A running gateway in the eyes of one person of one project.
#[derive(Debug)]
pub struct Target {
    client: Client,
    asked: AtomicUsize,
    /// Keeps a connection of one's own going.
    _runtime: Option<Runtime>,
}

impl Target {
    /// Any running gateway.
    ///
    /// # Errors
    /// When there is none, or it does not let the certificate in.
    pub fn connect(address: SocketAddr, own: &Pair, project: &str) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let client = runtime.block_on(Client::connect(address, own))?;
        let client = client.header(renkei_gateway::DEADLINE, DEADLINE);
        Ok(Self { client, asked: AtomicUsize::new(0), _runtime: Some(runtime) }.in_project(project))
    }

    /// A consortium of a test, under its project.
    #[must_use]
    pub fn of(consortium: &Consortium) -> Self {
        Self { client: consortium.client(), asked: AtomicUsize::new(0), _runtime: None }
    }

    /// The same person in another project.
    #[must_use]
    pub fn in_project(self, project: &str) -> Self {
        Self { client: self.client.header(renkei_gateway::PROJECT, project), ..self }
    }

    /// Asks one question.
    #[must_use]
    pub fn ask(&self, sql: &str) -> Seen {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Seen::of(self.client.ask(sql))
    }

    /// The one number of the answer, under the name `n`; none where it is held or refused.
    #[must_use]
    pub fn count(&self, sql: &str) -> Option<f64> {
        self.ask(sql).number(0, "n")
    }

    /// How many questions were asked.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}
