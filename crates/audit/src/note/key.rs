//! Keys that sign notes, and the names they sign under.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Signature;
use crate::tree::Hash;

/// What a secret half begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// The name of a log or of a witness, the same as its key's: such as `renkei.example/audit/node/tokyo`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

/// A name or a key is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid name or key")]
pub struct BadKey;

impl Origin {
    /// A name: 1 to 128 printable ASCII characters without space and plus (C2SP allows more; a log needs no more).
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn new(name: impl Into<String>) -> Result<Self, BadKey> {
        let name = name.into();
        let valid = name.bytes().all(|b| b.is_ascii_graphic() && b != b'+') && (1..=128).contains(&name.len());
        if valid { Ok(Self(name)) } else { Err(BadKey) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Origin {
    type Error = BadKey;
    fn try_from(name: String) -> Result<Self, BadKey> {
        Self::new(name)
    }
}

impl From<Origin> for String {
    fn from(name: Origin) -> Self {
        name.0
    }
}

/// What a key signs, which is part of its id: one key never stands for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A log's own notes (signature type 0x01, Ed25519).
    Log,
    /// Cosignatures with a time (signature type 0x04, cosignature/v1).
    Witness,
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }
}

/// A public key with its name, written as `name+id+key`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: Origin,
    kind: Kind,
    public: [u8; 32],
}

impl VerifierKey {
    /// A key from its parts.
    #[must_use]
    pub fn new(name: Origin, kind: Kind, public: [u8; 32]) -> Self {
        Self { name, kind, public }
    }

    /// Reads `name+id+key`, checking the id.
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let (name, rest) = text.split_once('+').ok_or(BadKey)?;
        let (_, encoded) = rest.split_once('+').ok_or(BadKey)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| BadKey)?;
        let (kind, public) = bytes.split_first().ok_or(BadKey)?;
        let kind = [Kind::Log, Kind::Witness].into_iter().find(|known| known.byte() == *kind).ok_or(BadKey)?;
        let key = Self::new(Origin::new(name)?, kind, public.try_into().map_err(|_| BadKey)?);
        if key.to_string() == text { Ok(key) } else { Err(BadKey) }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Origin {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The bytes of the Ed25519 public key.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The id: the first four bytes of SHA-256(name ‖ 0x0A ‖ kind ‖ public key).
    #[must_use]
    pub fn id(&self) -> u32 {
        let input = [self.name.as_str().as_bytes(), b"\n", &[self.kind.byte()], &self.public].concat();
        let [a, b, c, d, ..] = Hash::of(&input).0;
        u32::from_be_bytes([a, b, c, d])
    }

    /// The time (0 for a log's key) if `body` is this key's signature over the text.
    pub(super) fn verify(&self, text: &str, body: &[u8]) -> Option<u64> {
        let (seconds, signature) = match self.kind {
            Kind::Log => (0, body),
            Kind::Witness => {
                let (seconds, signature) = body.split_first_chunk::<8>()?;
                (u64::from_be_bytes(*seconds), signature)
            }
        };
        if seconds > i64::MAX.unsigned_abs() {
            return None;
        }
        let message = message(self.kind, text, seconds);
        UnparsedPublicKey::new(&ED25519, &self.public).verify(&message, signature).ok().map(|()| seconds)
    }
}

fn message(kind: Kind, text: &str, seconds: u64) -> Vec<u8> {
    match kind {
        Kind::Log => text.as_bytes().to_vec(),
        Kind::Witness => format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes(),
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind.byte()], &self.public[..]].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), STANDARD.encode(bytes))
    }
}

/// A key pair with its name. Its secret half never leaves it.
pub struct SigningKey {
    verifier: VerifierKey,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// The key of a 32-byte seed, which the caller drew and keeps.
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn from_seed(name: Origin, kind: Kind, seed: &[u8; 32]) -> Result<Self, BadKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| BadKey)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| BadKey)?;
        Ok(Self { verifier: VerifierKey::new(name, kind, public), pair })
    }

    /// Reads the key as [`SigningKey::private_text`] writes it.
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn from_private_text(text: &str) -> Result<Self, BadKey> {
        let (name, rest) = text.strip_prefix(PRIVATE).and_then(|rest| rest.split_once('+')).ok_or(BadKey)?;
        let (_, encoded) = rest.split_once('+').ok_or(BadKey)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| BadKey)?;
        let (kind, seed) = bytes.split_first().ok_or(BadKey)?;
        let kind = [Kind::Log, Kind::Witness].into_iter().find(|known| known.byte() == *kind).ok_or(BadKey)?;
        let seed: &[u8; 32] = seed.try_into().map_err(|_| BadKey)?;
        let name = Origin::new(name)?;
        let key = Self::from_seed(name.clone(), kind, seed)?;
        if Self::private_text(name, kind, seed)? == text { Ok(key) } else { Err(BadKey) }
    }

    /// The secret half of the key of a seed as text, in the form that other tools for signed notes read and write too:
    /// `PRIVATE+KEY+name+id+seed`.
    ///
    /// # Errors
    /// [`BadKey`]
    pub fn private_text(name: Origin, kind: Kind, seed: &[u8; 32]) -> Result<String, BadKey> {
        let key = Self::from_seed(name, kind, seed)?;
        let bytes = [&[kind.byte()], &seed[..]].concat();
        Ok(format!("{PRIVATE}{}+{:08x}+{}", key.verifier.name, key.verifier.id(), STANDARD.encode(bytes)))
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(super) fn sign(&self, text: &str, seconds: u64) -> Signature {
        let kind = self.verifier.kind;
        let signature = self.pair.sign(&message(kind, text, seconds));
        let mut body = if kind == Kind::Witness { seconds.to_be_bytes().to_vec() } else { Vec::new() };
        body.extend(signature.as_ref());
        Signature { name: self.verifier.name.clone(), id: self.verifier.id(), body }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifier)
    }
}
