//! The language: what is taken, what is refused and with which code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

mod accepted;
mod bad_input;
mod bends;
mod codes;
mod explained;
mod exploration;
mod held;
mod hostile;
mod joins;
mod leaves;
mod limits;
mod mutated;
mod per_person;
mod percentiles;
mod refused;
mod rules;
mod shape;
mod using;

use renkei_plan::{Catalogue, Planner, Question, Split};
use renkei_types::{Refusal, Timestamp};

fn split(sql: &str) -> Result<Split, Refusal> {
    Planner::new(Catalogue::cdm()).split(&Question { sql, parameters: &[], bound_at: Timestamp(0) })
}
