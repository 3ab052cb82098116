//! Connections over real loopback TLS: a node that dials, a site that listens, and everybody who is not let in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

mod calls;
mod dialled;
mod echo;
mod gate;
mod listening;
mod support;
