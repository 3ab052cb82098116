//! Of the versions of a statement, the newest.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::remarks::SUPERSEDED;
use super::{Fact, Sourced};
use crate::Remarks;

/// The records of the newest version of each statement, in the order in which their keys came first.
pub(super) fn facts(statements: Vec<Sourced>, remarks: &mut Remarks) -> Vec<Fact> {
    let mut places: HashMap<(u16, String), usize> = HashMap::with_capacity(statements.len());
    let mut kept: Vec<Sourced> = Vec::with_capacity(statements.len());
    for mut sourced in statements {
        let key = std::mem::take(&mut sourced.statement.key);
        match places.entry((sourced.source, key)) {
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(sourced);
            }
            Entry::Occupied(place) => {
                remarks.add(&SUPERSEDED);
                if let Some(old) = kept.get_mut(*place.get())
                    && sourced.statement.version >= old.statement.version
                {
                    *old = sourced;
                }
            }
        }
    }
    let facts = kept.into_iter().enumerate().flat_map(|(number, Sourced { source, statement })| {
        let version = statement.version;
        let records = statement.records.into_iter().enumerate();
        records.map(move |(at, record)| Fact { source, place: (number, at), version, record })
    });
    facts.collect()
}
