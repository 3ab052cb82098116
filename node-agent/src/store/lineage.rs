//! The lineage: who this store is, and the secret under which it recognises persons again.
//!
//! Made once, by the first ingest. The person index keeps no source identifier, only
//! HMAC-SHA-256(secret, kind ‖ identifier) cut to 16 bytes: whoever copies a snapshot without `lineage.json` cannot test
//! whether a known identifier is in it. Losing the file means that persons can no longer be recognised, so an
//! ingest into a store with snapshots but without it is refused rather than given a new secret.

use std::fmt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use rand::CryptoRng;
use renkei_audit::tree::Hash;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::durable::{self, hex};
use super::{Error, Fault, Identity};

/// An identity as the person index keeps it.
pub type Token = [u8; 16];

/// A store's name and secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    id: String,
    secret: String,
}

impl fmt::Debug for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lineage").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Lineage {
    /// Makes a new one and writes it to `path`, for its owner alone.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn create(path: &Path, entropy: &mut dyn CryptoRng) -> Result<Self, Error> {
        let (mut id, mut secret) = ([0; 16], [0; 32]);
        entropy.fill_bytes(&mut id);
        entropy.fill_bytes(&mut secret);
        let lineage = Self { id: hex(&id), secret: hex(&secret) };
        durable::replace(path, &serde_json::to_vec_pretty(&lineage).unwrap_or_default())?;
        Ok(lineage)
    }

    /// Reads it; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] when it is not a lineage file.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Error> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", path)(error)),
        };
        let lineage: Self = serde_json::from_slice(&bytes).map_err(|_| unreadable(path))?;
        if lineage.id.len() != 32 || lineage.secret.len() != 64 {
            return Err(unreadable(path));
        }
        Ok(Some(lineage))
    }

    /// 128 random bits in hex.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The token of an identifier of that kind.
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    pub(crate) fn token(&self, kind: Identity, identifier: &[u8]) -> Token {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("a key of any length");
        mac.update(kind.column().as_bytes());
        mac.update(&[0]);
        mac.update(identifier);
        let mut token = [0; 16];
        token.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        token
    }
}

impl Lineage {
    /// What tells one version of a document from another without telling what is in it: an unkeyed hash of a short list
    /// of patient numbers could be found by trying.
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    pub(crate) fn version(&self, document: &[u8]) -> Hash {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("a key of any length");
        mac.update(b"version\0");
        mac.update(document);
        Hash(mac.finalize().into_bytes().into())
    }
}

fn unreadable(path: &Path) -> Error {
    Error::damaged(path, Fault::Lineage { why: "cannot be read" })
}
