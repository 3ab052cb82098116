//! Prepared statements and tickets, by random handles.
//!
//! A handle is 128 random bits, is good for the person who got it only, and dies when it was not used for a while.
//! Somebody else's handle, a dead one and one that never was cannot be told apart. A ticket's handle outlives its
//! fetch until the question has ended, so that it can be cancelled by it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use renkei_types::{Code, PersonId, Refusal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::polled::Polled;
use super::prepare::Planned;

type Id = [u8; 16];

/// A prepared statement.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) sql: String,
    /// Types of its parameters, where the text tells.
    pub(crate) types: Vec<Option<DataType>>,
    /// The row that was bound last.
    pub(crate) parameters: Vec<ScalarValue>,
}

#[derive(Debug)]
enum Content {
    Prepared(Prepared),
    Ticket(Box<Planned>),
    /// A question that runs; cancelling ends it.
    Running(CancellationToken),
    /// A question that goes on between polls, or its answer.
    Polled(Arc<Polled>),
    Cancelled,
}

/// What a ticket stands for.
#[derive(Debug)]
pub(crate) enum Redeemed {
    /// A question to be asked.
    Ask(Box<Planned>),
    /// A question that was asked and has ended.
    Take(Arc<Polled>),
}

/// How many handles there may be, and how long they live unused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) per_person: usize,
    pub(crate) lifetime: Duration,
    /// Questions that are polled, and answers that were not fetched.
    pub(crate) polled_per_person: usize,
    pub(crate) polled_lifetime: Duration,
}

struct Entry {
    person: PersonId,
    used: Instant,
    content: Content,
}

struct Inner {
    entries: HashMap<Id, Entry>,
    random: StdRng,
}

/// All handles that are alive.
pub(crate) struct Handles {
    bounds: Bounds,
    inner: Mutex<Inner>,
}

impl Handles {
    pub(crate) fn new(bounds: Bounds, seed: [u8; 32]) -> Self {
        let inner = Inner { entries: HashMap::new(), random: StdRng::from_seed(seed) };
        Self { bounds, inner: Mutex::new(inner) }
    }

    pub(crate) fn prepare(&self, person: &PersonId, prepared: Prepared) -> Bytes {
        self.add(person, Content::Prepared(prepared))
    }

    pub(crate) fn ticket(&self, person: &PersonId, planned: Planned) -> Bytes {
        self.add(person, Content::Ticket(Box::new(planned)))
    }

    /// A question that goes on between polls. Makes room by forgetting an answer that was not fetched.
    pub(crate) fn poll(&self, person: &PersonId, polled: Arc<Polled>) -> Bytes {
        let mut inner = self.lock();
        let mine = inner.entries.iter().filter_map(|(id, entry)| match &entry.content {
            Content::Polled(polled) if entry.person == *person => Some((!polled.is_finished(), entry.used, *id)),
            _ => None,
        });
        let mine: Vec<_> = mine.collect();
        if mine.len() >= self.bounds.polled_per_person
            && let Some((.., oldest)) = mine.iter().min()
        {
            inner.entries.remove(oldest);
        }
        drop(inner);
        self.add(person, Content::Polled(polled))
    }

    /// A question that was polled before.
    pub(crate) fn polled(&self, person: &PersonId, handle: &[u8]) -> Result<Arc<Polled>, Refusal> {
        let mut inner = self.lock();
        match own(&mut inner, person, handle).map(|entry| &entry.content) {
            Some(Content::Polled(polled)) => Ok(Arc::clone(polled)),
            Some(Content::Cancelled) => Err(cancelled()),
            _ => Err(unknown("question").hint("ask it again")),
        }
    }

    /// A prepared statement, which stays.
    pub(crate) fn prepared(&self, person: &PersonId, handle: &[u8]) -> Result<Prepared, Refusal> {
        let mut inner = self.lock();
        match own(&mut inner, person, handle).map(|entry| &entry.content) {
            Some(Content::Prepared(prepared)) => Ok(prepared.clone()),
            _ => Err(unknown("prepared statement")),
        }
    }

