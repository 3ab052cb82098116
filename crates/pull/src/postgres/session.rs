//! The connection: encrypted where it leaves the machine, read-only, with limits set.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, IsolationLevel, NoTls, Socket, Transaction};

use super::channel::Channels;
use super::{Config, Tls, fault};
use crate::secret::Secret;
use crate::{Error, Kind, tls};

/// A connected client, and the task that moves its bytes, which ends with it.
pub(super) struct Session {
    client: Client,
    mover: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.mover.abort();
    }
}

impl Session {
    pub(super) async fn open(config: &Config) -> Result<Self, Error> {
        let driver = driver(config)?;
        match config.is_socket() || config.tls == Tls::Off {
            true => Self::connect(config, &driver, NoTls).await,
            false => Self::connect(config, &driver, Channels(tls::client(config.ca_file.as_deref(), None)?)).await,
        }
    }

    /// Begins the one transaction, with all that a server or an account may have set otherwise.
    pub(super) async fn begin(&mut self, config: &Config) -> Result<Transaction<'_>, Error> {
        let failed = |error| fault::reading(config, "the snapshot", &error);
        let start = self.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let transaction = start.start().await.map_err(failed)?;
        transaction.batch_execute(&settings(config)).await.map_err(failed)?;
        Ok(transaction)
    }

    async fn connect<T>(config: &Config, driver: &tokio_postgres::Config, tls: T) -> Result<Self, Error>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        // The driver's own limit is for TCP only; a server may accept and never speak.
        let limit = config.connect_timeout() + Duration::from_secs(5);
        let connected = tokio::time::timeout(limit, driver.connect(tls)).await;
        let (client, connection) = connected
            .map_err(|_| {
                let what = format!("{} accepts connections but does not answer", config.server());
                Error::new(Kind::Unreachable, what, "check that PostgreSQL is what listens there")
            })?
            .map_err(|error| fault::connecting(config, &error))?;
        // Its error reaches whoever waits for rows, as a closed connection.
        let mover = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { client, mover })
    }
}

fn driver(config: &Config) -> Result<tokio_postgres::Config, Error> {
    let mut driver = tokio_postgres::Config::new();
    driver
        .host(&config.host)
        .port(config.port)
        .dbname(&config.database)
        .user(&config.user)
        .application_name("renkei")
        .connect_timeout(config.connect_timeout())
        .keepalives_idle(Duration::from_secs(60))
        .keepalives_interval(Duration::from_secs(10))
        .keepalives_retries(3);
    let clear = config.is_socket() || config.tls == Tls::Off;
    driver.ssl_mode(if clear { SslMode::Disable } else { SslMode::Require });
    if let Some(path) = &config.password_file {
        driver.password(Secret::read(path, "password")?.expose());
    }
    Ok(driver)
}

/// For the transaction only, since a pooler may give the connection to others. Bytes of a database without an encoding
/// come as they are, or the server would fail a whole table for one text that is not UTF-8.
fn settings(config: &Config) -> String {
    let (timeout, zone) = (config.statement_timeout().as_millis(), &config.time_zone);
    format!(
        "SET LOCAL search_path = pg_catalog; SET LOCAL DateStyle = 'ISO'; SET LOCAL TimeZone = '{zone}'; SET LOCAL statement_timeout = {timeout}; \
         SET LOCAL lock_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = 0; \
         SET LOCAL synchronize_seqscans = off; SELECT set_config('client_encoding', 'SQL_ASCII', true) \
         WHERE current_setting('server_encoding') = 'SQL_ASCII'"
    )
}
