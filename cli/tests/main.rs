//! The program against a gateway of this test's own: a Flight SQL server over mutual TLS, with certificates that
//! `renkei dev-ca` made. What the statement is called decides how the server behaves; everything on the way is real.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

#[path = "main/asking.rs"]
mod asking;
#[path = "main/audit.rs"]
mod audit;
#[path = "main/local.rs"]
mod local;
#[path = "main/maps.rs"]
mod maps;
#[path = "main/server.rs"]
mod server;
#[path = "main/shell.rs"]
mod shell;
#[path = "main/trouble.rs"]
mod trouble;
