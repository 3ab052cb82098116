//! The anchors in memory: how large each is, its blocks, and where the rest of it lies.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use crate::blocks::Blocks;
use crate::cover;
use crate::hash::{Purpose, Secret};
use crate::pairs;
use crate::set::{Difference, Set};

/// Persons of each anchor that are held in memory.
const SAMPLE: u64 = 64;
/// As many digests are compared one by one.
const FEW: usize = 64;

/// An anchor, as far as it is held in memory.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) persons: u64,
    pub(crate) blocks: Blocks,
    pub(crate) base: bool,
    /// Some of its persons, spread evenly; all of them where they are few.
    sample: Box<[u32]>,
    /// Where its record begins in the file, and how long it is.
    pub(crate) place: (u64, u32),
    /// The hospital's own addition to the threshold, before it is cut to the minimum.
    jitter: u64,
}

impl Entry {
    /// Whether fewer than `widest` of its persons can be outside of a set.
    fn may_lie_in(&self, set: &RoaringBitmap, widest: u64) -> bool {
        let mut outside = 0;
        !self.sample.iter().filter(|person| !set.contains(**person)).any(|_| {
            outside += 1;
            outside >= widest
        })
    }

    /// Whether fewer than `widest` persons of a set can be outside of it.
    fn may_hold(&self, set: &RoaringBitmap, widest: u64) -> bool {
        // Only of few it is known who they all are.
        self.persons > SAMPLE || {
            let inside = self.sample.iter().filter(|person| set.contains(**person)).count() as u64;
            set.len() - inside < widest
        }
    }
}

fn sample(persons: &RoaringBitmap) -> Box<[u32]> {
    let step = usize::try_from(persons.len().div_ceil(SAMPLE)).unwrap_or(usize::MAX).max(1);
    persons.iter().step_by(step).collect()
}

/// How a part of an answer is near an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// It is nearly what the anchor and these others, of which no two have anybody in common, are together.
    Several {
        /// The numbers of the other parts.
        others: Vec<usize>,
    },
}

