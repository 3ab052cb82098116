//! The TLS configurations: version 1.3 only, the consortium's root only, nothing resumed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use renkei_types::Clock;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, PeerIncompatible, RootCertStore, ServerConfig,
    SignatureScheme,
};

use crate::{Credentials, NameError, PeerName, peer_name};

/// Whether a server insists on a client certificate. One that is presented is verified in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// No certificate, no connection.
    Required,
    /// A caller may identify itself otherwise, by a bearer token.
    Optional,
}

/// Why the peer of an established connection is not the one that was wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// The peer presented no certificate.
    #[error("the peer presented no certificate")]
    Anonymous,
    /// The peer's certificate names no peer.
    #[error("the peer's certificate does not identify it")]
    Name(#[from] NameError),
    /// The peer is another one.
    #[error("the peer is `{found}` where `{expected}` was expected")]
    Other {
        /// Who was expected.
        expected: PeerName,
        /// Who answered.
        found: PeerName,
    },
}

/// Reads the peer's name from the chain it presented and compares it, as a whole, with the expected one.
///
/// # Errors
/// [`PeerError`] when there is no certificate, it names no peer, or it names another.
pub fn check_peer(chain: Option<&[CertificateDer<'_>]>, expected: &PeerName) -> Result<(), PeerError> {
    let leaf = chain.and_then(<[_]>::first).ok_or(PeerError::Anonymous)?;
    let found = peer_name(leaf)?;
    if found == *expected { Ok(()) } else { Err(PeerError::Other { expected: expected.clone(), found }) }
}

/// The configuration of a listener, offering the protocols `alpn` in order of preference.
///
/// # Errors
/// [`rustls::Error`] when the provider cannot speak TLS 1.3 or the root is of no use.
pub fn server_config(
    credentials: &Credentials,
    auth: ClientAuth,
    alpn: &[&str],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = credentials.provider();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(credentials.roots()), Arc::clone(provider));
    let verifier = match auth {
        ClientAuth::Required => verifier,
        ClientAuth::Optional => verifier.allow_unauthenticated(),
    };
    let verifier = verifier.build().map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut config = ServerConfig::builder_with_details(Arc::clone(provider), TimeSource::of(credentials))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(credentials.certified()))));
    config.alpn_protocols = protocols(alpn);
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// The configuration of a dialler that knows its peer by host name: the chain and the dialled name are verified, and
/// the caller holds the connection to a [`PeerName`] with [`check_peer`].
///
/// # Errors
/// [`rustls::Error`] when the provider cannot speak TLS 1.3.
pub fn client_config(credentials: &Credentials, alpn: &[&str]) -> Result<Arc<ClientConfig>, rustls::Error> {
    let config = ClientConfig::builder_with_details(Arc::clone(credentials.provider()), TimeSource::of(credentials))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(Arc::clone(credentials.roots()));
    Ok(Arc::new(finish(config, credentials, alpn)))
}

/// The configuration of a dialler whose peer has no host name of its own: the chain is verified as always, and the
/// peer's whole [`PeerName`] takes the place of the host name, within the handshake.
///
/// # Errors
/// [`rustls::Error`] when the provider cannot speak TLS 1.3.
pub fn client_config_for(
    credentials: &Credentials,
    expected: PeerName,
    alpn: &[&str],
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let verifier =
        NamedServer { expected, roots: Arc::clone(credentials.roots()), provider: Arc::clone(credentials.provider()) };
    let config = ClientConfig::builder_with_details(Arc::clone(credentials.provider()), TimeSource::of(credentials))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    Ok(Arc::new(finish(config, credentials, alpn)))
}

fn finish(
    config: rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>,
    credentials: &Credentials,
    alpn: &[&str],
) -> ClientConfig {
    let own = SingleCertAndKey::from(Arc::clone(credentials.certified()));
    let mut config = config.with_client_cert_resolver(Arc::new(own));
    config.alpn_protocols = protocols(alpn);
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config
}

fn protocols(alpn: &[&str]) -> Vec<Vec<u8>> {
    alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect()
}

/// The program's clock, as rustls asks for it.
struct TimeSource(Arc<dyn Clock>);

impl TimeSource {
    fn of(credentials: &Credentials) -> Arc<dyn TimeProvider> {
        Arc::new(Self(Arc::clone(credentials.clock())))
    }
}

impl fmt::Debug for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TimeProvider for TimeSource {
    fn current_time(&self) -> Option<UnixTime> {
        let micros = u64::try_from(self.0.now().0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_micros(micros)))
    }
}

/// Verifies a server by its chain and its peer name; differs from the usual verifier in the name alone.
#[derive(Debug)]
struct NamedServer {
    expected: PeerName,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for NamedServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        rustls::client::verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(end_entity)?,
            &self.roots,
            intermediates,
            now,
            self.provider.signature_verification_algorithms.all,
        )?;
        check_peer(Some(std::slice::from_ref(end_entity)), &self.expected)
            .map_err(|error| CertificateError::Other(OtherError(Arc::new(error))))?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
