//! One pass over all entries.

use std::time::Duration;

use renkei_types::Timestamp;

use super::heads::Heads;
use super::pairs::Pairs;
use super::{Check, Report, Trust};
use crate::entry::{Act, Body, Entry, Opening, State, check_openings};
use crate::note::Head;
use crate::store::{ReadError, Reader, rows};
use crate::tree::{Frontier, FullTile, Hash, Row, Rows, TileId, WIDTH};

/// Verifies a log.
#[must_use]
pub fn verify(reader: &Reader, trust: &Trust) -> Report {
    let mut report = Report::default();
    let heads = Heads::read(reader, trust, &mut report);
    let mut walk = Walk { trust, heads, report, ..Walk::new(trust) };
    walk.all(reader);
    walk.finish(reader);
    walk.report
}

struct Walk<'a> {
    trust: &'a Trust,
    heads: Heads,
    report: Report,
    frontier: Frontier,
    rows: Rows,
    pairs: Pairs,
    beat: u64,
    /// The number of the next heartbeat is not known.
    skipped: bool,
    last: Option<(Timestamp, bool)>,
    /// The first entry that the witnesses' newest head does not cover, and its time.
    unwitnessed: Option<(u64, Timestamp)>,
}

impl<'a> Walk<'a> {
    fn new(trust: &'a Trust) -> Self {
        Self {
            trust,
            heads: Heads::default(),
            report: Report::default(),
            frontier: Frontier::default(),
            rows: Rows::default(),
            pairs: Pairs::default(),
            beat: 0,
            skipped: false,
            last: None,
            unwitnessed: None,
        }
    }

    fn all(&mut self, reader: &Reader) {
        self.compare();
        let size = match reader.size() {
            Ok(size) => size.max(self.heads.signed.map_or(0, |head| head.size)),
            Err(error) => return self.unreadable(&error),
        };
        let first = reader.first();
        if first > 0
            && let Err(error) = self.skip(reader, first)
        {
            return self.unreadable(&error);
        }
        for number in first / WIDTH as u64..size.div_ceil(WIDTH as u64) {
            let bundle = match reader.bundle(number) {
                Ok(bundle) => bundle,
                Err(error) => return self.unreadable(&error),
            };
            let openings = self.openings(reader, number);
            for (at, bytes) in bundle.iter().enumerate() {
                let index = self.frontier.size();
                let opening = openings.as_ref().and_then(|kept| kept.get(at));
                self.entry(index, bytes, opening.map_or(&[], Vec::as_slice));
                let leaf = Hash::leaf(bytes);
                self.frontier.push(leaf);
                for tile in self.rows.push(leaf) {
                    self.tile(reader, &tile);
                }
                self.compare();
            }
            if bundle.len() < WIDTH {
                return;
            }
        }
    }

    /// Begins behind entries that are in archives that were not given: their hashes are those that were signed, what
    /// they say of the entries behind them is not known.
    fn skip(&mut self, reader: &Reader, first: u64) -> Result<(), ReadError> {
        self.report.find(Check::Archived, Some(first));
        for size in self.heads.before(first) {
            let head = reader.head(size)?;
            self.heads.compare(head, &mut self.report);
        }
        self.frontier = Frontier::load(reader, first)?;
        self.rows = rows(reader, first / WIDTH as u64)?;
        self.pairs = Pairs::behind();
        self.skipped = true;
        self.compare();
        Ok(())
    }

    /// Missing entries are found by what was signed, and need no second finding.
    fn unreadable(&mut self, error: &ReadError) {
        if !matches!(error, ReadError::Missing(_)) {
            self.report.find(Check::Read, Some(self.frontier.size()));
        }
    }

    fn compare(&mut self) {
        if self.heads.at(self.frontier.size()) {
            let head = Head { root: self.frontier.root(), size: self.frontier.size() };
            self.heads.compare(head, &mut self.report);
        }
    }

    fn openings(&mut self, reader: &Reader, number: u64) -> Option<Vec<Vec<u8>>> {
        let read = reader.openings_of(number);
        if read.is_err() {
            self.report.find(Check::Opening, Some(self.frontier.size()));
        }
        read.ok()
    }

