//! End-to-end tests: nodes, gateway and clients over real mutual TLS.
//!
//! A [`Consortium`] is a whole one in a temporary folder: an authority, ingested snapshots, node agents, a gateway and a
//! researcher's client, each program on a runtime of its own, so that one can be killed as a process is killed. Nothing
//! in it is a double but a [`Site::scripted`] node, which speaks the real protocol under a real certificate and lies
//! as its script says.
//!
//! What must stay true:
//! - What a test expects is counted by hand on [`Records`], never by the engine that is tested.
//! - Every wait has a limit ([`LIMIT`]) after which the test fails and says what it waited for: a hang is a finding.
//! - The calls block, so that a test reads from top to bottom; what has to go on meanwhile is a [`Pending`] question.
//!
//! Rejected: programs as processes, as the demonstration has them: nothing of a node could be replaced then, neither its
//! clock nor its words. A client that hides the wire: states, refusals and metadata are what is tested.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::result_large_err,
    reason = "a harness of tests that cannot go on fails them"
)]

mod answer;
mod certificates;
mod client;
mod clock;
mod consortium;
mod direct;
mod node;
pub mod records;
mod scripted;
mod scripted_log;
mod site;

use std::time::Duration;

pub use answer::{Answer, Refused};
pub use certificates::{Certificates, Pair};
pub use client::{Client, Pending};
pub use clock::OffsetClock;
pub use consortium::Consortium;
pub use direct::{Direct, request};
pub use node::Node;
pub use records::{Records, Source};
pub use scripted::{Asked, Scripted, Step};
pub use scripted_log::ScriptedLog;
pub use site::Site;

/// How long anything is waited for before the test fails.
pub const LIMIT: Duration = Duration::from_secs(60);
/// The deadline of questions unless a test sets another: no good answer takes as long.
pub const DEADLINE: &str = "40s";
/// The project under which questions are asked.
pub const PROJECT: &str = "study";
/// The researcher.
pub const PERSON: &str = "taro";
/// Who reads logs and asks nothing.
pub const AUDITOR: &str = "kato";
/// The consortium.
pub const CONSORTIUM: &str = "trial";
