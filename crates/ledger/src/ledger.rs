//! The ledger as a node uses it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use renkei_disclosure::{Memory, Offer, Part, Ruling};
use renkei_policy::{Budget, Mode};
use renkei_types::{PersonId, ProjectId, QueryId, SnapshotId, Timestamp};

use crate::book::{Book, Entry, Found, Near};
use crate::budget::{self, Charge, Exhausted, Spent};
use crate::hash::Secret;
use crate::record::{Anchor, Charged, Record};
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
struct Inner {
    store: Store,
    book: Book,
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
    /// What was done.
    pub mode: Mode,
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
        let mut visit = |secret: &Secret, record, place| {
            match record {
                Record::Anchor(anchor) => {
                    let damaged = || Error::Damaged { folder: folder.to_owned(), what: "holds a set that is none" };
                    book.add(secret, &anchor.set().ok_or_else(damaged)?, anchor.base, place);
                }
                Record::Charged(charged) => spent.add(charged),
            }
            Ok(())
        };
        let (store, cut) = Store::open(folder, fresh, access, &mut visit)?;
        Ok(Self { inner: Mutex::new(Inner { store, book, spent }), cut })
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
        Session { inner: self.lock(), asking, keeps: true, flags: Vec::new(), same: BTreeMap::new() }
    }

    /// The same without keeping anything: to see what would happen.
    #[must_use]
    pub fn rehearsal(&self, asking: Asking) -> Session<'_> {
        Session { keeps: false, ..self.session(asking) }
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

    /// The questions that were charged within 30 days, oldest first.
    #[must_use]
    pub fn charges(&self) -> Vec<Charged> {
        self.lock().spent.questions().cloned().collect()
    }
}

impl Inner {
    fn anchor(&self, entry: &Entry) -> Result<Anchor, Error> {
        match self.store.record(entry.place)? {
            Record::Anchor(anchor) => Ok(*anchor),
            Record::Charged(_) => {
                Err(Error::Damaged { folder: PathBuf::from(FOLDER), what: "changed while it was open" })
            }
        }
    }

    fn find(&self, set: &Set, minimum: u32) -> Result<Found, Error> {
        let read = |entry: &Entry| {
            let damaged = || Error::Damaged { folder: PathBuf::from(FOLDER), what: "holds a set that is none" };
            self.anchor(entry)?.set().ok_or_else(damaged)
        };
        self.book.find(self.store.secret(), set, u64::from(minimum), read)
    }
}

/// The ledger while one answer is settled.
#[derive(Debug)]
pub struct Session<'a> {
    inner: MutexGuard<'a, Inner>,
    asking: Asking,
    keeps: bool,
    flags: Vec<Flag>,
    /// The anchors that are the same as parts that were looked up, with the persons of these.
    same: BTreeMap<Part, (u64, Option<usize>)>,
}

impl Session<'_> {
    /// What was near, for the log.
    #[must_use]
    pub fn into_flags(self) -> Vec<Flag> {
        self.flags
    }

    fn judge(&mut self, offer: &Offer<'_>) -> Result<Ruling, Error> {
        let set = Set::of(self.inner.store.secret(), &offer.persons, offer.exact);
        let found = self.inner.find(&set, self.asking.minimum)?;
        self.same.insert(offer.part, (offer.persons.len(), found.same));
        let mode = self.asking.mode;
        let alike = found.same.is_some() || found.near.first().is_some_and(|near| near.difference.none());
        if mode == Mode::Substitute && alike && matches!(offer.part, Part::Union { .. }) {
            return Ok(if self.newly_cut(offer.part) { Ruling::Hold } else { Ruling::Exact });
        }
        // Where nobody differs nothing new is told; but where earlier values are given, then for this too, or they
        // would tell that somebody differs.
        let mut near = found.near.iter().filter(|near| mode == Mode::Substitute || !near.difference.none());
        let Some(nearest) = near.next().filter(|_| found.same.is_none()) else { return Ok(Ruling::Exact) };
        let Some(entry) = self.inner.book.entry(nearest.anchor).copied() else { return Ok(Ruling::Hold) };
        let anchor = self.inner.anchor(&entry)?;
        if nearest.difference.none() {
            let earlier = match nearest.near {
                Near::Same => Some(anchor.value).filter(|value| !value.is_empty()),
                near => self.computed(near, &anchor)?,
            };
            return Ok(earlier.map_or(Ruling::Exact, Ruling::Earlier));
        }
        self.flags.push(Flag {
            part: name(offer.part),
            anchor_part: anchor.part.clone(),
            anchor_query: anchor.query.clone(),
            anchor_project: anchor.project.clone(),
            rest: nearest.near != Near::Same,
            mode,
        });
        // Nearly the same persons, who bring something else: what left then is no answer to this.
        let threshold = self.inner.book.threshold(nearest.anchor, u64::from(self.asking.minimum));
        let other = [nearest.difference.rows, nearest.difference.sums].iter().flatten().any(|n| *n >= threshold);
        Ok(match (mode, nearest.near) {
            (Mode::Flag, _) => Ruling::Exact,
            (Mode::Substitute, Near::Rest { .. } | Near::Both { .. }) => {
                self.computed(nearest.near, &anchor)?.map_or(Ruling::Hold, Ruling::Earlier)
            }
            (Mode::Substitute, Near::Same) if !anchor.value.is_empty() && !other => Ruling::Earlier(anchor.value),
            (Mode::Substitute | Mode::Hold, _) => Ruling::Hold,
        })
    }
}

