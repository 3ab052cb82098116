//! Journals that are full become bundles, openings and tiles.

use std::io;

use super::disk::Disk;
use super::layout::Layout;
use crate::tree::{FullTile, Hash, Row, Rows, TileId, WIDTH, bundle};

/// The entries of one journal.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) openings: Vec<Vec<u8>>,
    /// The tiles that its last entry filled.
    pub(crate) tiles: Vec<FullTile>,
}

impl Segment {
    pub(crate) fn new(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    pub(crate) fn room(&self) -> usize {
        WIDTH - self.entries.len()
    }
}

/// Openings, each behind its length in four bytes, big-endian.
fn join_openings(openings: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for one in openings {
        bytes.extend(u32::try_from(one.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(one);
    }
    bytes
}

/// Reads what [`join_openings`] wrote.
pub(crate) fn split_openings(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut openings = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (one, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        openings.push(one.to_vec());
        bytes = rest;
    }
    bytes.is_empty().then_some(openings)
}

pub(crate) fn hashes(row: &[Hash]) -> Vec<u8> {
    row.iter().flat_map(|hash| hash.0).collect()
}

/// Writes a full segment; its journal may go afterwards.
pub(crate) fn segment(disk: &dyn Disk, layout: &Layout, segment: &Segment) -> io::Result<()> {
    if segment.openings.iter().any(|one| !one.is_empty()) {
        disk.put(&layout.openings(segment.number), &join_openings(&segment.openings))?;
    }
    for tile in &segment.tiles {
        disk.put(&layout.tile(&TileId::full(Row::Hashes(tile.level), tile.index)), &hashes(&tile.hashes))?;
    }
    let bytes = bundle(&segment.entries).ok_or(io::ErrorKind::InvalidData)?;
    disk.put(&layout.tile(&TileId::full(Row::Entries, segment.number)), &bytes)
}

/// Writes the partial tiles that a checkpoint of this moment stands on; returns which.
pub(crate) fn partial(disk: &dyn Disk, layout: &Layout, rows: &Rows, last: &Segment) -> io::Result<Vec<TileId>> {
    let mut tiles = Vec::new();
    if !last.entries.is_empty() {
        let tile = TileId { row: Row::Entries, index: last.number, width: last.entries.len() };
        let bytes = bundle(&last.entries).ok_or(io::ErrorKind::InvalidData)?;
        disk.put(&layout.tile(&tile), &bytes)?;
        tiles.push(tile);
    }
    for (level, (index, row)) in (0_u8..).zip(rows.partial()) {
        if !row.is_empty() {
            let tile = TileId { row: Row::Hashes(level), index: *index, width: row.len() };
            disk.put(&layout.tile(&tile), &hashes(row))?;
            tiles.push(tile);
        }
    }
    Ok(tiles)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn openings_are_split_as_they_were_joined(
            openings in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20),
            any in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            prop_assert_eq!(split_openings(&join_openings(&openings)), Some(openings));
            if let Some(openings) = split_openings(&any) {
                prop_assert_eq!(join_openings(&openings), any);
            }
        }
    }
}
