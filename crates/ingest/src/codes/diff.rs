//! What changes from one version of the maps to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use super::error::CodesError;
use super::load::MapFile;
use super::maps::Maps;
use crate::code::Coding;
use crate::remark::Remarks;
use crate::when::Day;

/// What maps say, by code: concepts, and whether they are values beside the others.
#[derive(Debug, Default)]
pub struct Map {
    codes: BTreeMap<Coding, BTreeSet<(i32, bool)>>,
    remarks: Remarks,
}

impl Map {
    /// Reads files of maps as [`Concepts::load`](super::Concepts::load) does: a later one counts before an earlier
    /// one. Targets are not checked.
    ///
    /// # Errors
    /// A file that cannot be read or has not the columns of a map.
    pub fn read(files: &[PathBuf], today: Day) -> Result<Self, CodesError> {
        Self::of(&files.iter().cloned().map(MapFile::from).collect::<Vec<_>>(), today)
    }

    /// The same of files of which the bytes may be known already.
    ///
    /// # Errors
    /// As [`Map::read`].
    pub fn of(files: &[MapFile], today: Day) -> Result<Self, CodesError> {
        let mut maps = Maps::default();
        for file in files {
            maps.next_source();
            maps.file(file, today, &|_| true)?;
        }
        let codes = maps.iter().map(|(coding, mapped)| {
            (coding.clone(), mapped.iter().map(|mapped| (mapped.target, mapped.value)).collect())
        });
        Ok(Self { codes: codes.collect(), remarks: maps.remarks })
    }

    /// How many codes are mapped.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// What was odd in the files.
    #[must_use]
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }
}

/// One code whose mapping changes. Without old concepts it was added, without new ones removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The code.
    pub coding: Coding,
    /// Concepts before, and whether as values.
    pub old: BTreeSet<(i32, bool)>,
    /// Concepts after, and whether as values.
    pub new: BTreeSet<(i32, bool)>,
}

/// The codes whose mapping differs, by code.
#[must_use]
pub fn diff(old: &Map, new: &Map) -> Vec<Change> {
    let codings: BTreeSet<&Coding> = old.codes.keys().chain(new.codes.keys()).collect();
    let of = |map: &Map, coding: &Coding| map.codes.get(coding).cloned().unwrap_or_default();
    codings
        .into_iter()
        .map(|coding| Change { coding: coding.clone(), old: of(old, coding), new: of(new, coding) })
        .filter(|change| change.old != change.new)
        .collect()
}

/// A line: `+ JLAC10:… → 3004249`, `- …`, or `~ … : 1 → 2`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |concepts: &BTreeSet<(i32, bool)>| {
            let text = |(concept, value): &(i32, bool)| format!("{}{concept}", if *value { "=" } else { "" });
            concepts.iter().map(text).collect::<Vec<_>>().join(" ")
        };
        match (self.old.is_empty(), self.new.is_empty()) {
            (true, _) => write!(f, "+ {} → {}", self.coding, list(&self.new)),
            (_, true) => write!(f, "- {} → {}", self.coding, list(&self.old)),
            _ => write!(f, "~ {} : {} → {}", self.coding, list(&self.old), list(&self.new)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_added_removed_and_retargeted() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, rows: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, format!("source_code,source_vocabulary_id,target_concept_id\n{rows}")).unwrap();
            Map::read(&[file], Day(20_000)).unwrap()
        };
        let old = read("old.csv", "A,LOCAL,1\nB,LOCAL,2\nC,LOCAL,3\nC,LOCAL,4\nJ189,ICD10,5\n");
        let new = read("new.csv", "J18.9,ICD10,5\nC,LOCAL,4\nC,LOCAL,3\nB,LOCAL,9\nB,LOCAL,2\nD,LOCAL,7\nE,X,y\n");
        let lines: Vec<_> = diff(&old, &new).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["- LOCAL:A → 1", "~ LOCAL:B : 2 → 2 9", "+ LOCAL:D → 7"]);
        assert!(diff(&old, &old).is_empty() && !old.is_empty());
        assert_eq!((old.len(), new.len(), new.remarks().iter().count()), (4, 4, 1));
        assert!(Map::read(&[folder.path().join("none.csv")], Day(0)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_are_a_map_or_an_error(head in any::<bool>(), bytes in any::<Vec<u8>>()) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("m.csv");
            let header = if head { &b"source_code,source_vocabulary_id,target_concept_id\n"[..] } else { b"" };
            std::fs::write(&file, [header, &bytes].concat()).unwrap();
            if let Ok(map) = Map::read(&[file], Day(0)) {
                prop_assert!(map.len() <= bytes.len());
            }
        }
    }
}
