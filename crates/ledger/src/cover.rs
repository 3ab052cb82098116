//! Parts that have nobody in common and are together nearly a whole: a total that is asked after three parts or more.
//!
//! Which of many sets fill another is a search without a good bound, so that it has one of its own: each step takes the
//! first person who is in no part yet, and tries every part that has this person, or leaves the person out while few are.
//! Honest questions seldom have parts that fill a whole to the last few, and one who asks for them has asked for few
//! others of the same persons; where more sets lie within the whole than can be tried, such parts may be missed.

use roaring::RoaringBitmap;

/// Steps after which the search gives up: persons that are looked at, and parts that are tried.
const STEPS: usize = 2_000;
/// Sets that are tried at most.
pub(crate) const MOST: usize = 256;

/// Positions of parts, without persons in common, of which the union differs from `whole` by fewer than `enough`
/// persons and which `take` accepts with that difference; `None` where none were found. At least `fewest` parts.
pub(crate) fn find(
    whole: &RoaringBitmap,
    parts: &[RoaringBitmap],
    enough: u64,
    fewest: usize,
    take: impl Fn(&[usize], u64) -> bool,
) -> Option<Vec<usize>> {
    within(STEPS, whole, parts, enough, fewest, take)
}

fn within(
    steps: usize,
    whole: &RoaringBitmap,
    parts: &[RoaringBitmap],
    enough: u64,
    fewest: usize,
    take: impl Fn(&[usize], u64) -> bool,
) -> Option<Vec<usize>> {
    let (chosen, taken) = (Vec::new(), RoaringBitmap::new());
    let mut search = Search { whole, parts, enough, fewest, take, steps, chosen, taken };
    search.from(whole.clone(), 0).then_some(search.chosen)
}

struct Search<'a, F> {
    whole: &'a RoaringBitmap,
    parts: &'a [RoaringBitmap],
    enough: u64,
    fewest: usize,
    take: F,
    steps: usize,
    chosen: Vec<usize>,
    /// Whoever is in a chosen part.
    taken: RoaringBitmap,
}

impl<F: Fn(&[usize], u64) -> bool> Search<'_, F> {
    /// Goes on where these persons are in no part yet, and so many others were left out or lie outside of the whole.
    fn from(&mut self, open: RoaringBitmap, beside: u64) -> bool {
        let apart = open.len() + beside;
        if apart < self.enough && self.chosen.len() >= self.fewest && (self.take)(&self.chosen, apart) {
            return true;
        }
        let Some(person) = open.min().filter(|_| self.step()) else { return false };
        for (position, part) in self.parts.iter().enumerate() {
            if !part.contains(person) {
                continue;
            }
            if !self.step() {
                return false;
            }
            // Whoever of the whole is in the part and not open was left out, or is in another part.
            let within = part.intersection_len(&open);
            let outside = part.len() - part.intersection_len(self.whole);
            let fits = within + outside == part.len() && beside + outside < self.enough;
            if !fits || !part.is_disjoint(&self.taken) {
                continue;
            }
            self.chosen.push(position);
            self.taken |= part;
            if self.from(&open - part, beside + outside) {
                return true;
            }
            self.taken -= part;
            self.chosen.pop();
        }
        if beside + 1 >= self.enough {
            return false;
        }
        let mut others = open;
        others.remove(person);
        self.from(others, beside + 1)
    }

    /// Whether there is a step left.
    fn step(&mut self) -> bool {
        let some = self.steps > 0;
        self.steps = self.steps.saturating_sub(1);
        some
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn all(_: &[usize], _: u64) -> bool {
        true
    }

    fn set(persons: impl IntoIterator<Item = u32>) -> RoaringBitmap {
        persons.into_iter().collect()
    }

    #[test]
    fn parts_of_a_whole_are_found_but_for_few() {
        let parts = [set(0..40), set(20..90), set(40..70), set(70..100), set(200..300)];
        assert_eq!(find(&set(0..100), &parts, 10, 3, all), Some(vec![0, 2, 3]));
        assert_eq!(find(&set(0..109), &parts, 10, 3, all), Some(vec![0, 2, 3]));
        assert_eq!(find(&set((0..100).filter(|p| p % 20 != 3)), &parts, 10, 3, all), Some(vec![0, 2, 3]));
        assert_eq!(find(&set(0..110), &parts, 10, 3, all), None);
        assert_eq!(find(&set(0..100), &parts, 10, 4, all), None);
        assert_eq!(find(&set(0..100), &parts, 10, 3, |_, apart| apart > 0), None);
        assert_eq!(find(&set(0..200), &parts, 10, 3, all), None);
    }

    #[test]
    fn many_sets_of_the_same_persons_end_the_search() {
        let parts: Vec<_> = (0..MOST as u32).map(|i| set((0..2_000).filter(|p| (p * 7 + i) % 5 < 2))).collect();
        assert_eq!(find(&set(0..2_000), &parts, 20, 3, all), None);
    }

    proptest! {
        #[test]
        fn what_is_found_by_trying_all_is_found(
            parts in prop::collection::vec(prop::collection::btree_set(0..24_u32, 3..12), 0..8),
            whole in prop::collection::btree_set(0..24_u32, 8..24),
        ) {
            let sets: Vec<RoaringBitmap> = parts.iter().map(|part| set(part.iter().copied())).collect();
            let target = set(whole.iter().copied());
            let some = (0..1_u32 << parts.len()).any(|choice| {
                let chosen = || parts.iter().enumerate().filter(|(i, _)| choice >> i & 1 == 1).map(|(_, part)| part);
                let union: BTreeSet<u32> = chosen().flatten().copied().collect();
                let disjoint = union.len() == chosen().map(BTreeSet::len).sum::<usize>();
                disjoint && choice.count_ones() >= 3 && union.symmetric_difference(&whole).count() < 4
            });
            let found = within(1_000_000, &target, &sets, 4, 3, all);
            prop_assert_eq!(found.is_some(), some);
            if let Some(found) = found {
                let union = found.iter().fold(RoaringBitmap::new(), |union, i| union | &sets[*i]);
                prop_assert!(union.symmetric_difference_len(&target) < 4);
            }
        }
    }
}
