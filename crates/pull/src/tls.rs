//! TLS towards servers of the hospital: the server's certificate must be of a known authority and of the name that the
//! configuration gives. There is no way to turn that off.
//!
//! TLS 1.3, or 1.2 where the server has no better: servers of a hospital are older than the consortium's own programs,
//! and both versions are given here explicitly, so that the node's own connections stay at 1.3.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, ConfigBuilder, Error as TlsError, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::secret::read_private;
use crate::{Error, Kind};

/// Certificate and key by which the node shows who it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'a> {
    pub(crate) certificate: &'a Path,
    pub(crate) key: &'a Path,
}

/// The configuration of a client: authorities from the file, or the system's.
pub(crate) fn client(ca: Option<&Path>, identity: Option<Identity<'_>>) -> Result<Arc<ClientConfig>, Error> {
    let roots = match ca {
        Some(path) => roots(path)?,
        None => system()?,
    };
    with(roots, identity)
}

/// The configuration of a client that trusts no authority: for servers in the clear, on this machine.
pub(crate) fn nobody() -> Result<Arc<ClientConfig>, Error> {
    with(RootCertStore::empty(), None)
}

fn with(roots: RootCertStore, identity: Option<Identity<'_>>) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| Error::new(Kind::Configuration, "TLS cannot be set up", "report this").by(error))?
        .with_root_certificates(roots);
    Ok(Arc::new(match identity {
        Some(identity) => own(builder, identity)?,
        None => builder.with_no_client_auth(),
    }))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |remedy| Error::new(Kind::Configuration, format!("{} holds no certificate", path.display()), remedy);
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match found {
        Ok(found) if found.is_empty() => Err(wrong("name a PEM file with BEGIN CERTIFICATE in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(wrong("name a PEM file that the node's account can read").by(error)),
    }
}

fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store.add(certificate).map_err(|error| {
            let what = format!("{} holds a certificate that cannot be an authority", path.display());
            Error::new(Kind::Configuration, what, "name the file of the authority that signed the server's").by(error)
        })?;
    }
    Ok(store)
}

fn system() -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        let what = "this machine has no certificate authorities of its own";
        return Err(Error::new(Kind::Configuration, what, "install ca-certificates, or set ca_file"));
    }
    Ok(store)
}

fn own(builder: ConfigBuilder<ClientConfig, WantsClientCert>, identity: Identity<'_>) -> Result<ClientConfig, Error> {
    let chain = certificates(identity.certificate)?;
    let text = read_private(identity.key, "client key")?;
    let wrong = |what: &str, remedy| {
        Error::new(Kind::Configuration, format!("the client key file {} {what}", identity.key.display()), remedy)
    };
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| wrong("holds no private key", "name a PEM file with BEGIN PRIVATE KEY in it"))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| wrong("does not fit the client certificate", "name the key that belongs to it").by(error))
}

/// What TLS itself objects to, for the host of a server; `None` for errors of other origin.
pub(crate) fn objection(host: &str, error: &io::Error) -> Option<Error> {
    let cause = error.get_ref()?.downcast_ref::<TlsError>()?;
    let (what, remedy) = match cause {
        TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => (
            format!("the certificate of {host} was made out for another name"),
            "name the server as its certificate does, or have a certificate made for this name",
        ),
        // The signature is bad too where the authority has the name of a known one, and another key.
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => (
            format!("the certificate of {host} is of an authority that is not trusted here"),
            "set ca_file to the certificate of the authority that signed the server's",
        ),
        TlsError::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            (format!("the certificate of {host} has expired"), "have it renewed, or set this machine's clock right")
        }
        TlsError::InvalidCertificate(reason) => {
            (format!("the certificate of {host} is not valid ({reason})"), "have the server's administrator renew it")
        }
        TlsError::AlertReceived(alert) => (
            format!("{host} ended the TLS handshake ({alert:?})"),
            "look into the server's log; it may demand a client certificate or TLS settings that it does not get",
        ),
        other => (format!("{host} does not speak TLS as expected ({other})"), "check host and port"),
    };
    Some(Error::new(Kind::Refused, what, remedy))
}
