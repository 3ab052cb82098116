//! The ledger: what left this hospital before, so that the next answer cannot be subtracted from it.
//!
//! For every part of an answer that left as such (an *anchor*) it keeps who contributed, and keyed hashes of what each
//! of them brought. A new part is *near* an anchor when some, but fewer than `t` persons differ between them, in
//! membership, in rows or in sums; `t` is the minimum of persons plus a jitter that only this hospital knows, so that
//! nobody can walk along the threshold. It is also near when it is nearly what remains of a released total without an
//! anchor, or nearly what anchors without a person in common are together: a total after its parts. Two are found for
//! certain; three and more by a search that gives up. What then happens is the
//! project's [`Mode`](renkei_policy::Mode).
//!
//! What must stay true:
//! - Only what left as such is an anchor: an earlier answer that was given again is none, so chains cannot drift.
//! - Where earlier values are given in place of near ones, they are given too where nobody differs: else the value would
//!   tell whether somebody does.
//! - A statement that the hospital registered leaves as it is beside what had left when the hospital looked at it, and
//!   beside nothing that left later; it becomes an anchor as everything does.
//! - Looking up and keeping are one step under one lock, and what is kept is on the disk before the first byte leaves.
//! - Neighbours are found without a miss. Persons fall into [`BLOCKS`] blocks by a keyed hash, and each block has a
//!   digest; two sets that differ by d persons differ in at most d blocks, so whoever differs in `t` blocks is not
//!   near. Only the rest is read and compared person by person. Pairs of anchors, for totals after their parts, are
//!   looked up by groups of blocks of which at least one is the same where the whole is near.
//! - Nothing in it but person numbers, keyed hashes and what left anyway; it never leaves the state folder.
//!
//! Layout: `ledger/records` is append-only, each record under a chained HMAC; `ledger/head` says how far it went, so
//! that an older copy is noticed; `ledger/key` is the secret of hashes, jitter and chain. A torn end that was never
//! acknowledged is cut when it is opened. Anything else that is missing, cut or changed is refused, since a ledger that
//! forgot would answer what it must not; [`Ledger::recover`] is the ceremony for it.
//!
//! Rejected: a database (one process appends, everything is read at start), sets of hashed persons (a union could not
//! be told from a repetition), and Bloom filters or minhash (both miss).

mod blocks;
mod book;
mod budget;
mod canonical;
mod cover;
mod error;
mod hash;
mod ledger;
mod pairs;
mod record;
mod session;
mod set;
mod store;

pub use blocks::BLOCKS;
pub use book::{Near, Neighbour};
pub use budget::{Charge, Exhausted};
pub use canonical::canonical;
pub use error::Error;
pub use ledger::{Asking, Flag, Ledger};
pub use record::{Anchor, Charged, Registered};
pub use session::Session;
pub use set::{Difference, Set};

/// The folder within the state folder.
pub const FOLDER: &str = "ledger";
