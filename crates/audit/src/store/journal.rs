//! Records of a journal: index, group, two lengths, a checksum, the entry, its openings.
//!
//! The checksum covers the index, so that bytes of another place or an older file are no record here. Records of one
//! group were synced together, and the next group was written after that: so only the last group can be incomplete, in
//! whatever order a failing disk wrote its blocks. Whatever is wrong before the last group is damage.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::entry::{MAX_ENTRY, Opening};

/// Index (8), index of the group's first record (8), length of the entry (4) and of the openings (4), checksum (16);
/// integers big-endian.
const HEADER: usize = 40;

/// The part of the header that the checksum covers.
const SUMMED: usize = 24;

/// Bytes of the openings of one entry at most: 18 seals, two of them of a megabyte that JSON may double.
pub(super) const MAX_OPENINGS: usize = 64 << 20;

/// One entry with its openings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) entry: Vec<u8>,
    pub(super) openings: Vec<u8>,
}

/// What follows the last valid record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing.
    Nothing,
    /// An end that was being written.
    Torn,
    /// Valid records of a later group behind an invalid one.
    Damaged,
}

/// The records of a journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) records: Vec<Record>,
    /// Bytes up to the end of the last valid record.
    pub(super) good: usize,
    pub(super) rest: Rest,
}

/// The openings as they are kept: nothing for none.
pub(super) fn openings(list: &[Opening]) -> Vec<u8> {
    if list.is_empty() { Vec::new() } else { serde_json::to_vec(list).unwrap_or_default() }
}

/// Reads what [`openings`] wrote.
pub(super) fn read_openings(bytes: &[u8]) -> Option<Vec<Opening>> {
    if bytes.is_empty() { Some(Vec::new()) } else { serde_json::from_slice(bytes).ok() }
}

pub(super) fn write(index: u64, group: u64, record: &Record, out: &mut Vec<u8>) {
    let mut head = [0; SUMMED];
    head[..8].copy_from_slice(&index.to_be_bytes());
    head[8..16].copy_from_slice(&group.to_be_bytes());
    head[16..20].copy_from_slice(&length(&record.entry).to_be_bytes());
    head[20..].copy_from_slice(&length(&record.openings).to_be_bytes());
    out.extend(head);
    out.extend(checksum(&head, &record.entry, &record.openings));
    out.extend(&record.entry);
    out.extend(&record.openings);
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn checksum(head: &[u8], entry: &[u8], openings: &[u8]) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::new().chain_update(head).chain_update(entry).chain_update(openings).finalize().into();
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    short
}

/// Where a record is.
struct Place {
    index: u64,
    group: u64,
    entry: Range<usize>,
    openings: Range<usize>,
}

/// The record at the start of `bytes`, if one is there.
fn record(bytes: &[u8]) -> Option<Place> {
    let (head, _) = bytes.split_at_checked(HEADER)?;
    let long = |range: Range<usize>| Some(u64::from_be_bytes(head[range].try_into().ok()?));
    let (index, group) = (long(0..8)?, long(8..16)?);
    let number = |range: Range<usize>| usize::try_from(u32::from_be_bytes(head[range].try_into().ok()?)).ok();
    let (entry, openings) = (number(16..20)?, number(20..24)?);
    if entry > MAX_ENTRY || openings > MAX_OPENINGS || bytes.len() < HEADER + entry + openings {
        return None;
    }
    let (entry, openings) = (HEADER..HEADER + entry, HEADER + entry..HEADER + entry + openings);
    let sum = checksum(&head[..SUMMED], &bytes[entry.clone()], &bytes[openings.clone()]);
    (sum == head[SUMMED..]).then_some(Place { index, group, entry, openings })
}

/// Reads a journal whose first entry has the index `first`.
pub(super) fn scan(bytes: &[u8], first: u64) -> Scan {
    let (mut records, mut good) = (Vec::new(), 0);
    while let Some(Place { index, entry, openings, .. }) = record(&bytes[good..]) {
        if index != first + records.len() as u64 {
            break;
        }
        let end = good + openings.end;
        let part = |range: Range<usize>| bytes[good + range.start..good + range.end].to_vec();
        records.push(Record { entry: part(entry), openings: part(openings) });
        good = end;
    }
    // A header's index is looked at before anything is hashed, so that this stays linear.
    let next = first + records.len() as u64;
    let later = |at: usize| {
        let index = bytes.get(at..at + 8).and_then(|head| head.try_into().ok()).map(u64::from_be_bytes);
        index.is_some_and(|index| (next..next + 512).contains(&index))
            && record(&bytes[at..]).is_some_and(|place| place.group > next)
    };
    let rest = match good == bytes.len() {
        true => Rest::Nothing,
        false if (good + 1..bytes.len()).any(later) => Rest::Damaged,
        false => Rest::Torn,
    };
    Scan { records, good, rest }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Records in groups of three.
    fn journal(count: u8) -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut ends) = (Vec::new(), vec![0]);
        for n in 0..count {
            let record = Record { entry: vec![n; usize::from(n) + 1], openings: vec![n; usize::from(n % 2)] };
            write(512 + u64::from(n), 512 + u64::from(n / 3 * 3), &record, &mut bytes);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    proptest! {
        #[test]
        fn a_cut_anywhere_leaves_whole_records(cut in 0..1_000_usize) {
            let (bytes, ends) = journal(12);
            let cut = cut.min(bytes.len());
            let found = scan(&bytes[..cut], 512);
            let whole = ends.iter().rposition(|end| *end <= cut).unwrap();
            prop_assert_eq!((found.records.len(), found.good), (whole, ends[whole]));
            prop_assert_eq!(found.rest, if ends[whole] == cut { Rest::Nothing } else { Rest::Torn });
        }

        #[test]
        fn a_flipped_bit_is_damage_but_in_the_last_group(bit in 0..8_000_usize) {
            let (mut bytes, ends) = journal(12);
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let hit = ends.iter().rposition(|end| *end <= bit / 8).unwrap();
            let found = scan(&bytes, 512);
            prop_assert_eq!(found.records.len(), hit);
            prop_assert_eq!(found.rest, if hit >= 9 { Rest::Torn } else { Rest::Damaged });
        }

        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let found = scan(&bytes, 0);
            prop_assert!(found.good <= bytes.len());
        }
    }

    #[test]
    fn records_of_another_place_are_none() {
        let (bytes, _) = journal(3);
        assert_eq!(scan(&bytes, 256).records, []);
    }
}
