//! The name of a peer, as its certificate carries it.

use std::fmt;
use std::str::FromStr;

use renkei_types::{ConsortiumId, IdError, PersonId, SiteId};
use rustls_pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;

const SCHEME: &str = "renkei://";

/// What a peer is in its consortium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerRole {
    /// The gateway at the lead institution.
    Gateway,
    /// A hospital's node agent.
    Site,
    /// Somebody who asks questions.
    Person,
}

impl PeerRole {
    /// The role as it stands in a name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Site => "site",
            Self::Person => "person",
        }
    }
}

impl fmt::Display for PeerRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A peer's whole name. Two peers are the same if and only if their names are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PeerName {
    consortium: ConsortiumId,
    role: PeerRole,
    id: String,
}

impl PeerName {
    /// Names a peer; `id` follows the rules of every identifier.
    ///
    /// # Errors
    /// [`NameError::Id`] when `id` is empty or holds another character than `a-z 0-9 - _ .`.
    pub fn new(consortium: ConsortiumId, role: PeerRole, id: &str) -> Result<Self, NameError> {
        let id = match role {
            PeerRole::Gateway | PeerRole::Site => SiteId::new(id)?.into(),
            PeerRole::Person => PersonId::new(id)?.into(),
        };
        Ok(Self { consortium, role, id })
    }

    /// The name of a site.
    #[must_use]
    pub fn site(consortium: ConsortiumId, site: &SiteId) -> Self {
        Self { consortium, role: PeerRole::Site, id: site.to_string() }
    }

    /// The name of a person.
    #[must_use]
    pub fn person(consortium: ConsortiumId, person: &PersonId) -> Self {
        Self { consortium, role: PeerRole::Person, id: person.to_string() }
    }

    /// The consortium that the peer belongs to.
    #[must_use]
    pub fn consortium(&self) -> &ConsortiumId {
        &self.consortium
    }

    /// What the peer is.
    #[must_use]
    pub fn role(&self) -> PeerRole {
        self.role
    }

    /// The last part of the name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The site's id, where the peer is a site.
    #[must_use]
    pub fn site_id(&self) -> Option<SiteId> {
        (self.role == PeerRole::Site).then(|| SiteId::new(self.id.as_str()).ok()).flatten()
    }

    /// The person's id, where the peer is a person.
    #[must_use]
    pub fn person_id(&self) -> Option<PersonId> {
        (self.role == PeerRole::Person).then(|| PersonId::new(self.id.as_str()).ok()).flatten()
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}/{}", self.consortium, self.role, self.id)
    }
}

impl FromStr for PeerName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let shape = || NameError::Shape(text.chars().take(200).collect());
        let rest = text.strip_prefix(SCHEME).ok_or_else(shape)?;
        let parts: Vec<&str> = rest.split('/').collect();
        let [consortium, role, id] = parts[..] else { return Err(shape()) };
        let role = [PeerRole::Gateway, PeerRole::Site, PeerRole::Person]
            .into_iter()
            .find(|known| known.as_str() == role)
            .ok_or_else(shape)?;
        Self::new(ConsortiumId::new(consortium)?, role, id)
    }
}

impl TryFrom<String> for PeerName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<PeerName> for String {
    fn from(name: PeerName) -> String {
        name.to_string()
    }
}

/// Why a text or a certificate does not name a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not of the form that names have.
    #[error("`{0}` is not a peer's name: it reads `renkei://<consortium>/<gateway, site or person>/<id>`")]
    Shape(String),
    /// A part of the name is not an identifier.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The bytes are not an X.509 certificate.
    #[error("not an X.509 certificate, or its alternative names are malformed")]
    Certificate,
    /// The certificate names no peer, or several.
    #[error("the certificate carries {0} URI names where exactly one is needed; have it issued by the consortium")]
    Count(usize),
}

/// Reads the one name that a certificate carries. Says nothing about who signed it.
///
/// # Errors
/// [`NameError`] unless the certificate's subject alternative names hold exactly one URI and that URI is a peer's name.
pub fn peer_name(certificate: &CertificateDer<'_>) -> Result<PeerName, NameError> {
    let (rest, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|_| NameError::Certificate)?;
    if !rest.is_empty() {
        return Err(NameError::Certificate);
    }
    let names = parsed.subject_alternative_name().map_err(|_| NameError::Certificate)?;
    let names = names.map_or(&[][..], |extension| &extension.value.general_names);
    if names.iter().any(|name| matches!(name, GeneralName::Invalid(..))) {
        return Err(NameError::Certificate);
    }
    let mut uris = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    match (uris.next(), uris.count()) {
        (Some(uri), 0) => uri.parse(),
        (None, _) => Err(NameError::Count(0)),
        (Some(_), more) => Err(NameError::Count(more + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_written() {
        for text in ["renkei://c/gateway/lead", "renkei://kokoro.2026/site/tokyo-1", "renkei://c/person/m.sato_2"] {
            let name: PeerName = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
        }
        let site: PeerName = "renkei://c/site/tokyo".parse().unwrap();
        assert_eq!(site.site_id(), Some(SiteId::new("tokyo").unwrap()));
        assert_eq!(site.person_id(), None);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "renkei://",
            "renkei://c",
            "renkei://c/site",
            "renkei://c/site/",
            "renkei:///site/tokyo",
            "renkei://c/site/tokyo/",
            "renkei://c/site/tokyo/x",
            "renkei://c/Site/tokyo",
            "renkei://c/sites/tokyo",
            "RENKEI://c/site/tokyo",
            "https://c/site/tokyo",
            " renkei://c/site/tokyo",
            "renkei://c/site/tokyo\0",
            "renkei://c/site/..%2ftokyo",
            "renkei://c/site/Tokyo",
            "xrenkei://c/site/tokyo",
        ] {
            assert!(bad.parse::<PeerName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_longer_name_is_another_peer() {
        let tokyo: PeerName = "renkei://c/site/tokyo".parse().unwrap();
        for other in ["renkei://c/site/tokyo-evil", "renkei://c.c/site/tokyo", "renkei://c/person/tokyo"] {
            assert_ne!(tokyo, other.parse().unwrap());
        }
    }
}
