//! Attacks on a running consortium: what must hold, and that it would leak without the guard.
//!
//! An [`Attack`] asks a [`Target`] one question after the other, as a stock client does, each chosen by what the answers
//! before it said, and then says how sure it is that a [`Victim`] has a secret; [`aim`] counts how often it was right.
//! [`Target::connect`] takes any gateway, so that a new attack can be tried on a consortium that runs already; the program
//! `renkei-attack` does it with a tracker.
//!
//! What must stay true:
//! - Each case runs twice: against nodes as they are shipped, which must hold, and against the same records without the
//!   guard, which must leak; a case that leaks nowhere proves nothing. Without the guard is a minimum of one person, which only
//!   snapshots sealed as synthetic allow, and for what the language refuses the bare engine over the same records.
//! - The records are invented here; whoever is to be protected is planted in them, with a canary in every text and amount.
//! - docs/security/attacks.md has a line for each attack of the specification and names its test; a test compares the two.
//!
//! Rejected: attacks on the rules' functions alone (they are in the crates' own tests): what counts is what a client sees.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::result_large_err,
    reason = "a harness of tests that cannot go on fails them"
)]

mod aim;
mod bare;
pub mod fixture;
mod measure;
pub mod search;
mod seen;
mod target;
pub mod tracker;

pub use aim::{Attack, Report, Victim, aim};
pub use bare::Bare;
pub use measure::{accuracy, auc, balanced, wilson};
pub use seen::Seen;
pub use target::Target;
