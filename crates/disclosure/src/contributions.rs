//! What each person brought to one aggregate of one cell.
//!
//! Three things are kept for every person: the number of rows, the sum of the values in millionths (wrapping, so that
//! it does not depend on the order of rows, nor on whether values were summed per person first), and, over all of
//! them, how much the largest two brought. That is what the rules and the ledger ask for; nothing of it leaves the
//! process but as keyed hashes in the ledger's own file.
//!
//! The bytes are those that the engine's aggregate yields: they may come from another process and are checked when
//! they are read.

use arrow_array::{Array, BinaryArray};
use roaring::RoaringBitmap;

/// One person's part of one aggregate, while it is collected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The dense person number.
    pub person: u32,
    /// Rows.
    pub rows: u32,
    /// Values in millionths, wrapping.
    pub sum: i64,
    /// Absolute values, for dominance.
    pub amount: f64,
}

impl Part {
    /// The part of one row with a value.
    #[inline]
    #[must_use]
    pub fn of(person: u32, value: f64) -> Self {
        Self { person, rows: 1, sum: millionths(value), amount: value.abs() }
    }

    /// Adds a part of the same person.
    #[inline]
    pub fn add(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.sum = self.sum.wrapping_add(other.sum);
        self.amount += other.amount;
    }
}

/// A value in millionths, rounded, modulo 2^64: exact for whatever has at most six decimal places.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the sum is compared, never read as a number")]
fn millionths(value: f64) -> i64 {
    let scaled = value * 1e6;
    if scaled.abs() < 9.0e18 { scaled.round() as i64 } else { value.to_bits().cast_signed() }
}

/// One number per person, kept once where it is the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column<T> {
    Same(T),
    Each(Vec<T>),
}

impl<T: Copy + PartialEq + Default> Column<T> {
    fn of(values: Vec<T>) -> Self {
        match values.first() {
            None => Self::Same(T::default()),
            Some(first) if values.iter().all(|value| value == first) => Self::Same(*first),
            Some(_) => Self::Each(values),
        }
    }

    fn at(&self, rank: usize) -> T {
        match self {
            Self::Same(value) => *value,
            Self::Each(values) => values.get(rank).copied().unwrap_or_default(),
        }
    }
}

/// The persons who contribute to one aggregate of one cell, with what each brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    persons: RoaringBitmap,
    rows: Column<u32>,
    sums: Column<i64>,
    total: f64,
    largest: [f64; 2],
}

/// Bytes that are no contributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("contributions are malformed")]
pub struct BadContributions;

const EACH_ROWS: u8 = 1;
const EACH_SUMS: u8 = 2;

impl Contributions {
    /// Nobody.
    #[must_use]
    pub fn none() -> Self {
        Self::from_parts(Vec::new())
    }

    /// Collects parts in any order; a person may have several.
    #[must_use]
    pub fn from_parts(mut parts: Vec<Part>) -> Self {
        if !parts.is_sorted_by_key(|part| part.person) {
            parts.sort_unstable_by_key(|part| part.person);
        }
        parts.dedup_by(|later, kept| {
            let same = later.person == kept.person;
            if same {
                kept.add(later);
            }
            same
        });
        let mut largest = [0.0_f64; 2];
        for part in &parts {
            if part.amount > largest[0] {
                largest = [part.amount, largest[0]];
            } else if part.amount > largest[1] {
                largest[1] = part.amount;
            }
        }
        Self {
            persons: RoaringBitmap::from_sorted_iter(parts.iter().map(|part| part.person)).unwrap_or_default(),
            rows: Column::of(parts.iter().map(|part| part.rows).collect()),
            sums: Column::of(parts.iter().map(|part| part.sum).collect()),
            total: parts.iter().map(|part| part.amount).sum(),
            largest,
        }
    }

    /// The persons.
    #[must_use]
    pub fn persons(&self) -> &RoaringBitmap {
        &self.persons
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.persons.len()
    }

