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

/// How much a long measurement measures: what the environment says, or the specification's number.
#[expect(clippy::disallowed_methods, reason = "a measurement is told from outside how long it may take")]
fn how_many(name: &str, specified: usize) -> usize {
    std::env::var(name).ok().map_or(specified, |n| n.parse().unwrap())
}