    /// Binds a row to a prepared statement.
    pub(crate) fn bind(&self, person: &PersonId, handle: &[u8], row: Vec<ScalarValue>) -> Result<(), Refusal> {
        let mut inner = self.lock();
        match own(&mut inner, person, handle).map(|entry| &mut entry.content) {
            Some(Content::Prepared(prepared)) => prepared.parameters = row,
            _ => return Err(unknown("prepared statement")),
        }
        Ok(())
    }

    /// A ticket, which is used after that, with what cancels its question.
    pub(crate) fn redeem(&self, person: &PersonId, handle: &[u8]) -> Result<(Redeemed, CancellationToken), Refusal> {
        let mut inner = self.lock();
        let Some(content) = own(&mut inner, person, handle).map(|entry| &mut entry.content) else {
            return Err(unknown("ticket"));
        };
        if let Content::Polled(polled) = content
            && !polled.is_finished()
        {
            return Err(Refusal::new(Code::StatementKind, "the question has not ended yet")
                .hint("poll until no descriptor comes back"));
        }
        let cancel = CancellationToken::new();
        match std::mem::replace(content, Content::Running(cancel.clone())) {
            Content::Ticket(planned) => Ok((Redeemed::Ask(planned), cancel)),
            Content::Polled(polled) => Ok((Redeemed::Take(polled), cancel)),
            other => {
                let refusal = if matches!(other, Content::Cancelled) { cancelled() } else { unknown("ticket") };
                *content = other;
                Err(refusal)
            }
        }
    }

    /// Cancels the question of a ticket, whether it runs or was not asked yet. Returns whether there is nothing left
    /// of it: not for a question that has ended, nor for what is no ticket.
    pub(crate) fn cancel(&self, person: &PersonId, handle: &[u8]) -> bool {
        let mut inner = self.lock();
        let Some(content) = own(&mut inner, person, handle).map(|entry| &mut entry.content) else { return false };
        match content {
            Content::Prepared(_) => return false,
            Content::Running(cancel) => cancel.cancel(),
            Content::Polled(polled) => polled.cancel(),
            Content::Ticket(_) | Content::Cancelled => {}
        }
        *content = Content::Cancelled;
        true
    }

    /// Forgets a question that has ended; one that was cancelled is remembered, so that cancelling it again says so.
    pub(crate) fn ended(&self, handle: &[u8]) {
        let mut inner = self.lock();
        let Ok(id) = Id::try_from(handle) else { return };
        if inner.entries.get(&id).is_some_and(|entry| matches!(entry.content, Content::Running(_))) {
            inner.entries.remove(&id);
        }
    }

    /// Forgets a prepared statement; one that is not there is forgotten already.
    pub(crate) fn close(&self, person: &PersonId, handle: &[u8]) {
        let mut inner = self.lock();
        let mine = own(&mut inner, person, handle).is_some_and(|entry| matches!(entry.content, Content::Prepared(_)));
        if let Some(id) = Id::try_from(handle).ok().filter(|_| mine) {
            inner.entries.remove(&id);
        }
    }

    /// Forgets what has expired, which nobody may ask for again.
    pub(crate) fn sweep(&self) {
        drop(self.lock());
    }

