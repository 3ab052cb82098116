//! From codes to concepts: vocabularies, masters and maps of the site.
//!
//! What must stay true: one code has one spelling wherever it comes from, and a concept is one that the site's own
//! vocabulary, or a map that people wrote, names for that code. Where nothing does, the code stays without a concept:
//! it is counted and reported, and never guessed.

mod canonical;
mod check;
mod fold;
mod shape;

pub use canonical::{REMARKS, canonical};
