//! The form in which a caller wants the answer of a question.

/// What stands beside the asked columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Whether `renkei_sites` and `renkei_held` are added; without them a total with a held part is NULL.
    pub columns: bool,
    /// Whether `<name>_low` and `<name>_high` are added for what can be bounded.
    pub bounds: bool,
}

impl Default for View {
    fn default() -> Self {
        Self { columns: true, bounds: false }
    }
}
