//! A program's own certificate and key, checked when they are loaded.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use renkei_types::{Clock, Timestamp};
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{NameError, PeerName, peer_name};

/// Why credentials cannot be used; each says which file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file does not exist or cannot be read.
    #[error("`{}` cannot be read: check the path in the configuration and that this user may read it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("`{}` holds no {wanted} in PEM: it should begin with `-----BEGIN`", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// The certificate names no peer.
    #[error("`{}` does not identify a peer of a consortium", path.display())]
    Name {
        /// The certificate's file.
        path: PathBuf,
        /// Why not.
        source: NameError,
    },
    /// The key belongs to another certificate.
    #[error("`{}` is not the key of `{}`: put the two files of one issue side by side", key.display(), cert.display())]
    KeyMismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The certificate is past its end.
    #[error("`{}` expired at {}: have a new one issued (or correct this machine's clock, which says {})",
        path.display(), instant(*not_after), instant(*now))]
    Expired {
        /// The certificate's file.
        path: PathBuf,
        /// When it expired.
        not_after: Timestamp,
        /// The present time.
        now: Timestamp,
    },
    /// The certificate is not valid yet.
    #[error("`{}` is valid only from {}: correct this machine's clock, which says {}",
        path.display(), instant(*not_before), instant(*now))]
    NotYetValid {
        /// The certificate's file.
        path: PathBuf,
        /// From when it is valid.
        not_before: Timestamp,
        /// The present time.
        now: Timestamp,
    },
    /// Another authority signed the certificate.
    #[error("`{}` was not issued by the authority in `{}`: use both files of the same consortium",
        cert.display(), ca.display())]
    ForeignIssuer {
        /// The certificate's file.
        cert: PathBuf,
        /// The authority's file.
        ca: PathBuf,
    },
    /// The certificate or key cannot be used for TLS.
    #[error("`{}` cannot be used for TLS", path.display())]
    Unusable {
        /// The file at fault.
        path: PathBuf,
        /// What TLS said.
        source: rustls::Error,
    },
}

fn instant(time: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(time.0.div_euclid(1_000_000))
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{} s", time.0 / 1_000_000))
}

/// A program's identity: the consortium's root, its own certificate and the key to it. Cheap to clone.
#[derive(Clone)]
pub struct Credentials {
    name: PeerName,
    not_before: Timestamp,
    not_after: Timestamp,
    roots: Arc<RootCertStore>,
    certified: Arc<CertifiedKey>,
    provider: Arc<CryptoProvider>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("name", &self.name)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads and checks the three files; `clock` also judges the peers' certificates later.
    ///
    /// # Errors
    /// [`CredentialsError`], naming the file and the remedy.
    pub fn load(ca: &Path, cert: &Path, key: &Path, clock: Arc<dyn Clock>) -> Result<Self, CredentialsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| CredentialsError::Read { path: path.to_owned(), source })
        };
        Parts { ca: (ca, read(ca)?), cert: (cert, read(cert)?), key: (key, read(key)?) }.check(clock)
    }

    /// Checks three PEM texts that never were files, such as a rehearsal's.
    ///
    /// # Errors
    /// [`CredentialsError`], with `ca`, `certificate` and `key` in the place of file names.
    pub fn from_pem(ca: &str, cert: &str, key: &str, clock: Arc<dyn Clock>) -> Result<Self, CredentialsError> {
        Parts {
            ca: (Path::new("ca"), ca.into()),
            cert: (Path::new("certificate"), cert.into()),
            key: (Path::new("key"), key.into()),
        }
        .check(clock)
    }

    /// The name in the certificate.
    #[must_use]
    pub fn name(&self) -> &PeerName {
        &self.name
    }

    /// The certificate, in DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        self.certified.cert.first().map_or(&[], |certificate| certificate.as_ref())
    }

    /// From when the certificate is valid.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// When the certificate expires.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The clock that judges certificates.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn roots(&self) -> &Arc<RootCertStore> {
        &self.roots
    }

    pub(crate) fn certified(&self) -> &Arc<CertifiedKey> {
        &self.certified
    }

    pub(crate) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }
}

