//! Readers of source data, from files on disk to chunks, extracts and rejects.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

mod bad;
mod codes;
mod corpus;
mod csv;
mod dpc;
mod fhir;
mod folder;
mod mapped;
mod parquet;
mod real;
mod ssmix2;
mod support;
mod version;
