//! The ingredients of drugs, for eras: the ancestors of a drug that are ingredients.

use std::collections::{HashMap, HashSet};

use arrow_array::RecordBatch;

use super::columns::{ConceptRows, integer};
use super::domain::Domain;
use super::load::Loader;

impl Loader<'_> {
    /// The standard drugs that codes lead to, without ancestors yet.
    pub(super) fn drugs(&mut self) {
        let kinds = self.targets.iter().filter_map(|(concept, kind)| Some((*concept, (*kind)?)));
        let drugs = kinds.filter(|(_, kind)| kind.standard && kind.domain == Domain::Drug);
        self.ancestors = drugs.map(|(concept, _)| (concept, Vec::new())).collect();
    }

    /// Notes the ancestors of drugs; every concept is one of its own.
    pub(super) fn ancestor(&mut self, batch: &RecordBatch) {
        let columns = (integer(batch, "ancestor_concept_id"), integer(batch, "descendant_concept_id"));
        let (Some(ancestor), Some(descendant)) = columns else { return };
        for (ancestor, descendant) in ancestor.values().iter().zip(descendant.values()) {
            if let Some(ancestors) = self.ancestors.get_mut(descendant) {
                ancestors.push(*ancestor);
            }
        }
    }

    /// Every concept that is an ancestor of a drug.
    pub(super) fn candidates(&mut self) {
        self.candidates = self.ancestors.values().flatten().copied().collect();
    }

    /// Keeps, of the ancestors, those that are ingredients.
    pub(super) fn ingredient(&mut self, batch: &RecordBatch) {
        let Some(rows) = ConceptRows::of(batch) else { return };
        for (row, concept) in rows.id.values().iter().enumerate() {
            if self.candidates.contains(concept) && rows.standard(row) && rows.class(row) == "Ingredient" {
                self.found.insert(*concept);
            }
        }
    }

    /// The ingredients of each drug, in the order of their numbers.
    pub(super) fn ingredients(&mut self) -> HashMap<i32, Vec<i32>> {
        let found: HashSet<i32> = std::mem::take(&mut self.found);
        let of = |mut ancestors: Vec<i32>| {
            ancestors.retain(|ancestor| found.contains(ancestor));
            ancestors.sort_unstable();
            ancestors.dedup();
            ancestors
        };
        let all = std::mem::take(&mut self.ancestors).into_iter().map(|(drug, ancestors)| (drug, of(ancestors)));
        all.filter(|(_, ingredients)| !ingredients.is_empty()).collect()
    }
}
