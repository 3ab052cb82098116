//! May this leave? Pure: [`Raw`] cells in, [`Released`] cells out.
//!
//! Three stations, each of them a type, so that none can be left out: [`review`] turns raw cells into [`Reviewed`]
//! ones under every rule that looks at this answer alone; [`Reviewed::settle`] asks the [`Memory`] of what left before
//! and keeps what leaves now; what it yields is [`Released`], and nothing else is encoded for the wire.
//!
//! What must stay true. The unit is the distinct person, and what is looked at is the (cell, aggregate): the persons
//! who contribute to it, and what each of them brings ([`Contributions`]). A cell below the minimum is not listed at
//! all, so that zero and under the minimum are one class and are never told apart; a listed cell may hold single
//! aggregates (NULL). Why something is held never leaves the node. Cells leave sorted by their keys, so that their
//! order tells nothing about records and the same question gives the same bytes.
//!
//! The rules, in order: minimum persons of the cell, of an aggregate's contributors, and of the rest of a conditional
//! one; dominance in sums; in exploration nearly everybody; then all cells together: subtotals
//! (`complement`) and other parts of the same answer (`overlap`); bins in exploration; the ledger at the end.
//! A minimum below the floor, which only synthetic and public snapshots can have, leaves the first of them.
//!
//! Rejected: noise (an approved study would be falsified, and fresh noise is averaged out), and rounding alone (a
//! tracker needs a hundred questions instead of four).

pub mod bins;
mod complement;
mod contributions;
mod levels;
mod overlap;
mod raw;
mod release;
mod review;
mod rules;
mod settle;
mod together;

pub use contributions::{BadContributions, Contributions, Part as PersonPart};
pub use overlap::Difference;
pub use raw::{Raw, RawState};
pub use release::{Findings, ReleaseError, Released};
pub use review::{BIN, Reviewed, review};
pub use rules::Reason;
pub use settle::{Brings, Memory, Offer, Part, Ruling};
