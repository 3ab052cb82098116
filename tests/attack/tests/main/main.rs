//! The attacks of docs/security/attacks.md, each against nodes as shipped and without the guard.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::result_large_err,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

mod canaries;
mod case;
mod sequences;
mod statements;
mod table;
mod timing;
mod trackers;
mod worker;