/// An anchor that a part of an answer is near to.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        match &self.near {
            Near::Same => self.anchor,
            Near::Rest { base: other } | Near::Both { other } => self.anchor.max(*other),
            Near::Several { others } => others.iter().fold(self.anchor, |latest, other| latest.max(*other)),
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// An anchor that is exactly the same.
    pub(crate) same: Option<usize>,
    /// Those of nearly the same persons, or of the same; those whose rows or values differ for few; and those that are
    /// nearly or exactly what a base lacks of this, or what two are together.
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
        let (jitter, sample) = (secret.of(Purpose::Jitter, number as u64), sample(set.persons()));
        self.entries.push(Entry { persons, blocks: Blocks::of(secret, set.persons()), base, sample, place, jitter });
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
            let threshold = self.threshold(anchor, minimum);
            if difference.none() && (difference.rows.is_some() || set.persons_only()) {
                found.same.get_or_insert(anchor);
            } else if difference.persons < threshold || difference.near(threshold) {
                found.near.push(Neighbour { anchor, near: Near::Same, difference });
            }
        }
        self.rests(set, &blocks, minimum, &mut read, &mut found)?;
        self.both(set, &blocks, minimum, &mut read, &mut found)?;
        // Of the same persons something else may have left; that says nothing of their parts.
        let told = |near: &Neighbour| near.difference.persons > 0 || near.difference.none();
        if found.same.is_none() && !found.near.iter().any(told) {
            self.several(set, minimum, &mut read, &mut found)?;
        }
        found.near.sort_by_key(|near| (near.difference.least(), near.anchor, near.latest()));
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
        let bases: Vec<(usize, &Entry)> = self
            .bases
            .iter()
            .filter_map(|base| self.numbered(*base))
            .filter(|(_, whole)| whole.persons >= size + minimum && whole.may_hold(set.persons(), widest))
            .collect();
        let wanted: Vec<Blocks> = bases.iter().map(|(_, whole)| whole.blocks.without(blocks)).collect();
        let sizes: Vec<u64> = bases.iter().map(|(_, whole)| whole.persons - size).collect();
        for (base, anchor) in self.matching(&wanted, &sizes, widest) {
            let (Some((base, whole)), Some((_, entry))) = (bases.get(base), self.numbered(anchor)) else { continue };
            if anchor == *base {
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
        let ones: Vec<(usize, &Entry)> = self
            .by_size
            .range(larger)
            .flat_map(|(_, numbers)| numbers)
            .filter_map(|number| self.numbered(*number))
            .filter(|(_, one)| one.may_lie_in(set.persons(), widest))
            .collect();
        let wanted: Vec<Blocks> = ones.iter().map(|(_, one)| blocks.without(&one.blocks)).collect();
        let sizes: Vec<u64> = ones.iter().map(|(_, one)| size.saturating_sub(one.persons)).collect();
        for (first, second) in self.matching(&wanted, &sizes, widest) {
            let (Some((first, one)), Some((_, other))) = (ones.get(first), self.numbered(second)) else { continue };
            if (other.persons, second) >= (one.persons, *first) {
                continue;
            }
            let (one, other) = (read(one)?, read(other)?);
            if !one.persons().is_disjoint(other.persons()) {
                continue;
            }
            let persons = (one.persons() | other.persons()).symmetric_difference_len(set.persons());
            if persons < self.threshold(second, minimum) {
                let difference = Difference { persons, rows: None, sums: None };
                found.near.push(Neighbour { anchor: *first, near: Near::Both { other: second }, difference });
            }
        }
        Ok(())
    }

    /// Three anchors or more that are nearly this set together.
    fn several<E>(
        &self,
        set: &Set,
        minimum: u64,
        read: &mut impl FnMut(&Entry) -> Result<Set, E>,
        found: &mut Found,
    ) -> Result<(), E> {
        let (size, widest) = (set.persons().len(), 2 * minimum);
        let fitting = self.by_size.range(minimum..=size.saturating_add(widest)).rev();
        let within = fitting.flat_map(|(_, numbers)| numbers).filter_map(|number| self.numbered(*number));
        let within = within.filter(|(_, part)| part.may_lie_in(set.persons(), widest)).take(cover::MOST);
        let (mut numbers, mut parts): (Vec<usize>, Vec<RoaringBitmap>) = (Vec::new(), Vec::new());
        for (number, entry) in within {
            let part = read(entry)?;
            // Sets of the same persons are one part.
            if part.persons().difference_len(set.persons()) < widest && !parts.contains(part.persons()) {
                numbers.push(number);
                parts.push(part.persons().clone());
            }
        }
        if parts.len() < 3 {
            return Ok(());
        }
        let of = |chosen: &[usize]| chosen.iter().filter_map(|at| numbers.get(*at).copied()).collect::<Vec<_>>();
        let threshold = |chosen: &[usize]| of(chosen).into_iter().max().map_or(0, |last| self.threshold(last, minimum));
        let apart = |chosen: &[usize]| {
            let union =
                chosen.iter().filter_map(|at| parts.get(*at)).fold(RoaringBitmap::new(), |union, part| union | part);
            union.symmetric_difference_len(set.persons())
        };
        let chosen = cover::find(set.persons(), &parts, widest, 3, |chosen, apart| apart < threshold(chosen));
        if let Some(chosen) = chosen {
            let difference = Difference { persons: apart(&chosen), rows: None, sums: None };
            let mut others = of(&chosen);
            let anchor = others.swap_remove(0);
            found.near.push(Neighbour { anchor, near: Near::Several { others }, difference });
        }
        Ok(())
    }

    /// Anchors whose digests are not far from a wanted one and whose size is about the wanted one's: positions among the
    /// wanted, and numbers.
    fn matching(&self, wanted: &[Blocks], sizes: &[u64], widest: u64) -> Vec<(usize, usize)> {
        let mut matching = Vec::new();
        if wanted.len() <= FEW || !pairs::grouped(widest) {
            for (i, (blocks, size)) in wanted.iter().zip(sizes).enumerate() {
                let near = self.of_size(*size, widest).filter(|(_, entry)| !entry.blocks.far(blocks, widest));
                matching.extend(near.map(|(number, _)| (i, number)));
            }
            return matching;
        }
        let smallest = sizes.iter().min().map_or(0, |size| size.saturating_sub(widest));
        let largest = sizes.iter().max().map_or(0, |size| size.saturating_add(widest));
        let numbers = self.by_size.range(smallest..=largest).flat_map(|(_, numbers)| numbers);
        let others: Vec<(usize, &Entry)> = numbers.filter_map(|number| self.numbered(*number)).collect();
        let blocks: Vec<Blocks> = others.iter().map(|(_, entry)| entry.blocks).collect();
        pairs::candidates(wanted, &blocks, widest, |i, j| {
            let (Some(wanted), Some(size), Some((number, entry))) = (wanted.get(i), sizes.get(i), others.get(j)) else {
                return;
            };
            if entry.persons.abs_diff(*size) <= widest && !entry.blocks.far(wanted, widest) {
                matching.push((i, *number));
            }
        });
        matching
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Crowds without some of their persons, so that many differ by few.
    fn crowd(i: u32) -> RoaringBitmap {
        let (start, size) = (i % 5 * 1_000, 30 + i % 7 * 40);
        (start..start + size).filter(|person| person % 17 >= i % 4 && person % 29 != i % 29).collect()
    }

    #[test]
    fn many_are_matched_as_each_alone_is() {
        let secret = Secret::new([7; 32]);
        let mut book = Book::default();
        let sets: Vec<RoaringBitmap> = (0..300).map(crowd).collect();
        sets.iter().for_each(|set| {
            book.add(&secret, &Set::of(&secret, set, renkei_disclosure::Brings::Unknown), true, (0, 0))
        });
        let wanted: Vec<Blocks> = sets.iter().map(|set| Blocks::of(&secret, set)).collect();
        let sizes: Vec<u64> = sets.iter().map(RoaringBitmap::len).collect();
        for widest in [10, 20, 128, 200] {
            let mut all = book.matching(&wanted, &sizes, widest);
            all.sort_unstable();
            let alone =
                |i: usize| book.matching(&wanted[i..=i], &sizes[i..=i], widest).into_iter().map(move |(_, n)| (i, n));
            let mut each: Vec<(usize, usize)> = (0..sets.len()).flat_map(alone).collect();
            each.sort_unstable();
            assert!(each.len() > sets.len() && each.len() < sets.len() * sets.len(), "{} of {widest}", each.len());
            assert_eq!(all, each, "{widest}");
        }
    }

    #[test]
    fn a_sample_rules_out_only_what_cannot_be() {
        let secret = Secret::new([7; 32]);
        let mut book = Book::default();
        let sets: Vec<RoaringBitmap> = (0..60).map(crowd).collect();
        sets.iter().for_each(|set| {
            book.add(&secret, &Set::of(&secret, set, renkei_disclosure::Brings::Unknown), true, (0, 0))
        });
        let (mut ruled_out, widest) = (0, 20);
        for (entry, own) in book.entries.iter().zip(&sets) {
            for other in &sets {
                assert!(entry.may_lie_in(other, widest) || own.difference_len(other) >= widest);
                assert!(entry.may_hold(other, widest) || other.difference_len(own) >= widest);
                ruled_out += usize::from(!entry.may_lie_in(other, widest));
            }
        }
        assert!(ruled_out > 1_000, "{ruled_out}");
    }
}
