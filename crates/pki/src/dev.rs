//! Everything that a rehearsal needs, in one go: an authority, a gateway, sites and people.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use renkei_types::{ConsortiumId, FixedClock, PersonId, SiteId, Timestamp};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;

use crate::authority::{with_suffix, write_pair};
use crate::{Authority, AuthorityError, Credentials, CredentialsError, NameError, PeerName, PeerRole, Request};

/// Whom a development authority is to vouch for.
#[derive(Debug, Clone)]
pub struct DevSpec {
    /// The consortium.
    pub consortium: ConsortiumId,
    /// The gateway's id.
    pub gateway_id: String,
    /// Host names under which the gateway is dialled, beside the loopback addresses.
    pub dns: Vec<String>,
    /// The sites.
    pub sites: Vec<SiteId>,
    /// The people.
    pub people: Vec<PersonId>,
    /// Days until the leaves expire.
    pub valid_days: u32,
}

impl DevSpec {
    /// Thirteen months, the longest that TLS clients commonly accept.
    pub const VALID_DAYS: u32 = 397;

    /// A gateway on this machine and nobody else yet.
    #[must_use]
    pub fn new(consortium: ConsortiumId) -> Self {
        Self {
            consortium,
            gateway_id: "gateway".into(),
            dns: vec!["localhost".into()],
            sites: Vec::new(),
            people: Vec::new(),
            valid_days: Self::VALID_DAYS,
        }
    }
}

/// What a run made and what it found in place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// New files, in the order they were written.
    pub made: Vec<PathBuf>,
    /// Certificates and keys of earlier runs that were checked and left alone.
    pub kept: Vec<PathBuf>,
}

/// Why a development authority could not be completed. What was made before the error stays, and is found next time.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// The authority could not be made, read or used.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The folder belongs to another consortium.
    #[error("`{}` holds the authority of `{found}`, not of `{wanted}`: choose another folder", dir.display())]
    Consortium {
        /// The folder.
        dir: PathBuf,
        /// Whose authority it holds.
        found: ConsortiumId,
        /// Whose was asked for.
        wanted: ConsortiumId,
    },
    /// One file of a pair is missing.
    #[error("`{}` is there but `{}` is not: remove the first, and run again", present.display(), missing.display())]
    HalfPair {
        /// The file that exists.
        present: PathBuf,
        /// The file that does not.
        missing: PathBuf,
    },
    /// Credentials of an earlier run are of no use any more.
    #[error("existing credentials cannot be kept: remove `{}` and its key, and run again", path.display())]
    Stale {
        /// The certificate's file.
        path: PathBuf,
        /// What is wrong with it.
        source: CredentialsError,
    },
    /// A certificate of an earlier run is for another peer.
    #[error("`{}` names `{found}`, not `{wanted}`: remove it and its key, and run again", path.display())]
    OtherPeer {
        /// The certificate's file.
        path: PathBuf,
        /// Whom it names.
        found: Box<PeerName>,
        /// Whom it should name.
        wanted: Box<PeerName>,
    },
    /// The gateway's certificate of an earlier run lacks a host name.
    #[error("`{}` does not name the host `{host}`: remove it and its key, and run again", path.display())]
    MissingHost {
        /// The certificate's file.
        path: PathBuf,
        /// The host name.
        host: String,
    },
    /// The gateway's id is not an identifier.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// Makes what is missing of `spec` in `dir` and leaves what is there.
///
/// # Errors
/// [`DevError`], when the folder holds something else than an earlier run's files.
pub fn dev_ca(spec: &DevSpec, dir: &Path, now: Timestamp) -> Result<Files, DevError> {
    let mut run = Run { dir, now, files: Files::default(), valid_days: spec.valid_days };
    let gateway = PeerName::new(spec.consortium.clone(), PeerRole::Gateway, &spec.gateway_id)?;
    let authority = run.authority(&spec.consortium)?;
    run.gateway(&authority, gateway, &spec.dns)?;
    for site in &spec.sites {
        run.leaf(&authority, &dir.join("sites").join(site.as_str()), PeerName::site(spec.consortium.clone(), site))?;
    }
    for person in &spec.people {
        let name = PeerName::person(spec.consortium.clone(), person);
        run.leaf(&authority, &dir.join("people").join(person.as_str()), name)?;
    }
    Ok(run.files)
}

