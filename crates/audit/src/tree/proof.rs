//! Proofs of inclusion and of consistency (RFC 6962 §2.1.1 and §2.1.2), verified as RFC 9162 §2.1.3.2 and §2.1.4.2 say.

use super::Hash;

/// Stored nodes of a tree.
pub trait Nodes {
    /// Why a node cannot be read.
    type Error;

    /// The root of the perfect subtree over the leaves `index · 2^level` up to `(index + 1) · 2^level`.
    ///
    /// # Errors
    /// Where the subtree is not complete, or cannot be read.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf lies beyond the tree, or the older tree is the larger one.
    #[error("the proof is about leaves that the tree does not have")]
    Range,
    /// The proof has too few or too many nodes.
    #[error("the proof has another length than the tree asks for")]
    Length,
    /// The proof leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The largest power of two below `n`, for n of at least 2.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The root over the leaves `from..to`, where `from` is a multiple of the largest power of two in their number.
///
/// # Errors
/// What reading a node fails with.
pub fn range<N: Nodes>(nodes: &N, from: u64, to: u64) -> Result<Hash, N::Error> {
    let count = to.saturating_sub(from);
    if count == 0 {
        return Ok(Hash::empty());
    }
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return nodes.node(u8::try_from(level).unwrap_or(63), from >> level);
    }
    let middle = from + split(count);
    Ok(Hash::node(range(nodes, from, middle)?, range(nodes, middle, to)?))
}

/// The proof that the tree of `size` leaves has the leaf `index`, lowest sibling first; empty beyond the tree.
///
/// # Errors
/// What reading a node fails with.
pub fn inclusion<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut from, mut to) = (0, if index < size { size } else { 0 });
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(range(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range(nodes, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `new` leaves continues that of `old`; empty where nothing has to be proven.
///
/// # Errors
/// What reading a node fails with.
pub fn consistency<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    let mut path = Vec::new();
    if old == 0 || old >= new {
        return Ok(path);
    }
    let (mut from, mut to, mut whole) = (0, new, true);
    while to > old {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(range(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range(nodes, from, middle)?);
            from = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(range(nodes, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks that the tree of `size` leaves with this root has `leaf` at `index`.
///
/// # Errors
/// [`ProofError`]
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, root: Hash, path: &[Hash]) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Range);
    }
    let (mut at, mut last, mut top) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            top = Hash::node(*sibling, top);
            let right = at.trailing_zeros();
            (at, last) = (at >> right, last >> right);
        } else {
            top = Hash::node(top, *sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    match (last, top == root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// Checks that the tree `new` (leaves, root) begins with all leaves of the tree `old`.
///
/// # Errors
/// [`ProofError`]
pub fn verify_consistency(old: (u64, Hash), new: (u64, Hash), path: &[Hash]) -> Result<(), ProofError> {
    if old.0 > new.0 {
        return Err(ProofError::Range);
    }
    if old.0 == 0 || old.0 == new.0 {
        let same = if old.0 == new.0 { old.1 == new.1 } else { old.1 == Hash::empty() };
        return match (path.is_empty(), same) {
            (false, _) => Err(ProofError::Length),
            (true, true) => Ok(()),
            (true, false) => Err(ProofError::Root),
        };
    }
    let shift = (old.0 - 1).trailing_ones();
    let (mut at, mut last) = ((old.0 - 1) >> shift, (new.0 - 1) >> shift);
    let mut rest = path.iter();
    let first = if old.0.is_power_of_two() { old.1 } else { *rest.next().ok_or(ProofError::Length)? };
    let (mut before, mut after) = (first, first);
    for node in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            (before, after) = (Hash::node(*node, before), Hash::node(*node, after));
            let right = if at == 0 { 0 } else { at.trailing_zeros() };
            (at, last) = (at >> right, last >> right);
        } else {
            after = Hash::node(after, *node);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    match (last, before == old.1 && after == new.1) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}
