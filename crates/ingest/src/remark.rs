//! What a source does that deserves a word in the report: counted by kind, never with a value of a record.

use std::collections::BTreeMap;

/// A kind of remark. Modules declare theirs as constants, and list them for the report and its tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remark {
    /// The stable name, in lower case with hyphens, such as `ssmix2-patient-mismatch`.
    pub id: &'static str,
    /// Whether somebody should look into it: it can mean wrong records, not only odd ones.
    pub grave: bool,
    /// What was seen, after a count: `{n} files whose …`.
    pub english: &'static str,
    /// The same in Japanese.
    pub japanese: &'static str,
}

/// How often each remark was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks(BTreeMap<&'static str, u64>);

impl Remarks {
    /// Counts one.
    pub fn add(&mut self, remark: &Remark) {
        self.add_many(remark, 1);
    }

    /// Counts several.
    pub fn add_many(&mut self, remark: &Remark, count: u64) {
        if count > 0 {
            *self.0.entry(remark.id).or_default() += count;
        }
    }

    /// Adds another count to this one.
    pub fn merge(&mut self, other: &Self) {
        for (id, count) in &other.0 {
            *self.0.entry(id).or_default() += count;
        }
    }

    /// How often a remark was made.
    #[must_use]
    pub fn count(&self, remark: &Remark) -> u64 {
        self.0.get(remark.id).copied().unwrap_or(0)
    }

    /// Ids and counts, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().map(|(id, count)| (*id, *count))
    }

    /// Whether nothing was remarked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
