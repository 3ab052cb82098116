//! One helper that prints an error with everything beneath it.

use std::error::Error;

/// The error and its sources, outermost first, joined by `: `.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        // Foreign errors often repeat their source; saying it once is enough.
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn sources_follow_and_are_not_repeated() {
        let inner = Layer("disk is full", None);
        let middle = Layer("cannot write: disk is full", Some(Box::new(inner)));
        assert_eq!(chain(&Layer("no answer", Some(Box::new(middle)))), "no answer: cannot write: disk is full");
    }
}
