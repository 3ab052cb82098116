//! A digest per block of persons: few bytes that tell for certain who is not near.

use roaring::RoaringBitmap;

use crate::hash::{Purpose, Secret};

/// Blocks of persons.
pub const BLOCKS: usize = 128;

/// For each block the sum of its persons' hashes, modulo 2^16. Sums of disjoint sets are those of their union.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blocks([u16; BLOCKS]);

impl Blocks {
    #[expect(clippy::cast_possible_truncation, reason = "a digest is the low bits of a hash")]
    pub(crate) fn of(secret: &Secret, persons: &RoaringBitmap) -> Self {
        let mut blocks = [0_u16; BLOCKS];
        for person in persons {
            let hash = secret.of(Purpose::Block, u64::from(person));
            if let Some(block) = blocks.get_mut(hash as usize % BLOCKS) {
                *block = block.wrapping_add((hash >> 32) as u16);
            }
        }
        Self(blocks)
    }

    /// In how many blocks two sets differ for certain: no more than the persons in which they differ.
    #[cfg(test)]
    fn apart(&self, other: &Self) -> u64 {
        let differ: u16 = self.0.iter().zip(&other.0).map(|(a, b)| u16::from(a != b)).sum();
        u64::from(differ)
    }

    /// Whether two sets differ in at least so many blocks, and so by at least so many persons. Most that do are told
    /// by the first blocks.
    #[inline]
    pub(crate) fn far(&self, other: &Self, enough: u64) -> bool {
        let mut differ = 0;
        self.0.chunks(BLOCKS / 4).zip(other.0.chunks(BLOCKS / 4)).any(|(a, b)| {
            let here: u16 = a.iter().zip(b).map(|(a, b)| u16::from(a != b)).sum();
            differ += u64::from(here);
            differ >= enough
        })
    }

    /// Some of the digests, up to four, as one number.
    #[inline]
    pub(crate) fn word(&self, from: usize, width: usize) -> u64 {
        let some = self.0.get(from..from + width.min(4)).unwrap_or_default();
        some.iter().fold(0, |word, block| word << 16 | u64::from(*block))
    }

    /// The digests of what is in this set and not in a part of it.
    #[inline]
    pub(crate) fn without(&self, part: &Self) -> Self {
        let mut rest = self.0;
        rest.iter_mut().zip(&part.0).for_each(|(a, b)| *a = a.wrapping_sub(*b));
        Self(rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sets_differ_in_no_more_blocks_than_persons(
            a in prop::collection::btree_set(0..5_000_u32, 0..300),
            b in prop::collection::btree_set(0..5_000_u32, 0..300),
        ) {
            let secret = Secret::new([7; 32]);
            let (a, b): (RoaringBitmap, RoaringBitmap) = (a.into_iter().collect(), b.into_iter().collect());
            let (x, y) = (Blocks::of(&secret, &a), Blocks::of(&secret, &b));
            prop_assert!(x.apart(&y) <= a.symmetric_difference_len(&b));
            for enough in 1..=129 {
                prop_assert_eq!(x.far(&y, enough), x.apart(&y) >= enough);
            }
            let both = Blocks::of(&secret, &(&a | &b));
            prop_assert_eq!(both.without(&x), Blocks::of(&secret, &(&b - &a)));
        }
    }
}
