//! Which person gets which number, and whether the source still means the same people.
//!
//! Pure. A number, once given, means one person for ever: released results are compared by the sets of persons behind
//! them, across snapshots. So a source that has given its identifiers to other people must be noticed. Two signs:
//!
//! - **Other demographics.** Of the persons seen before, more than 5 % and at least 3 now have another year of birth or
//!   another gender. Corrections of a handful are normal in any export; identifiers that were shuffled change nine
//!   persons of ten.
//! - **Other people.** Fewer than half of the persons of the snapshot before are in this one. Whoever opted out since is
//!   expected to be gone, and not counted.
//!
//! Persons first seen in one snapshot are numbered in the order of `person_id`: exports mostly are sorted by it, and then
//! need no sorting, and the numbers do not depend on the order of the file.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::store::{Person, Token};

/// The share of persons whose demographics may change between two exports, in percent.
pub const CHANGED_PERCENT: u64 = 5;
/// Fewer changed persons than this are never a sign of renumbering.
pub const CHANGED_AT_LEAST: u64 = 3;

/// One row of the source's person table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The source's id.
    pub person_id: i64,
    /// Keyed hash of the identifier.
    pub identity: Token,
    /// Year of birth.
    pub year_of_birth: i32,
    /// Gender concept.
    pub gender_concept_id: i32,
}

/// How the persons of a snapshot compare with the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Continuity {
    /// Persons in this snapshot.
    pub present: u64,
    /// Of these, never seen before.
    pub first_seen: u64,
    /// Persons of the snapshot before that are in this one.
    pub recurring: u64,
    /// Persons of the snapshot before that are not in this one, and have not opted out.
    pub vanished: u64,
    /// Persons seen before who now have another year of birth or gender.
    pub changed: u64,
}

/// The signs that a source has given its identifiers to other people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Renumbered {
    /// Too many persons changed their year of birth or gender.
    #[error("{changed} of {compared} persons seen before now have another year of birth or gender")]
    Demographics {
        /// Persons seen before and present.
        compared: u64,
        /// Of these, changed.
        changed: u64,
    },
    /// Too few persons recur.
    #[error("only {recurring} of the {earlier} persons of the snapshot before are in this source")]
    Recurrence {
        /// Persons of the snapshot before who have not opted out.
        earlier: u64,
        /// Of these, present.
        recurring: u64,
    },
}

/// The persons of the lineage as they are after this snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbering {
    /// By number.
    pub index: Vec<Person>,
    /// Number by `person_id`, of those present.
    pub owners: HashMap<i64, u32>,
    /// The comparison with the snapshot before.
    pub continuity: Continuity,
}

/// Numbers the `candidates`, each of another identity and another `person_id`, after the persons of `before`. `out` are
/// identities of those who opted out.
///
/// # Errors
/// [`Renumbered`] on either sign, unless `accept`.
pub fn assign(
    before: &[Person],
    mut candidates: Vec<Candidate>,
    out: &HashSet<Token>,
    accept: bool,
) -> Result<Numbering, Renumbered> {
    candidates.sort_unstable_by_key(|candidate| candidate.person_id);
    let mut index: Vec<Person> = before.iter().map(|person| Person { person_id: None, ..*person }).collect();
    let known: HashMap<Token, u32> = before.iter().map(|person| (person.identity, person.owner)).collect();
    let mut owners = HashMap::with_capacity(candidates.len());
    let mut continuity = Continuity { present: candidates.len() as u64, ..Continuity::default() };
    for candidate in candidates {
        let owner = known.get(&candidate.identity).copied().unwrap_or(u32::try_from(index.len()).unwrap_or(u32::MAX));
        let person = person(candidate, owner);
        match before.get(owner as usize) {
            Some(earlier) => {
                continuity.recurring += u64::from(earlier.person_id.is_some());
                continuity.changed += u64::from(differ(earlier, &person));
                index[owner as usize] = person;
            }
            None => {
                continuity.first_seen += 1;
                index.push(person);
            }
        }
        owners.insert(candidate.person_id, owner);
    }
    let missed = |person: &&Person| {
        let stays = index.get(person.owner as usize).is_some_and(|now| now.person_id.is_some());
        person.person_id.is_some() && (stays || !out.contains(&person.identity))
    };
    let earlier = before.iter().filter(missed).count() as u64;
    continuity.vanished = earlier - continuity.recurring;
    if !accept {
        judge(&continuity, earlier)?;
    }
    Ok(Numbering { index, owners, continuity })
}

