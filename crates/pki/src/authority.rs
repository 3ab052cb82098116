//! A certificate authority for development and demonstrations: one root that signs leaves directly.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use renkei_types::{ConsortiumId, Timestamp};
use rustls_pki_types::DnsName;
use time::OffsetDateTime;

use crate::{PeerName, PeerRole};

/// Certificates are valid from a little before they are made, so that a peer whose clock lags still takes them.
const BACKDATE_MICROS: i64 = 5 * 60 * 1_000_000;
/// The root outlives any leaf that a rehearsal needs.
const ROOT_DAYS: u32 = 3_650;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a leaf is to say.
#[derive(Debug, Clone)]
pub struct Request {
    /// The peer that the leaf names.
    pub name: PeerName,
    /// Host names under which the peer is dialled.
    pub dns: Vec<String>,
    /// Addresses under which the peer is dialled.
    pub ip: Vec<IpAddr>,
    /// Days until the leaf expires, at least one.
    pub valid_days: u32,
}

/// A new leaf with its key.
pub struct Issued {
    /// The certificate, PEM.
    pub cert_pem: String,
    /// The private key, PKCS #8 PEM.
    pub key_pem: String,
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("cert_pem", &self.cert_pem).finish_non_exhaustive()
    }
}

/// Why an authority could not be made, read, kept or used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file could not be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder could not be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is in the way; nothing is ever replaced.
    #[error("`{}` exists already and is not replaced; move it away first", .0.display())]
    Exists(PathBuf),
    /// The files are not an authority that this crate made.
    #[error("`{}` is not the certificate and key of a consortium's authority: {reason}", path.display())]
    NotAuthority {
        /// The certificate's file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A host name that no certificate can carry.
    #[error("`{0}` is not a host name")]
    HostName(String),
    /// A leaf for another consortium.
    #[error("`{name}` is not in the consortium `{consortium}` that this authority vouches for")]
    Consortium {
        /// The name asked for.
        name: PeerName,
        /// The authority's own consortium.
        consortium: ConsortiumId,
    },
    /// A validity that is empty or beyond the calendar.
    #[error("a certificate cannot be valid for {0} days from that time")]
    Validity(u32),
    /// The certificate could not be built or signed.
    #[error("the certificate could not be made")]
    Sign(#[from] rcgen::Error),
}

/// A root key and its certificate.
pub struct Authority {
    consortium: ConsortiumId,
    cert_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("consortium", &self.consortium).finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes a new root for `consortium`, valid for ten years from `now`.
    ///
    /// # Errors
    /// [`AuthorityError`] when `now` is beyond the calendar or the key cannot be made.
    pub fn create(consortium: ConsortiumId, now: Timestamp) -> Result<Self, AuthorityError> {
        let mut params = params(now, ROOT_DAYS)?;
        params.distinguished_name.push(DnType::CommonName, format!("Renkei development authority of {consortium}"));
        params.distinguished_name.push(DnType::OrganizationName, consortium.as_str());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let cert_pem = params.self_signed(&key)?.pem();
        Ok(Self { consortium, cert_pem, issuer: Issuer::new(params, key) })
    }

    /// Reads `ca.pem` and `ca.key` from `dir`.
    ///
    /// # Errors
    /// [`AuthorityError`] when either is missing, or they are not a root and its key.
    pub fn load(dir: &Path) -> Result<Self, AuthorityError> {
        let (cert_path, key_path) = (dir.join("ca.pem"), dir.join("ca.key"));
        let read = |path: &Path| {
            fs::read_to_string(path).map_err(|source| AuthorityError::Read { path: path.to_owned(), source })
        };
        let (cert_pem, key_pem) = (read(&cert_path)?, read(&key_path)?);
        let not = |reason| AuthorityError::NotAuthority { path: cert_path.clone(), reason };

        let (_, pem) = x509_parser::pem::parse_x509_pem(cert_pem.as_bytes()).map_err(|_| not("it is not PEM"))?;
        let cert = pem.parse_x509().map_err(|_| not("it is not a certificate"))?;
        if !cert.is_ca() {
            return Err(not("it may not sign others"));
        }
        let organisation = cert.subject().iter_organization().next().and_then(|o| o.as_str().ok());
        let consortium = organisation
            .and_then(|text| ConsortiumId::new(text).ok())
            .ok_or_else(|| not("its organisation names no consortium"))?;
        let key = KeyPair::from_pem(&key_pem).map_err(|_| not("`ca.key` is not a private key"))?;
        if rcgen::PublicKeyData::subject_public_key_info(&key) != cert.public_key().raw {
            return Err(not("`ca.key` belongs to another certificate"));
        }
        let issuer = Issuer::from_ca_cert_pem(&cert_pem, key)?;
        Ok(Self { consortium, cert_pem, issuer })
    }

    /// Writes `ca.pem` and `ca.key` into `dir`, making the folder where it is missing.
    ///
    /// # Errors
    /// [`AuthorityError::Exists`] when either file exists, [`AuthorityError::Write`] when writing fails.
    pub fn save(&self, dir: &Path) -> Result<(), AuthorityError> {
        write_pair(&dir.join("ca"), &self.cert_pem, &self.issuer.key().serialize_pem()).map(drop)
    }

    /// The consortium that this authority vouches for.
    #[must_use]
    pub fn consortium(&self) -> &ConsortiumId {
        &self.consortium
    }

    /// The root certificate, PEM.
    #[must_use]
    pub fn cert_pem(&self) -> &str {
        &self.cert_pem
    }

    /// Makes a key and signs a leaf for it, valid from five minutes before `now`.
    ///
    /// # Errors
    /// [`AuthorityError`] when the name is of another consortium, a host name or the validity is not possible.
    pub fn issue(&self, request: &Request, now: Timestamp) -> Result<Issued, AuthorityError> {
        if *request.name.consortium() != self.consortium {
            return Err(AuthorityError::Consortium { name: request.name.clone(), consortium: self.consortium.clone() });
        }
        let params = leaf(request, now)?;
        let key = KeyPair::generate()?;
        let cert_pem = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Issued { cert_pem, key_pem: key.serialize_pem() })
    }
}

