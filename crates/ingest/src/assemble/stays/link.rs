//! The visit that a record belongs to.

use super::Stays;
use crate::record::Link;
use crate::when::When;

/// How a visit was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::assemble) enum Found {
    /// The source names it.
    Named(usize),
    /// It contains the record; `true` if the source names another that is not there.
    ByTime(usize, bool),
    /// There is none; `true` likewise.
    Nowhere(bool),
}

impl Stays {
    /// The visit of a record of `source` at `at`: the one that the source names, else the stay that goes on at that
    /// day, else a contact on that day. A record that says that it comes from the outpatient department looks for a contact first.
    pub(in crate::assemble) fn find(&self, source: u16, link: &Link, at: When) -> Found {
        let mut missing = false;
        if let Some(key) = &link.visit {
            // The map is keyed by owned texts; a lookup costs one copy of the key.
            match self.keys.get(&(source, key.clone())) {
                Some(&place) => return Found::Named(place),
                None => missing = true,
            }
        }
        let contact = self.outpatient.get(&at.day).copied();
        let stay =
            self.inpatient.iter().rev().copied().find(|&place| {
                self.all.get(place).is_some_and(|stay| stay.start.day <= at.day && at.day <= stay.end.day)
            });
        let found = if link.inpatient == Some(false) { contact.or(stay) } else { stay.or(contact) };
        match found {
            Some(place) => Found::ByTime(place, missing),
            None => Found::Nowhere(missing),
        }
    }

    /// The number of a visit.
    pub(in crate::assemble) fn id(&self, found: Found) -> Option<i64> {
        let (Found::Named(place) | Found::ByTime(place, _)) = found else { return None };
        self.all.get(place).map(|stay| stay.id)
    }
}
