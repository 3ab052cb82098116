//! The codes that are looked for in a vocabulary, by vocabulary and code.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::canonical;
use super::vocabularies::{is_official, vocabularies};
use crate::code::{Coding, System};
use crate::remark::Remarks;

/// Wanted codes.
pub(super) struct Wanted {
    codings: HashSet<Coding>,
    slots: Vec<Slot>,
}

/// The codes of one system in one vocabulary.
struct Slot {
    vocabulary: &'static str,
    system: System,
    /// Position of the vocabulary among those of its system.
    preference: u8,
    codes: HashMap<Box<str>, Coding>,
}

impl Wanted {
    pub(super) fn new(codings: HashSet<Coding>) -> Self {
        let systems: BTreeSet<System> = codings.iter().map(|coding| coding.system).chain([System::Ucum]).collect();
        let mut slots: Vec<Slot> = Vec::new();
        for system in systems {
            let codes = || codings.iter().filter(|coding| coding.system == system);
            for (preference, vocabulary) in (0..).zip(vocabularies(system)) {
                let codes = codes().map(|coding| (coding.code.clone(), coding.clone())).collect();
                slots.push(Slot { vocabulary, system, preference, codes });
            }
        }
        Self { codings, slots }
    }

    pub(super) fn has(&self, coding: &Coding) -> bool {
        self.codings.contains(coding)
    }

    pub(super) fn codings(&self) -> impl Iterator<Item = &Coding> {
        self.codings.iter()
    }

    /// The number of a vocabulary of which codes are wanted.
    pub(super) fn vocabulary(&self, name: &str) -> Option<usize> {
        self.slots.iter().position(|slot| name.eq_ignore_ascii_case(slot.vocabulary))
    }

    /// The wanted code that a concept of that vocabulary has, and the preference of the vocabulary.
    pub(super) fn find(&self, vocabulary: usize, code: &str) -> Option<(&Coding, u8)> {
        let slot = self.slots.get(vocabulary)?;
        let found = if is_official(slot.system) {
            slot.codes.get(code)
        } else {
            let coding = canonical(slot.system, code, &mut Remarks::default())?;
            slot.codes.get(&coding.code).filter(|_| coding.system == slot.system)
        };
        found.map(|coding| (coding, slot.preference))
    }
}