    /// Whether nobody contributes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.persons.is_empty()
    }

    /// The sum of everybody's absolute values.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The two largest of them, by person.
    #[must_use]
    pub fn largest(&self) -> [f64; 2] {
        self.largest
    }

    /// Everybody's rows and sum, in the order of person numbers.
    pub fn exact(&self) -> impl Iterator<Item = (u32, u32, i64)> {
        self.persons.iter().enumerate().map(|(rank, person)| (person, self.rows.at(rank), self.sums.at(rank)))
    }

    /// Rows and sum, where they are the same for everybody.
    #[must_use]
    pub fn uniform(&self) -> Option<(u32, i64)> {
        match (&self.rows, &self.sums) {
            (Column::Same(rows), Column::Same(sum)) => Some((*rows, *sum)),
            _ => None,
        }
    }

    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.persons.serialized_size());
        let flag = |each: bool, bit: u8| if each { bit } else { 0 };
        let each_rows = matches!(self.rows, Column::Each(_));
        let each_sums = matches!(self.sums, Column::Each(_));
        bytes.push(flag(each_rows, EACH_ROWS) | flag(each_sums, EACH_SUMS));
        for float in [self.total, self.largest[0], self.largest[1]] {
            bytes.extend(float.to_le_bytes());
        }
        match &self.rows {
            Column::Same(rows) => bytes.extend(rows.to_le_bytes()),
            Column::Each(rows) => {
                bytes.extend(u32::try_from(rows.len()).unwrap_or(u32::MAX).to_le_bytes());
                bytes.extend(rows.iter().flat_map(|rows| rows.to_le_bytes()));
            }
        }
        match &self.sums {
            Column::Same(sum) => bytes.extend(sum.to_le_bytes()),
            Column::Each(sums) => {
                bytes.extend(u32::try_from(sums.len()).unwrap_or(u32::MAX).to_le_bytes());
                bytes.extend(sums.iter().flat_map(|sum| sum.to_le_bytes()));
            }
        }
        // Writing into a vector does not fail.
        let _ = self.persons.serialize_into(&mut bytes);
        bytes
    }

    /// Reads the bytes.
    ///
    /// # Errors
    /// [`BadContributions`] for anything that [`Contributions::encode`] would not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadContributions> {
        let (flags, rest) = bytes.split_first().ok_or(BadContributions)?;
        if *flags > (EACH_ROWS | EACH_SUMS) {
            return Err(BadContributions);
        }
        let mut rest = rest;
        let mut floats = [0.0; 3];
        for float in &mut floats {
            *float = f64::from_le_bytes(take(&mut rest)?);
        }
        let rows = match flags & EACH_ROWS {
            0 => Column::Same(u32::from_le_bytes(take(&mut rest)?)),
            _ => Column::Each(list(&mut rest, u32::from_le_bytes)?),
        };
        let sums = match flags & EACH_SUMS {
            0 => Column::Same(i64::from_le_bytes(take(&mut rest)?)),
            _ => Column::Each(list(&mut rest, i64::from_le_bytes)?),
        };
        let persons = RoaringBitmap::deserialize_from(rest).map_err(|_| BadContributions)?;
        let fits = |len: Option<usize>| len.is_none_or(|len| len as u64 == persons.len());
        let len = |each: &Column<u32>| if let Column::Each(all) = each { Some(all.len()) } else { None };
        let sums_len = if let Column::Each(all) = &sums { Some(all.len()) } else { None };
        if !fits(len(&rows)) || !fits(sums_len) || persons.serialized_size() != rest.len() {
            return Err(BadContributions);
        }
        let [total, first, second] = floats;
        Ok(Self { persons, rows, sums, total, largest: [first, second] })
    }

    /// One set per row of a column of bytes.
    ///
    /// # Errors
    /// [`BadContributions`], also where a row has none.
    pub fn decode_all(column: &BinaryArray) -> Result<Vec<Self>, BadContributions> {
        if column.null_count() > 0 {
            return Err(BadContributions);
        }
        column.iter().flatten().map(Self::decode).collect()
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], BadContributions> {
    let (head, rest) = bytes.split_at_checked(N).ok_or(BadContributions)?;
    *bytes = rest;
    head.try_into().map_err(|_| BadContributions)
}

/// A length, then that many numbers; the length is held to what is there before anything is reserved.
fn list<T, const N: usize>(bytes: &mut &[u8], read: fn([u8; N]) -> T) -> Result<Vec<T>, BadContributions> {
    let len = u32::from_le_bytes(take(bytes)?) as usize;
    let (head, rest) = len.checked_mul(N).and_then(|len| bytes.split_at_checked(len)).ok_or(BadContributions)?;
    *bytes = rest;
    head.chunks_exact(N).map(|chunk| chunk.try_into().map(read).map_err(|_| BadContributions)).collect()
}

#[cfg(test)]
mod tests;