impl Session<'_> {
    /// Whether a union is of cells of which some are new. Where such a union is nearly what left before, cells of it
    /// are held; they are held too where it is exactly that, or what is held would tell which.
    fn newly_cut(&self, union: Part) -> bool {
        let Part::Union { point, state, .. } = union else { return false };
        let of_it = |part: &Part| matches!(part, Part::Cell { point: p, state: s, .. } if (*p, *s) == (point, state));
        self.same.iter().any(|(part, (_, same))| of_it(part) && same.is_none())
    }

    /// The number that follows from what left, as bytes: a total without a part, or two parts together. None where
    /// they are not single numbers.
    fn computed(&self, near: Near, part: &Anchor) -> Result<Option<Vec<u8>>, Error> {
        let (Near::Rest { base: other } | Near::Both { other }) = near else { return Ok(None) };
        let Some(entry) = self.inner.book.entry(other).copied() else { return Ok(None) };
        let other = self.inner.anchor(&entry)?;
        let number = |bytes: &[u8]| bytes.try_into().ok().map(i64::from_le_bytes);
        let (Some(other), Some(part)) = (number(&other.value), number(&part.value)) else { return Ok(None) };
        let computed = match near {
            Near::Both { .. } => other.saturating_add(part),
            _ => other.saturating_sub(part).max(i64::from(self.asking.minimum)),
        };
        Ok(Some(computed.to_le_bytes().to_vec()))
    }
}

impl Memory for Session<'_> {
    type Error = Error;

    fn rule(&mut self, offers: &[Offer<'_>]) -> Result<Vec<Ruling>, Error> {
        offers.iter().map(|offer| self.judge(offer)).collect()
    }

    fn keep(&mut self, offers: &[Offer<'_>]) -> Result<(), Error> {
        if !self.keeps {
            return Ok(());
        }
        let (mut records, mut sets) = (Vec::new(), Vec::new());
        for offer in offers {
            let set = Set::of(self.inner.store.secret(), &offer.persons, offer.exact);
            // What left before in exactly this way is an anchor already, unless parts can be taken off this one only.
            let same = match self.same.get(&offer.part) {
                // A union may have changed since, by cells that were held.
                Some((persons, same)) if *persons == offer.persons.len() => *same,
                _ => self.inner.find(&set, self.asking.minimum)?.same,
            };
            let known = same.and_then(|same| self.inner.book.entry(same));
            if known.is_some_and(|known| known.base || !offer.base) {
                continue;
            }
            let (persons, rows, sums) = set.parts();
            let Asking { project, query, snapshot, now, .. } = self.asking.clone();
            let (part, value) = (name(offer.part), offer.value.clone());
            let anchor =
                Anchor { at: now, project, query, snapshot, part, base: offer.base, value, persons, rows, sums };
            records.push(Record::Anchor(Box::new(anchor)));
            sets.push((set, offer.base));
        }
        let places = self.inner.store.append(&records)?;
        let Inner { store, book, .. } = &mut *self.inner;
        for ((set, base), place) in sets.iter().zip(places) {
            book.add(store.secret(), set, *base, place);
        }
        Ok(())
    }
}

/// Release point, cell and aggregate as numbers; no key of a cell.
fn name(part: Part) -> String {
    let aggregate = |state: Option<usize>| state.map(|state| format!(" aggregate {state}")).unwrap_or_default();
    match part {
        Part::Cell { point, cell, state } => format!("point {point} cell {cell}{}", aggregate(state)),
        Part::Union { point, set, state } => format!("point {point} set {set}{}", aggregate(state)),
    }
}
