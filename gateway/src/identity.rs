//! Who asks: a person's client certificate, or a bearer token.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use renkei_pki::PeerRole;
use renkei_service::PeerInfo;
use renkei_types::{Code, PersonId, Refusal};
use tonic::metadata::MetadataMap;

use crate::config::{Token, TokenHash};

/// The longest credential that is looked at.
const MAX_CREDENTIAL: usize = 4_096;

/// Clients send Basic credentials without padding, and some with it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The tokens that identify people.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens(Vec<Token>);

impl Tokens {
    pub(crate) fn new(tokens: Vec<Token>) -> Self {
        Self(tokens)
    }

    /// Looks at every token, whichever it is, so that the time tells nothing.
    fn person(&self, token: &str) -> Option<&PersonId> {
        let hash = TokenHash::of(token);
        self.0.iter().fold(None, |found, known| if known.sha256.is(&hash) { Some(&known.person) } else { found })
    }

    /// The person behind a call. A certificate outweighs a token: it was proven within the handshake.
    pub(crate) fn identify(&self, peer: Option<&PeerInfo>, headers: &MetadataMap) -> Result<PersonId, Refusal> {
        if let Some(name) = peer.and_then(|peer| peer.name.as_ref()) {
            return match (name.role(), name.person_id()) {
                (PeerRole::Person, Some(person)) => Ok(person),
                _ => Err(unknown(format!("`{name}` is not a person"))),
            };
        }
        let Some(header) = headers.get("authorization") else {
            return Err(unknown("the call carries neither a client certificate nor a token"));
        };
        let header = header.to_str().ok().filter(|text| text.len() <= MAX_CREDENTIAL);
        let Some((scheme, credential)) = header.and_then(|text| text.trim().split_once(' ')) else {
            return Err(unknown("the header `authorization` cannot be read"));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => {
                self.person(credential.trim()).cloned().ok_or_else(|| unknown("the bearer token is not known here"))
            }
            "basic" => Err(basic(credential)),
            _ => Err(unknown("the header `authorization` has a scheme other than Bearer")),
        }
    }
}

/// Whether a call carries a user name and password.
pub(crate) fn is_login(headers: &MetadataMap) -> bool {
    let header = headers.get("authorization").and_then(|header| header.to_str().ok());
    header.and_then(|text| text.trim().get(..6)).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "))
}

fn unknown(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::Unauthenticated, message)
        .hint("present your client certificate, or send `authorization: Bearer <token>`")
}

/// Says who tried, since the name alone is no secret; the password is dropped unread.
fn basic(credential: &str) -> Refusal {
    let decoded = LENIENT.decode(credential.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let user = decoded.as_deref().and_then(|text| text.split_once(':')).and_then(|(user, _)| PersonId::new(user).ok());
    match user {
        Some(user) => unknown(format!("`{user}` sent a user name and password, which are not taken here")),
        None => unknown("a user name and password are not taken here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use renkei_service::Protocol;

    fn peer(name: Option<&str>) -> PeerInfo {
        PeerInfo {
            name: name.map(|name| name.parse().unwrap()),
            certificate: None,
            remote: "127.0.0.1:1".parse().unwrap(),
            protocol: Protocol::Client,
        }
    }

    fn identify(name: Option<&str>, authorization: Option<&str>) -> Result<String, String> {
        let tokens = Tokens::new(vec![
            Token { sha256: TokenHash::of("first-secret"), person: "sato".parse().unwrap() },
            Token { sha256: TokenHash::of("second-secret"), person: "ito".parse().unwrap() },
        ]);
        let mut map = MetadataMap::new();
        if let Some(value) = authorization {
            map.insert("authorization", value.parse().unwrap());
        }
        let found = tokens.identify(Some(&peer(name)), &map);
        found.map(|person| person.to_string()).map_err(|refusal| {
            assert_eq!(refusal.code, Code::Unauthenticated);
            refusal.message
        })
    }

    #[test]
    fn a_certificate_or_a_token_identifies() {
        assert_eq!(identify(Some("renkei://c/person/mori"), None).unwrap(), "mori");
        assert_eq!(identify(Some("renkei://c/person/mori"), Some("Bearer first-secret")).unwrap(), "mori");
        assert_eq!(identify(None, Some("Bearer first-secret")).unwrap(), "sato");
        assert_eq!(identify(None, Some("bearer  second-secret ")).unwrap(), "ito");
    }

    #[test]
    fn everything_else_is_refused_and_says_why() {
        for (name, authorization, message) in [
            (None, None, "neither"),
            (None, Some("Bearer third"), "not known"),
            (None, Some("Bearer "), "cannot be read"),
            (None, Some("Digest x"), "other than Bearer"),
            (None, Some("Basic c2F0bzpwYXNzd29yZA"), "`sato` sent a user name"),
            (None, Some("Basic c2F0bzpwYXNzd29yZA=="), "`sato` sent a user name"),
            (None, Some("Basic !!"), "a user name and password"),
            (Some("renkei://c/site/tokyo"), None, "is not a person"),
            (Some("renkei://c/gateway/lead"), Some("Bearer first-secret"), "is not a person"),
        ] {
            let text = identify(name, authorization).unwrap_err();
            assert!(text.contains(message), "{text}");
            assert!(!text.contains("password1") && !text.contains("secret"), "{text}");
        }
        let long = format!("Bearer {}", "x".repeat(5_000));
        assert!(identify(None, Some(&long)).is_err());
    }
}
