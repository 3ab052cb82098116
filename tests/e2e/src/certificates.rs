//! Certificates: those of the consortium, and odd ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use renkei_pki::{Authority, Credentials, DevSpec, PeerName, Request, dev_ca};
use renkei_types::{Clock, SiteId, Timestamp};

use crate::{AUDITOR, CONSORTIUM, OffsetClock, PERSON};

/// Files of one identity.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Whom it trusts; may hold several authorities.
    pub ca: PathBuf,
    /// The certificate.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

impl Pair {
    /// Reads them, to be judged by `clock`.
    #[must_use]
    pub fn load(&self, clock: Arc<dyn Clock>) -> Credentials {
        Credentials::load(&self.ca, &self.certificate, &self.key, clock).unwrap()
    }
}

/// One authority's folder.
#[derive(Debug)]
pub struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    /// Certificates are this old, in seconds, so that a clock which is behind finds them valid too.
    pub const AGE: i64 = 2 * 86_400;

    /// An authority with a gateway, the sites and the researcher.
    #[must_use]
    pub fn make(dir: &Path, sites: &[SiteId]) -> Self {
        Self::make_for(CONSORTIUM, dir, sites)
    }

    /// The same for a consortium of another name.
    #[must_use]
    pub fn make_for(consortium: &str, dir: &Path, sites: &[SiteId]) -> Self {
        let people = vec![PERSON.parse().unwrap(), AUDITOR.parse().unwrap()];
        let spec = DevSpec { sites: sites.to_vec(), people, ..DevSpec::new(consortium.parse().unwrap()) };
        dev_ca(&spec, dir, then()).unwrap();
        Self { dir: dir.to_owned() }
    }

    /// A site's.
    #[must_use]
    pub fn site(&self, site: &str) -> Pair {
        self.pair(&format!("sites/{site}"))
    }

    /// The researcher's.
    #[must_use]
    pub fn person(&self) -> Pair {
        self.pair(&format!("people/{PERSON}"))
    }

    /// The auditor's.
    #[must_use]
    pub fn auditor(&self) -> Pair {
        self.pair(&format!("people/{AUDITOR}"))
    }

    /// The gateway's.
    #[must_use]
    pub fn gateway(&self) -> Pair {
        self.pair("gateway")
    }

    /// A site's certificate that ran out a day ago.
    #[must_use]
    pub fn expired(&self, site: &str) -> Pair {
        let name = PeerName::site(CONSORTIUM.parse().unwrap(), &site.parse().unwrap());
        let request = Request { name, dns: Vec::new(), ip: Vec::new(), valid_days: 1 };
        let issued = Authority::load(&self.dir).unwrap().issue(&request, then()).unwrap();
        let stem = format!("expired-{site}");
        fs::write(self.dir.join(format!("{stem}.pem")), issued.cert_pem).unwrap();
        fs::write(self.dir.join(format!("{stem}.key")), issued.key_pem).unwrap();
        self.pair(&stem)
    }

    /// The same identity, which also trusts another authority.
    #[must_use]
    pub fn trusting(&self, pair: &Pair, other: &Self) -> Pair {
        let both = [&self.dir, &other.dir].map(|dir| fs::read_to_string(dir.join("ca.pem")).unwrap());
        let ca = self.dir.join("both.pem");
        fs::write(&ca, both.concat()).unwrap();
        Pair { ca, ..pair.clone() }
    }

    fn pair(&self, stem: &str) -> Pair {
        let file = |end: &str| self.dir.join(format!("{stem}.{end}"));
        Pair { ca: self.dir.join("ca.pem"), certificate: file("pem"), key: file("key") }
    }
}

fn then() -> Timestamp {
    OffsetClock(-Certificates::AGE).now()
}
