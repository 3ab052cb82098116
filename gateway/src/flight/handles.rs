//! Prepared statements and tickets, by random handles.
//!
//! A handle is 128 random bits, is good for the person who got it only, and dies when it was not used for a while.
//! Somebody else's handle, a dead one and one that never was cannot be told apart.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use renkei_types::{Code, PersonId, Refusal};
use tokio::time::Instant;

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

#[derive(Debug, Clone)]
enum Content {
    Prepared(Prepared),
    Ticket(Box<Planned>),
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
    per_person: usize,
    lifetime: Duration,
    inner: Mutex<Inner>,
}

impl Handles {
    pub(crate) fn new(per_person: usize, lifetime: Duration, seed: [u8; 32]) -> Self {
        let inner = Inner { entries: HashMap::new(), random: StdRng::from_seed(seed) };
        Self { per_person, lifetime, inner: Mutex::new(inner) }
    }

    pub(crate) fn prepare(&self, person: &PersonId, prepared: Prepared) -> Bytes {
        self.add(person, Content::Prepared(prepared))
    }

    pub(crate) fn ticket(&self, person: &PersonId, planned: Planned) -> Bytes {
        self.add(person, Content::Ticket(Box::new(planned)))
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

    /// A ticket, which is gone after that.
    pub(crate) fn redeem(&self, person: &PersonId, handle: &[u8]) -> Result<Planned, Refusal> {
        let mut inner = self.lock();
        let mine = own(&mut inner, person, handle).is_some_and(|entry| matches!(entry.content, Content::Ticket(_)));
        let entry = Id::try_from(handle).ok().filter(|_| mine).and_then(|id| inner.entries.remove(&id));
        match entry.map(|entry| entry.content) {
            Some(Content::Ticket(planned)) => Ok(*planned),
            _ => Err(unknown("ticket")),
        }
    }

    /// Forgets a prepared statement; one that is not there is forgotten already.
    pub(crate) fn close(&self, person: &PersonId, handle: &[u8]) {
        let mut inner = self.lock();
        let mine = own(&mut inner, person, handle).is_some();
        if let Some(id) = Id::try_from(handle).ok().filter(|_| mine) {
            inner.entries.remove(&id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let lifetime = self.lifetime;
        inner.entries.retain(|_, entry| entry.used.elapsed() < lifetime);
        inner
    }

    /// Makes room by forgetting the person's own least recently used handle: clients that crash never close theirs.
    fn add(&self, person: &PersonId, content: Content) -> Bytes {
        let mut inner = self.lock();
        let own = || inner.entries.iter().filter(|(_, entry)| entry.person == *person);
        if own().count() >= self.per_person
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

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(60);

    fn handles() -> Handles {
        Handles::new(3, LIFETIME, [7; 32])
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
