//! Dialling one peer: name resolution, TCP, TLS, and the check of who answered.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use renkei_pki::{Credentials, PeerName, check_peer, client_config, client_config_for};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::connection::stream::{PeerStream, StreamError};
use crate::{ALPN_NODE, Trouble};

/// TCP and TLS each have this long.
const STEP_LIMIT: Duration = Duration::from_secs(10);

/// A host and port to dial: `gateway.example:7443`, `192.0.2.7:7443`, `[2001:db8::7]:7443`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Target {
    host: String,
    port: u16,
}

/// Why a text is not a host and port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host and port: write `gateway.example:7443`, without a scheme")]
pub struct TargetError(String);

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError(text.chars().take(200).collect());
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(v6) => v6.parse::<Ipv6Addr>().map_err(|_| wrong())?.to_string(),
            None if host.contains(':') => return Err(wrong()),
            None => host.to_owned(),
        };
        ServerName::try_from(host.as_str()).map_err(|_| wrong())?;
        Ok(Self { host, port })
    }
}

impl TryFrom<String> for Target {
    type Error = TargetError;
    fn try_from(text: String) -> Result<Self, TargetError> {
        text.parse()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(v6)) => write!(f, "[{v6}]:{}", self.port),
            _ => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Dials one peer and lets nobody else pass.
#[derive(Clone)]
pub struct Dialler {
    target: Target,
    server_name: ServerName<'static>,
    expected: PeerName,
    tls: TlsConnector,
}

impl fmt::Debug for Dialler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dialler({} at {})", self.expected, self.target)
    }
}

impl Dialler {
    /// Dials the gateway: its chain, the dialled host name and its peer name must all be right.
    ///
    /// # Errors
    /// [`rustls::Error`] when no TLS configuration can be made of the credentials.
    pub fn to_gateway(target: Target, expected: PeerName, own: &Credentials) -> Result<Self, rustls::Error> {
        Self::new(target, expected, client_config(own, &[ALPN_NODE])?)
    }

    /// Dials a site that listens: its chain and its peer name must be right. Sites have no host names to vouch for.
    ///
    /// # Errors
    /// [`rustls::Error`] when no TLS configuration can be made of the credentials.
    pub fn to_site(target: Target, expected: PeerName, own: &Credentials) -> Result<Self, rustls::Error> {
        let config = client_config_for(own, expected.clone(), &[ALPN_NODE])?;
        Self::new(target, expected, config)
    }

    fn new(target: Target, expected: PeerName, config: Arc<ClientConfig>) -> Result<Self, rustls::Error> {
        let server_name =
            ServerName::try_from(target.host.clone()).map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(Self { target, server_name, expected, tls: TlsConnector::from(config) })
    }

    /// Who is expected to answer.
    #[must_use]
    pub fn expected(&self) -> &PeerName {
        &self.expected
    }

    /// Dials once. That the listener takes this side's certificate shows only with the first read.
    ///
    /// # Errors
    /// [`Trouble`], with its remedy.
    pub async fn connect(&self) -> Result<PeerStream, Trouble> {
        let target = self.target.to_string();
        let tcp = self.tcp(&target).await?;
        let handshake = self.tls.connect(self.server_name.clone(), tcp);
        let stream = tokio::time::timeout(STEP_LIMIT, handshake)
            .await
            .map_err(|_| Trouble::NoAnswer(target.clone()))?
            .map_err(|error| Trouble::of_handshake(&target, &error))?;
        check_peer(stream.get_ref().1.peer_certificates(), &self.expected)?;
        PeerStream::new(stream.into()).map_err(|error| match error {
            StreamError::Io(_) => Trouble::Lost,
            StreamError::NoProtocol => Trouble::NotRenkei(target),
            StreamError::Name(error) => Trouble::WrongPeer(error.into()),
        })
    }

    async fn tcp(&self, target: &str) -> Result<TcpStream, Trouble> {
        let attempt = async {
            let addresses = tokio::net::lookup_host((self.target.host.as_str(), self.target.port))
                .await
                .map_err(|_| Trouble::HostName(self.target.host.clone()))?;
            let mut last = Trouble::HostName(self.target.host.clone());
            for address in addresses {
                match TcpStream::connect(address).await {
                    Ok(tcp) => return Ok(tcp),
                    Err(error) => last = Trouble::of_tcp(target, &error),
                }
            }
            Err(last)
        };
        let tcp = tokio::time::timeout(STEP_LIMIT, attempt)
            .await
            .unwrap_or_else(|_| Err(Trouble::NoAnswer(target.to_owned())))?;
        tcp.set_nodelay(true).map_err(|error| Trouble::of_tcp(target, &error))?;
        Ok(tcp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_read_back_as_written() {
        for text in ["gateway.example:7443", "192.0.2.7:1", "[2001:db8::7]:65535", "localhost:443"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for bad in
            ["", "host", "host:", "host:0", "host:70000", ":443", "https://host:443", "::1:443", "[host]:1", "a b:1"]
        {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }
}
