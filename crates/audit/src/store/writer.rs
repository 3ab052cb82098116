//! The one writer: turns drafts into entries, entries into records, and says what is durable.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use renkei_types::{Clock, Timestamp};

use super::disk::{Disk, Tail};
use super::journal::{self, Record};
use super::layout::Layout;
use super::open::{Cut, Found};
use super::pending::Promise;
use super::publish::{self, Segment};
use super::reader::Reader;
use super::{Kept, StoreError};
use crate::entry::{
    Act, Admin, Body, ClockState, Cosign, Count, Draft, Entry, Given, Heartbeat, Line, Private, Version,
};
use crate::note::{Checkpoint, Head, Note, NoteError, Origin, Signature, SigningKey, VerifierKey};
use crate::tree::{Frontier, Hash, Rows, TileId};
use crate::witness::{self, Ask};

/// How far the clock may fall behind the log before that is recorded.
const TOLERATED: Duration = Duration::from_secs(1);

/// What the writer is asked.
pub(super) enum Order {
    Append(Draft, Promise<Kept>),
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
    beat: u64,
    behind: bool,
    full: bool,
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
        (reserve, busy, idle): (u64, Duration, Duration),
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
            beat: found.beat,
            behind: false,
            full: false,
            poisoned: None,
        };
        Self { disk, layout, origin, key, clock, reserve, busy, idle, seen, state, _lock: found.lock }
    }

    /// Makes the reserve and writes what the journals still hold, then records the cut, if there was one.
    pub(super) fn start(&mut self, cut: Option<Cut>) {
        self.regain();
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
                    stage.push((draft, Some(promise)));
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

    /// Time for the next entries: the clock's, but never before the last entry's.
    fn time(&mut self, stage: &mut Vec<Staged>) -> Timestamp {
        let (now, last) = (self.clock.now(), self.state.last);
        let behind = now < last && now.distance(last) > TOLERATED;
        if behind && !self.state.behind && self.state.segment.room() > stage.len() {
            let detail = format!("the clock is {} ms behind the log", now.distance(last).as_millis());
            stage.insert(0, (own(Act::Clock, &detail, None, &self.origin), None));
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
        if self.state.full {
            stage = drop_questions(stage);
        }
        let at = self.time(&mut stage);
        let mut group = Vec::new();
        let mut bytes = Vec::new();
        for (draft, promise) in stage {
            let seq = self.state.frontier.size() + group.len() as u64;
            match record(&draft, seq, at, &self.origin) {
                Ok(record) => {
                    journal::write(seq, &record, &mut bytes);
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

    /// Cuts what a crash left behind the last whole note, so that the next one can be read.
    fn mend_cosigned(&mut self) {
        let Ok(notes) = Reader::new(self.layout.root()).cosigned() else { return };
        if notes.is_empty() && !self.layout.cosigned().exists() {
            return;
        }
        let whole = notes.iter().map(|note| cosigned_line(note).len() as u64).sum();
        let result = self.disk.tail(&self.layout.cosigned()).and_then(|mut tail| {
            if tail.length()? > whole { tail.cut(whole) } else { Ok(()) }
        });
        if let Err(error) = result {
            self.poison(&error);
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

    /// Signs what is synced, and puts the note in place last.
    fn sign(&mut self) -> Result<Note, StoreError> {
        self.publish();
        self.usable()?;
        if !self.state.waiting.is_empty() {
            return Err(StoreError::Full);
        }
        let head = Head { root: self.state.frontier.root(), size: self.state.frontier.size() };
        let checkpoint = Checkpoint { origin: self.origin.clone(), head, extensions: Vec::new() };
        let note = checkpoint.sign(&self.key).map_err(StoreError::Note)?;
        let partial = publish::partial(&*self.disk, &self.layout, &self.state.rows, &self.state.segment);
        let (tiles, result) = match partial {
            Ok(tiles) => (tiles, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        self.done(result)?;
        let put = self.disk.put(&self.layout.checkpoint(), note.to_string().as_bytes());
        self.done(put)?;
        for old in std::mem::replace(&mut self.state.partial, tiles) {
            if !self.state.partial.contains(&old) {
                // A partial tile of an older checkpoint does no harm where it stays.
                let _ = self.disk.remove(&self.layout.tile(&old));
            }
        }
        let state = &mut self.state;
        (state.signed, state.fresh, state.signed_at) = (head.size, false, self.clock.now());
        state.checkpoint = Some(note.clone());
        Ok(note)
    }

    /// What is due by the clock: room for the reserve, a heartbeat when idle, a checkpoint when busy.
    fn tick(&mut self, clock: ClockState) -> Result<Option<Note>, StoreError> {
        self.usable()?;
        if self.state.full {
            self.regain();
        }
        self.publish();
        let now = self.clock.now();
        if self.state.last.until(now) >= self.idle || self.state.frontier.size() == 0 {
            let beat = Count::saturating(self.state.beat + 1);
            let root = self.state.frontier.root();
            let size = self.state.frontier.size();
            self.append(vec![(Body::Heartbeat(Heartbeat { beat, clock, root }).into(), None)]);
            self.usable()?;
            if self.state.frontier.size() == size {
                return Err(StoreError::Full);
            }
            self.state.beat += 1;
            return self.sign().map(Some);
        }
        let due = self.state.fresh && self.state.signed_at.until(now) >= self.busy;
        if due { self.sign().map(Some) } else { Ok(None) }
    }

    /// Takes up a note that a witness has signed.
    fn cosigned(&mut self, note: &Note, by: &VerifierKey) -> Result<(), StoreError> {
        self.usable()?;
        Checkpoint::open(note, self.key.verifier()).map_err(StoreError::Note)?;
        note.verify(by).map_err(StoreError::Note)?;
        let line = cosigned_line(note);
        let result = self.disk.tail(&self.layout.cosigned()).and_then(|mut tail| {
            tail.write(line.as_bytes())?;
            tail.sync()
        });
        self.done(result)?;
        let Some(mut current) = self.state.checkpoint.clone() else { return Ok(()) };
        let Some(signature) = note.signature_of(by).filter(|_| current.text() == note.text()) else { return Ok(()) };
        if current.add(signature.clone()) == Err(NoteError::Taken) {
            return Ok(());
        }
        let put = self.disk.put(&self.layout.checkpoint(), current.to_string().as_bytes());
        self.done(put)?;
        self.state.checkpoint = Some(current);
        Ok(())
    }

    /// Cosigns a checkpoint of another log: decides, remembers durably, signs.
    fn witness(&mut self, ask: &Ask, log: &VerifierKey, key: &SigningKey) -> Result<Signature, StoreError> {
        self.usable()?;
        let checkpoint =
            witness::decide(self.seen.get(log.name()).copied(), ask, log).map_err(StoreError::Denied)?;
        let Checkpoint { origin, head, .. } = checkpoint;
        let known = self.seen.get(&origin) == Some(&head);
        if !known {
            self.seen.insert(origin.clone(), head);
            let put = serde_json::to_vec(&self.seen).map_err(io::Error::from);
            let put = put.and_then(|bytes| self.disk.put(&self.layout.seen(), &bytes));
            self.done(put)?;
            let size = self.state.frontier.size();
            let cosigner = key.verifier().name().clone();
            self.append(vec![(Body::Cosign(Cosign { cosigner, given: Given::Given, head, origin }).into(), None)]);
            self.usable()?;
            if self.state.frontier.size() == size {
                return Err(StoreError::Full);
            }
        }
        let mut note = ask.note.clone();
        let seconds = u64::try_from(self.clock.now().0 / 1_000_000).unwrap_or(0);
        note.cosign(key, seconds).map_err(StoreError::Note)?;
        note.signature_of(key.verifier()).cloned().ok_or(StoreError::Note(NoteError::Unsigned))
    }

    /// Makes the reserve, if there is room; the log is full while there is none.
    fn regain(&mut self) {
        let path = self.layout.reserve();
        let was = self.state.full;
        let there = path.metadata().is_ok_and(|file| file.len() == self.reserve);
        let zeros = vec![0; usize::try_from(self.reserve).unwrap_or(0)];
        match if there { Ok(()) } else { self.disk.put(&path, &zeros) } {
            Ok(()) => self.state.full = false,
            Err(error) if is_full(&error) => self.state.full = true,
            Err(error) => self.poison(&error),
        }
        if was && !self.state.full {
            self.own(Act::Disk, "the disk has room again", None);
        }
    }
}

fn cosigned_line(note: &Note) -> String {
    let text = note.to_string();
    format!("{}\n{text}", text.len())
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

/// On a full disk no question is taken; all else is recorded from the reserve.
fn drop_questions(stage: Vec<Staged>) -> Vec<Staged> {
    let (questions, rest) = stage.into_iter().partition(|(draft, _)| matches!(draft.body, Body::Intent(_)));
    refuse(questions, &StoreError::Full);
    rest
}
