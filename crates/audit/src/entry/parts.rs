//! What several kinds of entries have in common. Fields are declared in the order of their names, which is how they are
//! written.

use std::collections::BTreeMap;

use rand::{CryptoRng, RngCore};
use renkei_types::{ProjectId, SiteId};
use serde::{Deserialize, Serialize};

use super::seal::{Opening, Seal, Shown};
use super::text::{BadText, Line};
use super::{MAX_INTEGER, Malformed};
use crate::tree::Hash;

/// A number below 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Count(u64);

impl Count {
    /// The number, or the largest that a leaf holds.
    #[must_use]
    pub fn saturating(number: u64) -> Self {
        Self(number.min(MAX_INTEGER))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Count {
    type Error = Malformed;
    fn try_from(number: u64) -> Result<Self, Malformed> {
        if number > MAX_INTEGER { Err(Malformed::Content) } else { Ok(Self(number)) }
    }
}

impl From<Count> for u64 {
    fn from(count: Count) -> Self {
        count.0
    }
}

/// A list of at most `MAX` items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(serialize = "T: Clone + Serialize", deserialize = "T: Deserialize<'de>")
)]
pub struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> List<T, MAX> {
    /// The items.
    ///
    /// # Errors
    /// [`BadText`] where there are too many.
    pub fn new(items: Vec<T>) -> Result<Self, BadText> {
        if items.len() > MAX { Err(BadText) } else { Ok(Self(items)) }
    }

    /// The items.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> TryFrom<Vec<T>> for List<T, MAX> {
    type Error = BadText;
    fn try_from(items: Vec<T>) -> Result<Self, BadText> {
        Self::new(items)
    }
}

impl<T, const MAX: usize> From<List<T, MAX>> for Vec<T> {
    fn from(list: List<T, MAX>) -> Self {
        list.0
    }
}

/// Fields that a site keeps to itself: at most 16 names with their seals.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Line<32>, Seal>", into = "BTreeMap<Line<32>, Seal>")]
pub struct Private(BTreeMap<Line<32>, Seal>);

impl Private {
    /// Seals a field, adding its opening in place of an earlier one of that name.
    ///
    /// # Errors
    /// [`BadText`] for a seventeenth field, or a name that is not 1 to 32 lower-case letters and `_`.
    pub fn seal<R: RngCore + CryptoRng>(
        &mut self,
        name: &str,
        value: &str,
        rng: &mut R,
        openings: &mut Vec<Opening>,
    ) -> Result<(), BadText> {
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && (1..=32).contains(&name.len());
        let opening = Opening::draw(name, value, rng);
        if !plain || self.0.len() == 16 && !self.0.contains_key(&opening.name) {
            return Err(BadText);
        }
        if let Some(old) = self.0.insert(opening.name.clone(), opening.seal()) {
            openings.retain(|other| other.seal() != old);
        }
        openings.push(opening);
        Ok(())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn seals(&self) -> impl Iterator<Item = (&str, Seal)> {
        self.0.iter().map(|(name, seal)| (name.as_str(), *seal))
    }
}

impl TryFrom<BTreeMap<Line<32>, Seal>> for Private {
    type Error = BadText;
    fn try_from(seals: BTreeMap<Line<32>, Seal>) -> Result<Self, BadText> {
        let ascii = seals.keys().all(|name| name.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        if ascii && seals.len() <= 16 { Ok(Self(seals)) } else { Err(BadText) }
    }
}

impl From<Private> for BTreeMap<Line<32>, Seal> {
    fn from(private: Private) -> Self {
        private.0
    }
}

/// Who acted, as authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// Their institution.
    pub institution: Line<128>,
    /// The fingerprint of the key or certificate they proved.
    pub key: Line<128>,
    /// On whose behalf, if on another's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub on_behalf: Option<Line<128>>,
    /// The person or program, such as `renkei://consortium/person/id`.
    pub subject: Line<128>,
}

/// What was asked, and under which approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The number of the ethics committee's approval.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ethics: Option<Line<128>>,
    /// The level of grant: feasibility, aggregate, row; or [`super::EXPLAIN`].
    pub level: Line<32>,
    /// The values of the parameters, as one text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parameters: Option<Shown<2_048>>,
    /// The project.
    pub project: ProjectId,
    /// The purpose as given.
    pub purpose: Line<512>,
    /// The project's own number of this question, from 1, where one is signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sequence: Option<Count>,
    /// The sites that are asked.
    pub sites: List<SiteId, 128>,
    /// The statement as written.
    pub sql: Shown<8_192>,
    /// SHA-256 of the question's exact canonical bytes, by which two logs are compared.
    pub statement: Hash,
}

/// How many questions a budget allowed, before and after this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Left after.
    pub after: Count,
    /// Left before.
    pub before: Count,
}

/// How many cells an answer has. How many were suppressed is a site's own matter and belongs into `private`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cells {
    /// Aggregates asked for.
    pub asked: Count,
    /// Cells released.
    pub released: Count,
}
