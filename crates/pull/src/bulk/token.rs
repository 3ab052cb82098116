//! Tokens: one that stays, from a file, or one that lives for minutes, for a signed assertion.
//!
//! The assertion is that of SMART Backend Services (hl7.org/fhir/smart-app-launch, "Client Authentication:
//! Asymmetric"): a JWT by ES384 or RS384, good for five minutes and once.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA384, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use renkei_types::Clock;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use url::form_urlencoded::Serializer;

use super::config::{Auth, address};
use super::http::{Ask, Http, host_of};
use super::trouble::Trouble;
use crate::secret::{Secret, read_private};
use crate::{Error, Kind};

/// How long an assertion is good; the specification allows no more.
const GOOD_FOR: Duration = Duration::from_secs(300);
/// A token is not used in its last moments.
const MARGIN: Duration = Duration::from_secs(30);

/// Where tokens come from.
pub(super) struct Tokens {
    auth: Auth,
    clock: Arc<dyn Clock>,
    held: Option<(Secret, Option<Instant>)>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<u64>,
}

impl Tokens {
    pub(super) fn new(auth: &Auth, clock: Arc<dyn Clock>) -> Self {
        Self { auth: auth.clone(), clock, held: None }
    }

    /// A token that is good, if the server wants one at all.
    pub(super) async fn current(&mut self, http: &Http) -> Result<Option<Secret>, Trouble> {
        if let Some((token, until)) = &self.held
            && until.is_none_or(|until| Instant::now() < until)
        {
            return Ok(Some(token.clone()));
        }
        self.held = match &self.auth {
            Auth::None => None,
            Auth::Bearer { token_file } => Some((Secret::read(token_file, "token").map_err(Trouble::lasting)?, None)),
            Auth::Smart { .. } => Some(self.granted(http).await?),
        };
        Ok(self.held.as_ref().map(|(token, _)| token.clone()))
    }

    /// Forgets a token that the server refused; whether another one can be had.
    pub(super) fn forget(&mut self) -> bool {
        self.held.take().is_some() && matches!(self.auth, Auth::Smart { .. })
    }

    async fn granted(&self, http: &Http) -> Result<(Secret, Option<Instant>), Trouble> {
        let Auth::Smart { client_id, token_url, key_file, key_id, scopes } = &self.auth else {
            return Err(Trouble::lasting(Error::new(Kind::Configuration, "no token is configured", "set auth")));
        };
        let url = address("token_url", token_url).map_err(Trouble::lasting)?;
        let key =
            read_private(key_file, "key").and_then(|text| Key::read(&text, key_file)).map_err(Trouble::lasting)?;
        let expires = self.clock.now().after(GOOD_FOR).0 / 1_000_000;
        let assertion = key.assertion(client_id, token_url, key_id, expires).map_err(Trouble::lasting)?;
        let body = Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", scopes)
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_assertion", &assertion)
            .finish();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let host = host_of(&url);
        let ask = Ask { method: Method::POST, url, headers, body: Bytes::from(body) };
        let mut answer = http.send(&ask, None).await?;
        if answer.status.as_u16() != 200 {
            return Err(refused(Trouble::answered(answer, &host, "the request for a token").await));
        }
        let whole = answer.whole(1 << 20).await?;
        let granted: Granted = serde_json::from_slice(&whole).map_err(|_| {
            let what = format!("{host} answers the request for a token with something else");
            Trouble::lasting(Error::new(Kind::Source, what, "check token_url"))
        })?;
        let until = granted.expires_in.map(|seconds| Duration::from_secs(seconds.min(86_400)).saturating_sub(MARGIN));
        Ok((Secret::new(granted.access_token), until.map(|lifetime| Instant::now() + lifetime)))
    }
}

/// OAuth answers 400 to a client that it does not know.
fn refused(trouble: Trouble) -> Trouble {
    match trouble.status.map(|status| status.as_u16()) {
        Some(400 | 401 | 403) => {
            let remedy = "check client_id, key_id, key_file and scopes against what is registered with the server, \
                and this machine's clock";
            Trouble { error: Error::new(Kind::Refused, trouble.error.what(), remedy), ..trouble }
        }
        _ => trouble,
    }
}

/// A key that signs assertions.
enum Key {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    fn read(text: &str, path: &std::path::Path) -> Result<Self, Error> {
        let wrong = |remedy| {
            let what = format!("{} holds no private key that SMART Backend Services know", path.display());
            Error::new(Kind::Configuration, what, remedy)
        };
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| wrong("convert it to PKCS#8: openssl pkcs8 -topk8 -nocrypt"))?;
        let der = der.secret_pkcs8_der();
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der) {
            return Ok(Self::Ec(key));
        }
        match RsaKeyPair::from_pkcs8(der) {
            Ok(key) => Ok(Self::Rsa(key)),
            Err(_) => Err(wrong("make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384")),
        }
    }

    fn assertion(&self, client: &str, audience: &str, id: &str, expires: i64) -> Result<String, Error> {
        let failed = |_| Error::new(Kind::Configuration, "the assertion cannot be signed", "check key_file");
        let mut nonce = [0; 16];
        fill(&mut nonce).map_err(failed)?;
        let algorithm = match self {
            Self::Ec(_) => "ES384",
            Self::Rsa(_) => "RS384",
        };
        let head = json!({ "alg": algorithm, "kid": id, "typ": "JWT" });
        let nonce = URL_SAFE_NO_PAD.encode(nonce);
        let claims = json!({ "iss": client, "sub": client, "aud": audience, "exp": expires, "jti": nonce });
        let text = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", text(head), text(claims));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Ec(key) => key.sign(&random, signed.as_bytes()).map_err(failed)?.as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA384, &random, signed.as_bytes(), &mut signature).map_err(failed)?;
                signature
            }
        };
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P384_SHA384_FIXED, KeyPair, RSA_PKCS1_2048_8192_SHA384, UnparsedPublicKey, VerificationAlgorithm,
    };

    use super::*;

    fn pem(der: &[u8]) -> String {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    }

    fn check(key: &Key, public: &[u8], algorithm: &'static dyn VerificationAlgorithm, name: &str) {
        let assertion = key.assertion("node-1", "https://auth.example.org/token", "k1", 1_800_000_000).unwrap();
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(algorithm, public).verify(signed.as_bytes(), &signature).unwrap();
        let part = |text: &str| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
        };
        let (head, claims) = signed.split_once('.').unwrap();
        assert_eq!(part(head), json!({ "alg": name, "kid": "k1", "typ": "JWT" }));
        let claims = part(claims);
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("node-1"), &json!("node-1")));
        assert_eq!((&claims["aud"], &claims["exp"]), (&json!("https://auth.example.org/token"), &json!(1_800_000_000)));
        assert_eq!(claims["jti"].as_str().unwrap().len(), 22);
    }

    #[test]
    fn assertions_verify() {
        let made = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let key = Key::read(&pem(made.to_pkcs8v1().unwrap().as_ref()), Path::new("k")).unwrap();
        check(&key, made.public_key().as_ref(), &ECDSA_P384_SHA384_FIXED, "ES384");
        let made = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let key = Key::read(&pem(made.as_der().unwrap().as_ref()), Path::new("k")).unwrap();
        check(&key, made.public_key().as_ref(), &RSA_PKCS1_2048_8192_SHA384, "RS384");
        for bad in ["", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", &pem(b"no key")] {
            assert!(Key::read(bad, Path::new("k")).is_err());
        }
    }
}
