//! Sources on disk, read once and kept as statements; then all sources of a hospital to one folder of CDM tables.
//!
//! What must stay true: a second run reads only what changed; a run that was interrupted at any moment goes on where it
//! was; files that are gone take their records with them, but never by the thousands without somebody saying so, since a
//! vanished mount looks like an empty hospital; a broken file costs itself. Numbers of patients stay in this folder.
//!
//! ```text
//! <state>/sources/
//!   <name>.sqlite     one source: the ledger of its files, and what they say (`stage`)
//!   crosswalk.sqlite  the hospital's patient numbers, the persons they stand for, and their pseudonyms (`crosswalk`)
//!   cdm/              tables on their way into a snapshot; removed afterwards (`build`)
//! ```
//!
//! SQLite keeps ledger and statements of a file in one transaction, so that neither can be without the other after a
//! crash ([decision 15](../../../docs/decisions/0015-staging.md)). What is kept follows from the files and can be thrown
//! away at any time, except the crosswalk: without it persons get new pseudonyms, and the snapshot store refuses them.
//!
//! Rejected: converting straight to tables, which reads everything again for each new map or vocabulary; a log of
//! changes from the source, which only few systems have.

mod build;
mod crosswalk;
mod detect;
mod error;
mod report;
mod scan;
mod settings;
mod stage;

pub use build::{Built, Plan, Staged, build};
pub use crosswalk::Crosswalk;
pub use detect::{Detected, detect};
pub use error::Error;
pub use report::{FileCount, RemarkCount, SourceReport, remark};
pub use scan::{Limits, Progress, scan};
pub use settings::{Format, Patients, Source, without_zeros};
pub use stage::Stage;
