//! renkei-gateway, the federating gateway at the lead institution.
//!
//! It takes one SQL question over Arrow Flight SQL, finds out who asks and under which project, asks every site of
//! that project, and merges what the sites were willing to release.
//!
//! What must stay true:
//! - There is no code path to a record of a person: only released cells come in, and they are hostile bytes until
//!   [`federator`] has checked their shape, their digest and their bounds.
//! - Each site of a project ends in exactly one state in every question, and one bad site never blocks the others.
//! - Nothing of a question outlives it: the calls to the sites, the merge and the stream are one future, so that a
//!   caller who goes away cancels all of it, down into the hospitals. A question that is polled belongs to its handle
//!   instead, and goes with it.
//! - A refusal carries its stable code to the caller, and SQL text never reaches a log above DEBUG.
//!
//! Layout: [`config`] and [`cli`] are the program's frame, [`gateway`] wires it. A call goes through [`identity`],
//! [`sessions`] and [`options`], [`projects`] and [`admission`]; [`planning`] splits statements away from the network's threads; [`federator`] asks,
//! collects and merges, each step recorded in [`audit`] before what comes of it leaves; [`flight`] is the door towards clients, [`sites`] the one towards hospitals. [`late`] keeps what comes
//! in after an answer. [`tables`] and [`answers`] are what the gateway itself can be asked.
//!
//! The signed log of questions ([`audit`]) is on the disk; all other state is in memory: after a crash clients prepare
//! again and nodes dial again.

mod admission;
mod answers;
mod audit;
pub mod cli;
pub mod config;
mod duration;
mod explain;
mod federator;
mod flight;
mod gateway;
mod identity;
mod late;
mod options;
mod planning;
mod projects;
mod refused;
mod sessions;
mod sites;
mod state;
mod tables;
mod vocabulary;

pub use config::Config;
pub use federator::{Answered, CodeSet, Coverage, Fetch, Undecided, Unmapped};
pub use flight::{ANSWER_TRAILER, REFUSAL_TRAILER};
pub use gateway::{Gateway, run};
pub use options::{BOUNDS, COLUMNS, DEADLINE, EXPLAIN, MIN_SITES, PROJECT, SNAPSHOTS, WAIT};
pub use vocabulary::import as import_vocabulary;
