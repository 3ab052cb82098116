//! Source records to CDM batches, rejects and findings.
//!
//! What must stay true: a source record either becomes a row of the CDM, exactly, or a [`Reject`] that names the
//! place and the rule; nothing is dropped in silence and nothing is guessed. Whatever is read is read as a stream, so
//! memory does not grow with the size of a hospital. Nothing here knows a query engine or writes a file.
//!
//! No error text of this crate holds a value of a record: they name files, lines, rows, columns and types. The one
//! place where a record travels on is [`Reject::record`], for the site's own quarantine file.

pub mod assemble;
mod charset;
pub mod code;
pub mod codes;
pub mod dpc;
mod extract;
pub mod fhir;
pub mod hl7;
pub mod mapped;
pub mod namespace;
pub mod omop;
pub mod record;
mod reject;
mod remark;
mod rules;
pub mod ssmix2;
mod when;

pub use code::{Coding, System};
pub use extract::{Deleted, Dictionary, Extract};
pub use namespace::Namespace;
pub use reject::{Explanation, Reject, Rule};
pub use remark::{Remark, Remarks};
pub use rules::{BirthPrecision, Rules};
pub use when::{Day, When};

/// Raised whenever a converter says something else of the same file: whoever kept what it said then reads the file again.
pub const CONVERTERS: u32 = 3;
