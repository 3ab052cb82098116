//! How many questions run at a time, for one person and for all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use renkei_types::{Code, PersonId, Refusal};

/// Counts running questions.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    per_person: usize,
    total: usize,
    running: Arc<Mutex<BTreeMap<PersonId, usize>>>,
}

/// A running question's place; dropping it makes room.
#[derive(Debug)]
pub(crate) struct Place {
    person: PersonId,
    running: Arc<Mutex<BTreeMap<PersonId, usize>>>,
}

impl Admission {
    pub(crate) fn new(per_person: usize, total: usize) -> Self {
        Self { per_person, total, running: Arc::default() }
    }

    /// Takes a place, or refuses at once: waiting callers would hold what they wait for.
    pub(crate) fn enter(&self, person: &PersonId) -> Result<Place, Refusal> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let (own, all) = (running.get(person).copied().unwrap_or(0), running.values().sum::<usize>());
        let busy = |who: &str, number: usize| {
            Refusal::new(Code::Busy, format!("{who} {number} questions running, the most at a time"))
                .hint("ask again when one of them has ended")
        };
        if own >= self.per_person {
            return Err(busy("you have", own));
        }
        if all >= self.total {
            return Err(busy("this gateway has", all));
        }
        running.insert(person.clone(), own + 1);
        Ok(Place { person: person.clone(), running: Arc::clone(&self.running) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_given_back() {
        let admission = Admission::new(2, 3);
        let (a, b): (PersonId, PersonId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let first = admission.enter(&a).unwrap();
        let _second = admission.enter(&a).unwrap();
        assert!(admission.enter(&a).unwrap_err().message.starts_with("you have 2"));
        let _third = admission.enter(&b).unwrap();
        assert!(admission.enter(&b).unwrap_err().message.starts_with("this gateway has 3"));
        drop(first);
        let fourth = admission.enter(&b).unwrap();
        drop((_second, _third, fourth));
        assert!(admission.running.lock().unwrap().is_empty());
    }
}
