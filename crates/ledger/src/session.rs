//! One answer in the ledger's eyes: what of it may leave beside what left before.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use renkei_disclosure::{Memory, Offer, Part, Ruling};
use renkei_policy::Mode;

use crate::Error;
use crate::book::{Near, Neighbour};
use crate::ledger::{Asking, Flag, Inner};
use crate::record::{Anchor, Asked, Record, Registered};
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

    /// What was near, for the log. `overlap` is how many aggregates were held since they differ by few from other parts
    /// of this same answer: that tells as two numbers would, and so it is noted as these are.
    #[must_use]
    pub fn into_flags(self, overlap: usize) -> Vec<Flag> {
        let Asking { project, query, .. } = self.asking;
        let within = (overlap > 0).then(|| Flag {
            part: format!("{overlap} aggregates"),
            anchor_part: "other parts".to_owned(),
            anchor_query: query,
            anchor_project: project,
            rest: false,
            mode: Mode::Hold,
            registered: false,
        });
        self.flags.into_iter().chain(within).collect()
    }

    fn judge(&mut self, offer: &Offer<'_>) -> Result<Ruling, Error> {
        let set = Set::of(self.inner.store.secret(), &offer.persons, offer.brings);
        let found = self.inner.find(&set, self.asking.minimum)?;
        self.same.insert(offer.part, (offer.persons.len(), found.same));
        let beside = self.beside;
        let in_view = |anchor: usize| beside.is_some_and(|known| anchor < known);
        let (known, near): (Vec<_>, Vec<_>) = found.near.iter().partition(|near| in_view(near.latest()));
        if let Some(nearest) = known.into_iter().find(|near| self.differs(near) && found.same.is_none()) {
            self.flag(offer.part, nearest, true)?;
        }
        let same = found.same.filter(|same| !in_view(*same));
        match self.asking.mode {
            Mode::Flag => self.flagging(offer.part, &near, found.same),
            Mode::Substitute => self.substituting(offer.part, &near, found.same, same.is_some()),
            Mode::Hold => self.holding(offer.part, &near, same),
        }
    }

    /// Whether some, but few persons make a difference.
    fn differs(&self, near: &Neighbour) -> bool {
        let minimum = u64::from(self.asking.minimum);
        match &near.near {
            Near::Same => near.difference.near(self.inner.book.threshold(near.anchor, minimum)),
            Near::Rest { .. } | Near::Both { .. } | Near::Several { .. } => !near.difference.none(),
        }
    }

    /// Everything leaves; what differs by few is noted. Where nobody differs nothing new is told.
    fn flagging(&mut self, part: Part, near: &[&Neighbour], same: Option<usize>) -> Result<Ruling, Error> {
        let nearest = near.iter().find(|near| self.differs(near)).filter(|_| same.is_none());
        if let Some(nearest) = nearest {
            self.flag(part, nearest, false)?;
        }
        Ok(Ruling::Exact)
    }

    /// The earlier value leaves in place of what differs by few; and of what differs by nobody, or it would tell that
    /// somebody does.
    fn substituting(
        &mut self,
        part: Part,
        near: &[&Neighbour],
        same: Option<usize>,
        same_counts: bool,
    ) -> Result<Ruling, Error> {
        let alike = same_counts || near.first().is_some_and(|near| near.difference.none());
        if alike && matches!(part, Part::Union { .. }) {
            return Ok(if self.newly_cut(part) { Ruling::Hold } else { Ruling::Exact });
        }
        let Some(nearest) = near.first().filter(|_| same.is_none()) else { return Ok(Ruling::Exact) };
        let Some(entry) = self.inner.book.entry(nearest.anchor) else { return Ok(Ruling::Hold) };
        let anchor = self.inner.anchor(entry)?;
        if self.differs(nearest) {
            self.flag(part, nearest, false)?;
        }
        let earlier = match &nearest.near {
            // Nearly the same persons, who bring something else: what left then is no answer to this.
            Near::Same if self.brings_other(nearest) => None,
            Near::Same => Some(anchor.value).filter(|value| !value.is_empty()),
            near => self.computed(near, &anchor)?,
        };
        Ok(earlier.map_or(Ruling::Hold, Ruling::Earlier))
    }

    fn brings_other(&self, near: &Neighbour) -> bool {
        let threshold = self.inner.book.threshold(near.anchor, u64::from(self.asking.minimum));
        [near.difference.rows, near.difference.sums].iter().flatten().any(|n| *n >= threshold)
    }

    /// What differs by few waits for somebody, and so does what differs by nobody, unless it is the same statement again:
    /// else that something waits would tell that somebody differs.
    fn holding(&mut self, part: Part, near: &[&Neighbour], same: Option<usize>) -> Result<Ruling, Error> {
        if let Some(same) = same.and_then(|same| self.inner.book.entry(same)) {
            let earlier = self.inner.anchor(same)?.query;
            let again = self.inner.asked.get(&self.asking.statement).is_some_and(|asked| asked.contains(&earlier));
            return Ok(if again { Ruling::Exact } else { Ruling::Hold });
        }
        let Some(nearest) = near.first() else { return Ok(Ruling::Exact) };
        if let Some(differs) = near.iter().find(|near| self.differs(near)) {
            self.flag(part, differs, false)?;
        } else {
            self.flag(part, nearest, false)?;
        }
        Ok(Ruling::Hold)
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

    /// The number that follows from what left, as bytes: a total without a part, or parts together. None where they are
    /// not single numbers.
    fn computed(&self, near: &Near, part: &Anchor) -> Result<Option<Vec<u8>>, Error> {
        let others = match near {
            Near::Same => return Ok(None),
            Near::Rest { base: other } | Near::Both { other } => std::slice::from_ref(other),
            Near::Several { others } => others,
        };
        let number = |bytes: &[u8]| bytes.try_into().ok().map(i64::from_le_bytes);
        let Some(part) = number(&part.value) else { return Ok(None) };
        let mut sum = 0_i64;
        for other in others {
            let Some(entry) = self.inner.book.entry(*other) else { return Ok(None) };
            let Some(other) = number(&self.inner.anchor(entry)?.value) else { return Ok(None) };
            sum = sum.saturating_add(other);
        }
        let computed = match near {
            Near::Rest { .. } => sum.saturating_sub(part).max(i64::from(self.asking.minimum)),
            _ => sum.saturating_add(part),
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
            let set = Set::of(self.inner.store.secret(), &offer.persons, offer.brings);
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
        let asked = Asked { query: self.asking.query.clone(), statement: self.asking.statement };
        records.extend((!records.is_empty()).then(|| Record::Asked(asked.clone())));
        let places = self.inner.store.append(&records)?;
        let Inner { store, book, registered, asked: statements, .. } = &mut *self.inner;
        registered.extend(answer);
        if !records.is_empty() {
            statements.entry(asked.statement).or_default().insert(asked.query);
        }
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
