//! Which codes a snapshot uses, and how many persons have them.
//!
//! It is counted while the snapshot is made and kept beside its tables, covered by the manifest like every file. Inside
//! the hospital the numbers are exact; what leaves is filtered by the site's minimum and rounded down, and only codes in
//! the spelling `SYSTEM:code` are counted at all, or concepts where a row has no such code: a source value that is free
//! text is in no profile. Who was on the opt-out list when the snapshot was made is not in it; who came to the list
//! since is counted until the next one.

mod count;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use renkei_proto::v1;
use renkei_types::SnapshotId;
use serde::{Deserialize, Serialize};

use crate::store::Snapshot;
pub(crate) use count::Counting;

/// The file's name within the snapshot's folder.
pub(crate) const FILE: &str = "profile.json";
/// Codes that leave at most: a list of the frequent ones, not a census.
const MAX_CODES: usize = 20_000;
/// Bytes of a profile that are read at most.
const MAX_BYTES: u64 = 256 << 20;

/// A snapshot's codes.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    codes: Vec<Used>,
    columns: Vec<Column>,
}

/// A code with its unit in one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Used {
    table: String,
    system: String,
    code: String,
    unit: String,
    persons: u64,
    rows: u64,
    /// Rows with concept 0.
    unmapped: u64,
}

/// A column of concepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Column {
    table: String,
    column: String,
    persons: u64,
    rows: u64,
    /// Rows with concept 0.
    unmapped: u64,
}

impl Profile {
    /// What leaves of the codes: those with enough persons, the most frequent first.
    pub(crate) fn codes(&self, minimum: u32, bin: u64) -> Vec<v1::CodeInUse> {
        let least = u64::from(minimum).max(bin);
        let mut codes: Vec<&Used> = self.codes.iter().filter(|used| used.persons >= least).collect();
        // By what leaves, so that the order tells no more than the numbers.
        let rank = |used: &Used| (u64::MAX - used.persons / bin, used.table.clone(), used.system.clone());
        codes.sort_by_cached_key(|used| (rank(used), used.code.clone(), used.unit.clone()));
        codes.truncate(MAX_CODES);
        let told = codes.into_iter().map(|used| v1::CodeInUse {
            table: used.table.clone(),
            system: used.system.clone(),
            code: used.code.clone(),
            unit: used.unit.clone(),
            persons_binned: used.persons / bin * bin,
            percent_unmapped: percent(used.unmapped, used.rows),
        });
        told.collect()
    }

    /// What leaves of the columns.
    pub(crate) fn coded(&self, minimum: u32) -> Vec<v1::Coded> {
        let enough = self.columns.iter().filter(|column| column.persons >= u64::from(minimum));
        let told = enough.map(|column| v1::Coded {
            table: column.table.clone(),
            column: column.column.clone(),
            percent_unmapped: percent(column.unmapped, column.rows),
        });
        told.collect()
    }
}

fn percent(part: u64, whole: u64) -> u32 {
    let percent = part.saturating_mul(200).saturating_add(whole) / whole.saturating_mul(2).max(1);
    u32::try_from(percent.min(100)).unwrap_or(100)
}

/// The profile of the snapshot that was asked for last.
#[derive(Debug, Default)]
pub(crate) struct Profiles(Mutex<BTreeMap<SnapshotId, Arc<Profile>>>);

impl Profiles {
    /// The profile of a snapshot; none where it was made before there were profiles, or cannot be read.
    pub(crate) fn of(&self, snapshot: &Snapshot) -> Option<Arc<Profile>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(profile) = known.get(snapshot.id()) {
            return Some(Arc::clone(profile));
        }
        let entry = snapshot.manifest().file(FILE).filter(|entry| entry.bytes <= MAX_BYTES)?;
        let path = snapshot.dir().join(&entry.name);
        let read = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Profile>(&bytes).ok());
        let Some(profile) = read.map(Arc::new) else {
            tracing::warn!(path = %path.display(), "the profile of codes cannot be read; none is published");
            return None;
        };
        known.clear();
        known.insert(snapshot.id().clone(), Arc::clone(&profile));
        Some(profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(code: &str, persons: u64, rows: u64, unmapped: u64) -> Used {
        let (table, system) = ("measurement".to_owned(), "JLAC10".to_owned());
        Used { table, system, code: code.into(), unit: String::new(), persons, rows, unmapped }
    }

    #[test]
    fn only_codes_of_enough_persons_leave_and_their_numbers_are_rounded_down() {
        let codes = vec![used("a", 9, 90, 0), used("b", 10, 10, 10), used("c", 39, 200, 1), used("d", 31, 31, 0)];
        let profile = Profile { codes, columns: Vec::new() };
        let told = |minimum| {
            let codes = profile.codes(minimum, 10);
            codes.into_iter().map(|code| (code.code, code.persons_binned, code.percent_unmapped)).collect::<Vec<_>>()
        };
        let expected = [("c", 30, 1), ("d", 30, 0), ("b", 10, 100)].map(|(code, n, p)| (code.to_owned(), n, p));
        assert_eq!(told(10), expected);
        assert_eq!(told(20), expected[..2]);
        // Below the bin there is nothing to round down to, whatever the minimum.
        assert_eq!(told(1), expected);
    }

    #[test]
    fn shares_of_columns_with_few_persons_do_not_leave() {
        let column = |name: &str, persons| Column {
            table: "measurement".into(),
            column: name.into(),
            persons,
            rows: 200,
            unmapped: 3,
        };
        let columns = vec![column("measurement_concept_id", 10), column("unit_concept_id", 9)];
        let told = Profile { codes: Vec::new(), columns }.coded(10);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].column.as_str(), told[0].percent_unmapped), ("measurement_concept_id", 2));
    }
}
