//! Commitments to what a site keeps to itself.

use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};

use super::parts::Count;
use super::text::{Line, Text};
use crate::tree::Hash;

/// SHA-256(salt ‖ value), with a salt of 32 random bytes: says nothing of the value, small as it may be, and binds to
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seal(pub Hash);

impl Seal {
    /// The commitment to `value` under `salt`.
    #[must_use]
    pub fn of(salt: &Hash, value: &[u8]) -> Self {
        Self(Hash::of(&[&salt.0, value].concat()))
    }
}

/// A random salt.
pub(super) fn salt<R: RngCore + CryptoRng>(rng: &mut R) -> Hash {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    Hash(bytes)
}

/// What a seal commits to. Kept beside the log, never in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The field.
    pub name: Line<32>,
    /// 32 random bytes.
    pub salt: Hash,
    /// The value.
    pub value: Text<1_048_576>,
}

impl Opening {
    /// An opening with a fresh salt; a value that is not fit for a log is made so.
    pub fn draw<R: RngCore + CryptoRng>(name: &str, value: &str, rng: &mut R) -> Self {
        Self { name: Line::lossy(name), salt: salt(rng), value: Text::lossy(value) }
    }

    /// The seal that stands in the leaf.
    #[must_use]
    pub fn seal(&self) -> Seal {
        Seal::of(&self.salt, self.value.as_str().as_bytes())
    }
}

/// A text that stands in the leaf where it is short, and beside the log where it is long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shown<const MAX: usize> {
    /// Its commitment; the text is the opening.
    Sealed {
        /// The length of the text in bytes.
        bytes: Count,
        /// The commitment.
        seal: Seal,
    },
    /// The text.
    Text(Text<MAX>),
}

impl<const MAX: usize> Shown<MAX> {
    /// Shows the text if it fits, else seals it under `name` and adds the opening.
    pub fn new<R: RngCore + CryptoRng>(name: &str, text: &str, rng: &mut R, openings: &mut Vec<Opening>) -> Self {
        if text.len() <= MAX {
            return Self::Text(Text::lossy(text));
        }
        let opening = Opening::draw(name, text, rng);
        let (bytes, seal) = (Count::saturating(text.len() as u64), opening.seal());
        openings.push(opening);
        Self::Sealed { bytes, seal }
    }

    pub(super) fn seal(&self) -> Option<Seal> {
        match self {
            Self::Sealed { seal, .. } => Some(*seal),
            Self::Text(_) => None,
        }
    }
}
