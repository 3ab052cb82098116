//! One answer in the ledger's eyes: what of it may leave beside what left before.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use renkei_disclosure::{Memory, Offer, Part, Ruling};
use renkei_policy::Mode;

use crate::Error;
use crate::book::{Near, Neighbour};
use crate::ledger::{Asking, Flag, Inner};
use crate::record::{Anchor, Record, Registered};
use crate::set::Set;

/// The ledger while one answer is settled.
#[derive(Debug)]
pub struct Session<'a> {
    inner: MutexGuard<'a, Inner>,
    asking: Asking,
    keeps: bool,
    flags: Vec<Flag>,
    /// The anchors that are the same as parts that were looked up, with the persons of these.
    same: BTreeMap<Part, (u64, Option<usize>)>,
    /// Beside how many of the first anchors this answer leaves as it is: those that the hospital had in view when it
    /// registered the statement.
    beside: Option<usize>,
}

impl<'a> Session<'a> {
    /// Settles one answer; with `keeps`, what leaves is kept.
    pub(crate) fn new(inner: MutexGuard<'a, Inner>, asking: Asking, keeps: bool) -> Self {
        Self { inner, asking, keeps, flags: Vec::new(), same: BTreeMap::new(), beside: None }
    }

    /// What was near, for the log.
    #[must_use]
    pub fn into_flags(self) -> Vec<Flag> {
        self.flags
    }

    fn judge(&mut self, offer: &Offer<'_>) -> Result<Ruling, Error> {
        let set = Set::of(self.inner.store.secret(), &offer.persons, offer.exact);
        let mut found = self.inner.find(&set, self.asking.minimum)?;
        self.same.insert(offer.part, (offer.persons.len(), found.same));
        let mode = self.asking.mode;
        let beside = self.beside;
        let in_view = |anchor: usize| beside.is_some_and(|known| anchor < known);
        let (known, near): (Vec<_>, Vec<_>) = found.near.into_iter().partition(|near| in_view(near.latest()));
        found.near = near;
        let same = found.same.is_some_and(|same| !in_view(same));
        if let Some(nearest) = known.iter().find(|near| !near.difference.none() && found.same.is_none()) {
            self.flag(offer.part, nearest, true)?;
        }
        let alike = same || found.near.first().is_some_and(|near| near.difference.none());
        if mode == Mode::Substitute && alike && matches!(offer.part, Part::Union { .. }) {
            return Ok(if self.newly_cut(offer.part) { Ruling::Hold } else { Ruling::Exact });
        }
        // Where nobody differs nothing new is told; but where earlier values are given, then for this too, or they
        // would tell that somebody differs.
        let mut near = found.near.iter().filter(|near| mode == Mode::Substitute || !near.difference.none());
        let Some(nearest) = near.next().filter(|_| found.same.is_none()) else { return Ok(Ruling::Exact) };
        let Some(entry) = self.inner.book.entry(nearest.anchor) else { return Ok(Ruling::Hold) };
        let anchor = self.inner.anchor(entry)?;
        if nearest.difference.none() {
            let earlier = match nearest.near {
                Near::Same => Some(anchor.value).filter(|value| !value.is_empty()),
                near => self.computed(near, &anchor)?,
            };
            return Ok(earlier.map_or(Ruling::Exact, Ruling::Earlier));
        }
        self.flag(offer.part, nearest, false)?;
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

    /// Notes that a part is near an earlier one.
    fn flag(&mut self, part: Part, near: &Neighbour, registered: bool) -> Result<(), Error> {
        let Some(entry) = self.inner.book.entry(near.anchor) else { return Ok(()) };
        let Anchor { part: anchor_part, query: anchor_query, project: anchor_project, .. } =
            self.inner.anchor(entry)?;
        let (part, rest, mode) = (name(part), near.near != Near::Same, self.asking.mode);
        self.flags.push(Flag { part, anchor_part, anchor_query, anchor_project, rest, mode, registered });
        Ok(())
    }

    /// The number that follows from what left, as bytes: a total without a part, or two parts together. None where
    /// they are not single numbers.
    fn computed(&self, near: Near, part: &Anchor) -> Result<Option<Vec<u8>>, Error> {
        let (Near::Rest { base: other } | Near::Both { other }) = near else { return Ok(None) };
        let Some(entry) = self.inner.book.entry(other) else { return Ok(None) };
        let other = self.inner.anchor(entry)?;
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

    fn rule(&mut self, offers: &[Offer<'_>], whole: bool) -> Result<Vec<Ruling>, Error> {
        // Where something is held, it is not what the hospital saw when it registered the statement.
        let own = self.inner.identity();
        let exemption = self.asking.exemption.as_ref().filter(|exemption| whole && exemption.ledger() == own);
        self.beside = exemption.map(|exemption| usize::try_from(exemption.known()).unwrap_or(usize::MAX));
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
        let exemption = self.asking.exemption.as_ref().filter(|_| self.beside.is_some() && !records.is_empty());
        let answer = exemption.map(|exemption| Registered {
            at: self.asking.now,
            project: self.asking.project.clone(),
            query: self.asking.query.clone(),
            name: exemption.name().to_owned(),
        });
        records.extend(answer.clone().map(Record::Registered));
        let places = self.inner.store.append(&records)?;
        let Inner { store, book, registered, .. } = &mut *self.inner;
        registered.extend(answer);
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
