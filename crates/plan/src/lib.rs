//! SQL to a guarded plan: what runs inside a hospital, what may leave it, what runs at the gateway.
//!
//! The researcher's own statement is the contract. Gateway and node both call [`Planner::split`] on the same text and
//! compare the [`Digest`]s before anything is merged; nothing that one side derived is believed by the other.
//!
//! How a statement is split. The text is tokenised and bounded ([`statement`]), parsed, planned against a catalogue
//! that holds schemas only and functions from an allow-list ([`names`]), and analysed (types are coerced). Then
//! [`split`] walks the analysed plan bottom-up. Every relation is *Local* (rows of persons, each with one owner),
//! *site-owned*, *Reference* or *Released*. The lowest aggregate over a Local relation whose keys contain no person
//! key is a **release point**: it is replaced, in the gateway's half, by a scan of merged cells, and its input and
//! states become the node's half. Whatever the walk does not know is refused: there is no branch that passes an
//! unknown plan node or expression through.
//!
//! What must stay true:
//! - no IO, no clock, no randomness: `now()` is bound by the caller;
//! - a [`ReleasePoint`] is keyed by no person key, and its states are sums, counts and moments, never values of rows;
//! - every refusal depends on the text and the catalogue alone.
//!
//! Rejected: sending physical plans or Substrait (no person can audit them, and they bind engine versions), and using
//! the engine's own partial aggregate states (for `count(distinct)` and `median` those *are* the raw values).

mod catalogue;
mod clip;
mod code_prefix;
mod date_trunc;
mod dialect;
mod digest;
mod error;
mod explain;
mod exploration;
mod look_alikes;
mod meaning;
mod merge;
mod names;
mod pushdown;
mod ranks;
mod rules;
mod split;
mod state;
mod statement;
mod subqueries;
mod total;
mod using;

pub use catalogue::{Catalogue, CatalogueTable, is_catalogue_scan};
pub use digest::Digest;
pub use explain::{CodesExplanation, Explanation, PointExplanation};
pub use exploration::{Exploration, OffGrid};
pub use meaning::{Class, Meaning, Shape};
pub use merge::{MergeError, Merged, Precision, SiteCells, merge};
pub use rules::{Rule, rules};
pub use split::{Check, CodeSet, Facts, Feed, Key, Lookup, Planner, Question, ReleasePoint, Split, View, feed_index};
pub use state::{CellState, Output, OutputKind, Pair, Share, StateKind};
pub use statement::{
    MAX_CODES, MAX_DEPTH, MAX_JOINS, MAX_PREDICATES, MAX_STATEMENT_BYTES, is_explain, strip_explain, strip_fetch,
};

/// Version of the split rules. It goes into every digest, so that sites with other rules are told apart from sites
/// with other answers.
pub const PLAN_VERSION: u32 = 4;

/// Name of the column that says how many sites contributed to a row.
pub const SITES_COLUMN: &str = "renkei_sites";
/// Name of the column that says how many sites hold 0 to k−1 persons back in a row.
pub const HELD_COLUMN: &str = "renkei_held";
