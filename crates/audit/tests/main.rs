//! The promises of the audit log, kept on real files: what is acknowledged stays, what is changed is found.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

mod archive;
mod common;
mod compat;
mod copy;
mod disk;
mod kill;
mod mutate;
mod reconcile;
mod store;
mod witness;
