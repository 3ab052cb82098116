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
mod load;
mod maps;
mod masters;
mod remarks;
mod resolved;
mod settle;
mod shape;
mod table;
mod unit;
mod vocabularies;
mod wanted;

pub use canonical::{CHECK_DIGIT, CUT, JLAC10_ANALYTE, JLAC10_SHORT, RECEIPT_AS_HOT, RELABELLED, UNSHAPED, canonical};
pub use concepts::Concepts;
pub use coverage::{Coverage, Seen, Share, Unmapped};
pub use diff::{Change, Map, diff};
pub use domain::Domain;
pub use error::CodesError;
pub use load::{Progress, Sources};
pub use masters::{Column, Master, MasterKind, Masters};
pub use resolved::{How, Resolved, Target};
pub use unit::ucum;

use crate::remark::Remark;

/// Every remark that codes, vocabularies and maps give rise to.
pub fn remarks() -> impl Iterator<Item = Remark> {
    canonical::REMARKS.iter().copied().chain(remarks::REMARKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_have_names_of_their_own_and_both_languages() {
        let ids: std::collections::BTreeSet<_> = remarks().map(|remark| remark.id).collect();
        assert_eq!(ids.len(), remarks().count());
        assert!(remarks().all(|remark| remark.id.starts_with("codes-") && !remark.japanese.is_ascii()));
        assert!(remarks().all(|remark| !remark.english.is_empty()));
    }
}