    /// Forgets everything, and ends what runs between polls together with the polls that wait for it.
    pub(crate) fn clear(&self) {
        for (_, entry) in self.lock().entries.drain() {
            if let Content::Polled(polled) = entry.content {
                polled.cancel();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let bounds = self.bounds;
        inner.entries.retain(|_, entry| {
            let polled = matches!(entry.content, Content::Polled(_));
            entry.used.elapsed() < if polled { bounds.polled_lifetime } else { bounds.lifetime }
        });
        inner
    }

    /// Makes room by forgetting the person's own least recently used handle: clients that crash never close theirs.
    fn add(&self, person: &PersonId, content: Content) -> Bytes {
        let mut inner = self.lock();
        let own = || inner.entries.iter().filter(|(_, entry)| entry.person == *person);
        if own().count() >= self.bounds.per_person
            && let Some(oldest) = own().min_by_key(|(_, entry)| entry.used).map(|(id, _)| *id)
        {
            inner.entries.remove(&oldest);
        }
        let mut id = Id::default();
        inner.random.fill_bytes(&mut id);
        inner.entries.insert(id, Entry { person: person.clone(), used: Instant::now(), content });
        Bytes::copy_from_slice(&id)
    }
}

fn own<'a>(inner: &'a mut Inner, person: &PersonId, handle: &[u8]) -> Option<&'a mut Entry> {
    let entry = inner.entries.get_mut(&Id::try_from(handle).ok()?)?;
    if entry.person != *person {
        return None;
    }
    entry.used = Instant::now();
    Some(entry)
}

fn unknown(what: &str) -> Refusal {
    Refusal::new(Code::StatementKind, format!("the {what} is not known: it was used, closed or has expired"))
        .hint("prepare the statement again")
}

/// What a caller hears of a question that was cancelled.
pub(super) fn cancelled() -> Refusal {
    Refusal::new(Code::Cancelled, "the question was cancelled").hint("ask again if you still want the answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(60);

    fn handles() -> Handles {
        let bounds = Bounds { per_person: 3, lifetime: LIFETIME, polled_per_person: 2, polled_lifetime: LIFETIME / 4 };
        Handles::new(bounds, [7; 32])
    }

    fn person(id: &str) -> PersonId {
        id.parse().unwrap()
    }

    fn prepared(sql: &str) -> Prepared {
        Prepared { sql: sql.into(), types: Vec::new(), parameters: Vec::new() }
    }

    #[tokio::test]
    async fn a_handle_is_good_for_its_person_only() {
        let (handles, a, b) = (handles(), person("a"), person("b"));
        let handle = handles.prepare(&a, prepared("SELECT 1"));
        assert_eq!(handle.len(), 16);
        assert_eq!(handles.prepared(&a, &handle).unwrap().sql, "SELECT 1");
        let foreign = handles.prepared(&b, &handle).unwrap_err();
        assert_eq!(foreign, handles.prepared(&b, &[0; 16]).unwrap_err());
        assert_eq!(foreign, handles.prepared(&b, b"SELECT 1").unwrap_err());
        handles.close(&b, &handle);
        assert!(handles.bind(&b, &handle, vec![]).is_err());
        handles.bind(&a, &handle, vec![ScalarValue::from(1_i64)]).unwrap();
        assert_eq!(handles.prepared(&a, &handle).unwrap().parameters.len(), 1);
        assert!(handles.redeem(&a, &handle).is_err(), "a prepared statement is no ticket");
        handles.close(&a, &handle);
        assert!(handles.prepared(&a, &handle).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn unused_handles_die_and_used_ones_live() {
        let (handles, a) = (handles(), person("a"));
        let (used, unused) = (handles.prepare(&a, prepared("x")), handles.prepare(&a, prepared("y")));
        for _ in 0..3 {
            tokio::time::advance(LIFETIME / 2).await;
            assert!(handles.prepared(&a, &used).is_ok());
        }
        assert!(handles.prepared(&a, &unused).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn the_least_recently_used_makes_room() {
        let (handles, a, b) = (handles(), person("a"), person("b"));
        let other = handles.prepare(&b, prepared("b"));
        let mut own = Vec::new();
        for i in 0..5 {
            tokio::time::advance(Duration::from_millis(1)).await;
            own.push(handles.prepare(&a, prepared(&i.to_string())));
        }
        let alive: Vec<bool> = own.iter().map(|handle| handles.prepared(&a, handle).is_ok()).collect();
        assert_eq!(alive, [false, false, true, true, true]);
        assert!(handles.prepared(&b, &other).is_ok());
    }
}
