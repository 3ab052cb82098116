//! Which codes were used, in which table, by how many rows and persons.

use std::collections::HashMap;

use crate::code::Coding;
use crate::record::Codes;

/// How often a code was used in one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Rows.
    pub rows: u64,
    /// Persons.
    pub persons: u64,
    /// Rows that have a concept other than 0.
    pub mapped: u64,
    last: u64,
}

/// The use of all codes, by table and by the codes that stood together for one thing.
#[derive(Debug, Default)]
pub struct Usage {
    person: u64,
    tables: HashMap<&'static str, HashMap<Codes, Used>>,
}

impl Usage {
    pub(super) fn next_person(&mut self) {
        self.person += 1;
    }

    pub(super) fn add(&mut self, table: &'static str, codes: &[Coding], mapped: bool) {
        let person = self.person;
        let all = self.tables.entry(table).or_default();
        let used = match all.get_mut(codes) {
            Some(used) => used,
            None => all.entry(codes.to_vec()).or_default(),
        };
        used.rows += 1;
        used.mapped += u64::from(mapped);
        if used.last != person {
            used.last = person;
            used.persons += 1;
        }
    }

    /// Tables, codes and their use, in order.
    #[must_use]
    pub fn sorted(&self) -> Vec<(&'static str, &Codes, Used)> {
        let all = self.tables.iter().flat_map(|(table, all)| all.iter().map(|(codes, used)| (*table, codes, *used)));
        let mut all: Vec<_> = all.collect();
        all.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        all
    }
}
