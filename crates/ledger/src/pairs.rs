//! Pairs of digests that are near, among many of each kind, without comparing each with each.
//!
//! Sets that differ by fewer than `enough` persons differ in fewer than `enough` blocks. So of `enough` groups of blocks
//! at least one is the same in both: each group of the one kind is looked up among those of the other, and none is missed.
//! What is found that way is a candidate, to be compared as a whole.

use crate::blocks::{BLOCKS, Blocks};

/// Blocks that a group has at most: as many as fit a word.
const WIDEST: usize = 4;
const NONE: u32 = u32::MAX;

/// Whether so few differences are told by groups at all.
pub(crate) fn grouped(enough: u64) -> bool {
    (1..=BLOCKS as u64).contains(&enough)
}

/// Shows `each` all pairs, by their positions, that differ in fewer than `enough` blocks, and others; each pair once.
/// Where [`grouped`] says no, there are none.
pub(crate) fn candidates(ones: &[Blocks], others: &[Blocks], enough: u64, mut each: impl FnMut(usize, usize)) {
    if !grouped(enough) || ones.is_empty() || others.is_empty() {
        return;
    }
    let groups = usize::try_from(enough).unwrap_or(BLOCKS);
    let width = (BLOCKS / groups).min(WIDEST);
    let word = |blocks: &Blocks, group: usize| blocks.word(group * width, width);
    let mut table = Table::new(others.len());
    for group in 0..groups {
        table.fill(others.iter().map(|blocks| word(blocks, group)));
        for (i, one) in ones.iter().enumerate() {
            for j in table.find(word(one, group)) {
                // Once for each pair: where an earlier group is the same, it was met there.
                let met = |other: &Blocks| (0..group).any(|before| word(one, before) == word(other, before));
                if others.get(j).is_some_and(|other| !met(other)) {
                    each(i, j);
                }
            }
        }
    }
}

/// Words by their hash, with their positions; chains in two flat lists, filled again for each group.
struct Table {
    heads: Vec<u32>,
    next: Vec<u32>,
    words: Vec<u64>,
    shift: u32,
}

impl Table {
    fn new(len: usize) -> Self {
        let size = (2 * len).next_power_of_two().max(2);
        Self { heads: vec![NONE; size], next: vec![NONE; len], words: vec![0; len], shift: 64 - size.trailing_zeros() }
    }

    fn slot(&self, word: u64) -> usize {
        usize::try_from(word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift).unwrap_or(0)
    }

    fn fill(&mut self, words: impl Iterator<Item = u64>) {
        self.heads.fill(NONE);
        for (position, word) in (0_u32..).zip(words) {
            let (slot, at) = (self.slot(word), position as usize);
            let (Some(head), Some(next), Some(kept)) =
                (self.heads.get_mut(slot), self.next.get_mut(at), self.words.get_mut(at))
            else {
                return;
            };
            (*next, *kept) = (*head, word);
            *head = position;
        }
    }

    fn find(&self, word: u64) -> impl Iterator<Item = usize> {
        let follow = |at: u32| (at != NONE).then_some(at as usize);
        let first = self.heads.get(self.slot(word)).copied().and_then(follow);
        let chain = std::iter::successors(first, move |at| self.next.get(*at).copied().and_then(follow));
        chain.filter(move |at| self.words.get(*at) == Some(&word))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use roaring::RoaringBitmap;

    use super::*;
    use crate::hash::Secret;

    /// Crowds without some of their persons: many are near each other.
    fn crowds() -> impl Strategy<Value = Vec<Blocks>> {
        let crowd =
            (0..4_u32, 0..3_u32, prop::collection::btree_set(0..40_u32, 0..14)).prop_map(|(start, size, gone)| {
                let all = start * 1_000..start * 1_000 + 40 * (1 + 20 * size);
                all.filter(|person| !gone.contains(&(person % 1_000))).collect::<RoaringBitmap>()
            });
        let secret = Secret::new([7; 32]);
        prop::collection::vec(crowd.prop_map(move |crowd| Blocks::of(&secret, &crowd)), 0..30)
    }

    proptest! {
        #[test]
        fn no_near_pair_is_missed_and_none_is_met_twice(
            ones in crowds(), others in crowds(), enough in prop_oneof![1..=40_u64, Just(64), Just(128), Just(129)],
        ) {
            let mut met = Vec::new();
            candidates(&ones, &others, enough, |i, j| met.push((i, j)));
            let all: BTreeSet<_> = met.iter().copied().collect();
            prop_assert_eq!(all.len(), met.len());
            for (i, one) in ones.iter().enumerate() {
                for (j, other) in others.iter().enumerate() {
                    let near = !one.far(other, enough);
                    prop_assert!(!near || !grouped(enough) || all.contains(&(i, j)), "{} {} of {}", i, j, enough);
                }
            }
        }
    }

    #[test]
    fn what_has_nothing_in_common_is_no_candidate() {
        let secret = Secret::new([7; 32]);
        let set = |start: u32| Blocks::of(&secret, &(start..start + 2_000).collect());
        let (ones, others): (Vec<_>, Vec<_>) =
            ((0..50).map(|i| set(i * 3_000)).collect(), (50..100).map(|i| set(i * 3_000)).collect());
        let mut met = 0;
        candidates(&ones, &others, 20, |_, _| met += 1);
        assert_eq!(met, 0);
    }
}
