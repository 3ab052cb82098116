//! The whole path, in one binary: every way in which a site can end, and the right answer from the others.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::result_large_err,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

mod answers;
mod audit;
mod auditor;
mod cancelling;
mod clocks;
mod codes;
mod connections;
mod copies;
mod cosigning;
mod direct;
mod disks;
mod guard;
mod hostile;
mod identity;
mod killed;
mod ledger;
mod liars;
mod listening;
mod mapping;
mod opt_out;
mod partial;
mod policy;
mod rounds;
mod slt;
mod snapshots;
mod worker;

/// Persons by sex: one key, one count, so that a scripted node can answer it.
const BY_SEX: &str = "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1 ORDER BY 1";

/// A question that takes a site with [`busy`] records for ever, and the others no time.
const HEAVY: &str = "SELECT count(*) AS n FROM visit_occurrence a JOIN visit_occurrence b ON a.person_id = b.person_id \
                     JOIN visit_occurrence c ON b.person_id = c.person_id \
                     JOIN visit_occurrence d ON c.person_id = d.person_id";

/// Persons with one visit each.
fn calm(persons: usize) -> renkei_e2e::Records {
    renkei_e2e::Records::of((0..persons).map(|_| renkei_e2e::records::Person::new(8507, 1950).visiting(1, 2021)))
}

/// The same with a person who comes so often that [`HEAVY`] makes 10^11 rows of it.
fn busy(persons: usize) -> renkei_e2e::Records {
    calm(persons).and([renkei_e2e::records::Person::new(8532, 1950).visiting(600, 2021)])
}
