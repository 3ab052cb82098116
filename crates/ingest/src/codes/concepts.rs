//! The concepts of a site's codes, ready to be asked.

use std::collections::{BTreeSet, HashMap};

use super::builtin;
use super::error::CodesError;
use super::load::{Loader, Progress, Sources};
use super::resolved::{How, Resolved, Target};
use super::unit::{ucum, ucum_concept};
use crate::code::{Coding, System};
use crate::record::Grade;
use crate::remark::Remarks;

/// What is known of one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The concept of the code itself, or 0.
    pub(super) source_concept: i32,
    pub(super) targets: Box<[Target]>,
    pub(super) by: How,
}

impl Entry {
    /// Whether the code is settled: it has targets, or people found that it has none.
    pub(super) fn settled(&self) -> bool {
        !self.targets.is_empty() || self.by == How::Map
    }
}

/// The concepts of the codes that were asked for: as large as the site's own set of codes, however large the
/// vocabulary.
#[derive(Debug, Default)]
pub struct Concepts {
    pub(super) entries: HashMap<Coding, Entry>,
    /// Concepts of units, by their code in the vocabulary.
    pub(super) units: HashMap<Box<str>, i32>,
    /// The CDM's field `measurement.measurement_id`.
    pub(super) measurements: Option<i32>,
    /// Ingredients, by drug.
    pub(super) ingredients: HashMap<i32, Vec<i32>>,
    pub(super) version: Option<String>,
    pub(super) remarks: Remarks,
}

impl Concepts {
    /// Loads what the wanted codes need from the vocabulary and the maps. Without any source only what is built in is
    /// known.
    ///
    /// CONCEPT is read twice (for the codes, and for what they lead to) and `CONCEPT_RELATIONSHIP` once, as streams;
    /// of every row only the vocabulary and the code are looked at before anything is kept.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or is not what it should be. Rows that cannot be read are remarked upon.
    pub fn load(
        sources: &Sources,
        wanted: &BTreeSet<Coding>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, CodesError> {
        Loader::new(wanted, sources.today).load(sources, progress)
    }

    /// What codes for one thing lead to: the first that a map or the vocabulary knows; if there is none, the first
    /// that an international code stands in for; then the first with a less exact code.
    #[must_use]
    pub fn resolve(&self, codes: &[Coding]) -> Resolved {
        let entries = || codes.iter().filter_map(|coding| self.entries.get(coding));
        let rank = |entry: &Entry| match entry.by {
            How::Map | How::Vocabulary => 0,
            How::BuiltIn => 1,
            How::Fallback | How::Unmapped => 2,
        };
        let best = entries().filter(|entry| entry.settled()).min_by_key(|entry| rank(entry));
        let own = best.map(|entry| entry.source_concept).filter(|concept| *concept != 0);
        let any = || entries().map(|entry| entry.source_concept).find(|concept| *concept != 0);
        Resolved {
            source: codes.first().cloned(),
            source_concept: own.or_else(any).unwrap_or(0),
            targets: best.map(|entry| entry.targets.to_vec()).unwrap_or_default(),
            by: best.map_or(How::Unmapped, |entry| entry.by),
        }
    }

    /// The concept of a unit, however its source spells it: by a map, or else by UCUM.
    #[must_use]
    pub fn unit(&self, unit: &Coding) -> Option<i32> {
        if let Some(entry) = self.entries.get(unit).filter(|entry| entry.settled()) {
            return entry.targets.first().map(|target| target.concept);
        }
        let loaded = |code: &str| self.units.get(code).copied();
        if unit.system == System::Ucum
            && let Some(concept) = loaded(&unit.code)
        {
            return Some(concept);
        }
        let code = ucum(&unit.code)?;
        ucum_concept(code).or_else(|| loaded(code))
    }

    /// The concept of a result in words, where the site's vocabulary has it.
    #[must_use]
    pub fn grade(&self, grade: Grade) -> Option<i32> {
        let coding = Coding::new(System::Snomed, builtin::grade(grade)?);
        self.entries.get(&coding)?.targets.first().map(|target| target.concept)
    }

    /// The ingredients of a standard drug; none where the vocabulary has no `CONCEPT_ANCESTOR`.
    #[must_use]
    pub fn ingredients(&self, drug: i32) -> &[i32] {
        self.ingredients.get(&drug).map(Vec::as_slice).unwrap_or_default()
    }

    /// The concept of the CDM's own field `measurement.measurement_id`, where the vocabulary has it.
    #[must_use]
    pub fn measurements(&self) -> Option<i32> {
        self.measurements
    }

    /// The release of the vocabulary, as its row `None` states it.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What was odd in vocabulary and maps.
    #[must_use]
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }
}
