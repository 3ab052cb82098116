//! The repository's own rules as tests.
//!
//! What must stay true: a rule is a function from the repository's files to the list of its violations; each violation
//! names the place and says how to mend it; each rule has a test beside it that plants a violation and finds it, so that
//! no rule can go blind. Nothing here is compiled against the programs: a change of the engine does not relink this crate,
//! and the rules are checked within a second.
//!
//! The files are those that git lists, tracked or about to be; what git ignores is nobody's business.
//!
//! Rejected: a lint plug-in (bound to a compiler version); shell scripts with grep (no test of their own, no messages).

pub mod commands;
pub mod errors;
pub mod layers;
pub mod links;
pub mod manifests;
pub mod markdown;
pub mod metadata;
pub mod repository;
pub mod sources;
pub mod words;

pub use metadata::Metadata;
pub use repository::Repository;
