//! The ledger as a node uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use renkei_policy::{Budget, Exemption, Mode};
use renkei_types::{PersonId, ProjectId, QueryId, SnapshotId, Timestamp};

use crate::book::{Book, Entry, Found};
use crate::budget::{self, Charge, Exhausted, Spent};
use crate::hash::{Purpose, Secret};
use crate::record::{Anchor, Charged, Record, Registered};
use crate::session::Session;
use crate::set::Set;
use crate::store::{Access, Store};
use crate::{Error, FOLDER};

/// The ledger of one node. One process has it open at a time.
#[derive(Debug)]
pub struct Ledger {
    inner: Mutex<Inner>,
    cut: u64,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) book: Book,
    pub(crate) registered: Vec<Registered>,
    /// The questions in which a statement was answered with something new.
    pub(crate) asked: BTreeMap<[u8; 32], BTreeSet<QueryId>>,
    spent: Spent,
}

/// Under which question parts of an answer are settled.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The project.
    pub project: ProjectId,
    /// The question.
    pub query: QueryId,
    /// The snapshot that answers.
    pub snapshot: SnapshotId,
    /// What happens to what is near.
    pub mode: Mode,
    /// The minimum of persons.
    pub minimum: u32,
    /// The present time.
    pub now: Timestamp,
    /// SHA-256 of the canonical statement with its parameters and snapshot: the same again is the same answer.
    pub statement: [u8; 32],
    /// Where the statement is registered.
    pub exemption: Option<Exemption>,
}

/// A part of an answer that is near an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Which part of this answer.
    pub part: String,
    /// Which part of the earlier one.
    pub anchor_part: String,
    /// The earlier question.
    pub anchor_query: QueryId,
    /// The earlier question's project.
    pub anchor_project: ProjectId,
    /// Whether it is nearly what remains of a total without the earlier part, or what two parts are together.
    pub rest: bool,
    /// What is done with what is near.
    pub mode: Mode,
    /// It left as it is nevertheless: the statement is registered, and the earlier part had left before that.
    pub registered: bool,
}

impl Ledger {
    /// Opens the ledger of a state folder, or makes it with `fresh` as its secret.
    ///
    /// # Errors
    /// [`Error`] when it is in use, or is not what it was; then nothing is answered.
    pub fn open(state: &Path, fresh: [u8; 32]) -> Result<Self, Error> {
        Self::with(&state.join(FOLDER), fresh, Access::Keep)
    }

    /// Continues with what is left of a damaged ledger: the ceremony. What it says of the bytes that were cut is to be
    /// recorded by the caller.
    ///
    /// # Errors
    /// [`Error`] when it is in use, or the disk says no.
    pub fn recover(state: &Path, fresh: [u8; 32]) -> Result<Self, Error> {
        Self::with(&state.join(FOLDER), fresh, Access::Recover)
    }

    /// Reads the ledger beside the agent that keeps it: to show it, or to rehearse an answer.
    ///
    /// # Errors
    /// [`Error`] when there is none, or it is not what it was.
    pub fn look(state: &Path) -> Result<Self, Error> {
        Self::with(&state.join(FOLDER), [0; 32], Access::Look)
    }

    fn with(folder: &Path, fresh: [u8; 32], access: Access) -> Result<Self, Error> {
        let (mut book, mut spent) = (Book::default(), Spent::default());
        let (mut registered, mut asked) = (Vec::new(), BTreeMap::<_, BTreeSet<_>>::new());
        let mut visit = |secret: &Secret, record, place| {
            match record {
                Record::Anchor(anchor) => {
                    let damaged = || Error::Damaged { folder: folder.to_owned(), what: "holds a set that is none" };
                    book.add(secret, &anchor.set().ok_or_else(damaged)?, anchor.base, place);
                }
                Record::Charged(charged) => spent.add(charged),
                Record::Registered(answer) => registered.push(answer),
                Record::Asked(question) => _ = asked.entry(question.statement).or_default().insert(question.query),
            }
            Ok(())
        };
        let (store, cut) = Store::open(folder, fresh, access, &mut visit)?;
        Ok(Self { inner: Mutex::new(Inner { store, book, registered, asked, spent }), cut })
    }

