//! Reports of the audit log as documents: for an ethics committee about one project, and about the consortium's activity.
//!
//! What must stay true: a report is counted from the logs' entries themselves, never from an index; it names each log it
//! was counted from with the size and root of the log's signed head and says whether the log verified, so that whoever
//! has the logs can count again. What nobody said (a person's field, whether somebody is young) is shown as unknown and
//! never guessed. Every text on its way into a document is escaped for that document and free of control characters.
//!
//! [`tally`] counts, [`activity`] and [`project`] make a [`Document`] of it, and [`html`], [`pdf`] and [`xlsx`] write the
//! same document in three forms. The PDF is set by Typst with the two bundled fonts and a template of ours; it has no
//! access to files, network or clock, so that the same logs give the same bytes.
//!
//! **Turned down.** A browser that prints the page: it is not on a coordinator's server. A chart library: bars are
//! rectangles.

pub mod activity;
pub mod document;
pub mod html;
pub mod life;
pub mod pdf;
pub mod project;
pub mod tally;
pub mod xlsx;

pub use document::{Cell, Document, Section, Table};
pub use life::Life;
pub use tally::{Source, Tally};

/// The language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 日本語.
    Japanese,
}

impl Language {
    /// The phrase of this language.
    pub(crate) fn pick<'a>(self, english: &'a str, japanese: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Japanese => japanese,
        }
    }
}

/// Why a document could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Setting the pages failed.
    #[error("the pages could not be set: {0}")]
    Pages(String),
    /// The bundled fonts cannot be read.
    #[error("the bundled fonts cannot be read")]
    Fonts,
    /// The workbook could not be written.
    #[error("the workbook could not be written")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
}
