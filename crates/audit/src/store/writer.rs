//! The one writer: turns drafts into entries, entries into records, and says what is durable.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use renkei_types::{Clock, Timestamp};

use super::disk::{Disk, Tail};
use super::journal::{self, Record};
use super::layout::Layout;
use super::open::{Cut, Found};
use super::pending::Promise;
use super::publish::{self, Segment};
use super::{Kept, StoreError};
use crate::entry::{Act, Admin, Body, ClockState, Draft, Entry, Line, Private, Version};
use crate::note::{Head, Note, Origin, Signature, SigningKey, VerifierKey};
use crate::tree::{Frontier, Hash, Rows, TileId};
use crate::witness::Ask;

mod signing;

/// How far the clock may fall behind the log before that is recorded.
const TOLERATED: Duration = Duration::from_secs(1);

/// What the writer is asked.
pub(super) enum Order {
    Append(Box<Draft>, Promise<Kept>),
    Checkpoint(Promise<Note>),
    Cosigned(Box<(Note, VerifierKey)>, Promise<()>),
    Tick(ClockState, Promise<Option<Note>>),
    Witness(Box<(Ask, VerifierKey)>, Arc<SigningKey>, Promise<Signature>),
}

pub(super) struct Writer {
    pub(super) disk: Box<dyn Disk>,
    pub(super) layout: Layout,
    pub(super) origin: Origin,
    pub(super) key: Arc<SigningKey>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reserve: u64,
    low: u64,
    scarce: Arc<AtomicBool>,
    pub(super) busy: Duration,
    pub(super) idle: Duration,
    pub(super) seen: BTreeMap<Origin, Head>,
    state: State,
    _lock: File,
}

/// What changes with every entry.
struct State {
    tail: Box<dyn Tail>,
    length: u64,
    frontier: Frontier,
    rows: Rows,
    waiting: Vec<Segment>,
    segment: Segment,
    checkpoint: Option<Note>,
    partial: Vec<TileId>,
    signed: u64,
    /// Entries since the checkpoint that call for the next one soon.
    fresh: bool,
    signed_at: Timestamp,
    last: Timestamp,
    /// What the clock said at the last entry: not what the entry has, where the clock had gone back.
    heard: Timestamp,
    beat: u64,
    behind: bool,
    /// Nothing could be written.
    full: bool,
    /// Less is free than is to be.
    low: bool,
    poisoned: Option<String>,
}

type Staged = (Draft, Option<Promise<Kept>>);

impl Writer {
    #[expect(clippy::too_many_arguments, reason = "one place, one caller: the parts of a configuration")]
    pub(super) fn new(
        disk: Box<dyn Disk>,
        layout: Layout,
        origin: Origin,
        key: Arc<SigningKey>,
        clock: Arc<dyn Clock>,
        (reserve, low, busy, idle): (u64, u64, Duration, Duration),
        seen: BTreeMap<Origin, Head>,
        found: Found,
    ) -> Self {
        let now = clock.now();
        let last = found.last.as_ref().map(|entry| entry.at);
        let state = State {
            tail: found.tail,
            length: found.length,
            fresh: found.frontier.size() > found.recovery.signed,
            frontier: found.frontier,
            rows: found.rows,
            waiting: found.waiting,
            segment: found.segment,
            checkpoint: found.checkpoint,
            partial: Vec::new(),
            signed: found.recovery.signed,
            signed_at: now,
            last: last.unwrap_or(now),
            heard: last.unwrap_or(now).min(now),
            beat: found.beat,
            behind: false,
            full: false,
            low: false,
            poisoned: None,
        };
        let scarce = Arc::default();
        Self { disk, layout, origin, key, clock, reserve, low, scarce, busy, idle, seen, state, _lock: found.lock }
    }