struct Run<'a> {
    dir: &'a Path,
    now: Timestamp,
    valid_days: u32,
    files: Files,
}

impl Run<'_> {
    fn authority(&mut self, wanted: &ConsortiumId) -> Result<Authority, DevError> {
        let stem = self.dir.join("ca");
        if self.kept(&stem)? {
            let authority = Authority::load(self.dir)?;
            if authority.consortium() != wanted {
                let found = authority.consortium().clone();
                return Err(DevError::Consortium { dir: self.dir.to_owned(), found, wanted: wanted.clone() });
            }
            return Ok(authority);
        }
        let authority = Authority::create(wanted.clone(), self.now)?;
        authority.save(self.dir)?;
        self.files.made.extend([with_suffix(&stem, "pem"), with_suffix(&stem, "key")]);
        Ok(authority)
    }

    fn gateway(&mut self, authority: &Authority, name: PeerName, dns: &[String]) -> Result<(), DevError> {
        let stem = self.dir.join("gateway");
        let loopback = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        self.pair(authority, &stem, Request { name, dns: dns.to_vec(), ip: loopback, valid_days: self.valid_days })
    }

    fn leaf(&mut self, authority: &Authority, stem: &Path, name: PeerName) -> Result<(), DevError> {
        self.pair(authority, stem, Request { name, dns: vec![], ip: vec![], valid_days: self.valid_days })
    }

    fn pair(&mut self, authority: &Authority, stem: &Path, request: Request) -> Result<(), DevError> {
        if self.kept(stem)? {
            return self.check(stem, &request);
        }
        let issued = authority.issue(&request, self.now)?;
        self.files.made.extend(write_pair(stem, &issued.cert_pem, &issued.key_pem)?);
        Ok(())
    }

    /// Whether both files of a pair exist; notes them as kept.
    fn kept(&mut self, stem: &Path) -> Result<bool, DevError> {
        let (cert, key) = (with_suffix(stem, "pem"), with_suffix(stem, "key"));
        match (cert.exists(), key.exists()) {
            (false, false) => Ok(false),
            (true, false) => Err(DevError::HalfPair { present: cert, missing: key }),
            (false, true) => Err(DevError::HalfPair { present: key, missing: cert }),
            (true, true) => {
                self.files.kept.extend([cert, key]);
                Ok(true)
            }
        }
    }

    fn check(&self, stem: &Path, request: &Request) -> Result<(), DevError> {
        let (path, key) = (with_suffix(stem, "pem"), with_suffix(stem, "key"));
        let clock = Arc::new(FixedClock(self.now));
        let credentials = Credentials::load(&self.dir.join("ca.pem"), &path, &key, clock)
            .map_err(|source| DevError::Stale { path: path.clone(), source })?;
        if *credentials.name() != request.name {
            let (found, wanted) = (Box::new(credentials.name().clone()), Box::new(request.name.clone()));
            return Err(DevError::OtherPeer { path, found, wanted });
        }
        let hosts = host_names(&path);
        match request.dns.iter().find(|host| !hosts.contains(host)) {
            Some(host) => Err(DevError::MissingHost { path, host: host.clone() }),
            None => Ok(()),
        }
    }
}

/// The host names in a certificate's file; none where it cannot be read, which `Credentials::load` has reported.
fn host_names(path: &Path) -> Vec<String> {
    let Ok(der) = CertificateDer::from_pem_file(path) else { return Vec::new() };
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(&der) else { return Vec::new() };
    let Ok(Some(names)) = parsed.subject_alternative_name() else { return Vec::new() };
    let names = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(host) => Some((*host).to_owned()),
        _ => None,
    });
    names.collect()
}
