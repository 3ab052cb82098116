//! Logs made by the real writer, searched, said and exported.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

#[path = "main/export.rs"]
mod export;
#[path = "main/index.rs"]
mod index;
#[path = "main/logs.rs"]
mod logs;
