//! Each person's last questions, so that per-site states can be read with plain SQL: `renkei.answers`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use renkei_types::{PersonId, Timestamp};

use crate::Answered;

/// Questions that are remembered of one person.
const PER_PERSON: usize = 100;
/// People who are remembered; the one who asked longest ago is forgotten.
const PEOPLE: usize = 1_000;

/// One question that went to sites.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) asked_at: Timestamp,
    pub(crate) answered: Answered,
}

/// Last questions by person, the latest first.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<BTreeMap<PersonId, VecDeque<Entry>>>);

impl Answers {
    pub(crate) fn add(&self, person: &PersonId, entry: Entry) {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !people.contains_key(person) && people.len() >= PEOPLE {
            let last = |entries: &VecDeque<Entry>| entries.front().map(|entry| entry.asked_at);
            let idle = people.iter().min_by_key(|(_, entries)| last(entries)).map(|(person, _)| person.clone());
            idle.and_then(|person| people.remove(&person));
        }
        let entries = people.entry(person.clone()).or_default();
        // What came of a question that went on stands in the place of what was known before.
        if let Some(before) = entries.iter_mut().find(|before| before.answered.query_id == entry.answered.query_id) {
            *before = entry;
            return;
        }
        entries.push_front(entry);
        entries.truncate(PER_PERSON);
    }

    pub(crate) fn of(&self, person: &PersonId) -> Vec<Entry> {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.get(person).map(|entries| entries.iter().cloned().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Coverage;
    use renkei_types::QueryId;

    fn entry(at: i64) -> Entry {
        let answered = Answered {
            query_id: QueryId::at(Timestamp(at * 1_000_000), [7; 10]),
            project: "p".parse().unwrap(),
            sites: Vec::new(),
            coverage: Coverage::default(),
            warnings: Vec::new(),
            code_sets: Vec::new(),
            unmapped: Vec::new(),
            undecided: Vec::new(),
            receipts: Vec::new(),
            fetch: None,
        };
        Entry { asked_at: Timestamp(at), answered }
    }

    #[test]
    fn only_the_last_questions_and_people_are_kept() {
        let answers = Answers::default();
        let person = |i: usize| PersonId::new(format!("p{i}")).unwrap();
        for i in 0..150 {
            answers.add(&person(0), entry(i));
        }
        let kept = answers.of(&person(0));
        assert_eq!((kept.len(), kept[0].asked_at), (100, Timestamp(149)));
        for i in 1..=PEOPLE {
            answers.add(&person(i), entry(1_000));
        }
        assert!(answers.of(&person(0)).is_empty(), "the one who asked longest ago is forgotten");
        assert_eq!(answers.of(&person(PEOPLE)).len(), 1);
        assert!(answers.of(&person(PEOPLE + 1)).is_empty());
    }
}
