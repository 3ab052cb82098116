//! Where the database is and who reads it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use renkei_cdm::{nearest, table, tables};
use serde::Deserialize;

use crate::{Error, Kind};

/// A database with OMOP CDM tables. The password is in a file, never here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name or address of the server, or the folder of its unix socket (an absolute path).
    pub host: String,
    /// Port; 5432 unless said.
    #[serde(default = "port")]
    pub port: u16,
    /// Name of the database.
    pub database: String,
    /// The account, which needs nothing but SELECT.
    pub user: String,
    /// File whose first line is the password; none where the server lets the account in by other means (peer).
    pub password_file: Option<PathBuf>,
    /// Schema of the CDM tables.
    pub schema: String,
    /// Schema of the vocabulary tables where they have one of their own.
    pub vocabulary_schema: Option<String>,
    /// Whether the connection is encrypted.
    #[serde(default)]
    pub tls: Tls,
    /// Certificates (PEM) of the authorities that may sign the server's; the system's unless said.
    pub ca_file: Option<PathBuf>,
    /// CDM tables that are not read, such as `note`.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Time zone of the hospital, in which times with a zone are read; `Asia/Tokyo` unless said.
    #[serde(default = "time_zone")]
    pub time_zone: String,
    /// Longest time for one page of rows, in seconds; 300 unless said.
    #[serde(default = "statement_timeout")]
    pub statement_timeout_seconds: u32,
    /// Longest time to connect, in seconds; 15 unless said.
    #[serde(default = "connect_timeout")]
    pub connect_timeout_seconds: u32,
    /// Rows that are asked for at a time; 20,000 unless said.
    #[serde(default = "rows")]
    pub rows_per_page: u32,
}

/// Whether the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Always, with the server's certificate checked for authority and name. Does not concern unix sockets.
    #[default]
    Require,
    /// Never: for servers on this machine only.
    Off,
}

fn port() -> u16 {
    5432
}

fn time_zone() -> String {
    "Asia/Tokyo".to_owned()
}

fn statement_timeout() -> u32 {
    300
}

fn connect_timeout() -> u32 {
    15
}

fn rows() -> u32 {
    20_000
}

impl Config {
    /// Checks what can be checked without the server.
    ///
    /// # Errors
    /// The first thing that is wrong, with the remedy.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |what: String, remedy: &str| Err(Error::new(Kind::Configuration, what, remedy));
        for (name, text) in
            [("host", &self.host), ("database", &self.database), ("user", &self.user), ("schema", &self.schema)]
        {
            if text.trim().is_empty() || text.contains('\0') {
                return wrong(format!("{name} is empty"), "name it");
            }
        }
        if self.tls == Tls::Off && !self.is_local() {
            let what = format!("tls is off, but {} is not this machine", self.host);
            return wrong(what, "set tls = \"require\" and ca_file: records must not cross a network in the clear");
        }
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
        if self.time_zone.is_empty() || !self.time_zone.chars().all(named) {
            return wrong("time_zone is no name of a zone".into(), "write it as `Asia/Tokyo`, or leave it out");
        }
        let timeout = |seconds| (1..=86_400).contains(&seconds);
        if !timeout(self.statement_timeout_seconds) || !timeout(self.connect_timeout_seconds) {
            return wrong("a timeout is not between 1 second and a day".into(), "take the default by leaving it out");
        }
        if !(1..=1_000_000).contains(&self.rows_per_page) {
            return wrong("rows_per_page is not between 1 and 1000000".into(), "take the default by leaving it out");
        }
        self.skipped()
    }

    fn skipped(&self) -> Result<(), Error> {
        let Some(unknown) = self.skip.iter().find(|name| table(name).is_none()) else { return Ok(()) };
        let near = nearest(unknown, tables().iter().map(|table| table.name));
        let remedy = match near.is_empty() {
            true => "name tables of OMOP CDM v5.4 in lower case".to_owned(),
            false => format!("the nearest are {}", near.join(", ")),
        };
        Err(Error::new(Kind::Configuration, format!("skip names {unknown}, which is no table of OMOP CDM"), remedy))
    }

    pub(super) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    fn is_local(&self) -> bool {
        let loopback = self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.is_socket() || loopback || self.host.eq_ignore_ascii_case("localhost")
    }

    pub(super) fn statement_timeout(&self) -> Duration {
        Duration::from_secs(self.statement_timeout_seconds.into())
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout_seconds.into())
    }

    /// The server, as errors name it.
    pub(super) fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(more: &str) -> Result<Config, toml::de::Error> {
        let base = "host = 'db.example.org'\ndatabase = 'omop'\nuser = 'renkei'\nschema = 'cdm'\n";
        toml::from_str(&format!("{base}{more}"))
    }

    #[test]
    fn the_shortest_configuration_is_the_safe_one() {
        let config = config("").unwrap();
        assert_eq!((config.port, config.tls, config.rows_per_page), (5432, Tls::Require, 20_000));
        config.check().unwrap();
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (more, expected) in [
            ("tls = 'off'", "must not cross a network"),
            ("rows_per_page = 0", "rows_per_page"),
            ("statement_timeout_seconds = 0", "timeout"),
            ("skip = ['notes']", "the nearest are note"),
            ("skip = ['Person']", "person"),
        ] {
            let error = config(more).unwrap().check().unwrap_err();
            assert_eq!(error.kind(), Kind::Configuration);
            assert!(error.to_string().contains(expected), "{error}");
        }
        for more in ["password = 'x'", "tls = 'prefer'", "ssl_mode = 'require'"] {
            assert!(config(more).is_err(), "{more}");
        }
    }

    #[test]
    fn tls_is_off_on_this_machine_only() {
        for (host, local) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("localhost", true),
            ("/run/postgresql", true),
            ("10.0.0.1", false),
            ("localhost.example.org", false),
            ("127.0.0.1.example.org", false),
        ] {
            let mut config = config("tls = 'off'").unwrap();
            config.host = host.into();
            assert_eq!(config.check().is_ok(), local, "{host}");
        }
    }
}
