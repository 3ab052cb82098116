//! What one leaf of the log says.
//!
//! Encoding: canonical JSON after RFC 8785, restricted to strings and to integers below 2^53, keys in order, nothing
//! optional written as null. JSON and not CBOR, since an auditor must be able to read a log in ten years with whatever
//! tool is at hand, and since a leaf is mostly text; canonical, since [`Entry::decode`] refuses whatever it would not
//! write itself, so that one meaning has one hash. Names of fields and variants never change their meaning; a new
//! meaning takes a new version.
//!
//! What a site keeps to itself stands in the leaf as a [`Seal`], a salted commitment; the [`Opening`] lies beside the
//! log. So a coordinator verifies all leaves and reads only those fields that everybody may.

use renkei_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::note::Origin;
use crate::tree::Hash;

mod body;
mod parts;
mod seal;
mod text;

pub use body::{Act, Admin, Body, ClockState, Cosign, Given, Heartbeat, Intent, Outcome, Refusal, State};
pub use parts::{Budget, Cells, Count, List, Private, Question, Who};
pub use seal::{Opening, Seal, Shown};
pub use text::{BadText, Line, Name, Text};

/// Bytes of an encoded entry at most: what the two-byte length of a bundle can say.
pub const MAX_ENTRY: usize = 65_535;

/// The level of a question that was explained and not asked: sites told what their policies say of it, and record nothing.
pub const EXPLAIN: &str = "explain";

/// The largest integer that every reader of JSON keeps exactly: 2^53 − 1.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The version of the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Version;

impl TryFrom<u8> for Version {
    type Error = Malformed;
    fn try_from(number: u8) -> Result<Self, Malformed> {
        if number == 1 { Ok(Self) } else { Err(Malformed::Content) }
    }
}

impl From<Version> for u8 {
    fn from(_: Version) -> Self {
        1
    }
}

/// One leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it was recorded; never before the entry in front of it.
    pub at: Timestamp,
    /// What happened.
    pub body: Body,
    /// The log that it belongs to.
    pub log: Origin,
    /// Its index in the log.
    pub seq: u64,
    /// The version of the encoding.
    pub v: Version,
}

/// Why bytes are no entry, or an entry cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Longer than a bundle can hold.
    #[error("longer than {MAX_ENTRY} bytes")]
    TooLong,
    /// Not an entry of a known version: unknown fields, texts with control characters, numbers out of range.
    #[error("not an entry of version 1")]
    Content,
    /// An entry, spelt in another way than the canonical one.
    #[error("not in canonical form")]
    Spelling,
    /// A seal without its opening, or the reverse.
    #[error("seals and openings do not belong together")]
    Openings,
}

impl Entry {
    /// The canonical bytes.
    ///
    /// # Errors
    /// [`Malformed::TooLong`], or [`Malformed::Content`] for a number out of range.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        if self.at.0.unsigned_abs() > MAX_INTEGER || self.seq > MAX_INTEGER {
            return Err(Malformed::Content);
        }
        let bytes = serde_json::to_vec(self).map_err(|_| Malformed::Content)?;
        if bytes.len() > MAX_ENTRY { Err(Malformed::TooLong) } else { Ok(bytes) }
    }

    /// Reads the canonical bytes.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_ENTRY {
            return Err(Malformed::TooLong);
        }
        let entry: Self = serde_json::from_slice(bytes).map_err(|_| Malformed::Content)?;
        if entry.encode()? == bytes { Ok(entry) } else { Err(Malformed::Spelling) }
    }
}

/// What a caller asks to be recorded: the log itself adds time and sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What happened.
    pub body: Body,
    /// The openings of all seals in it.
    pub openings: Vec<Opening>,
}

impl Draft {
    /// Checks that every seal has its opening and every opening its seal.
    ///
    /// # Errors
    /// [`Malformed::Openings`]
    pub fn check(&self) -> Result<(), Malformed> {
        check_openings(&self.body, &self.openings)
    }
}

impl From<Body> for Draft {
    fn from(body: Body) -> Self {
        Self { body, openings: Vec::new() }
    }
}

/// Whether the openings are exactly those of the body's seals.
///
/// # Errors
/// [`Malformed::Openings`]
pub fn check_openings(body: &Body, openings: &[Opening]) -> Result<(), Malformed> {
    let mut wanted: Vec<(&str, Hash)> = body.seals().into_iter().map(|(name, seal)| (name, seal.0)).collect();
    let mut given: Vec<(&str, Hash)> = openings.iter().map(|o| (o.name.as_str(), o.seal().0)).collect();
    wanted.sort_unstable();
    given.sort_unstable();
    if wanted == given { Ok(()) } else { Err(Malformed::Openings) }
}

#[cfg(test)]
mod tests;
