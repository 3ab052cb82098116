//! How far an ingest is.

/// What an ingest is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The person table is read for itself: who is there.
    Persons,
    /// Tables are read and written.
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
    /// Bytes of the source that were read, over all tables.
    pub bytes: u64,
    /// Bytes of the source.
    pub bytes_total: u64,
    /// Rows that were read, over all tables.
    pub rows: u64,
}
