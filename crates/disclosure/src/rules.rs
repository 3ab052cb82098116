//! The rules that look at one set of contributions, as numbers.

use crate::Contributions;

/// Percent of the largest contribution within which the second largest contributor must not be able to estimate it: the
/// p %-rule.
const P: f64 = 10.0;
/// The share of the two largest contributions that is too much: the (n, k)-rule with n = 2.
const TWO: f64 = 0.9;

/// Why a cell or an aggregate does not leave. It stays inside the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Fewer distinct persons than the minimum.
    Persons,
    /// Nearly everybody, in exploration.
    Population,
    /// Few persons contribute to the aggregate.
    Contributors,
    /// Few persons of the cell do not contribute to a conditional aggregate.
    Rest,
    /// One or two persons make up nearly all of a sum.
    Dominance,
    /// A total is infinite or not a number.
    NotANumber,
    /// Another cell that is held could be recomputed from it.
    Complement,
    /// It differs from another part of the same answer by few persons.
    Overlap,
    /// A bound has moved the values of few.
    Clip,
    /// It differs from an earlier answer by few persons.
    Ledger,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Persons,
        Self::Population,
        Self::Contributors,
        Self::Rest,
        Self::Dominance,
        Self::NotANumber,
        Self::Complement,
        Self::Overlap,
        Self::Clip,
        Self::Ledger,
    ];

    /// The name in the node's own reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Persons => "persons",
            Self::Population => "population",
            Self::Contributors => "contributors",
            Self::Rest => "rest",
            Self::Dominance => "dominance",
            Self::NotANumber => "not a number",
            Self::Complement => "complement",
            Self::Overlap => "overlap",
            Self::Clip => "clip",
            Self::Ledger => "ledger",
        }
    }
}

/// Whether a number of persons is neither none nor enough.
pub(crate) fn few(persons: u64, minimum: u64) -> bool {
    persons != 0 && persons < minimum
}

/// Whether nearly all of the population is in it, without being the whole (exploration).
pub(crate) fn nearly_all(persons: u64, population: u64, minimum: u64) -> bool {
    persons < population && few(population - persons, minimum)
}

/// Whether one or two persons make up nearly all: what remains without the two largest is less than p % of the largest,
/// or the two largest are more than 90 %.
pub(crate) fn dominated(total: f64, largest: [f64; 2]) -> bool {
    let [first, second] = largest;
    let rest = total - first - second;
    // Equal contributions to a sum of zeros are nobody's secret.
    first > 0.0 && (rest < first * (P / 100.0) || first + second > total * TWO)
}

/// Whether a set of contributions may be seen as one number. Nobody is not told apart from few: beside a listed cell a 0 that
/// is shown would say of everybody that they are not among those who were asked for.
pub(crate) fn refuse(contributions: &Contributions, amounts: bool, minimum: u64) -> Option<Reason> {
    if contributions.len() < minimum {
        Some(Reason::Contributors)
    } else if amounts && dominated(contributions.total(), contributions.largest()) {
        Some(Reason::Dominance)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_two_who_are_nearly_all() {
        for (amounts, expected) in [
            (vec![1.0; 10], false),
            (vec![0.0; 10], false),
            ([vec![1.0; 9], vec![171.0]].concat(), true),
            ([vec![1.0; 9], vec![70.0]].concat(), false),
            ([vec![1.0; 8], vec![40.0, 40.0]].concat(), true),
            ([vec![1.0; 18], vec![40.0, 40.0]].concat(), false),
            (vec![], false),
        ] {
            let parts =
                amounts.iter().zip(0..).map(|(amount, person)| crate::PersonPart::of(person, *amount)).collect();
            let found = Contributions::from_parts(parts);
            assert_eq!(dominated(found.total(), found.largest()), expected, "{amounts:?}");
        }
    }

    #[test]
    fn everybody_is_not_nearly_everybody() {
        let found: Vec<bool> = [0, 50, 90, 91, 99, 100].iter().map(|n| nearly_all(*n, 100, 10)).collect();
        assert_eq!(found, [false, false, false, true, true, false]);
    }
}
