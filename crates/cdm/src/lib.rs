//! OMOP CDM v5.4 as Arrow: every table as documented columns.
//!
//! What must stay true: one declaration per column yields the Arrow schema, the reference documentation, the role
//! that the language rules look at and the conformance test. Nothing here reads a file or knows a query engine.
//! The order of tables and columns is the specification's own (OHDSI CommonDataModel v5.4, field-level definition).
//!
//! Types: the specification says `integer` everywhere, reality does not. Every `*_id` that is not a concept id is
//! Int64, since sites use signed 64-bit hashes; concept ids are Int32 (official ids end at 2,000,000,000, custom ids
//! reach 2,147,483,647); other integers are Int32. Dates are Date32, datetimes are Timestamp(µs) without zone, floats
//! Float64, text Utf8.

mod column;
mod nearest;
mod reference;
mod table;
pub mod tables;
mod v53;

pub use column::{Column, ColumnType, ForeignKey, Role};
pub use nearest::nearest;
pub use reference::reference_markdown;
pub use table::{Category, Kind, Table};
pub use tables::{table, tables};
pub use v53::{added_in_v54, dropped_since_v53, v53_rename};

/// The version of the OMOP CDM that Renkei presents.
pub const CDM_VERSION: &str = "5.4";

/// Name of the column that every table of the consortium has beside the CDM's: the site that owns the row (Utf8).
pub const SITE_COLUMN: &str = "site_id";

/// Name of the hidden column of a snapshot's person-owned tables: the dense person number (UInt32), see the store.
pub const OWNER_COLUMN: &str = "__owner";
