//! A Flight SQL client that keeps its connection, as a researcher's session does.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use arrow::array::RecordBatch;
use arrow_flight::sql::client::FlightSqlServiceClient;
use futures::TryStreamExt;
use hyper_util::rt::TokioIo;
use renkei_pki::{Credentials, client_config};
use renkei_types::SystemClock;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};

use crate::processes::Consortium;

/// A connection for one project.
#[derive(Debug)]
pub(crate) struct Client {
    flight: FlightSqlServiceClient<Channel>,
}

impl Client {
    /// A connection to a gateway that may still be starting.
    pub(crate) async fn to(consortium: &Consortium, project: &str) -> anyhow::Result<Self> {
        let mut last = None;
        for _ in 0..100 {
            match Self::connect(&consortium.pki, consortium.port, project).await {
                Ok(client) => return Ok(client),
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(last.context("the gateway does not answer")?)
    }

    async fn connect(pki: &Path, port: u16, project: &str) -> anyhow::Result<Self> {
        let clock = Arc::new(SystemClock);
        let file = |name: &str| pki.join(name);
        let own = Credentials::load(&file("ca.pem"), &file("people/taro.pem"), &file("people/taro.key"), clock)?;
        let tls = TlsConnector::from(client_config(&own, &["h2"])?);
        let connector = tower::service_fn(move |_: Uri| {
            let tls = tls.clone();
            async move {
                let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
                tcp.set_nodelay(true)?;
                let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
                Ok::<_, std::io::Error>(TokioIo::new(tls.connect(name, tcp).await?))
            }
        });
        let channel = Endpoint::from_static("http://gateway.invalid").connect_with_connector(connector).await?;
        let mut flight = FlightSqlServiceClient::new(channel);
        flight.set_header("renkei-project", project);
        Ok(Self { flight })
    }

    /// Waits until every site is connected.
    pub(crate) async fn wait(&mut self, sites: usize) -> anyhow::Result<()> {
        let started = Instant::now();
        let sql = "SELECT count(*) FROM renkei.sites WHERE state = 'connected'";
        loop {
            let batches = self.ask(sql).await?;
            let count = batches.first().map(|batch| arrow::util::display::array_value_to_string(batch.column(0), 0));
            if count.transpose()?.as_deref() == Some(&sites.to_string()) {
                return Ok(());
            }
            anyhow::ensure!(started.elapsed() < Duration::from_secs(60), "the nodes do not connect");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Asks and reads the answer to its end.
    pub(crate) async fn ask(&mut self, sql: &str) -> anyhow::Result<Vec<RecordBatch>> {
        let info = self.flight.execute(sql.to_owned(), None).await?;
        let ticket = info.endpoint.into_iter().next().and_then(|endpoint| endpoint.ticket).context("no ticket")?;
        Ok(self.flight.do_get(ticket).await?.try_collect().await?)
    }
}
