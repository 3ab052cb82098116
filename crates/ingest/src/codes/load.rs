//! Streaming a vocabulary for what the wanted codes need.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use arrow_array::{Array, RecordBatch};

use super::builtin::{self, GRADES};
use super::columns::{ConceptRows, date, integer, text};
use super::concepts::Concepts;
use super::domain::Domain;
use super::error::CodesError;
use super::fallback::shorter;
use super::maps::Maps;
use super::remarks::{CONCEPT_TWICE, VOCABULARY_ROW};
use super::wanted::Wanted;
use crate::code::{Coding, System};
use crate::omop::{Folder, TableFiles};
use crate::when::Day;

/// Where vocabularies and maps lie.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Folders with the vocabulary as one may download it (CONCEPT, `CONCEPT_RELATIONSHIP`, VOCABULARY, and
    /// `source_to_concept_map` if it is there): CSV or Parquet.
    pub folders: Vec<PathBuf>,
    /// Further maps; each counts before those that stand before it, and before the folders' own.
    pub maps: Vec<MapFile>,
    /// The day on which maps have to be in force.
    pub today: Day,
}

/// A map in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its bytes, where they were read before: what was checked is then what counts, whatever becomes of the file.
    pub content: Option<Vec<u8>>,
}

impl From<PathBuf> for MapFile {
    fn from(path: PathBuf) -> Self {
        Self { path, content: None }
    }
}

/// How far the loading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The table that is being read.
    pub table: &'static str,
    /// Bytes of it that were read.
    pub bytes: u64,
    /// Its bytes in all.
    pub of: u64,
}

/// A concept that has a wanted code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own {
    pub(super) concept: i32,
    /// Of concepts for one code the least counts: preferred vocabulary, validity, number.
    pub(super) rank: (u8, bool, i32),
    pub(super) standard: bool,
    pub(super) domain: Domain,
}

/// What a target is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) standard: bool,
    pub(super) domain: Domain,
}

pub(super) struct Loader<'a> {
    pub(super) asked: &'a BTreeSet<Coding>,
    today: Day,
    pub(super) wanted: Wanted,
    pub(super) maps: Maps,
    pub(super) own: HashMap<Coding, Own>,
    /// By concept of a code: the concepts it leads to, and whether as a value.
    pub(super) relations: HashMap<i32, Vec<(i32, bool)>>,
    pub(super) targets: HashMap<i32, Option<Kind>>,
    /// Ancestors of the drugs that codes lead to.
    pub(super) ancestors: HashMap<i32, Vec<i32>>,
    pub(super) candidates: HashSet<i32>,
    pub(super) found: HashSet<i32>,
    pub(super) checked: bool,
    pub(super) concepts: Concepts,
}

impl<'a> Loader<'a> {
    pub(super) fn new(asked: &'a BTreeSet<Coding>, today: Day) -> Self {
        let mut codings: HashSet<Coding> = asked.iter().cloned().collect();
        codings.extend(asked.iter().flat_map(shorter));
        codings.extend(asked.iter().filter_map(builtin::equivalent).map(|(coding, _)| coding));
        codings.extend(GRADES.into_iter().filter_map(builtin::grade).map(|code| Coding::new(System::Snomed, code)));
        Self {
            asked,
            today,
            wanted: Wanted::new(codings),
            maps: Maps::default(),
            own: HashMap::new(),
            relations: HashMap::new(),
            targets: HashMap::new(),
            ancestors: HashMap::new(),
            candidates: HashSet::new(),
            found: HashSet::new(),
            checked: false,
            concepts: Concepts::default(),
        }
    }

