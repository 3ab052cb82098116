//! What the driver reports, as what the operator can do.
//!
//! Of what the server says, only the code is passed on: its words can hold values of records.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error as Driver;
use tokio_postgres::error::SqlState;

use super::Config;
use crate::{Error, Kind, tls};

const AGAIN: &str = "nothing was kept; start again when it is there";

/// Why there is no connection.
pub(super) fn connecting(config: &Config, error: &Driver) -> Error {
    let server = config.server();
    let refused = |what: String, remedy: &str| Error::new(Kind::Refused, what, remedy);
    if let Some(code) = error.code() {
        return refusal(config, code);
    }
    if let Some(io) = error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        if let Some(objection) = tls::objection(&config.host, io) {
            return objection;
        }
        return unreachable(config, io);
    }
    match error.source().map(ToString::to_string).unwrap_or_default() {
        text if text.contains("does not support TLS") => refused(
            format!("PostgreSQL at {server} does not offer TLS"),
            "set ssl = on, ssl_cert_file and ssl_key_file in its postgresql.conf",
        ),
        text if text.contains("password") => refused(
            format!("PostgreSQL at {server} wants a password of {}", config.user),
            "set password_file to a file that holds it",
        ),
        _ => Error::new(
            Kind::Unreachable,
            format!("what answers at {server} is not a PostgreSQL server, or stopped answering ({error})"),
            "check host and port",
        ),
    }
}

fn refusal(config: &Config, code: &SqlState) -> Error {
    let (server, user) = (config.server(), &config.user);
    let (what, remedy) = match *code {
        SqlState::INVALID_PASSWORD => (
            format!("PostgreSQL at {server} refuses the password of {user}"),
            "write the right one into password_file".to_owned(),
        ),
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => (
            format!("PostgreSQL at {server} does not let {user} into {} from here", config.database),
            "check the name of the user, and add a line for this machine, user and database to pg_hba.conf".into(),
        ),
        SqlState::INVALID_CATALOG_NAME => (
            format!("PostgreSQL at {server} has no database {}", config.database),
            "set database to one that psql --list names".into(),
        ),
        SqlState::INSUFFICIENT_PRIVILEGE => (
            format!("{user} may not connect to the database {} at {server}", config.database),
            format!("let its owner run: GRANT CONNECT ON DATABASE {} TO {}", quote(&config.database), quote(user)),
        ),
        SqlState::CANNOT_CONNECT_NOW | SqlState::TOO_MANY_CONNECTIONS => {
            return Error::new(
                Kind::Unreachable,
                format!("PostgreSQL at {server} takes no connection at the moment (SQLSTATE {})", plain(code)),
                "try again later",
            );
        }
        _ => (
            format!("PostgreSQL at {server} refuses the connection (SQLSTATE {})", plain(code)),
            "look into the server's log".into(),
        ),
    };
    Error::new(Kind::Refused, what, remedy)
}

fn unreachable(config: &Config, error: &io::Error) -> Error {
    let server = config.server();
    let (what, remedy) = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            (format!("nothing listens at {server}"), "start PostgreSQL, or check host, port and listen_addresses")
        }
        io::ErrorKind::NotFound if config.is_socket() => {
            (format!("there is no socket for port {} in {}", config.port, config.host), "start PostgreSQL there")
        }
        io::ErrorKind::TimedOut => (format!("{server} does not answer"), "check host and port, and the firewalls"),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            (format!("{server} closed the connection at once"), "check that PostgreSQL is what listens there")
        }
        _ => (format!("{server} cannot be reached ({error})"), "check host and port, and the network"),
    };
    Error::new(Kind::Unreachable, what, remedy)
}

/// Why something failed once connected; `place` is a table, or another word for what was being read.
pub(super) fn reading(config: &Config, place: &str, error: &Driver) -> Error {
    let server = config.server();
    let Some(code) = error.code() else {
        let what = format!("the connection to {server} was lost while {place} was read");
        return Error::new(Kind::Unreachable, what, AGAIN);
    };
    let class = code.code().get(..2).unwrap_or_default();
    let (kind, what, remedy) = match *code {
        SqlState::QUERY_CANCELED => (
            Kind::Unreachable,
            format!("reading {place} at {server} took longer than {} s", config.statement_timeout_seconds),
            "raise statement_timeout_seconds, lower rows_per_page, or pull when the server has less to do",
        ),
        SqlState::INSUFFICIENT_PRIVILEGE => (
            Kind::Refused,
            format!("{place} at {server} may not be read by {}", config.user),
            "if it is a view, its owner must be allowed to read the tables behind it",
        ),
        SqlState::T_R_SERIALIZATION_FAILURE => (
            Kind::Unreachable,
            format!("{server} is a standby and gave up reading {place} for its replication"),
            "set hot_standby_feedback = on there, or name the primary server",
        ),
        SqlState::LOCK_NOT_AVAILABLE => (
            Kind::Unreachable,
            format!("{place} at {server} is locked, as while it is being rebuilt"),
            "start again when that has ended",
        ),
        _ if class == "57" || class == "08" => {
            (Kind::Unreachable, format!("{server} was shut down while {place} was read"), AGAIN)
        }
        _ if class == "53" => {
            (Kind::Unreachable, format!("{server} ran out of memory or disk while {place} was read"), AGAIN)
        }
        _ => {
            let what = format!("{server} failed on {place} (SQLSTATE {})", plain(code));
            return Error::new(Kind::Source, what, "look into the server's log, which has the words to the code");
        }
    };
    Error::new(kind, what, remedy)
}

/// Five letters and digits, whatever the server says.
fn plain(code: &SqlState) -> String {
    code.code().chars().filter(char::is_ascii_alphanumeric).take(5).collect()
}

/// The server stopped answering.
pub(super) fn silence(config: &Config, place: &str) -> Error {
    let what = format!("{} stopped answering while {place} was read", config.server());
    Error::new(Kind::Unreachable, what, AGAIN)
}

/// An identifier as SQL writes it.
pub(super) fn quote(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty() {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}
