//! Sources of an invented hospital, from files on disk to tables of the CDM.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

#[path = "main/bench.rs"]
mod bench;
#[path = "main/carried.rs"]
mod carried;
#[path = "main/changes.rs"]
mod changes;
#[path = "main/privacy.rs"]
mod privacy;
#[path = "main/several.rs"]
mod several;
