//! Sources of an invented hospital, from files on disk to tables of the CDM.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

#[path = "main/bad.rs"]
mod bad;
#[path = "main/bench.rs"]
mod bench;
#[path = "main/carried.rs"]
mod carried;
#[path = "main/changes.rs"]
mod changes;
#[path = "main/deleted.rs"]
mod deleted;
#[path = "main/full.rs"]
mod full;
#[path = "main/golden.rs"]
mod golden;
#[path = "main/oracles.rs"]
mod oracles;
#[path = "main/privacy.rs"]
mod privacy;
#[path = "main/several.rs"]
mod several;
