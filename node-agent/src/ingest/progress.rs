//! How far an ingest is.

/// What an ingest is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Sources are looked through, and what is new is read; counted in files.
    Scan,
    /// Vocabularies and maps are read.
    Vocabulary,
    /// Patients are put together from what the sources say; counted in patients.
    Patients,
    /// The person table is read for itself: who is there.
    Persons,
    /// Tables are read and written; counted in bytes.
    Tables,
    /// Keys and references are checked.
    Checks,
    /// The snapshot is published.
    Publish,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// The table at hand; empty when it is none.
    pub table: &'static str,
    /// How much is done, in what the phase counts.
    pub done: u64,
    /// How much there is; 0 where nobody knows yet.
    pub total: u64,
    /// Rows that were read, over all tables.
    pub rows: u64,
}

impl Progress {
    /// A phase without tables.
    pub(super) fn of(phase: Phase, done: u64, total: u64) -> Self {
        Self { phase, table: "", done, total, rows: 0 }
    }
}
