//! From codes to concepts: vocabularies, masters and maps of the site.
//!
//! What must stay true: one code has one spelling wherever it comes from, and a concept is one that the site's own
//! vocabulary, or a map that people wrote, names for that code. Where nothing does, the code stays without a concept:
//! it is counted and reported, and never guessed.

mod builtin;
mod canonical;
mod check;
mod columns;
mod concepts;
mod coverage;
mod diff;
mod domain;
mod error;
mod fallback;
mod fold;
mod ingredients;
mod load;
mod maps;
mod masters;
pub mod remarks;
mod resolved;
mod settle;
mod shape;
mod table;
mod unit;
mod vocabularies;
mod wanted;

pub use canonical::canonical;
pub use concepts::Concepts;
pub use coverage::{Coverage, Seen, Share, Unmapped};
pub use diff::{Change, Map, diff};
pub use domain::Domain;
pub use error::CodesError;
pub use load::{MapFile, Progress, Sources};
pub use masters::{Column, Master, MasterKind, Masters};
pub use remarks::REMARKS;
pub use resolved::{How, Resolved, Target};
pub use unit::ucum;
