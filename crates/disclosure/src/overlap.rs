//! Parts of one answer that differ by few persons.
//!
//! Several release points of one statement, several conditional aggregates of one cell: whoever holds both takes the
//! difference. So what leaves is compared with what of the same answer leaves before it: single sets with single sets,
//! the union of a grouping set with single sets, and a set with the union of those parts of another that lie within it.
//! Across answers the ledger does the same.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use crate::Contributions;
use crate::rules::few;

/// How two sets of contributions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Persons who are in one of them only.
    pub persons: u64,
    /// Persons whose rows differ, those included.
    pub rows: u64,
    /// Persons whose sums differ, those included.
    pub sums: u64,
}

impl Difference {
    /// Between two exact sets.
    #[must_use]
    pub fn between(a: &Contributions, b: &Contributions) -> Self {
        let persons = a.persons().symmetric_difference_len(b.persons());
        if let (Some(one), Some(other)) = (a.uniform(), b.uniform()) {
            let common = a.persons().intersection_len(b.persons());
            let all = |same: bool| persons + if same { 0 } else { common };
            return Self { persons, rows: all(one.0 == other.0), sums: all(one.1 == other.1) };
        }
        let (mut rows, mut sums) = (persons, persons);
        let mut others = b.exact().peekable();
        for (person, own_rows, own_sum) in a.exact() {
            while others.next_if(|other| other.0 < person).is_some() {}
            if let Some((_, other_rows, other_sum)) = others.next_if(|other| other.0 == person) {
                rows += u64::from(own_rows != other_rows);
                sums += u64::from(own_sum != other_sum);
            }
        }
        Self { persons, rows, sums }
    }

    /// Whether the difference is a matter of some, but fewer than `threshold` persons.
    #[must_use]
    pub fn near(self, threshold: u64) -> bool {
        [self.persons, self.rows, self.sums].into_iter().any(|n| few(n, threshold))
    }

    /// Whether there is none.
    #[must_use]
    pub fn none(self) -> bool {
        self.rows == 0 && self.sums == 0
    }
}

/// From which difference on two parts of an answer leave together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Few {
    pub(crate) minimum: u64,
    /// Nobody counts as few.
    pub(crate) strict: bool,
}

impl Few {
    /// Whether a difference of so many persons holds the later part.
    pub(crate) fn holds(self, differ: u64) -> bool {
        few(differ, self.minimum) || self.strict && differ == 0
    }

    fn near(self, a: &RoaringBitmap, b: &RoaringBitmap) -> bool {
        a.len().abs_diff(b.len()) < self.minimum && self.holds(a.symmetric_difference_len(b))
    }
}

/// What of an answer leaves, as far as it was looked at.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Single sets and unions by their size, with the release point that they belong to.
    sets: BTreeMap<u64, Vec<(usize, RoaringBitmap)>>,
}

impl Seen {
    /// Remembers a set of a release point.
    pub(crate) fn add(&mut self, point: usize, persons: &RoaringBitmap) {
        if !persons.is_empty() {
            self.sets.entry(persons.len()).or_default().push((point, persons.clone()));
        }
    }

    /// Whether a set of another release point differs from it by few.
    pub(crate) fn near(&self, point: usize, persons: &RoaringBitmap, few: Few) -> bool {
        let minimum = few.minimum;
        let window = persons.len().saturating_sub(minimum)..=persons.len().saturating_add(minimum);
        let mut others = self.sets.range(window).flat_map(|(_, sets)| sets);
        others.any(|(other, set)| *other != point && few.near(set, persons))
    }

    /// Sets of other release points that hold a given one.
    pub(crate) fn around(&self, point: usize, persons: &RoaringBitmap) -> impl Iterator<Item = &RoaringBitmap> {
        let larger = self.sets.range(persons.len()..).flat_map(|(_, sets)| sets);
        larger.filter(move |(other, set)| *other != point && persons.is_subset(set)).map(|(_, set)| set)
    }

    /// The union of the sets of other release points that lie within a given one.
    pub(crate) fn within(&self, point: usize, persons: &RoaringBitmap) -> RoaringBitmap {
        let smaller = self.sets.range(..=persons.len()).flat_map(|(_, sets)| sets);
        let inside = smaller.filter(|(other, set)| *other != point && set.is_subset(persons));
        inside.fold(RoaringBitmap::new(), |union, (_, set)| union | set)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::PersonPart;

    fn contributions(parts: &BTreeMap<u32, (u32, i8)>) -> Contributions {
        let one = |(person, (rows, value)): (&u32, &(u32, i8))| PersonPart {
            person: *person,
            rows: *rows,
            sum: i64::from(*value),
            amount: f64::from(*value).abs(),
        };
        Contributions::from_parts(parts.iter().map(one).collect())
    }

    type Differs = dyn Fn(Option<&(u32, i8)>, Option<&(u32, i8)>) -> bool;

    proptest! {
        #[test]
        fn differences_are_those_of_maps(
            a in prop::collection::btree_map(0..30_u32, (1..3_u32, 0..3_i8), 0..30),
            b in prop::collection::btree_map(0..30_u32, (1..3_u32, 0..3_i8), 0..30),
            alike in any::<bool>(),
        ) {
            let (mut a, mut b) = (a, b);
            if alike {
                a.values_mut().chain(b.values_mut()).for_each(|part| *part = (1, 0));
            }
            let count = |differs: &Differs| {
                (0..30).filter(|person| differs(a.get(person), b.get(person))).count() as u64
            };
            let found = Difference::between(&contributions(&a), &contributions(&b));
            prop_assert_eq!(found.persons, count(&|a, b| a.is_some() != b.is_some()));
            prop_assert_eq!(found.rows, count(&|a, b| a.map(|a| a.0) != b.map(|b| b.0)));
            prop_assert_eq!(found.sums, count(&|a, b| a.map(|a| a.1) != b.map(|b| b.1)));
        }
    }
}
