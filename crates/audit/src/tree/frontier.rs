//! The right edge of a growing tree.

use super::{Hash, Nodes};

/// The roots of the perfect subtrees that a tree is made of, largest first: all that a root or another leaf needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The edge of the tree of the first `size` leaves, from stored nodes.
    ///
    /// # Errors
    /// What reading a node fails with.
    pub fn load<N: Nodes>(nodes: &N, size: u64) -> Result<Self, N::Error> {
        let mut peaks = Vec::new();
        let mut start = 0;
        for level in (0..64).rev().filter(|level| size >> level & 1 == 1) {
            peaks.push(nodes.node(level, start >> level)?);
            start += 1 << level;
        }
        Ok(Self { size, peaks })
    }

    /// Adds the hash of a leaf. Over all leaves it costs one node each.
    pub fn push(&mut self, leaf: Hash) {
        let mut top = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                top = Hash::node(left, top);
            }
        }
        self.peaks.push(top);
        self.size += 1;
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(smallest) = peaks.next() else { return Hash::empty() };
        peaks.fold(*smallest, |right, left| Hash::node(*left, right))
    }
}
