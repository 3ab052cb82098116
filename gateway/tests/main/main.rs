//! The gateway from outside: stock Flight SQL calls over mutual TLS, nodes that dial in and misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

mod asking;
mod audit;
mod cancelling;
mod clients;
mod drivers;
mod flight;
mod held;
mod late;
mod nodes;
mod partial;
mod polling;
mod program;
mod sessions;
mod support;
mod tables;
