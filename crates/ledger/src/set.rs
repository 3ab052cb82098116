//! Who contributed, and keyed hashes of what each brought.

use renkei_disclosure::Brings;
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use crate::hash::{Purpose, Secret};

/// One keyed hash per person, kept once where it is the same for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Marks {
    /// Not known: a union shows its persons only.
    Unknown,
    Same(u32),
    Each(Vec<u32>),
}

impl Marks {
    fn of(marks: Vec<u32>) -> Self {
        match marks.first() {
            Some(first) if marks.iter().all(|mark| mark == first) => Self::Same(*first),
            Some(_) => Self::Each(marks),
            None => Self::Same(0),
        }
    }

    fn at(&self, rank: usize) -> u32 {
        match self {
            Self::Unknown => 0,
            Self::Same(mark) => *mark,
            Self::Each(marks) => marks.get(rank).copied().unwrap_or_default(),
        }
    }

    fn fits(&self, persons: u64) -> bool {
        if let Self::Each(marks) = self { marks.len() as u64 == persons } else { true }
    }
}

/// A set of contributions as the ledger keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    persons: RoaringBitmap,
    rows: Marks,
    sums: Marks,
}

/// How two sets differ, in persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Who is in one of them only.
    pub persons: u64,
    /// Whose rows differ, those included; `None` where that is not known.
    pub rows: Option<u64>,
    /// Whose sums differ, those included; `None` where that is not known.
    pub sums: Option<u64>,
}

impl Difference {
    fn all(self) -> impl Iterator<Item = u64> {
        std::iter::once(self.persons).chain(self.rows).chain(self.sums)
    }

    /// Whether some, but fewer than `threshold` persons make the difference in anything.
    #[must_use]
    pub fn near(self, threshold: u64) -> bool {
        self.all().any(|n| n > 0 && n < threshold)
    }

    /// Whether there is none, as far as it is known.
    #[must_use]
    pub fn none(self) -> bool {
        self.all().all(|n| n == 0)
    }

    /// The fewest persons that make a difference.
    #[must_use]
    pub fn least(self) -> u64 {
        self.all().filter(|n| *n > 0).min().unwrap_or(0)
    }
}

impl Set {
    /// Of persons and what they bring.
    #[expect(clippy::cast_possible_truncation, reason = "a mark is the low bits of a hash")]
    pub(crate) fn of(secret: &Secret, persons: &RoaringBitmap, brings: Brings<'_>) -> Self {
        let rows_mark = |rows: u32| secret.of(Purpose::Rows, u64::from(rows)) as u32;
        let sum_mark = |sum: i64| secret.of(Purpose::Sum, sum.cast_unsigned()) as u32;
        let same = |rows, sum| (Marks::Same(rows_mark(rows)), Marks::Same(sum_mark(sum)));
        let (rows, sums) = match (brings, if let Brings::Parts(exact) = brings { exact.uniform() } else { None }) {
            (Brings::Unknown, _) => (Marks::Unknown, Marks::Unknown),
            // As a row each.
            (Brings::Presence, _) => same(1, 0),
            (Brings::Parts(_), Some((rows, sum))) => same(rows, sum),
            (Brings::Parts(exact), None) => {
                let rows = exact.exact().map(|(_, rows, _)| rows_mark(rows)).collect();
                (Marks::of(rows), Marks::of(exact.exact().map(|(_, _, sum)| sum_mark(sum)).collect()))
            }
        };
        Self { persons: persons.clone(), rows, sums }
    }

    /// From what was kept; `None` where it does not fit together.
    pub(crate) fn kept(persons: &[u8], rows: Marks, sums: Marks) -> Option<Self> {
        let persons = RoaringBitmap::deserialize_from(persons).ok()?;
        (rows.fits(persons.len()) && sums.fits(persons.len())).then_some(Self { persons, rows, sums })
    }

    /// What is kept: the persons' bytes and the marks.
    pub(crate) fn parts(&self) -> (Vec<u8>, Marks, Marks) {
        let mut bytes = Vec::with_capacity(self.persons.serialized_size());
        // Writing into a vector does not fail.
        let _ = self.persons.serialize_into(&mut bytes);
        (bytes, self.rows.clone(), self.sums.clone())
    }

    /// The persons.
    #[must_use]
    pub fn persons(&self) -> &RoaringBitmap {
        &self.persons
    }

    /// Whether nothing is known but who contributed.
    pub(crate) fn persons_only(&self) -> bool {
        self.rows == Marks::Unknown
    }

    /// How two sets differ. Looks no further than the persons where these differ by `enough`.
    #[must_use]
    pub fn difference(&self, other: &Self, enough: u64) -> Difference {
        let persons = self.persons.symmetric_difference_len(&other.persons);
        if persons >= enough {
            return Difference { persons, rows: None, sums: None };
        }
        let marks = |mine: &Marks, theirs: &Marks| match (mine, theirs) {
            (Marks::Unknown, _) | (_, Marks::Unknown) => None,
            (Marks::Same(a), Marks::Same(b)) if a == b => Some(persons),
            (Marks::Same(_), Marks::Same(_)) => Some(persons + self.persons.intersection_len(&other.persons)),
            _ => Some(persons + self.unlike(other, mine, theirs)),
        };
        Difference { persons, rows: marks(&self.rows, &other.rows), sums: marks(&self.sums, &other.sums) }
    }

    /// Persons of both sets whose marks differ.
    fn unlike(&self, other: &Self, mine: &Marks, theirs: &Marks) -> u64 {
        let mut others = other.persons.iter().enumerate().peekable();
        let mut unlike = 0;
        for (rank, person) in self.persons.iter().enumerate() {
            while others.next_if(|(_, other)| *other < person).is_some() {}
            if let Some((other, _)) = others.next_if(|(_, other)| *other == person) {
                unlike += u64::from(mine.at(rank) != theirs.at(other));
            }
        }
        unlike
    }
}
