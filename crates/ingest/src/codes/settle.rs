//! What is read of vocabulary and maps, put together by code.

use std::collections::{BTreeSet, HashMap};

use super::builtin::{self, GRADES};
use super::concepts::{Concepts, Entry};
use super::domain::Domain;
use super::fallback::shorter;
use super::load::{Kind, Loader};
use super::remarks::{MAP_TARGET, MAP_UNCHECKED, TARGET_UNKNOWN, VALUES};
use super::resolved::{How, Target};
use crate::code::{Coding, System};
use crate::remark::Remarks;

/// Concepts at and above this number are a site's own.
const CUSTOM: i32 = 2_000_000_000;

impl Loader<'_> {
    pub(super) fn finish(mut self) -> Concepts {
        let mut remarks = Remarks::default();
        let codings: Vec<Coding> = self.wanted.codings().cloned().collect();
        let direct: HashMap<Coding, Entry> = codings
            .into_iter()
            .filter_map(|coding| Some((coding.clone(), self.direct(&coding, &mut remarks)?)))
            .collect();
        let mut entries = HashMap::with_capacity(self.asked.len());
        for coding in self.asked {
            if let Some(entry) = settle(coding, &direct) {
                entries.insert(coding.clone(), entry);
            }
        }
        for code in GRADES.into_iter().filter_map(builtin::grade) {
            let coding = Coding::new(System::Snomed, code);
            if let Some(entry) = direct.get(&coding) {
                entries.insert(coding, entry.clone());
            }
        }
        self.concepts.entries = entries;
        self.concepts.remarks.merge(&self.maps.remarks);
        self.concepts.remarks.merge(&remarks);
        self.concepts
    }

    /// What a map or the vocabulary says of this very code.
    fn direct(&self, coding: &Coding, remarks: &mut Remarks) -> Option<Entry> {
        let own = self.own.get(coding);
        let mut source_concept = own.map_or(0, |own| own.concept);
        if let Some(mapped) = self.maps.get(coding) {
            let stated = mapped.iter().map(|mapped| mapped.source).find(|source| *source != 0);
            source_concept = stated.unwrap_or(source_concept);
            let kept: Vec<(i32, bool)> = mapped
                .iter()
                .filter(|mapped| self.accepts(mapped.target, remarks))
                .map(|mapped| (mapped.target, mapped.value))
                .collect();
            if !kept.is_empty() {
                let targets = self.targets(&kept, remarks);
                return Some(Entry { source_concept, targets, by: How::Map });
            }
        }
        let own = own?;
        let related = self.relations.get(&own.concept).map(Vec::as_slice).unwrap_or_default();
        let good = |(target, _): &&(i32, bool)| self.kind(*target).is_none_or(|kind| kind.standard);
        let mut related: Vec<(i32, bool)> = related.iter().filter(good).copied().collect();
        if !related.iter().any(|(_, value)| !value) && own.standard {
            related.push((own.concept, false));
        }
        let targets = self.targets(&related, remarks);
        let by = if targets.is_empty() { How::Unmapped } else { How::Vocabulary };
        Some(Entry { source_concept, targets, by })
    }

    fn kind(&self, concept: i32) -> Option<Kind> {
        self.targets.get(&concept).copied().flatten()
    }

    /// Whether a map may lead to a concept.
    fn accepts(&self, target: i32, remarks: &mut Remarks) -> bool {
        if target == 0 || target >= CUSTOM {
            return true;
        }
        if !self.checked {
            remarks.add(&MAP_UNCHECKED);
            return target > 0;
        }
        let standard = self.kind(target).is_some_and(|kind| kind.standard);
        if !standard {
            remarks.add(&MAP_TARGET);
        }
        standard
    }

    /// Targets with their domains, and the value on those that can have one.
    fn targets(&self, related: &[(i32, bool)], remarks: &mut Remarks) -> Box<[Target]> {
        let mut values = related.iter().filter(|(_, value)| *value).map(|(target, _)| *target);
        let (value, more) = (values.next(), values.next());
        if more.is_some() {
            remarks.add(&VALUES);
        }
        let value = value.filter(|_| more.is_none());
        let concepts: BTreeSet<i32> =
            related.iter().filter(|(target, value)| !value && *target != 0).map(|(target, _)| *target).collect();
        let target = |concept: i32| {
            let domain = self.kind(concept).map(|kind| kind.domain);
            if domain.is_none() && self.checked {
                remarks.add(&TARGET_UNKNOWN);
            }
            let takes = domain.is_none_or(|domain| matches!(domain, Domain::Observation | Domain::Measurement));
            Target { concept, domain, value: value.filter(|_| takes) }
        };
        concepts.into_iter().map(target).collect()
    }
}

/// What is known of a wanted code: of itself, of the code that says the same, of the ones that are less exact.
fn settle(coding: &Coding, direct: &HashMap<Coding, Entry>) -> Option<Entry> {
    let own = direct.get(coding);
    if let Some(entry) = own.filter(|entry| entry.settled()) {
        return Some(entry.clone());
    }
    let source_concept = own.map_or(0, |entry| entry.source_concept);
    if let Some((other, target)) = builtin::equivalent(coding) {
        let targets = match direct.get(&other).filter(|entry| !entry.targets.is_empty()) {
            Some(entry) => Some(entry.targets.clone()),
            None => target.map(|target| Box::from([target])),
        };
        if let Some(targets) = targets {
            return Some(Entry { source_concept, targets, by: How::BuiltIn });
        }
    }
    let less = shorter(coding);
    let less = less.iter().filter_map(|other| direct.get(other)).find(|entry| !entry.targets.is_empty());
    match less {
        Some(entry) => Some(Entry { source_concept, targets: entry.targets.clone(), by: How::Fallback }),
        None => own.cloned(),
    }
}