fn leaf(request: &Request, now: Timestamp) -> Result<CertificateParams, AuthorityError> {
    let mut params = params(now, request.valid_days)?;
    params.distinguished_name.push(DnType::CommonName, request.name.id());
    params.distinguished_name.push(DnType::OrganizationName, request.name.consortium().as_str());
    params.subject_alt_names.push(SanType::URI(request.name.to_string().try_into()?));
    for host in &request.dns {
        if DnsName::try_from(host.as_str()).is_err() {
            return Err(AuthorityError::HostName(host.clone()));
        }
        params.subject_alt_names.push(SanType::DnsName(host.as_str().try_into()?));
    }
    params.subject_alt_names.extend(request.ip.iter().copied().map(SanType::IpAddress));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    // Gateway and site each dial in one set-up and listen in the other; a person only ever dials.
    params.extended_key_usages = match request.name.role() {
        PeerRole::Gateway | PeerRole::Site => {
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]
        }
        PeerRole::Person => vec![ExtendedKeyUsagePurpose::ClientAuth],
    };
    Ok(params)
}

fn params(now: Timestamp, days: u32) -> Result<CertificateParams, AuthorityError> {
    let at = |time: Timestamp| {
        OffsetDateTime::from_unix_timestamp(time.0.div_euclid(1_000_000)).map_err(|_| AuthorityError::Validity(days))
    };
    if days == 0 {
        return Err(AuthorityError::Validity(days));
    }
    let mut params = CertificateParams::default();
    params.not_before = at(Timestamp(now.0.saturating_sub(BACKDATE_MICROS)))?;
    params.not_after = at(now.after(DAY.saturating_mul(days)))?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    Ok(params)
}

/// Writes `<stem>.key` (0600) and `<stem>.pem`, both new; returns their paths, certificate first.
pub(crate) fn write_pair(stem: &Path, cert_pem: &str, key_pem: &str) -> Result<[PathBuf; 2], AuthorityError> {
    let (cert, key) = (with_suffix(stem, "pem"), with_suffix(stem, "key"));
    if let Some(dir) = stem.parent() {
        fs::create_dir_all(dir).map_err(|source| AuthorityError::Write { path: dir.to_owned(), source })?;
    }
    if cert.exists() {
        return Err(AuthorityError::Exists(cert));
    }
    write_new(&key, key_pem, 0o600)?;
    write_new(&cert, cert_pem, 0o644)?;
    Ok([cert, key])
}

/// `stem` with `.suffix` appended; an id may hold dots, so the extension is never replaced.
pub(crate) fn with_suffix(stem: &Path, suffix: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(".");
    path.push(suffix);
    path.into()
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), AuthorityError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(AuthorityError::Exists(path.to_owned()));
        }
        Err(source) => return Err(AuthorityError::Write { path: path.to_owned(), source }),
    };
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|source| {
        // Half a key is worse than none: the next run must be able to start afresh.
        drop(fs::remove_file(path));
        AuthorityError::Write { path: path.to_owned(), source }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_appended_not_replaced() {
        assert_eq!(with_suffix(Path::new("sites/tokyo.1"), "pem"), Path::new("sites/tokyo.1.pem"));
    }
}
