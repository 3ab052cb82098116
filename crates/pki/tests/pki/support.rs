//! An authority with its leaves, and a handshake without a network.

use std::sync::Arc;
use std::time::Duration;

use renkei_pki::{Authority, Credentials, Issued, PeerName, Request};
use renkei_types::{FixedClock, Timestamp};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};

/// The time at which everything in these tests happens: 2026-04-01.
pub const NOW: Timestamp = Timestamp(1_775_001_600_000_000);
pub const DAY: Duration = Duration::from_secs(86_400);

pub fn name(text: &str) -> PeerName {
    text.parse().unwrap()
}

pub fn authority() -> Authority {
    Authority::create("c".parse().unwrap(), NOW).unwrap()
}

pub fn request(peer: &str) -> Request {
    Request { name: name(peer), dns: vec!["localhost".into()], ip: vec![], valid_days: 30 }
}

pub fn issue(authority: &Authority, peer: &str) -> Issued {
    authority.issue(&request(peer), NOW).unwrap()
}

pub fn credentials_at(authority: &Authority, issued: &Issued, now: Timestamp) -> Credentials {
    let clock = Arc::new(FixedClock(now));
    Credentials::from_pem(authority.cert_pem(), &issued.cert_pem, &issued.key_pem, clock).unwrap()
}

pub fn credentials(authority: &Authority, peer: &str) -> Credentials {
    credentials_at(authority, &issue(authority, peer), NOW)
}

/// Both ends after a handshake, or the first error and who found it.
#[derive(Debug)]
pub struct Refused {
    pub by: &'static str,
    pub error: rustls::Error,
}

pub fn shake(
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
) -> Result<(ClientConnection, ServerConnection), Refused> {
    let host = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(client, host).unwrap();
    let mut server = ServerConnection::new(server).unwrap();
    for _ in 0..20 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets().map_err(|error| Refused { by: "server", error })?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets().map_err(|error| Refused { by: "client", error })?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok((client, server))
}
