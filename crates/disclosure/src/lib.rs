//! May this leave? Pure: [`Raw`] cells in, [`Released`] cells out.
//!
//! What must stay true: [`release`] is the only way to a [`Released`], and nothing else is encoded for the wire; a
//! cell below the minimum is not listed at all, so that zero and under the minimum are one class and are never told
//! apart; a listed cell may hold single aggregates (NULL) whose contributors, or whose conditional rest, are between 1
//! and the minimum. Cells leave sorted by their keys, so that their order tells nothing about records and the same
//! question gives the same bytes.
//!
//! The unit is the distinct person (FEDERATED_QUERY §5, rule 1). Dominance, bins, complements and the ledger follow
//! in this crate; they need the contributions of persons, which [`Raw`] will carry in place of their numbers.

mod raw;
mod release;

pub use raw::{Raw, RawState};
pub use release::{ReleaseError, Released, release};
