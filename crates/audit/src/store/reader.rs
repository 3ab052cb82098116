//! Reading a log, beside its writer or from a copy. Never writes.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use renkei_types::QueryId;

use super::journal::{self, Rest};
use super::layout::Layout;
use crate::entry::{Act, Body, Entry, Opening};
use crate::note::{Checkpoint, Head, Note, Origin};
use crate::receipt::Inclusion;
use crate::tree::{self, Hash, Nodes, Row, TileId, WIDTH, unbundle};

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not there.
    #[error("missing: {0}")]
    Missing(String),
    /// It is there, and is not what it should be.
    #[error("damaged: {0}")]
    Damaged(String),
    /// It was taken out of the log's folder into an archive.
    #[error("the entries before {0} are in an archive: its folder is needed too")]
    Archived(u64),
    /// The system could not read it.
    #[error("cannot be read: {0}")]
    System(String, #[source] io::Error),
}

const ENTRIES: u64 = WIDTH as u64;

/// Looks at a checkpoint and its tiles, until both are of one moment.
const LOOKS: usize = 3;

/// Tiles kept in memory while proofs are made.
const CACHED_TILES: usize = 64;

/// Nodes kept in memory while proofs are made.
const CACHED_NODES: usize = 4_096;

/// Hashes of a full tile.
type Cached = Arc<Vec<Hash>>;

/// A log's files, as they are at the moment of reading.
#[derive(Debug)]
pub struct Reader {
    layout: Layout,
    /// Archives of the log's oldest entries, with the entries that each has.
    archives: Vec<(Layout, Range<u64>)>,
    tiles: Mutex<BTreeMap<(u8, u64), Cached>>,
    nodes: Mutex<BTreeMap<(u8, u64), Hash>>,
}

/// The file's bytes, or `None` where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, ReadError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ReadError::System(name(path), error)),
    }
}

pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Reader {
    /// A reader of the log in this folder.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self::with_archives(root, Vec::new())
    }

    /// A reader of the log in this folder together with archives of its oldest entries, each with the entries that its
    /// manifest says it has.
    #[must_use]
    pub fn with_archives(root: &Path, archives: Vec<(PathBuf, Range<u64>)>) -> Self {
        let archives = archives.into_iter().map(|(folder, range)| (Layout::new(&folder), range)).collect();
        Self { layout: Layout::new(root), archives, tiles: Mutex::default(), nodes: Mutex::default() }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The first entry that can be read: those before it are in archives that this reader does not have.
    #[must_use]
    pub fn first(&self) -> u64 {
        let marker = std::fs::read_to_string(self.layout.archived()).ok();
        let gone = marker.and_then(|text| text.lines().next()?.parse::<u64>().ok()).unwrap_or(0);
        let mut first = gone - gone % ENTRIES;
        while let Some((_, range)) = self.archives.iter().find(|(_, range)| range.start < first && first <= range.end) {
            first = range.start;
        }
        first
    }

    /// A file of the log, or of the archive that has it.
    fn anywhere(&self, number: u64, path: impl Fn(&Layout) -> PathBuf) -> Result<Option<Vec<u8>>, ReadError> {
        if let Some(bytes) = read(&path(&self.layout))? {
            return Ok(Some(bytes));
        }
        let has = |range: &Range<u64>| range.contains(&(number * ENTRIES));
        let archive = self.archives.iter().find(|(_, range)| has(range));
        archive.map_or(Ok(None), |(layout, _)| read(&path(layout)))
    }

    /// The newest checkpoint, unverified; `None` where none was made.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn checkpoint(&self) -> Result<Option<Note>, ReadError> {
        let Some(bytes) = read(&self.layout.checkpoint())? else { return Ok(None) };
        Note::parse(&bytes).map(Some).map_err(|_| ReadError::Damaged("checkpoint".into()))
    }

    /// The newest heads of other logs that this log's owner cosigned.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn seen(&self) -> Result<BTreeMap<Origin, Head>, ReadError> {
        let Some(bytes) = read(&self.layout.seen())? else { return Ok(BTreeMap::new()) };
        serde_json::from_slice(&bytes).map_err(|_| ReadError::Damaged("seen".into()))
    }

    /// The journals, in order.
    ///
    /// # Errors
    /// [`ReadError`]
    pub(super) fn journals(&self) -> Result<Vec<u64>, ReadError> {
        let folder = self.layout.journals();
        let system = |error| ReadError::System("journal".into(), error);
        let list = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            list => list.map_err(system)?,
        };
        let mut numbers = Vec::new();
        for file in list {
            let file = file.map_err(system)?.file_name();
            if let Some(number) = file.to_str().and_then(|text| text.parse().ok()) {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// How many entries there are, signed or not.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn size(&self) -> Result<u64, ReadError> {
        let signed = || {
            let head = self.checkpoint().ok().flatten().and_then(|note| Checkpoint::parse(note.text()).ok());
            head.map_or(0, |checkpoint| checkpoint.head.size)
        };
        match self.journals()?.last() {
            Some(last) => Ok(last * ENTRIES + self.bundle(*last)?.len() as u64),
            None => Ok(signed()),
        }
    }

    /// The entries `number · 256` and following, up to 256; empty beyond the end.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn bundle(&self, number: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        let damaged = || ReadError::Damaged(format!("entries of bundle {number}"));
        let full = || self.anywhere(number, |layout| layout.tile(&TileId::full(Row::Entries, number)));
        let unpack = |bytes: &[u8]| {
            let entries = unbundle(bytes).map_err(|_| damaged())?;
            Ok(entries.into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>())
        };
        if let Some(bytes) = full()? {
            let entries = unpack(&bytes)?;
            return if entries.len() == WIDTH { Ok(entries) } else { Err(damaged()) };
        }
        if let Some(bytes) = read(&self.layout.journal(number))? {
            let scan = journal::scan(&bytes, number * ENTRIES);
            if scan.rest == Rest::Damaged {
                return Err(ReadError::Damaged(format!("journal {number}")));
            }
            return Ok(scan.records.into_iter().map(|record| record.entry).collect());
        }
        // Between the two looks the journal may have become a bundle.
        if let Some(bytes) = full()? {
            return unpack(&bytes);
        }
        match self.partial(number)? {
            Some((bytes, width)) => unpack(&bytes).and_then(|e| if e.len() == width { Ok(e) } else { Err(damaged()) }),
            None if number * ENTRIES < self.first() => Err(ReadError::Archived(self.first())),
            None => Err(ReadError::Missing(format!("entries of bundle {number}"))),
        }
    }

    /// The partial bundle of the newest checkpoint: all that a published copy has of its last entries.
    fn partial(&self, number: u64) -> Result<Option<(Vec<u8>, usize)>, ReadError> {
        // Between the two files the checkpoint may be replaced, and the tiles of the one before with it.
        for _ in 0..LOOKS {
            let head = self.checkpoint()?.and_then(|note| Checkpoint::parse(note.text()).ok()).map(|c| c.head);
            let Some(size) = head.map(|head| head.size).filter(|size| size / ENTRIES == number && size % ENTRIES > 0)
            else {
                return Ok(None);
            };
            let width = usize::try_from(size % ENTRIES).unwrap_or(WIDTH);
            let tile = TileId { row: Row::Entries, index: number, width };
            if let Some(bytes) = read(&self.layout.tile(&tile))? {
                return Ok(Some((bytes, width)));
            }
        }
        Ok(None)
    }

    /// The bytes of one entry.
    ///
    /// # Errors
    /// [`ReadError::Missing`] beyond the end.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, ReadError> {
        let at = usize::try_from(index % ENTRIES).unwrap_or(usize::MAX);
        let missing = || ReadError::Missing(format!("entry {index}"));
        let mut bundle = self.bundle(index / ENTRIES)?;
        if at < bundle.len() { Ok(bundle.swap_remove(at)) } else { Err(missing()) }
    }

    /// The entries from an index on, with their indexes, up to the end at the moment of the call.
    ///
    /// # Errors
    /// [`ReadError`], here or from the iterator.
    pub fn entries(
        &self,
        from: u64,
    ) -> Result<impl Iterator<Item = Result<(u64, Vec<u8>), ReadError>> + '_, ReadError> {
        let size = self.size()?;
        let bundles = (from / ENTRIES)..size.div_ceil(ENTRIES);
        let numbered = bundles.flat_map(move |number| {
            let (first, bundle) = match self.bundle(number) {
                Ok(bundle) => (number * ENTRIES, bundle.into_iter().map(Ok).collect()),
                Err(error) => (number * ENTRIES, vec![Err(error)]),
            };
            (first..).zip(bundle).map(|(index, entry)| entry.map(|entry| (index, entry)))
        });
        Ok(numbered.filter(move |entry| entry.as_ref().map_or(true, |(index, _)| (from..size).contains(index))))
    }

    /// The openings of an entry's seals; none where the entry has none, or a copy was made without them.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn openings(&self, index: u64) -> Result<Vec<Opening>, ReadError> {
        let (number, at) = (index / ENTRIES, usize::try_from(index % ENTRIES).unwrap_or(usize::MAX));
        let kept = self.openings_of(number)?;
        let damaged = || ReadError::Damaged(format!("openings of entry {index}"));
        kept.get(at).map_or(Ok(Vec::new()), |bytes| journal::read_openings(bytes).ok_or_else(damaged))
    }

    /// The openings of a bundle, undecoded.
    pub(crate) fn openings_of(&self, number: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        if let Some(bytes) = self.anywhere(number, |layout| layout.openings(number))? {
            let damaged = || ReadError::Damaged(format!("openings of bundle {number}"));
            return super::publish::split_openings(&bytes).ok_or_else(damaged);
        }
        let bytes = read(&self.layout.journal(number))?.unwrap_or_default();
        Ok(journal::scan(&bytes, number * ENTRIES).records.into_iter().map(|record| record.openings).collect())
    }

    /// A stored tile of hashes, unverified; `None` where there is none.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn tile(&self, tile: &TileId) -> Result<Option<Vec<Hash>>, ReadError> {
        let Some(bytes) = read(&self.layout.tile(tile))? else { return Ok(None) };
        let (hashes, rest) = bytes.as_chunks::<32>();
        if hashes.len() != tile.width || !rest.is_empty() {
            return Err(ReadError::Damaged(tile.path()));
        }
        Ok(Some(hashes.iter().copied().map(Hash).collect()))
    }

    /// The leaf hashes of a bundle, or the hashes of a full tile above them.
    fn hashes(&self, row: u8, index: u64) -> Result<Option<Cached>, ReadError> {
        let lock = || self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hashes) = lock().get(&(row, index)) {
            return Ok(Some(Arc::clone(hashes)));
        }
        let hashes = match self.tile(&TileId::full(Row::Hashes(row), index))? {
            Some(hashes) => hashes,
            None if row == 0 => self.bundle(index)?.iter().map(|entry| Hash::leaf(entry)).collect(),
            None => return Ok(None),
        };
        let hashes = Arc::new(hashes);
        if hashes.len() == WIDTH {
            keep(&mut lock(), CACHED_TILES, (row, index), Arc::clone(&hashes));
        }
        Ok(Some(hashes))
    }

    /// One hash of a row of tiles: stored, or computed from the tile below.
    fn hash(&self, row: u8, index: u64) -> Result<Hash, ReadError> {
        let missing = || ReadError::Missing(format!("hash {index} of row {row}"));
        let at = usize::try_from(index % ENTRIES).unwrap_or(usize::MAX);
        if let Some(hashes) = self.hashes(row, index / ENTRIES)? {
            return hashes.get(at).copied().ok_or_else(missing);
        }
        let below = row.checked_sub(1).ok_or_else(missing)?;
        self.node(below * 8 + 8, index)
    }

    /// The head of the first `size` entries.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn head(&self, size: u64) -> Result<Head, ReadError> {
        Ok(Head { root: tree::Frontier::load(self, size)?.root(), size })
    }

    /// The proof that the tree of `size` entries has the entry `index`.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Inclusion, ReadError> {
        Ok(Inclusion { index, size, path: tree::inclusion(self, index, size)? })
    }

    /// The proof that the tree of `new` entries continues that of `old`.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, ReadError> {
        tree::consistency(self, old, new)
    }

    /// Questions with an INTENT but no OUTCOME since the program last recorded its start: after a crash the caller
    /// records them as aborted, and its own start after that.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn open_intents(&self) -> Result<Vec<(QueryId, u32)>, ReadError> {
        let mut bundles = Vec::new();
        for number in (self.first() / ENTRIES..self.size()?.div_ceil(ENTRIES)).rev() {
            let mut entries = Vec::new();
            for bytes in self.bundle(number)? {
                entries.push(Entry::decode(&bytes).map_err(|e| ReadError::Damaged(e.to_string()))?.body);
            }
            let start = entries.iter().rposition(|body| matches!(body, Body::Admin(admin) if admin.act == Act::Start));
            entries.drain(..start.unwrap_or(0));
            bundles.push(entries);
            if start.is_some() {
                break;
            }
        }
        let mut open = BTreeMap::new();
        for body in bundles.into_iter().rev().flatten() {
            match body {
                Body::Intent(intent) => _ = open.insert((intent.query, intent.part), ()),
                Body::Outcome(outcome) if outcome.site.is_none() => _ = open.remove(&(outcome.query, outcome.part)),
                _ => {}
            }
        }
        Ok(open.into_keys().collect())
    }
}

impl Nodes for Reader {
    type Error = ReadError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, ReadError> {
        let lock = || self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hash) = lock().get(&(level, index)) {
            return Ok(*hash);
        }
        // A tile's root is a hash of the row above; its own row has all that a smaller subtree needs.
        let (row, within) = (level.saturating_sub(1) / 8, level - level.saturating_sub(1) / 8 * 8);
        let first = index << within;
        let hashes: Result<Vec<Hash>, ReadError> = (first..first + (1 << within)).map(|n| self.hash(row, n)).collect();
        let hash = Hash::fold(&hashes?);
        if level >= 8 {
            keep(&mut lock(), CACHED_NODES, (level, index), hash);
        }
        Ok(hash)
    }
}

fn keep<K: Ord, V>(cache: &mut BTreeMap<K, V>, most: usize, key: K, value: V) {
    if cache.len() >= most {
        cache.clear();
    }
    cache.insert(key, value);
}