    /// Shared with whoever asks whether there is room for questions.
    pub(super) fn scarce(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.scarce)
    }

    /// Makes the reserve and writes what the journals still hold, then records the cut, if there was one.
    pub(super) fn start(&mut self, cut: Option<Cut>) {
        self.regain();
        self.watch();
        self.publish();
        self.mend_cosigned();
        if let Some(cut) = cut {
            let detail = format!("a torn end of {} bytes was cut at size {}", cut.bytes, cut.size);
            self.own(Act::Cut, &detail, Some(cut.digest));
        }
    }

    /// Carries out orders that arrived together.
    pub(super) fn run(&mut self, orders: Vec<Order>) {
        let mut stage: Vec<Staged> = Vec::new();
        for order in orders {
            let other = match order {
                Order::Append(draft, promise) => {
                    stage.push((*draft, Some(promise)));
                    continue;
                }
                other => other,
            };
            self.append(std::mem::take(&mut stage));
            match other {
                Order::Append(..) => {}
                Order::Checkpoint(promise) => promise.keep(self.sign()),
                Order::Cosigned(note, promise) => promise.keep(self.cosigned(&note.0, &note.1)),
                Order::Tick(clock, promise) => promise.keep(self.tick(clock)),
                Order::Witness(ask, key, promise) => promise.keep(self.witness(&ask.0, &ask.1, &key)),
            }
        }
        self.append(stage);
        self.publish();
    }

    fn append(&mut self, mut stage: Vec<Staged>) {
        while !stage.is_empty() {
            let rest = stage.split_off(stage.len().min(self.state.segment.room()));
            self.commit(stage);
            stage = rest;
        }
    }

    /// Records that the clock is behind the log, once for each time that it is.
    fn own_clock(&mut self, now: Timestamp) {
        let last = self.state.last;
        if now < last && now.distance(last) > TOLERATED && !self.state.behind {
            self.state.behind = true;
            self.own(Act::Clock, &behind_by(now, last), None);
        }
    }

    /// Time for the next entries: the clock's, but never before the last entry's.
    fn time(&mut self, stage: &mut Vec<Staged>) -> Timestamp {
        let (now, last) = (self.clock.now(), self.state.last);
        self.state.heard = now;
        let behind = now < last && now.distance(last) > TOLERATED;
        // Never in front of a heartbeat, which is bound to its place already.
        let beats = stage.iter().any(|(draft, _)| matches!(draft.body, Body::Heartbeat(_)));
        if behind && !self.state.behind && !beats && self.state.segment.room() > stage.len() {
            stage.insert(0, (own(Act::Clock, &behind_by(now, last), None, &self.origin), None));
            self.state.behind = true;
        } else if !behind {
            self.state.behind = false;
        }
        now.max(last)
    }

    /// Writes and syncs one group, and tells its callers.
    fn commit(&mut self, mut stage: Vec<Staged>) {
        if let Some(why) = &self.state.poisoned {
            let why = why.clone();
            return refuse(stage, &StoreError::Poisoned(why));
        }
        if self.state.full || self.state.low {
            stage = drop_questions(stage);
        }
        let at = self.time(&mut stage);
        let mut group = Vec::new();
        let mut bytes = Vec::new();
        for (draft, promise) in stage {
            let seq = self.state.frontier.size() + group.len() as u64;
            match record(&draft, seq, at, &self.origin) {
                Ok(record) => {
                    journal::write(seq, self.state.frontier.size(), &record, &mut bytes);
                    group.push((draft, promise, record));
                }
                Err(error) => refuse(vec![(draft, promise)], &error),
            }
        }
        if group.is_empty() {
            return;
        }
        let unstage = |group: Vec<(Draft, Option<Promise<Kept>>, Record)>| {
            group.into_iter().map(|(draft, promise, _)| (draft, promise)).collect()
        };
        if let Err(error) = self.state.tail.write(&bytes) {
            return self.failed(unstage(group), &error);
        }
        if let Err(error) = self.state.tail.sync() {
            self.poison(&error);
            return refuse(unstage(group), &StoreError::Poisoned(error.to_string()));
        }
        self.keep(group, at, bytes.len() as u64);
    }

    fn keep(&mut self, group: Vec<(Draft, Option<Promise<Kept>>, Record)>, at: Timestamp, bytes: u64) {
        let state = &mut self.state;
        state.length += bytes;
        state.last = at;
        let mut told = Vec::with_capacity(group.len());
        for (draft, promise, record) in group {
            let kept = Kept { index: state.frontier.size(), leaf: Hash::leaf(&record.entry), at };
            state.frontier.push(kept.leaf);
            state.segment.tiles.extend(state.rows.push(kept.leaf));
            state.segment.entries.push(record.entry);
            state.segment.openings.push(record.openings);
            state.fresh |= !matches!(draft.body, Body::Cosign(_) | Body::Heartbeat(_));
            told.push((promise, kept));
        }
        if state.segment.room() == 0 {
            self.roll();
        }
        for (promise, kept) in told {
            if let Some(promise) = promise {
                promise.keep(Ok(kept));
            }
        }
    }

    /// Goes on in the next journal.
    fn roll(&mut self) {
        let number = self.state.segment.number + 1;
        let mut next = self.disk.tail(&self.layout.journal(number));
        if next.as_ref().is_err_and(is_full) && !self.state.full {
            self.state.full = self.disk.remove(&self.layout.reserve()).is_ok();
            next = self.disk.tail(&self.layout.journal(number));
        }
        match next {
            Ok(tail) => {
                (self.state.tail, self.state.length) = (tail, 0);
                let full = std::mem::replace(&mut self.state.segment, Segment::new(number));
                self.state.waiting.push(full);
            }
            Err(error) => self.poison(&error),
        }
    }

    /// A group could not be written. A full disk is answered with the reserve, once; everything else is final.
    fn failed(&mut self, stage: Vec<Staged>, error: &io::Error) {
        let clean = is_full(error) && self.state.tail.cut(self.state.length).is_ok();
        if !clean {
            self.poison(error);
            return refuse(stage, &StoreError::Poisoned(error.to_string()));
        }
        if self.state.full {
            return refuse(stage, &StoreError::Full);
        }
        self.state.full = true;
        self.tell();
        if let Err(error) = self.disk.remove(&self.layout.reserve()) {
            self.poison(&error);
        }
        self.own(Act::Disk, "the disk is full: questions are refused", None);
        self.append(drop_questions(stage));
    }

    fn poison(&mut self, error: &io::Error) {
        self.state.poisoned.get_or_insert(error.to_string());
    }

    /// An entry of the log's own.
    fn own(&mut self, act: Act, detail: &str, digest: Option<Hash>) {
        self.append(vec![(own(act, detail, digest, &self.origin), None)]);
    }

    /// Writes full journals as bundles and tiles. Nothing is lost where it fails for want of room.
    fn publish(&mut self) {
        while self.state.poisoned.is_none() && !self.state.waiting.is_empty() {
            let segment = &self.state.waiting[0];
            let done = publish::segment(&*self.disk, &self.layout, segment)
                .and_then(|()| self.disk.remove(&self.layout.journal(segment.number)));
            match done {
                Ok(()) => _ = self.state.waiting.remove(0),
                Err(error) if is_full(&error) => return,
                Err(error) => return self.poison(&error),
            }
        }
    }

    fn usable(&self) -> Result<(), StoreError> {
        self.state.poisoned.clone().map_or(Ok(()), |why| Err(StoreError::Poisoned(why)))
    }

    fn done(&mut self, result: io::Result<()>) -> Result<(), StoreError> {
        match result {
            Err(error) if is_full(&error) => Err(StoreError::Full),
            Err(error) => {
                self.poison(&error);
                Err(StoreError::Poisoned(error.to_string()))
            }
            Ok(()) => Ok(()),
        }
    }

    /// Makes the reserve, if there is room; the log is full while there is none.
    fn regain(&mut self) {
        let path = self.layout.reserve();
        let was = self.state.full;
        let there = path.metadata().is_ok_and(|file| file.len() == self.reserve);
        match if there { Ok(()) } else { self.disk.put(&path, &filler(self.reserve)) } {
            Ok(()) => self.state.full = false,
            Err(error) if is_full(&error) => self.state.full = true,
            Err(error) => self.poison(&error),
        }
        if was && !self.state.full {
            self.own(Act::Disk, "the disk has room again", None);
        }
        self.tell();
    }

    /// Looks how much room the disk has. Where it cannot be told, writing will tell.
    fn watch(&mut self) {
        let Ok(free) = self.disk.free(self.layout.root()) else { return };
        // A little more than was missing, so that the two states do not take turns.
        let enough = if self.state.low { self.low.saturating_add(self.low / 4) } else { self.low };
        let was = std::mem::replace(&mut self.state.low, free < enough);
        if was != self.state.low {
            let (free, low) = (free >> 20, self.low >> 20);
            let detail = if was {
                format!("{free} MiB are free on the disk again: questions are taken")
            } else {
                format!("{free} MiB are free on the disk, of {low} that must be: questions are refused")
            };
            self.own(Act::Disk, &detail, None);
        }
        self.tell();
    }

    fn tell(&self) {
        self.scarce.store(self.state.full || self.state.low, Ordering::Relaxed);
    }
}

