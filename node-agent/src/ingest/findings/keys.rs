//! What only shows beside other rows: repeated keys, and references to visits and concepts that are not there. Looked at when all
//! tables are written, reading only the columns in question.
//!
//! Memory is bounded. Keys are counted in passes over one column: a pass looks at the keys of one share of the hash range,
//! as many as fit 128 MiB, sorts them and counts neighbours. A visit is looked up among the visits of its own
//! person, as a join would (site, person and visit number together are the key): 8 bytes for each visit, 8 for each person.
//! Concepts are a bitmap.

use std::path::{Path, PathBuf};

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, UInt32Type};
use renkei_cdm::{Column, ColumnType, Kind, OWNER_COLUMN, Table};
use roaring::RoaringBitmap;

use super::{Oddity, Tally};
use crate::store::{self, FileEntry, Shape};

/// Keys that one pass sorts: 128 MiB.
const KEYS_PER_PASS: u64 = 1 << 24;

/// The written tables, and what their rows may refer to.
pub(in crate::ingest) struct Keys<'a> {
    dir: &'a Path,
    entries: &'a [FileEntry],
    visits: Owned,
    details: Owned,
    concepts: Option<RoaringBitmap>,
}

impl<'a> Keys<'a> {
    /// Reads the keys of visits and concepts of the files `entries` in the folder `dir`. `owners` is how many person
    /// numbers there are.
    pub(in crate::ingest) fn read(
        dir: &'a Path,
        entries: &'a [FileEntry],
        owners: usize,
    ) -> Result<Self, store::Error> {
        let mut keys = Self { dir, entries, visits: Owned::default(), details: Owned::default(), concepts: None };
        keys.visits = keys.owned("visit_occurrence", "visit_occurrence_id", owners)?;
        keys.details = keys.owned("visit_detail", "visit_detail_id", owners)?;
        keys.concepts = keys.concepts()?;
        Ok(keys)
    }

    /// Counts what is odd in a table.
    pub(in crate::ingest) fn look(&self, table: &'static Table, tally: &mut Tally) -> Result<(), store::Error> {
        let Some((path, rows)) = self.file(table.name) else { return Ok(()) };
        let shape = Shape::of(table);
        if let Some(key) = table.primary_key() {
            tally.add(
                table.name,
                key.name,
                Oddity::DuplicateKey,
                duplicates(&path, &shape, key.name, rows, KEYS_PER_PASS)?,
            );
        }
        self.references(&path, &shape, tally)
    }

    fn references(&self, path: &Path, shape: &Shape, tally: &mut Tally) -> Result<(), store::Error> {
        let columns: Vec<(&Column, Reference<'_>)> = shape
            .table
            .columns
            .iter()
            .filter_map(|column| self.reference(shape.table, column).map(|to| (column, to)))
            .collect();
        if columns.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = columns.iter().map(|(column, _)| column.name).chain([OWNER_COLUMN]).collect();
        for batch in store::scan(path, shape, &names)? {
            let batch = batch?;
            let owners = batch.column_by_name(OWNER_COLUMN).map(|owners| owners.as_primitive::<UInt32Type>().values());
            let owners = owners.map_or(&[][..], |owners| owners);
            for (column, to) in &columns {
                let Some(array) = batch.column_by_name(column.name) else { continue };
                match to {
                    Reference::Visit(visits) => {
                        tally.add(shape.table.name, column.name, Oddity::UnknownVisit, visits.unknown(array, owners));
                    }
                    Reference::Concept(known) => {
                        tally.add(
                            shape.table.name,
                            column.name,
                            Oddity::UnknownConcept,
                            unknown_concepts(array, known),
                        );
                    }
                }
            }
        }
        Ok(())
    }

    /// What a column refers to, where that can be checked.
    fn reference(&self, table: &Table, column: &Column) -> Option<Reference<'_>> {
        let to = column.foreign_key?;
        match (to.table, table.kind) {
            ("visit_occurrence", Kind::Local) => Some(Reference::Visit(&self.visits)),
            ("visit_detail", Kind::Local) => Some(Reference::Visit(&self.details)),
            ("concept", Kind::Local | Kind::SiteOwned | Kind::Metadata) if column.kind == ColumnType::Concept => {
                self.concepts.as_ref().map(Reference::Concept)
            }
            _ => None,
        }
    }

    fn file(&self, table: &str) -> Option<(PathBuf, u64)> {
        let entry = self.entries.iter().find(|entry| entry.table.as_deref() == Some(table))?;
        Some((self.dir.join(&entry.name), entry.rows.unwrap_or(0)))
    }

    fn owned(&self, table: &str, key: &str, owners: usize) -> Result<Owned, store::Error> {
        let (Some((path, _)), Some(table)) = (self.file(table), renkei_cdm::table(table)) else {
            return Ok(Owned { starts: vec![0; owners + 1], ids: Vec::new() });
        };
        let mut owned = Owned { starts: Vec::with_capacity(owners + 1), ids: Vec::new() };
        for batch in store::scan(&path, &Shape::of(table), &[key, OWNER_COLUMN])? {
            let batch = batch?;
            let ids = batch.column(0).as_primitive::<Int64Type>().values();
            for (&id, &owner) in ids.iter().zip(batch.column(1).as_primitive::<UInt32Type>().values()) {
                owned.advance(owner as usize);
                owned.ids.push(id);
            }
        }
        owned.advance(owners);
        owned.sort();
        Ok(owned)
    }