    pub(super) fn load(
        mut self,
        sources: &Sources,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Concepts, CodesError> {
        let folder = self.open(sources)?;
        let table = |name: &str| {
            let tables = folder.as_ref().map(Folder::tables).unwrap_or_default();
            tables.iter().find(|files| files.table().name == name)
        };
        self.maps.next_source();
        self.each(table("source_to_concept_map"), progress, |loader, batch| {
            let wanted = &loader.wanted;
            loader.maps.batch(batch, loader.today, &|coding| wanted.has(coding));
        })?;
        for file in &sources.maps {
            self.maps.next_source();
            let wanted = &self.wanted;
            self.maps.file(file, self.today, &|coding| wanted.has(coding))?;
        }
        self.each(table("vocabulary"), progress, Self::vocabulary)?;
        self.each(table("concept"), progress, Self::codes)?;
        for own in self.own.values() {
            self.relations.insert(own.concept, Vec::new());
        }
        self.each(table("concept_relationship"), progress, Self::relation)?;
        self.collect_targets();
        if self.targets.values().any(Option::is_none) {
            self.each(table("concept"), progress, Self::kinds)?;
        }
        self.drugs();
        if !self.ancestors.is_empty() && table("concept_ancestor").is_some() {
            self.each(table("concept_ancestor"), progress, Self::ancestor)?;
            self.candidates();
            self.each(table("concept"), progress, Self::ingredient)?;
            self.concepts.ingredients = self.ingredients();
        }
        self.checked = table("concept").is_some();
        Ok(self.finish())
    }

    fn open(&self, sources: &Sources) -> Result<Option<Folder>, CodesError> {
        let paths: Vec<&Path> = sources.folders.iter().map(PathBuf::as_path).collect();
        let Some(first) = paths.first() else { return Ok(None) };
        let folder = Folder::open_many(&paths)?;
        let has = |name: &str| folder.tables().iter().any(|files| files.table().name == name);
        let missing = match (has("concept"), has("concept_relationship"), has("source_to_concept_map")) {
            (true, false, _) => Some("CONCEPT_RELATIONSHIP"),
            (false, true, _) | (false, false, false) => Some("CONCEPT"),
            _ => None,
        };
        match missing {
            Some(table) => Err(CodesError::Incomplete { folder: first.to_path_buf(), table }),
            None => Ok(Some(folder)),
        }
    }

    /// Streams a table.
    fn each(
        &mut self,
        files: Option<&TableFiles>,
        progress: &mut dyn FnMut(Progress),
        read: impl Fn(&mut Self, &RecordBatch),
    ) -> Result<(), CodesError> {
        let Some(files) = files else { return Ok(()) };
        for chunk in files.read(None) {
            let chunk = chunk?;
            self.concepts.remarks.add_many(&VOCABULARY_ROW, chunk.rejects.len() as u64);
            read(self, &chunk.batch);
            progress(Progress { table: files.table().name, bytes: chunk.bytes, of: files.bytes() });
        }
        Ok(())
    }

    fn vocabulary(&mut self, batch: &RecordBatch) {
        let (Some(id), Some(version)) = (text(batch, "vocabulary_id"), text(batch, "vocabulary_version")) else {
            return;
        };
        let row = (0..batch.num_rows()).find(|row| id.value(*row) == "None" && version.is_valid(*row));
        if let Some(row) = row {
            self.concepts.version = Some(version.value(row).to_owned());
        }
    }

    /// Keeps the concepts of wanted codes, and all units.
    fn codes(&mut self, batch: &RecordBatch) {
        let Some(rows) = ConceptRows::of(batch) else { return };
        let mut last = None;
        for row in 0..batch.num_rows() {
            let vocabulary = rows.vocabulary.value(row);
            let slot = match last {
                Some((name, slot)) if name == vocabulary => slot,
                _ => self.wanted.vocabulary(vocabulary),
            };
            last = Some((vocabulary, slot));
            if vocabulary == "CDM" && rows.name.value(row) == "measurement.measurement_id" && rows.valid(row) {
                self.concepts.measurements = Some(rows.id.value(row));
            }
            let Some(slot) = slot else { continue };
            let (code, concept) = (rows.code.value(row), rows.id.value(row));
            let valid = rows.valid(row);
            if vocabulary == "UCUM" && valid && rows.standard(row) {
                self.concepts.units.insert(code.into(), concept);
            }
            let Some((coding, preference)) = self.wanted.find(slot, code) else { continue };
            let own = Own {
                concept,
                rank: (preference, !valid, concept),
                standard: valid && rows.standard(row),
                domain: rows.domain(row),
            };
            match self.own.get_mut(coding) {
                None => {
                    self.own.insert(coding.clone(), own);
                }
                Some(known) => {
                    if known.rank.0 == preference {
                        self.concepts.remarks.add(&CONCEPT_TWICE);
                    }
                    if own.rank < known.rank {
                        *known = own;
                    }
                }
            }
        }
    }

    fn relation(&mut self, batch: &RecordBatch) {
        let columns = (
            integer(batch, "concept_id_1"),
            integer(batch, "concept_id_2"),
            text(batch, "relationship_id"),
            text(batch, "invalid_reason"),
            date(batch, "valid_end_date"),
        );
        let (Some(from), Some(to), Some(kind), Some(reason), Some(end)) = columns else { return };
        for row in 0..batch.num_rows() {
            let value = match kind.value(row) {
                "Maps to" => false,
                "Maps to value" => true,
                _ => continue,
            };
            let Some(targets) = self.relations.get_mut(&from.value(row)) else { continue };
            let valid = reason.is_null(row) || reason.value(row).trim().is_empty();
            let target = (to.value(row), value);
            if valid && end.value(row) >= self.today.0 && !targets.contains(&target) {
                targets.push(target);
            }
        }
    }

    /// The concepts of which the domain and the standing have to be found.
    fn collect_targets(&mut self) {
        let related = self.relations.values().flatten().map(|(target, _)| *target);
        let mapped = self.maps.iter().flat_map(|(_, mapped)| mapped).map(|mapped| mapped.target);
        self.targets = related.chain(mapped).filter(|target| *target != 0).map(|target| (target, None)).collect();
        for own in self.own.values() {
            self.targets.insert(own.concept, Some(Kind { standard: own.standard, domain: own.domain }));
        }
    }

    fn kinds(&mut self, batch: &RecordBatch) {
        let Some(rows) = ConceptRows::of(batch) else { return };
        for (row, concept) in rows.id.values().iter().enumerate() {
            if let Some(kind) = self.targets.get_mut(concept) {
                *kind = Some(Kind { standard: rows.valid(row) && rows.standard(row), domain: rows.domain(row) });
            }
        }
    }
}
