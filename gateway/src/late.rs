//! Questions that were answered before every site had ended.
//!
//! They go on to their deadline, and their whole answers are kept under the same query ids until a stated time. One
//! person has as many of them as questions may run, and all together hold a bounded amount of cells: the oldest makes
//! room. They are good for the person who asked only; somebody else's, one that has expired and one that never was
//! cannot be told apart. They are in memory, and gone when the gateway stops.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use renkei_types::{Code, PersonId, QueryId, Refusal, Timestamp};
use tokio::time::Instant;

use crate::audit::Record;
use crate::config::Project;
use crate::federator::{Going, Question, Terms};

/// A question that goes on.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) question: Question,
    pub(crate) terms: Terms,
    pub(crate) project: Project,
    pub(crate) going: Going,
    /// Where its answers are recorded.
    pub(crate) record: Record,
    /// Until when its answer can be fetched.
    pub(crate) until: Timestamp,
    pub(crate) expires: Instant,
}

/// All of them, the oldest first.
#[derive(Debug)]
pub(crate) struct Late {
    per_person: usize,
    bytes: usize,
    kept: Mutex<Vec<Arc<Kept>>>,
}

impl Late {
    pub(crate) fn new(per_person: usize, bytes: usize) -> Self {
        Self { per_person, bytes, kept: Mutex::default() }
    }

    /// Keeps a question, and makes room for it.
    pub(crate) fn keep(&self, kept: Arc<Kept>) {
        let mut all = self.lock();
        let person = kept.terms.person.clone();
        all.push(kept);
        let own = |kept: &Arc<Kept>| kept.terms.person == person;
        while all.iter().filter(|kept| own(kept)).count() > self.per_person {
            if let Some(oldest) = all.iter().position(own) {
                all.remove(oldest);
            }
        }
    }

    /// A person's own question.
    pub(crate) fn get(&self, person: &PersonId, query_id: &QueryId) -> Result<Arc<Kept>, Refusal> {
        let all = self.lock();
        let found = all.iter().find(|kept| kept.terms.query_id == *query_id && kept.terms.person == *person);
        found.cloned().ok_or_else(|| {
            Refusal::new(Code::StatementKind, format!("no answer of `{query_id}` waits to be fetched"))
                .hint("an answer is kept for a while where its question was asked with renkei.wait; ask it again")
        })
    }

    /// Forgets what has expired, and the oldest where all together are too large.
    pub(crate) fn sweep(&self) {
        drop(self.lock());
    }

    /// Ends and forgets all.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Kept>>> {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        all.retain(|kept| kept.expires > now);
        let mut held: usize = all.iter().map(|kept| kept.going.bytes()).sum();
        while held > self.bytes && !all.is_empty() {
            held = held.saturating_sub(all.remove(0).going.bytes());
        }
        all
    }
}
