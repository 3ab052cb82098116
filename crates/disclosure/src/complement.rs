//! What else has to be held so that nothing held can be recomputed from subtotals.
//!
//! Cells of the finest grouping sets are *leaves*. Whatever is known of a sum over leaves, because a subtotal leaves or
//! because all leaves of another grouping set leave, shows the sum over those of its leaves that are held: an
//! *exposure*. The exposed sums are kept laminar: each set of held leaves whose sum is known (an *atom*) is disjoint
//! from the others, has at least two leaves, and may itself be released as one cell. Then every leaf of an atom can be
//! anything between nothing and the whole of the atom, and every held subtotal includes a part of one, or a leaf of
//! which nothing is known.
//!
//! Cells that are held for another's sake are not listed either: if it could be seen which of two cells has fewer
//! persons than the minimum, their sum would bound them closely.
//!
//! A sum that would cut through an atom is not let out. Where an atom is too small, the smallest leaf of the same sum
//! is held with it; where there is none, the subtotal itself.
//!
//! Rejected: the hypercube method, which keeps more of the margins but needs cells at every corner, and a linear
//! programme for every cell, which takes seconds where this takes microseconds. The tests run that programme.

use std::collections::BTreeMap;

/// A sum over leaves that becomes known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exposure {
    /// What shows it.
    pub(crate) by: By,
    /// The leaves that it is the sum of, once for each finest grouping set that adds up to it.
    pub(crate) leaves: Vec<Vec<usize>>,
}

/// What shows a sum.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    /// A cell of a coarser grouping set, where it is not held.
    Total(usize),
    /// These leaves of another finest grouping set. Where some of them leave it is known to be at least their sum, which
    /// is taken for as much as the sum itself.
    Leaves(Vec<usize>),
}

/// The one grouping set under which cells may leave as soon as something is held, where more than two of the sets
/// (bits of their keys) are in no other: three margins of a table bound its cells in ways that atoms do not see.
pub(crate) fn only(sets: &[u64]) -> Option<u64> {
    let finer = |a: u64, b: u64| a != b && a & b == b;
    let finest: Vec<u64> = sets.iter().copied().filter(|set| !sets.iter().any(|other| finer(*other, *set))).collect();
    if finest.len() < 3 {
        return None;
    }
    finest.into_iter().max_by_key(|set| (set.count_ones(), u64::MAX - set))
}

/// What is known of cells and sets of them.
pub(crate) trait Weights {
    /// Persons of a cell.
    fn persons(&self, cell: usize) -> u64;
    /// Whether the sum over these cells may be known.
    fn safe(&self, cells: &[usize]) -> bool;
}

/// Holds further cells until nothing held can be recomputed. `exposures` stand from the smallest sum to the largest.
///
/// Leaves are only ever added to what is held, and totals are decided anew after each, so that it ends and that no
/// total is held for a reason that has gone: another one with the same leaves would show it.
pub(crate) fn complete(exposures: &[Exposure], held: &mut [bool], weights: &dyn Weights) {
    if exposures.is_empty() {
        return;
    }
    let mut leaves = held.to_vec();
    let mut totals_leave = true;
    loop {
        let mut trial = leaves.clone();
        match pass(exposures, &mut trial, weights, totals_leave) {
            Step::Done => {
                held.copy_from_slice(&trial);
                return;
            }
            Step::Hold(leaf) => set(&mut leaves, leaf),
            Step::NoTotals => totals_leave = false,
        }
    }
}

enum Step {
    /// Nothing held can be recomputed.
    Done,
    /// This leaf has to be held too.
    Hold(usize),
    /// Some total cannot be protected while others leave.
    NoTotals,
}

