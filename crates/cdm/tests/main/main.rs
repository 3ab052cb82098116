//! The declared tables against the specification, the reviewed roles, v5.3 and the reference documentation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

mod declaration;
mod migration;
mod official;
mod reference;
mod roles;
mod specification;
