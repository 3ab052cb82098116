//! Why a connection could not be made or was lost, with the remedy.

use std::io;

use renkei_pki::{PeerError, PeerName};
use rustls::{AlertDescription, CertificateError};

/// Why there is no connection. `Display` says what happened, [`Trouble::remedy`] what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The host name has no address.
    #[error("the host name `{0}` cannot be resolved")]
    HostName(String),
    /// Nobody listens there.
    #[error("`{0}` refuses the connection")]
    ConnectionRefused(String),
    /// The network does not lead there.
    #[error("`{target}` cannot be reached ({reason})")]
    Unreachable {
        /// What was dialled.
        target: String,
        /// What the system said.
        reason: String,
    },
    /// No answer in time.
    #[error("`{0}` does not answer")]
    NoAnswer(String),
    /// The peer's certificate comes from another authority.
    #[error("`{0}` presents a certificate that the consortium's authority did not issue")]
    ForeignPeer(String),
    /// The peer's certificate is out of its dates.
    #[error("`{0}` presents a certificate that is expired or not valid yet")]
    PeerExpired(String),
    /// The peer's certificate is for another host name.
    #[error("`{0}` presents a certificate for another host name")]
    OtherHost(String),
    /// The peer is not the one expected.
    #[error("{0}")]
    WrongPeer(#[from] PeerError),
    /// The peer does not speak the nodes' protocol.
    #[error("`{0}` does not speak the protocol of nodes")]
    NotRenkei(String),
    /// The peer says that this side's certificate is expired.
    #[error("the peer refuses this side's certificate as expired")]
    OwnExpired,
    /// The peer refuses this side's certificate.
    #[error("the peer refuses this side's certificate ({0})")]
    OwnRefused(String),
    /// TLS failed otherwise.
    #[error("the TLS handshake with `{target}` failed ({reason})")]
    Tls {
        /// What was dialled.
        target: String,
        /// What TLS said.
        reason: String,
    },
    /// The connection stood but the gateway sent nothing, or the node did not answer the greeting.
    #[error("the connection was made, but no greeting was exchanged on it")]
    NoGreeting,
    /// An established connection ended.
    #[error("the connection was lost")]
    Lost,
}

impl Trouble {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::HostName(_) => "check the name in the configuration and this machine's DNS",
            Self::ConnectionRefused(_) => "check host and port, and that the other side is running",
            Self::Unreachable { .. } | Self::NoAnswer(_) => {
                "check host and port, and that the firewall lets this one connection out"
            }
            Self::ForeignPeer(_) => {
                "check that the authority's file is this consortium's; a proxy that opens TLS must let this host through"
            }
            Self::PeerExpired(_) => "the other side must renew its certificate; check this machine's clock too",
            Self::OtherHost(_) => "dial the host name that is in the certificate, or have one issued with this name",
            Self::WrongPeer(_) => "check the expected name in the configuration; if it is right, tell the coordinator",
            Self::NotRenkei(_) => "check host and port; a proxy that opens TLS must let this host through",
            Self::OwnExpired => "have a new certificate issued; check this machine's clock too",
            Self::OwnRefused(_) => "use a certificate that this consortium's authority issued to this program",
            Self::Tls { .. } => "check host and port, and that no proxy opens TLS on the way",
            Self::NoGreeting => "the other side may not know this peer: check its configuration and its log",
            Self::Lost => "nothing: it is dialled again",
        }
    }

    /// Whether somebody has to act, as against a passing loss.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        !matches!(self, Self::Lost)
    }

    pub(crate) fn of_tcp(target: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::ConnectionRefused(target.to_owned()),
            io::ErrorKind::TimedOut => Self::NoAnswer(target.to_owned()),
            _ => Self::Unreachable { target: target.to_owned(), reason: error.to_string() },
        }
    }

    pub(crate) fn of_handshake(target: &str, error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => Self::of_tls(target, tls),
            // A listener that is no TLS server hangs up or answers in its own tongue.
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::NotRenkei(target.to_owned()),
            None => Self::Tls { target: target.to_owned(), reason: error.to_string() },
        }
    }

    pub(crate) fn of_tls(target: &str, error: &rustls::Error) -> Self {
        use rustls::Error;
        let target = || target.to_owned();
        match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                Self::ForeignPeer(target())
            }
            Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => Self::PeerExpired(target()),
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => Self::OtherHost(target()),
            Error::InvalidCertificate(CertificateError::Other(other)) => match other.0.downcast_ref::<PeerError>() {
                Some(peer) => Self::WrongPeer(peer.clone()),
                None => Self::Tls { target: target(), reason: error.to_string() },
            },
            Error::AlertReceived(AlertDescription::CertificateExpired) => Self::OwnExpired,
            Error::AlertReceived(
                alert @ (AlertDescription::UnknownCA
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::CertificateRequired
                | AlertDescription::DecryptError
                | AlertDescription::AccessDenied
                | AlertDescription::UnsupportedCertificate),
            ) => Self::OwnRefused(format!("{alert:?}")),
            Error::AlertReceived(AlertDescription::NoApplicationProtocol) | Error::InvalidMessage(_) => {
                Self::NotRenkei(target())
            }
            other => Self::Tls { target: target(), reason: other.to_string() },
        }
    }

    /// Says it once as a warning, and again only at debug level while it stays the same.
    pub(crate) fn log(&self, peer: &PeerName, before: Option<&Self>) {
        let (trouble, remedy) = (self, self.remedy());
        if !self.needs_attention() {
            tracing::info!(%peer, "{trouble}");
        } else if before == Some(self) {
            tracing::debug!(%peer, remedy, "{trouble}");
        } else {
            tracing::warn!(%peer, remedy, "{trouble}");
        }
    }
}
