//! What people look for in audit logs.
//!
//! A log is a row of entries; people look for questions, refusals and acts: who asked what, when, under which approval,
//! and what became of it. [`event`] gathers the entries of one log that tell of one thing, [`index`] finds them among
//! millions, [`sentence`] says them in Japanese and English with the names of a [`roster`], and [`export`] writes them
//! for other programs.
//!
//! What must stay true: the log is the truth and everything here is derived from it. The index can be thrown away at any
//! time, lies outside of the log's folder, is built from entries alone and is never believed over them: whoever wants to
//! rely on a hit reads the leaf with its proof. Nothing here writes into a log's folder. No text leaves with a character
//! in it that moves a cursor or begins a formula.
//!
//! On disk, the index is one SQLite file. It remembers the size and root of each log it has read; where the log no longer
//! has that root at that size, the index begins anew. A crash leaves the last committed batch, which is continued.
//!
//! **Turned down.** An index inside the log's folder: a copy of a log must be the log alone. SQLite's trigram tokens: no
//! Japanese word of two characters could be found. A server for searching: an auditor has files and no network.

mod details;
pub mod event;
pub mod export;
pub mod index;
pub mod roster;
pub mod sentence;
mod terms;
pub mod text;
pub mod when;

pub use event::{Answer, Event, Kind, Person};
pub use index::{Filter, Found, Hit, Index, IndexError, Updated};
pub use roster::Roster;
