//! Checkpoints, heartbeats and cosignatures.

use std::io;

use super::Writer;
use crate::entry::{Body, ClockState, Cosign, Count, Given, Heartbeat};
use crate::note::{Checkpoint, Head, Note, NoteError, Signature, SigningKey, VerifierKey};
use crate::store::notes::cosigned_line;
use crate::store::reader::Reader;
use crate::store::{StoreError, publish};
use crate::witness::{self, Ask};

impl Writer {
    /// Signs what is synced, and puts the note in place last.
    pub(super) fn sign(&mut self) -> Result<Note, StoreError> {
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
    pub(super) fn tick(&mut self, clock: ClockState) -> Result<Option<Note>, StoreError> {
        self.usable()?;
        if self.state.full {
            self.regain();
        }
        self.watch();
        self.publish();
        let now = self.clock.now();
        // A clock that went back is waited for no longer than one that did not.
        self.state.heard = self.state.heard.min(now);
        self.state.signed_at = self.state.signed_at.min(now);
        if self.state.heard.until(now) >= self.idle || self.state.frontier.size() == 0 {
            // An entry about the clock goes before the heartbeat, whose root is that of all entries before it.
            self.own_clock(now);
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
        let age = self.state.signed_at.until(now);
        // Cosignatures alone call for no checkpoint at once, or two logs would keep each other awake.
        let due =
            self.state.fresh && age >= self.busy || self.state.frontier.size() > self.state.signed && age >= self.idle;
        if due { self.sign().map(Some) } else { Ok(None) }
    }

    /// Takes up a note that a witness has signed.
    pub(super) fn cosigned(&mut self, note: &Note, by: &VerifierKey) -> Result<(), StoreError> {
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
    pub(super) fn witness(&mut self, ask: &Ask, log: &VerifierKey, key: &SigningKey) -> Result<Signature, StoreError> {
        self.usable()?;
        let checkpoint = witness::decide(self.seen.get(log.name()).copied(), ask, log).map_err(StoreError::Denied)?;
        let Checkpoint { origin, head, .. } = checkpoint;
        if self.seen.get(&origin) != Some(&head) {
            let size = self.state.frontier.size();
            let cosigner = key.verifier().name().clone();
            let entry = Cosign { cosigner, given: Given::Given, head, origin: origin.clone() };
            self.append(vec![(Body::Cosign(entry).into(), None)]);
            self.usable()?;
            if self.state.frontier.size() == size {
                return Err(StoreError::Full);
            }
            let mut seen = self.seen.clone();
            seen.insert(origin, head);
            let bytes = serde_json::to_vec(&seen).map_err(io::Error::from);
            let put = bytes.and_then(|bytes| self.disk.put(&self.layout.seen(), &bytes));
            self.done(put)?;
            self.seen = seen;
        }
        let mut note = ask.note.clone();
        let seconds = u64::try_from(self.clock.now().0 / 1_000_000).unwrap_or(0);
        note.cosign(key, seconds).map_err(StoreError::Note)?;
        note.signature_of(key.verifier()).cloned().ok_or(StoreError::Note(NoteError::Unsigned))
    }

    /// Cuts what a crash left behind the last whole note, so that the next one can be read.
    pub(super) fn mend_cosigned(&mut self) {
        let Ok(notes) = Reader::new(self.layout.root()).cosigned() else { return };
        if notes.is_empty() && !self.layout.cosigned().exists() {
            return;
        }
        let whole = notes.iter().map(|note| cosigned_line(note).len() as u64).sum();
        let result = self
            .disk
            .tail(&self.layout.cosigned())
            .and_then(|mut tail| if tail.length()? > whole { tail.cut(whole) } else { Ok(()) });
        if let Err(error) = result {
            self.poison(&error);
        }
    }
}
