//! Identity as peers meet it: whole handshakes over memory, and the folder of a development authority.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

mod credentials;
mod dev;
mod handshake;
mod support;