    /// Bytes of a torn end that were cut when it was opened.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.cut
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Charges a question to its project and person. Durable when it returns.
    ///
    /// # Errors
    /// The outer one when it cannot be written; the inner one when the budget is used up, and nothing was charged.
    pub fn charge(
        &self,
        project: &ProjectId,
        person: &PersonId,
        statement: [u8; 32],
        budget: Budget,
        now: Timestamp,
    ) -> Result<Result<Charge, Exhausted>, Error> {
        let mut inner = self.lock();
        let asked = budget::charged(project, person, statement, now);
        let charge = match inner.spent.look(&asked, budget) {
            Ok(charge) => charge,
            Err(exhausted) => return Ok(Err(exhausted)),
        };
        if charge.charged {
            inner.store.append(&[Record::Charged(asked.clone())])?;
            inner.spent.add(asked);
        }
        Ok(Ok(charge))
    }

    /// Settles one answer; nobody else's is settled meanwhile.
    #[must_use]
    pub fn session(&self, asking: Asking) -> Session<'_> {
        Session::new(self.lock(), asking, true)
    }

    /// The same without keeping anything: to see what would happen.
    #[must_use]
    pub fn rehearsal(&self, asking: Asking) -> Session<'_> {
        Session::new(self.lock(), asking, false)
    }

    /// A number that another ledger, with another secret, does not have.
    #[must_use]
    pub fn identity(&self) -> u64 {
        self.lock().identity()
    }

    /// How many parts of answers left.
    #[must_use]
    pub fn anchors(&self) -> usize {
        self.lock().book.len()
    }

    /// Everything that left, without persons and marks, oldest first, with the number of persons.
    ///
    /// # Errors
    /// [`Error`] when a record cannot be read.
    pub fn entries(&self) -> Result<Vec<(Anchor, u64)>, Error> {
        let inner = self.lock();
        let entries = (0..inner.book.len()).filter_map(|number| inner.book.entry(number));
        entries
            .map(|entry| {
                let anchor = inner.anchor(entry)?;
                let (persons, rows, sums) = (Vec::new(), crate::set::Marks::Unknown, crate::set::Marks::Unknown);
                Ok((Anchor { persons, rows, sums, ..anchor }, entry.persons))
            })
            .collect()
    }

    /// The answers to registered statements in which something left that had not left before, oldest first.
    #[must_use]
    pub fn registered(&self) -> Vec<Registered> {
        self.lock().registered.clone()
    }

    /// The questions that were charged within 30 days, oldest first.
    #[must_use]
    pub fn charges(&self) -> Vec<Charged> {
        self.lock().spent.questions().cloned().collect()
    }
}

impl Inner {
    pub(crate) fn identity(&self) -> u64 {
        self.store.secret().of(Purpose::Identity, 0)
    }

    /// The whole record of an anchor.
    pub(crate) fn anchor(&self, entry: &Entry) -> Result<Anchor, Error> {
        match self.store.record(entry.place)? {
            Record::Anchor(anchor) => Ok(*anchor),
            Record::Charged(_) | Record::Registered(_) | Record::Asked(_) => {
                Err(Error::Damaged { folder: PathBuf::from(FOLDER), what: "changed while it was open" })
            }
        }
    }

    pub(crate) fn find(&self, set: &Set, minimum: u32) -> Result<Found, Error> {
        let read = |entry: &Entry| {
            let damaged = || Error::Damaged { folder: PathBuf::from(FOLDER), what: "holds a set that is none" };
            self.anchor(entry)?.set().ok_or_else(damaged)
        };
        self.book.find(self.store.secret(), set, u64::from(minimum), read)
    }
}
