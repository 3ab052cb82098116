//! Source records to CDM batches, rejects and findings.
//!
//! What must stay true: a source record either becomes a row of the CDM, exactly, or a [`Reject`] that names the
//! place and the rule; nothing is dropped in silence and nothing is guessed. Whatever is read is read as a stream, so
//! memory does not grow with the size of a hospital. Nothing here knows a query engine or writes a file.
//!
//! No error text of this crate holds a value of a record: they name files, lines, rows, columns and types. The one
//! place where a record travels on is [`Reject::record`], for the site's own quarantine file.

pub mod omop;
mod reject;

pub use reject::{Explanation, Reject, Rule};