    fn concepts(&self) -> Result<Option<RoaringBitmap>, store::Error> {
        let (Some((path, rows)), Some(table)) = (self.file("concept"), renkei_cdm::table("concept")) else {
            return Ok(None);
        };
        let mut known = RoaringBitmap::from_iter([0]);
        for batch in store::scan(&path, &Shape::of(table), &["concept_id"])? {
            let batch = batch?;
            known.extend(
                batch.column(0).as_primitive::<Int32Type>().iter().flatten().filter_map(|id| u32::try_from(id).ok()),
            );
        }
        Ok((rows > 0).then_some(known))
    }
}

enum Reference<'a> {
    Visit(&'a Owned),
    Concept(&'a RoaringBitmap),
}

/// Ids by owner: those of owner `n` are `ids[starts[n]..starts[n + 1]]`, sorted.
#[derive(Debug, Default)]
struct Owned {
    starts: Vec<usize>,
    ids: Vec<i64>,
}

impl Owned {
    fn advance(&mut self, owner: usize) {
        while self.starts.len() <= owner {
            self.starts.push(self.ids.len());
        }
    }

    fn sort(&mut self) {
        for pair in self.starts.windows(2) {
            if let Some(ids) = self.ids.get_mut(pair[0]..pair[1]) {
                ids.sort_unstable();
            }
        }
    }

    fn of(&self, owner: u32) -> &[i64] {
        let owner = owner as usize;
        let range = self.starts.get(owner).zip(self.starts.get(owner + 1));
        range.and_then(|(start, end)| self.ids.get(*start..*end)).unwrap_or_default()
    }

    fn unknown(&self, array: &ArrayRef, owners: &[u32]) -> u64 {
        let ids = array.as_primitive::<Int64Type>().iter().zip(owners);
        ids.filter(|(id, owner)| id.is_some_and(|id| self.of(**owner).binary_search(&id).is_err())).count() as u64
    }
}

fn unknown_concepts(array: &ArrayRef, known: &RoaringBitmap) -> u64 {
    let concepts = array.as_primitive::<Int32Type>().iter().flatten();
    concepts.filter(|id| u32::try_from(*id).map_or(true, |id| !known.contains(id))).count() as u64
}

/// Rows whose key an earlier row has.
fn duplicates(path: &Path, shape: &Shape, key: &str, rows: u64, per_pass: u64) -> Result<u64, store::Error> {
    let passes = rows.div_ceil(per_pass).max(1);
    let mut repeated = 0;
    for pass in 0..passes {
        let mut keys: Vec<u64> = Vec::with_capacity(usize::try_from(rows / passes).unwrap_or(0));
        for batch in store::scan(path, shape, &[key])? {
            let mixed = mixed(batch?.column(0));
            keys.extend(mixed.into_iter().filter(|key| key % passes == pass));
        }
        keys.sort_unstable();
        repeated += keys.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
    }
    Ok(repeated)
}

/// Keys, mixed so that they spread over the passes: numbers one to one, texts by a hash of 64 bits (they are the
/// short names of a vocabulary's parts).
fn mixed(array: &ArrayRef) -> Vec<u64> {
    use std::hash::{DefaultHasher, Hasher};
    let number = |key: i64| {
        let key = key.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        key ^ (key >> 32)
    };
    if let Some(ids) = array.as_primitive_opt::<Int64Type>() {
        ids.iter().flatten().map(number).collect()
    } else if let Some(ids) = array.as_primitive_opt::<Int32Type>() {
        ids.iter().flatten().map(|id| number(id.into())).collect()
    } else if let Some(texts) = array.as_string_opt::<i32>() {
        let hash = |text: &str| {
            let mut hasher = DefaultHasher::new();
            hasher.write(text.as_bytes());
            hasher.finish()
        };
        texts.iter().flatten().map(hash).collect()
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Int32Array, RecordBatch, StringArray};

    use super::*;
    use crate::store::Writer;

    #[test]
    fn keys_are_counted_the_same_in_one_pass_and_in_many() {
        let dir = tempfile::tempdir().unwrap();
        let shape = Shape::of(renkei_cdm::table("domain").unwrap());
        let names = Arc::new(StringArray::from_iter_values((0..3000).map(|row| format!("D{}", row % 2900))));
        let concepts = Arc::new(Int32Array::from_iter_values((0..3000).map(|row| row / 3 * 65_536)));
        let path = dir.path().join("domain.parquet");
        let mut writer = Writer::create(&path, &shape.schema, &[]).unwrap();
        writer
            .write(&RecordBatch::try_new(Arc::clone(&shape.schema), vec![names.clone(), names, concepts]).unwrap())
            .unwrap();
        writer.finish(None).unwrap();
        for per_pass in [1 << 20, 3000, 700, 100] {
            let count = |key| duplicates(&path, &shape, key, 3000, per_pass).unwrap();
            assert_eq!((count("domain_id"), count("domain_concept_id")), (100, 2000), "{per_pass}");
        }
    }
}
