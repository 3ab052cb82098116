//! The worker: the process that opens records, and the agent's dealings with it.
//!
//! A node is two kinds of process. The *agent* has the network, the keys, the policy, the ledger and the log, and reads
//! no record. A *worker* is the same program under another subcommand: it has one socket, to its agent, and a folder
//! for what does not fit into memory. What must stay true:
//!
//! - A statement is planned by a worker, on schemas alone, before the agent plans it: what would end or hold up a planner
//!   ends or holds up a worker. What the agent decides on is its own plan; it believes nothing that a worker derived.
//! - [`Lease::run`] demands a [`Permit`](renkei_policy::Permit). The worker then gets the open files of the tables that
//!   the question reads, for reading, and those only, and drops them after it.
//! - What comes back is hostile: frames have bounds, Arrow bytes are checked before they are decoded, types and counts
//!   are compared with the agent's own plan, and no text of a worker is ever shown or logged ([`Fault`] is a word of a
//!   fixed list).
//! - A worker serves one question at a time and one project for ever. It is replaced after a number of questions, and at
//!   once after a fault, a cancelled question or a deadline: it is killed, never asked to stop. The question is lost, and
//!   nothing else.
//! - A worker ends with its agent: a thread of it does nothing but wait on the socket, and ends the process when the
//!   other side is closed.
//!
//! Layout: [`frame`] is how bytes travel, [`message`] what they say, [`descriptors`] how open files do, [`confine`] what
//! a worker takes from itself before its first question, [`serve`] the worker's own loop; on the agent's side [`process`]
//! is one worker, [`pool`] those that are warm, [`executor`] the face that the rest of the agent sees.
//!
//! Rejected: threads with a memory limit (a fault ends everything), a worker for each question (a start costs more than
//! most questions), and passing paths (what a path names can change, and the worker would have to open files).

mod confine;
mod descriptors;
mod executor;
mod frame;
mod message;
mod pool;
mod process;
mod serve;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use confine::Confinement;
pub(crate) use executor::{Executor, Lease, Limits, Statement};
pub(crate) use message::Part;
pub(crate) use serve::main;

use crate::engine::cells::Malformed;

/// The hidden subcommand under which the program is a worker.
pub(crate) const SUBCOMMAND: &str = "worker";

/// The program that workers are started from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    /// What stands before the subcommand.
    pub args: Vec<OsString>,
}

impl Program {
    /// The running program itself, also after its file was replaced by a newer one. `args` is what leads to `renkei-node`
    /// where the file holds several programs.
    #[must_use]
    pub fn own(args: Vec<OsString>) -> Self {
        Self { path: PathBuf::from("/proc/self/exe"), args }
    }
}

/// Where questions are executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Execution {
    /// In worker processes of this program, as the shipped program does.
    Workers(Program),
    /// In the agent's own process: in tests of this crate alone, whose program cannot start itself as a worker.
    #[cfg(test)]
    InProcess,
}

/// Why a worker gave up, in its own words; there are no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The question needs more memory, or more room on disk, than there is for it.
    Resources,
    /// The engine failed.
    Engine,
    /// A part of the program ended without a result.
    Panic,
    /// The order did not make sense.
    Order,
    /// The vocabulary does not have a code that the statement names, by its position among them.
    Unknown(usize),
}

/// Why there is nothing from a worker. Outside it is one opaque code; the text is for the node's own log and holds nothing
/// that the worker wrote.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// It could not be started.
    #[error("a worker process could not be started")]
    Start(#[source] io::Error),
    /// It started, and could not be confined as the configuration demands.
    #[error("this system cannot confine workers as `worker.require` demands; missing: {0}")]
    Unconfined(String),
    /// It ended before it answered.
    #[error("the worker process ended before it answered")]
    Gone(#[source] io::Error),
    /// Its bytes are not what a worker sends.
    #[error("the worker's bytes are malformed: {0}")]
    Bytes(&'static str),
    /// Its cells are not what the release point demands.
    #[error(transparent)]
    Cells(#[from] Malformed),
    /// It gave up.
    #[error("the worker gave up: {0:?}")]
    Fault(Fault),
    /// The question's input could not be sent.
    #[error("the question could not be handed to the worker")]
    Order(#[source] io::Error),
    /// A thread of the agent's ended without a result.
    #[error("a task of the agent was lost")]
    Lost,
    /// The engine inside the process.
    #[cfg(test)]
    #[error(transparent)]
    Engine(#[from] crate::engine::EngineError),
}

impl WorkerError {
    /// The code that the vocabulary does not have, by its position among those that the statement names.
    pub(crate) fn unknown(&self) -> Option<usize> {
        match self {
            Self::Fault(Fault::Unknown(code)) => Some(*code),
            #[cfg(test)]
            Self::Engine(crate::engine::EngineError::Unknown(code)) => Some(*code),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
