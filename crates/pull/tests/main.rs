//! Pulling from real servers that the tests start themselves.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "clippy's exceptions for tests do not reach the helpers of an integration test"
)]

mod bulk;
mod postgres;
