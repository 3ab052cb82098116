//! The anchors in memory: how large each is, its blocks, and where the rest of it lies.

use std::collections::BTreeMap;

use crate::blocks::Blocks;
use crate::hash::{Purpose, Secret};
use crate::set::{Difference, Set};

/// An anchor, as far as it is held in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) persons: u64,
    pub(crate) blocks: Blocks,
    pub(crate) base: bool,
    /// Where its record begins in the file, and how long it is.
    pub(crate) place: (u64, u32),
    /// The hospital's own addition to the threshold, before it is cut to the minimum.
    jitter: u64,
}

/// How a part of an answer is near an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Near {
    /// It is nearly the same.
    Same,
    /// It is nearly what remains of this base without the anchor.
    Rest {
        /// The number of the base.
        base: usize,
    },
    /// It is nearly what the anchor and this other one, which have nobody in common, are together.
    Both {
        /// The number of the other part.
        other: usize,
    },
}

/// An anchor that a part of an answer is near to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbour {
    /// The number of the anchor.
    pub anchor: usize,
    /// In which way.
    pub near: Near,
    /// How they differ.
    pub difference: Difference,
}

impl Neighbour {
    /// The later of the anchors that it is made of.
    pub(crate) fn latest(&self) -> usize {
        match self.near {
            Near::Same => self.anchor,
            Near::Rest { base: other } | Near::Both { other } => self.anchor.max(other),
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// An anchor that is exactly the same.
    pub(crate) same: Option<usize>,
    /// Those that are near, those of the same persons of which no more is known, and those that are exactly what a base
    /// lacks of this.
    pub(crate) near: Vec<Neighbour>,
}

/// All anchors.
#[derive(Debug, Default)]
pub(crate) struct Book {
    entries: Vec<Entry>,
    by_size: BTreeMap<u64, Vec<usize>>,
    bases: Vec<usize>,
}

impl Book {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn entry(&self, anchor: usize) -> Option<&Entry> {
        self.entries.get(anchor)
    }

    pub(crate) fn add(&mut self, secret: &Secret, set: &Set, base: bool, place: (u64, u32)) {
        let number = self.entries.len();
        let persons = set.persons().len();
        let jitter = secret.of(Purpose::Jitter, number as u64);
        self.entries.push(Entry { persons, blocks: Blocks::of(secret, set.persons()), base, place, jitter });
        self.by_size.entry(persons).or_default().push(number);
        if base {
            self.bases.push(number);
        }
    }

    /// From how many persons on a difference from an anchor is a difference: the minimum and up to as many again.
    pub(crate) fn threshold(&self, anchor: usize, minimum: u64) -> u64 {
        let jitter = self.entries.get(anchor).map_or(0, |entry| entry.jitter);
        minimum + jitter % minimum.max(1)
    }

    /// Who is near. `read` gives the set of an anchor.
    pub(crate) fn find<E>(
        &self,
        secret: &Secret,
        set: &Set,
        minimum: u64,
        mut read: impl FnMut(&Entry) -> Result<Set, E>,
    ) -> Result<Found, E> {
        let widest = 2 * minimum;
        let blocks = Blocks::of(secret, set.persons());
        let mut found = Found::default();
        for (anchor, entry) in self.of_size(set.persons().len(), widest) {
            if entry.blocks.far(&blocks, widest) {
                continue;
            }
            let difference = read(entry)?.difference(set, widest);
            if difference.none() && (difference.rows.is_some() || set.persons_only()) {
                found.same.get_or_insert(anchor);
            } else if difference.none() || difference.near(self.threshold(anchor, minimum)) {
                found.near.push(Neighbour { anchor, near: Near::Same, difference });
            }
        }
        self.rests(set, &blocks, minimum, &mut read, &mut found)?;
        self.both(set, &blocks, minimum, &mut read, &mut found)?;
        found.near.sort_by_key(|near| (near.difference.least(), near.anchor));
        Ok(found)
    }

    /// Anchors that are nearly what this set lacks of a base.
    fn rests<E>(
        &self,
        set: &Set,
        blocks: &Blocks,
        minimum: u64,
        read: &mut impl FnMut(&Entry) -> Result<Set, E>,
        found: &mut Found,
    ) -> Result<(), E> {
        let (size, widest) = (set.persons().len(), 2 * minimum);
        for base in &self.bases {
            let Some(whole) = self.entries.get(*base).filter(|whole| whole.persons >= size + minimum) else { continue };
            let rest = whole.blocks.without(blocks);
            for (anchor, entry) in self.of_size(whole.persons - size, widest) {
                if anchor == *base || entry.blocks.far(&rest, widest) {
                    continue;
                }
                let derived = read(whole)?.persons() - read(entry)?.persons();
                let persons = derived.symmetric_difference_len(set.persons());
                let difference = Difference { persons, rows: None, sums: None };
                // Also where nobody differs: what is given for all but few must be what is given for all.
                if persons < self.threshold(anchor, minimum) {
                    found.near.push(Neighbour { anchor, near: Near::Rest { base: *base }, difference });
                }
            }
        }
        Ok(())
    }

    /// Two anchors that are nearly this set together: a total that is asked after its parts.
    fn both<E>(
        &self,
        set: &Set,
        blocks: &Blocks,
        minimum: u64,
        read: &mut impl FnMut(&Entry) -> Result<Set, E>,
        found: &mut Found,
    ) -> Result<(), E> {
        let (size, widest) = (set.persons().len(), 2 * minimum);
        // The larger of the two is at least half of what they are together.
        let larger = (size.saturating_sub(widest) / 2)..=size.saturating_add(widest);
        for (first, one) in
            self.by_size.range(larger).flat_map(|(_, numbers)| numbers).filter_map(|n| self.numbered(*n))
        {
            let rest = blocks.without(&one.blocks);
            for (second, other) in self.of_size(size.saturating_sub(one.persons), widest) {
                let in_order = (other.persons, second) < (one.persons, first);
                if !in_order || other.blocks.far(&rest, widest) {
                    continue;
                }
                let (one, other) = (read(one)?, read(other)?);
                if !one.persons().is_disjoint(other.persons()) {
                    continue;
                }
                let persons = (one.persons() | other.persons()).symmetric_difference_len(set.persons());
                if persons < self.threshold(second, minimum) {
                    let difference = Difference { persons, rows: None, sums: None };
                    found.near.push(Neighbour { anchor: first, near: Near::Both { other: second }, difference });
                }
            }
        }
        Ok(())
    }

    fn numbered(&self, anchor: usize) -> Option<(usize, &Entry)> {
        self.entries.get(anchor).map(|entry| (anchor, entry))
    }

    fn of_size(&self, persons: u64, widest: u64) -> impl Iterator<Item = (usize, &Entry)> {
        let window = persons.saturating_sub(widest)..=persons.saturating_add(widest);
        let numbers = self.by_size.range(window).flat_map(|(_, numbers)| numbers);
        numbers.filter_map(|number| self.entries.get(*number).map(|entry| (*number, entry)))
    }
}