/// Decides the totals for the leaves that are held.
fn pass(exposures: &[Exposure], held: &mut [bool], weights: &dyn Weights, totals_leave: bool) -> Step {
    let mut atoms = Atoms::default();
    for exposure in exposures {
        match &exposure.by {
            By::Total(total) if is(held, *total) => continue,
            By::Total(total) if !totals_leave => {
                set(held, *total);
                continue;
            }
            By::Leaves(shown) if smallest(shown, held, weights).is_none() => continue,
            _ => {}
        }
        let sums: Vec<Vec<usize>> = exposure.leaves.iter().map(|leaves| hidden(leaves, held, weights)).collect();
        let verdicts: Vec<Verdict> = sums.iter().map(|sum| atoms.look(sum, weights)).collect();
        let small = verdicts.iter().zip(&exposure.leaves).filter(|(verdict, _)| matches!(verdict, Verdict::Small));
        if let Some(leaf) = small.filter_map(|(_, leaves)| smallest(leaves, held, weights)).next() {
            return Step::Hold(leaf);
        }
        if verdicts.iter().any(|verdict| matches!(verdict, Verdict::Small | Verdict::Crossing)) {
            match &exposure.by {
                By::Total(total) => set(held, *total),
                By::Leaves(shown) => match smallest(shown, held, weights) {
                    Some(leaf) => return Step::Hold(leaf),
                    None => continue,
                },
            }
        } else {
            verdicts.into_iter().for_each(|verdict| atoms.know(verdict));
        }
    }
    // A total that is held must not be the sum of what is known.
    for exposure in exposures {
        let By::Total(total) = exposure.by else { continue };
        if !is(held, total) || weights.persons(total) == 0 {
            continue;
        }
        for leaves in &exposure.leaves {
            if matches!(atoms.look(&hidden(leaves, held, weights), weights), Verdict::Known) {
                return match smallest(leaves, held, weights) {
                    Some(leaf) => Step::Hold(leaf),
                    None if totals_leave => Step::NoTotals,
                    None => continue,
                };
            }
        }
    }
    Step::Done
}

/// Those of some leaves that are held and not empty.
fn hidden(leaves: &[usize], held: &[bool], weights: &dyn Weights) -> Vec<usize> {
    leaves.iter().copied().filter(|leaf| is(held, *leaf) && weights.persons(*leaf) > 0).collect()
}

fn set(held: &mut [bool], cell: usize) {
    if let Some(held) = held.get_mut(cell) {
        *held = true;
    }
}

fn is(held: &[bool], cell: usize) -> bool {
    held.get(cell).copied().unwrap_or(true)
}

/// The cell with the fewest persons of those that are not held, if there is one.
fn smallest(cells: &[usize], held: &[bool], weights: &dyn Weights) -> Option<usize> {
    let open = cells.iter().copied().filter(|cell| !is(held, *cell) && weights.persons(*cell) > 0);
    open.min_by_key(|cell| (weights.persons(*cell), *cell))
}

enum Verdict {
    /// The sum is that of atoms, or of nothing: it is known anyway.
    Known,
    /// The sum would make this new atom known.
    New(Vec<usize>),
    /// The sum would be over too few.
    Small,
    /// The sum would cut through sums that are known.
    Crossing,
}

/// Disjoint sets of held leaves whose sums are known.
#[derive(Default)]
struct Atoms {
    atom: BTreeMap<usize, usize>,
    sizes: Vec<usize>,
}

impl Atoms {
    /// What a sum over held leaves would show.
    fn look(&self, sum: &[usize], weights: &dyn Weights) -> Verdict {
        let mut free = Vec::new();
        let mut parts: BTreeMap<usize, usize> = BTreeMap::new();
        for leaf in sum {
            match self.atom.get(leaf) {
                Some(atom) => *parts.entry(*atom).or_default() += 1,
                None => free.push(*leaf),
            }
        }
        // Whole atoms are known already and can be taken off.
        if parts.iter().any(|(atom, leaves)| self.sizes.get(*atom) != Some(leaves)) {
            Verdict::Crossing
        } else if free.is_empty() {
            Verdict::Known
        } else if free.len() > 1 && weights.safe(&free) {
            Verdict::New(free)
        } else {
            Verdict::Small
        }
    }

    fn know(&mut self, verdict: Verdict) {
        if let Verdict::New(leaves) = verdict {
            self.sizes.push(leaves.len());
            self.atom.extend(leaves.into_iter().map(|leaf| (leaf, self.sizes.len() - 1)));
        }
    }
}

#[cfg(test)]
mod tests;