    fn entry(&mut self, index: u64, bytes: &[u8], openings: &[u8]) {
        let Ok(entry) = Entry::decode(bytes) else {
            return self.report.find(Check::Leaf, Some(index));
        };
        let report = &mut self.report;
        *report.kinds.entry(entry.body.kind()).or_default() += 1;
        if entry.log != self.trust.origin {
            report.find(Check::Origin, Some(index));
        }
        if entry.seq != index {
            report.find(Check::Sequence, Some(index));
        }
        self.time(index, &entry);
        self.own(index, &entry.body);
        self.pairs.see(index, entry.at, &entry.body, self.trust.complete, &mut self.report);
        self.sealed(index, &entry.body, openings);
        if index >= self.heads.witnessed {
            self.unwitnessed.get_or_insert((index, entry.at));
        }
    }

    fn time(&mut self, index: u64, entry: &Entry) {
        let stopped = matches!(&entry.body, Body::Admin(admin) if admin.act == Act::Stop);
        if let Some((before, was_stopped)) = self.last {
            if entry.at < before {
                self.report.find(Check::Time, Some(index));
            } else if before.until(entry.at) > self.trust.silence {
                let down = was_stopped || restarts(&entry.body);
                self.report.find(if down { Check::Down } else { Check::Silence }, Some(index));
            }
        }
        self.last = Some((entry.at, stopped));
        let (first, last) = self.report.span.unwrap_or((entry.at, entry.at));
        self.report.span = Some((first, last.max(entry.at)));
    }

    /// Entries that the log writes of itself.
    fn own(&mut self, index: u64, body: &Body) {
        match body {
            Body::Heartbeat(beat) => {
                // The first one behind entries that were not read says which it is.
                self.beat = if std::mem::take(&mut self.skipped) { beat.beat.get() } else { self.beat + 1 };
                if beat.beat.get() != self.beat || beat.root != self.frontier.root() {
                    self.report.find(Check::Heartbeat, Some(index));
                }
            }
            Body::Admin(admin) => match admin.act {
                Act::Cut => self.report.find(Check::Cut, Some(index)),
                Act::Clock => self.report.find(Check::Clock, Some(index)),
                Act::Disk => self.report.find(Check::Disk, Some(index)),
                _ => {}
            },
            _ => {}
        }
    }

    fn sealed(&mut self, index: u64, body: &Body, openings: &[u8]) {
        if openings.is_empty() {
            if self.trust.openings && !body.seals().is_empty() {
                self.report.find(Check::Opening, Some(index));
            }
            return;
        }
        let list: Option<Vec<Opening>> = serde_json::from_slice(openings).ok();
        if list.is_none_or(|list| check_openings(body, &list).is_err()) {
            self.report.find(Check::Opening, Some(index));
        }
    }

    /// Compares a stored tile; one that is not there is made again by whoever needs it.
    fn tile(&mut self, reader: &Reader, tile: &FullTile) {
        let stored = reader.tile(&TileId::full(Row::Hashes(tile.level), tile.index));
        self.stored(stored, &tile.hashes);
    }

    fn stored(&mut self, stored: Result<Option<Vec<Hash>>, ReadError>, hashes: &[Hash]) {
        match stored {
            Ok(Some(stored)) if stored != hashes => self.report.find(Check::Tile, None),
            Err(_) => self.report.find(Check::Tile, None),
            Ok(_) => {}
        }
    }

    fn finish(&mut self, reader: &Reader) {
        let size = self.frontier.size();
        self.report.entries = size;
        for (level, (index, row)) in (0_u8..).zip(self.rows.partial().to_vec()) {
            if !row.is_empty() {
                let tile = TileId { row: Row::Hashes(level), index, width: row.len() };
                self.stored(reader.tile(&tile), &row);
            }
        }
        match self.heads.signed {
            Some(head) if head.size > size => self.report.find(Check::Lost, Some(size)),
            Some(head) if head.size < size => self.report.find(Check::Unsigned, Some(head.size)),
            _ => {}
        }
        self.heads.beyond(size, &mut self.report);
        self.pairs.finish(before(self.trust.as_of, self.trust.delay), &mut self.report);
        self.late();
    }

    fn late(&mut self) {
        let limit = before(self.trust.as_of, self.trust.delay);
        if let Some((index, at)) = self.unwitnessed
            && self.trust.quorum > 0
            && at < limit
        {
            self.report.find(Check::Unwitnessed, Some(index));
        }
        if let Some((last, false)) = self.last
            && last.until(self.trust.as_of) > self.trust.silence
        {
            self.report.find(Check::Silence, None);
        }
    }
}

fn before(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp(time.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

/// What a program records first when it comes back.
fn restarts(body: &Body) -> bool {
    match body {
        Body::Admin(admin) => matches!(admin.act, Act::Start | Act::Cut | Act::Ceremony),
        Body::Outcome(outcome) => outcome.state == State::Aborted,
        _ => false,
    }
}
