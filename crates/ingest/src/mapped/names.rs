//! The source columns that a mapping uses, each once.

use std::ops::Range;

use super::document::{Notes, Value};
use super::fold::fold;

/// The source columns that are used, in the order in which they are met.
pub(super) struct Names {
    header: bool,
    pub(super) written: Vec<String>,
    pub(super) folded: Vec<String>,
}

impl Names {
    pub(super) fn new(header: bool) -> Self {
        Self { header, written: Vec::new(), folded: Vec::new() }
    }

    fn take(&mut self, name: &str, span: Range<usize>, notes: &mut Notes<'_>) -> usize {
        let folded = fold(name);
        if folded.is_empty() {
            notes.add(span.clone(), "a column needs a name");
        }
        if !self.header && name.trim().parse::<usize>().ok().is_none_or(|number| number == 0) {
            notes.add(span, "without a header columns are named by their number, from \"1\"");
        }
        self.folded.iter().position(|known| *known == folded).unwrap_or_else(|| {
            self.written.push(name.to_owned());
            self.folded.push(folded);
            self.folded.len() - 1
        })
    }

    pub(super) fn one(&mut self, value: Option<&Value<'_>>, notes: &mut Notes<'_>) -> Option<usize> {
        let value = value?;
        let name = notes.string(value)?;
        Some(self.take(&name, value.span(), notes))
    }

    pub(super) fn many(&mut self, value: Option<&Value<'_>>, notes: &mut Notes<'_>) -> Vec<usize> {
        let named = value.map(|value| notes.scalars(value)).unwrap_or_default();
        named.into_iter().map(|(name, span)| self.take(&name, span, notes)).collect()
    }
}