struct Parts<'a> {
    ca: (&'a Path, Vec<u8>),
    cert: (&'a Path, Vec<u8>),
    key: (&'a Path, Vec<u8>),
}

impl Parts<'_> {
    fn check(self, clock: Arc<dyn Clock>) -> Result<Credentials, CredentialsError> {
        let now = clock.now();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = Arc::new(self.roots()?);
        let chain = certificates(self.cert.0, &self.cert.1)?;
        let (not_before, not_after) = self.validity(&chain[0])?;
        let name =
            peer_name(&chain[0]).map_err(|source| CredentialsError::Name { path: self.cert.0.to_owned(), source })?;
        let certified = Arc::new(self.certified(&chain, &provider)?);
        self.check_dates(not_before, not_after, now)?;
        self.check_issuer(&chain, &roots, &provider, now)?;
        Ok(Credentials { name, not_before, not_after, roots, certified, provider, clock })
    }

    fn roots(&self) -> Result<RootCertStore, CredentialsError> {
        let mut roots = RootCertStore::empty();
        for root in certificates(self.ca.0, &self.ca.1)? {
            roots.add(root).map_err(|source| CredentialsError::Unusable { path: self.ca.0.to_owned(), source })?;
        }
        Ok(roots)
    }

    fn certified(
        &self,
        chain: &[CertificateDer<'static>],
        provider: &CryptoProvider,
    ) -> Result<CertifiedKey, CredentialsError> {
        let key = PrivateKeyDer::from_pem_slice(&self.key.1)
            .map_err(|_| CredentialsError::NotPem { path: self.key.0.to_owned(), wanted: "private key" })?;
        CertifiedKey::from_der(chain.to_vec(), key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                CredentialsError::KeyMismatch { cert: self.cert.0.to_owned(), key: self.key.0.to_owned() }
            }
            source => CredentialsError::Unusable { path: self.key.0.to_owned(), source },
        })
    }

    fn validity(&self, leaf: &CertificateDer<'_>) -> Result<(Timestamp, Timestamp), CredentialsError> {
        let (_, parsed) = x509_parser::parse_x509_certificate(leaf)
            .map_err(|_| CredentialsError::Name { path: self.cert.0.to_owned(), source: NameError::Certificate })?;
        let micros = |seconds: i64| Timestamp(seconds.saturating_mul(1_000_000));
        let validity = parsed.validity();
        Ok((micros(validity.not_before.timestamp()), micros(validity.not_after.timestamp())))
    }

    fn check_dates(&self, not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> Result<(), CredentialsError> {
        let path = || self.cert.0.to_owned();
        if now < not_before {
            return Err(CredentialsError::NotYetValid { path: path(), not_before, now });
        }
        if now > not_after {
            return Err(CredentialsError::Expired { path: path(), not_after, now });
        }
        Ok(())
    }

    /// Every role may act as a client, so the check that a peer will make of a client is the one made here.
    fn check_issuer(
        &self,
        chain: &[CertificateDer<'static>],
        roots: &Arc<RootCertStore>,
        provider: &Arc<CryptoProvider>,
        now: Timestamp,
    ) -> Result<(), CredentialsError> {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider))
            .build()
            .map_err(|_| CredentialsError::NotPem { path: self.ca.0.to_owned(), wanted: "authority's certificate" })?;
        let seconds = u64::try_from(now.0 / 1_000_000).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        match verifier.verify_client_cert(&chain[0], &chain[1..], now) {
            Ok(_) => Ok(()),
            Err(rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            )) => Err(CredentialsError::ForeignIssuer { cert: self.cert.0.to_owned(), ca: self.ca.0.to_owned() }),
            Err(source) => Err(CredentialsError::Unusable { path: self.cert.0.to_owned(), source }),
        }
    }
}

/// All certificates of a PEM text; at least one.
fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CredentialsError> {
    let not_pem = || CredentialsError::NotPem { path: path.to_owned(), wanted: "certificate" };
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| not_pem())?;
    if found.is_empty() { Err(not_pem()) } else { Ok(found) }
}
