//! Tiles of height 8 and entry bundles, as C2SP tlog-tiles names and fills them.

use std::fmt::Write as _;

use super::Hash;

/// Nodes of a full tile, and entries of a full bundle.
pub const WIDTH: usize = 256;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// Hashes of the tree's level 8 · n.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// One tile, or bundle of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// What it holds.
    pub row: Row,
    /// Its number in the row.
    pub index: u64,
    /// How many hashes or entries: 256, or fewer for a partial tile.
    pub width: usize,
}

/// A path that names no tile, or bytes that are no bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tile")]
pub struct BadTile;

impl TileId {
    /// The full tile.
    #[must_use]
    pub fn full(row: Row, index: u64) -> Self {
        Self { row, index, width: WIDTH }
    }

    /// The partial tiles that a log of so many entries ends with: the bundle first, then hashes from the leaves up.
    pub fn partial(size: u64) -> impl Iterator<Item = Self> {
        let width = WIDTH as u64;
        let counts = std::iter::successors(Some(size), move |count| Some(count / width).filter(|count| *count > 0));
        let levels = (0_u8..).zip(counts).map(|(level, count)| (Row::Hashes(level), count));
        let all = std::iter::once((Row::Entries, size)).chain(levels).filter(move |(_, count)| count % width > 0);
        all.map(move |(row, count)| Self {
            row,
            index: count / width,
            width: usize::try_from(count % width).unwrap_or(WIDTH),
        })
    }

    /// The path below the log's prefix, such as `tile/0/x001/067` or `tile/entries/000.p/12`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = match self.row {
            Row::Hashes(level) => format!("tile/{level}/"),
            Row::Entries => "tile/entries/".to_owned(),
        };
        let digits = self.index.to_string();
        let groups = digits.len().div_ceil(3);
        let padded = format!("{digits:0>width$}", width = groups * 3);
        for (number, at) in (0..padded.len()).step_by(3).enumerate() {
            path.push_str(if number + 1 < groups { "x" } else { "" });
            path.push_str(&padded[at..at + 3]);
            path.push_str(if number + 1 < groups { "/" } else { "" });
        }
        if self.width < WIDTH {
            // Writing to a String cannot fail.
            let _ = write!(path, ".p/{}", self.width);
        }
        path
    }

    /// Reads a path in the one form that [`TileId::path`] writes.
    ///
    /// # Errors
    /// [`BadTile`]
    pub fn parse(path: &str) -> Result<Self, BadTile> {
        let rest = path.strip_prefix("tile/").ok_or(BadTile)?;
        let (row, rest) = rest.split_once('/').ok_or(BadTile)?;
        let row = match row {
            "entries" => Row::Entries,
            level => Row::Hashes(level.parse().ok().filter(|level| *level < 8).ok_or(BadTile)?),
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok().filter(|w| (1..WIDTH).contains(w)).ok_or(BadTile)?),
            None => (rest, WIDTH),
        };
        let mut index = 0_u64;
        for group in number.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            let value: u64 = digits.parse().ok().filter(|_| digits.len() == 3).ok_or(BadTile)?;
            index = index.checked_mul(1_000).and_then(|n| n.checked_add(value)).ok_or(BadTile)?;
        }
        let tile = Self { row, index, width };
        if tile.path() == path { Ok(tile) } else { Err(BadTile) }
    }
}

/// The bytes of a bundle: each entry behind its length in two bytes, big-endian. `None` where an entry is too long.
#[must_use]
pub fn bundle<E: AsRef<[u8]>>(entries: &[E]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| entry.as_ref().len() + 2).sum());
    for entry in entries {
        bytes.extend(u16::try_from(entry.as_ref().len()).ok()?.to_be_bytes());
        bytes.extend(entry.as_ref());
    }
    Some(bytes)
}

/// The entries of a bundle.
///
/// # Errors
/// [`BadTile`] where the bytes end inside of an entry, or hold more than 256.
pub fn unbundle(mut bytes: &[u8]) -> Result<Vec<&[u8]>, BadTile> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(BadTile)?;
        entries.push(entry);
        bytes = rest;
        if entries.len() > WIDTH {
            return Err(BadTile);
        }
    }
    if bytes.is_empty() { Ok(entries) } else { Err(BadTile) }
}

/// A tile of hashes that has become full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    /// Its level in tiles.
    pub level: u8,
    /// Its number in the level.
    pub index: u64,
    /// Its 256 hashes.
    pub hashes: Vec<Hash>,
}

/// The tiles on the right edge that are not full yet, from the leaves up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    rows: Vec<(u64, Vec<Hash>)>,
}

impl Rows {
    /// From the partial tiles of each level: its number and its hashes, fewer than 256.
    #[must_use]
    pub fn new(rows: Vec<(u64, Vec<Hash>)>) -> Self {
        Self { rows }
    }

    /// The partial tiles from the leaves up: number and hashes.
    #[must_use]
    pub fn partial(&self) -> &[(u64, Vec<Hash>)] {
        &self.rows
    }

    /// Adds the hash of a leaf; returns the tiles that it fills, lowest first.
    pub fn push(&mut self, leaf: Hash) -> Vec<FullTile> {
        let (mut full, mut carry) = (Vec::new(), leaf);
        for level in 0_u8.. {
            let row = usize::from(level);
            if row == self.rows.len() {
                self.rows.push((0, Vec::with_capacity(WIDTH)));
            }
            let (index, hashes) = &mut self.rows[row];
            hashes.push(carry);
            if hashes.len() < WIDTH {
                break;
            }
            carry = Hash::fold(hashes);
            full.push(FullTile { level, index: *index, hashes: std::mem::replace(hashes, Vec::with_capacity(WIDTH)) });
            *index += 1;
        }
        full
    }
}