fn person(candidate: Candidate, owner: u32) -> Person {
    Person {
        owner,
        identity: candidate.identity,
        person_id: Some(candidate.person_id),
        year_of_birth: candidate.year_of_birth,
        gender_concept_id: candidate.gender_concept_id,
    }
}

fn differ(earlier: &Person, now: &Person) -> bool {
    earlier.year_of_birth != now.year_of_birth || earlier.gender_concept_id != now.gender_concept_id
}

fn judge(continuity: &Continuity, earlier: u64) -> Result<(), Renumbered> {
    let compared = continuity.present - continuity.first_seen;
    let changed = continuity.changed;
    if changed >= CHANGED_AT_LEAST && changed * 100 > compared * CHANGED_PERCENT {
        return Err(Renumbered::Demographics { compared, changed });
    }
    if continuity.recurring * 2 < earlier {
        return Err(Renumbered::Recurrence { earlier, recurring: continuity.recurring });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(person_id: i64, year: i32) -> Candidate {
        let mut identity = [0; 16];
        identity[..8].copy_from_slice(&person_id.to_le_bytes());
        Candidate { person_id, identity, year_of_birth: year, gender_concept_id: 8507 }
    }

    fn people(ids: impl IntoIterator<Item = i64>) -> Vec<Candidate> {
        ids.into_iter().map(|id| candidate(id, 1900 + i32::try_from(id).unwrap())).collect()
    }

    fn first(ids: impl IntoIterator<Item = i64>) -> Vec<Person> {
        assign(&[], people(ids), &HashSet::new(), false).unwrap().index
    }

    #[test]
    fn numbers_are_dense_in_order_of_person_id_and_kept() {
        let before = first([30, 10, 20]);
        assert_eq!(before.iter().map(|p| p.person_id.unwrap()).collect::<Vec<_>>(), [10, 20, 30]);
        let after = assign(&before, people([5, 30, 10]), &HashSet::new(), false).unwrap();
        assert_eq!((after.owners[&10], after.owners[&30], after.owners[&5]), (0, 2, 3));
        assert_eq!(after.index[1].person_id, None, "who vanished keeps the number");
        let expect = Continuity { present: 3, first_seen: 1, recurring: 2, vanished: 1, changed: 0 };
        assert_eq!(after.continuity, expect);
        let back = assign(&after.index, people([5, 10, 20]), &HashSet::new(), false).unwrap();
        assert_eq!(back.owners[&20], 1, "and gets it back");
        assert_eq!(back.continuity.first_seen, 0);
    }

    #[test]
    fn shuffled_identifiers_are_noticed_and_a_few_corrections_are_not() {
        let before = first(0..100);
        let shift = |by: usize, of: i64| {
            let mut now = people(0..100);
            now.iter_mut().take(of as usize).for_each(|one| one.year_of_birth += i32::try_from(by).unwrap());
            now
        };
        assert!(assign(&before, shift(1, 5), &HashSet::new(), false).is_ok(), "5 of 100");
        let refused = assign(&before, shift(1, 6), &HashSet::new(), false);
        assert_eq!(refused, Err(Renumbered::Demographics { compared: 100, changed: 6 }));
        assert_eq!(
            assign(&before, shift(1, 6), &HashSet::new(), true).unwrap().continuity.changed,
            6,
            "unless accepted"
        );
        let three = first(0..3);
        let mut two = people(0..3);
        two.iter_mut().take(2).for_each(|one| one.gender_concept_id = 8532);
        assert!(assign(&three, two, &HashSet::new(), false).is_ok(), "two persons are no sign");
    }

    #[test]
    fn other_people_are_noticed() {
        let before = first(0..10);
        assert!(assign(&before, people(5..40), &HashSet::new(), false).is_ok(), "half recur");
        let refused = assign(&before, people(6..40), &HashSet::new(), false);
        assert_eq!(refused, Err(Renumbered::Recurrence { earlier: 10, recurring: 4 }));
        // Nor do those who opted out count as missing, however many; those who did not, do.
        let out =
            |ids: std::ops::Range<i64>| -> HashSet<Token> { people(ids).iter().map(|one| one.identity).collect() };
        let few = assign(&before, people(8..10), &out(0..8), false).unwrap();
        assert_eq!((few.continuity.recurring, few.continuity.vanished), (2, 0));
        let refused = assign(&before, people(8..10), &out(0..5), false);
        assert_eq!(refused, Err(Renumbered::Recurrence { earlier: 5, recurring: 2 }));
        // Those who had gone before do not count as missing.
        let shrunk = assign(&before, people(0..6), &HashSet::new(), false).unwrap().index;
        assert!(assign(&shrunk, people(3..6), &HashSet::new(), false).is_ok());
    }
}
