//! The tests of the node agent that go through its public parts, in one binary: each one more would link the query engine
//! once more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

mod sources {
    mod dry_run;
    mod maps;
    mod opt_out;
    mod snapshot;
}

mod store {
    mod crash;
    mod damage;
    pub(crate) mod fixture;
    mod full;
    mod numbers;
    mod real;
    mod retention;
    mod round_trip;
    mod sorting;
}