fn behind_by(now: Timestamp, last: Timestamp) -> String {
    format!("the clock is {} ms behind the log", now.distance(last).as_millis())
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn record(draft: &Draft, seq: u64, at: Timestamp, origin: &Origin) -> Result<Record, StoreError> {
    draft.check().map_err(StoreError::Entry)?;
    let entry = Entry { at, body: draft.body.clone(), log: origin.clone(), seq, v: Version };
    let entry = entry.encode().map_err(StoreError::Entry)?;
    Ok(Record { entry, openings: journal::openings(&draft.openings) })
}

fn own(act: Act, detail: &str, digest: Option<Hash>, origin: &Origin) -> Draft {
    let (detail, subject) = (Line::lossy(detail), Line::lossy(origin.as_str()));
    Body::Admin(Admin { act, detail, digest, private: Private::default(), subject, who: None }).into()
}

fn refuse(stage: Vec<Staged>, error: &StoreError) {
    for (_, promise) in stage {
        if let Some(promise) = promise {
            promise.keep(Err(error.clone()));
        }
    }
}

/// Bytes that no file system makes smaller.
fn filler(length: u64) -> Vec<u8> {
    let blocks = (0..length.div_ceil(32)).flat_map(|n| Hash::of(&n.to_be_bytes()).0);
    blocks.take(usize::try_from(length).unwrap_or(usize::MAX)).collect()
}

/// On a full disk no question is taken; all else is recorded from the reserve.
fn drop_questions(stage: Vec<Staged>) -> Vec<Staged> {
    let (questions, rest) = stage.into_iter().partition(|(draft, _)| matches!(draft.body, Body::Intent(_)));
    refuse(questions, &StoreError::Full);
    rest
}
