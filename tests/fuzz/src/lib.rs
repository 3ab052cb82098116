//! What must hold of every parser of foreign bytes, whatever the bytes are.
//!
//! One function to a parser. It feeds the bytes and panics where a promise is broken: beyond not panicking itself, a
//! parser says no more than its input can hold, and what it says survives the encoding in which it is kept. The fuzzer
//! calls these functions with what it makes up (`fuzz_targets`); ordinary tests of `crates/ingest` call them with the
//! corpus and with small changes of it, so that both check the same.
//!
//! Where a parser takes more than bytes (a kind of message, the name of a file), the first bytes choose it.

mod codes;
mod hospital;
mod messages;
mod tables;

pub use codes::{canonical, ucum};
pub use hospital::{dpc, fhir, mapped_parse, mapped_read};
pub use messages::{hl7, ssmix2, ssmix2_name};
pub use tables::{codes_csv, omop_csv};

/// A target.
pub type Target = fn(&[u8]);

/// Every target, by the name of its program and of the folder of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("hl7", hl7),
    ("ssmix2", ssmix2),
    ("ssmix2_name", ssmix2_name),
    ("fhir", fhir),
    ("dpc", dpc),
    ("mapped_parse", mapped_parse),
    ("mapped_read", mapped_read),
    ("canonical", canonical),
    ("ucum", ucum),
    ("codes_csv", codes_csv),
    ("omop_csv", omop_csv),
];

/// The first byte, and the rest.
fn choice(bytes: &[u8]) -> (usize, &[u8]) {
    bytes.split_first().map_or((0, bytes), |(first, rest)| (usize::from(*first), rest))
}

/// One of several, by a byte. `all` is never empty.
fn pick<T: Clone>(all: &[T], byte: usize) -> T {
    all[byte % all.len()].clone()
}
