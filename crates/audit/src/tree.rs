//! The Merkle tree of RFC 6962 §2.1 with SHA-256, in the tiles of C2SP tlog-tiles.
//!
//! A leaf is hashed with 0x00 before it and an inner node with 0x01, so that neither can be taken for the other.
//! Nothing here ever hashes the whole tree again: [`Frontier`] holds the roots of the perfect subtrees on the right
//! edge, [`Rows`] the tiles that are not full yet, and [`Nodes`] reads what is stored.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

mod frontier;
mod proof;
mod tile;

pub use frontier::Frontier;
pub use proof::{Nodes, ProofError, consistency, inclusion, range, verify_consistency, verify_inclusion};
pub use tile::{BadTile, FullTile, Row, Rows, TileId, WIDTH, bundle, unbundle};

/// A SHA-256 hash: of a leaf, of a node, of a tree, or of something that an entry names. Written in base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

/// A text is not the base64 of 32 bytes, in its one canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the base64 of 32 bytes")]
pub struct BadHash;

impl Hash {
    /// The SHA-256 of the bytes, without a prefix.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of a leaf: SHA-256(0x00 ‖ entry).
    #[must_use]
    pub fn leaf(entry: &[u8]) -> Self {
        Self(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
    }

    /// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
    #[must_use]
    pub fn node(left: Self, right: Self) -> Self {
        let mut input = [1; 65];
        input[1..33].copy_from_slice(&left.0);
        input[33..].copy_from_slice(&right.0);
        Self::of(&input)
    }

    /// The root of the tree without leaves: SHA-256 of nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::of(&[])
    }

    /// The root of the perfect tree over a power of two of nodes.
    #[must_use]
    pub fn fold(nodes: &[Self]) -> Self {
        match nodes {
            [] => Self::empty(),
            [one] => *one,
            _ => {
                let mut row: Vec<Self> = nodes.chunks(2).map(pair).collect();
                while row.len() > 1 {
                    row = row.chunks(2).map(pair).collect();
                }
                row[0]
            }
        }
    }

    /// Reads 64 hex digits in lower case.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
        let pair = |pair: &[u8; 2]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(pair).collect();
        bytes.filter(|_| rest.is_empty())?.try_into().ok().map(Self)
    }

    /// Reads base64, refusing every spelling but the canonical one.
    ///
    /// # Errors
    /// [`BadHash`] where the text is anything else than 44 characters of canonical base64.
    pub fn from_base64(text: &str) -> Result<Self, BadHash> {
        if text.len() != 44 {
            return Err(BadHash);
        }
        let mut bytes = [0; 33];
        match STANDARD.decode_slice(text, &mut bytes) {
            Ok(32) => bytes[..32].try_into().map(Self).map_err(|_| BadHash),
            _ => Err(BadHash),
        }
    }
}

fn pair(nodes: &[Hash]) -> Hash {
    match nodes {
        [left, right] => Hash::node(*left, *right),
        [one, ..] => *one,
        [] => Hash::empty(),
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Hash {
    type Error = BadHash;
    fn try_from(text: String) -> Result<Self, BadHash> {
        Self::from_base64(&text)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

#[cfg(test)]
mod tests;
