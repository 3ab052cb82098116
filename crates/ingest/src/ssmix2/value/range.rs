//! Reference ranges.

use super::token::{Token, tokens};
use super::{MAX_CHARS, amount, plain};
use crate::record::Comparator;

/// Lower and upper limit of what is normal, as far as there are limits.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Range {
    /// Lower limit.
    pub low: Option<f64>,
    /// Upper limit.
    pub high: Option<f64>,
}

/// Reads a reference range. What is no range of numbers, and what could be two different ones (`-5`), has no limits.
#[must_use]
pub fn range(text: &str) -> Range {
    if text.len() > MAX_CHARS && text.chars().nth(MAX_CHARS).is_some() {
        return Range::default();
    }
    // By far the most are written so.
    if let Some((low, high)) = text.split_once('-').and_then(|(low, high)| Some((plain(low)?, plain(high)?))) {
        return between(low, high).unwrap_or_default();
    }
    tokens(text).and_then(|tokens| limits(strip(&tokens))).unwrap_or_default()
}

fn strip(tokens: &[Token]) -> &[Token] {
    match tokens {
        [Token::Open, inner @ .., Token::Close] => inner,
        tokens => tokens,
    }
}

fn limits(tokens: &[Token]) -> Option<Range> {
    use Token::{AtLeast, AtMost, Bound, Less, Minus, More, Number as N, Tilde};
    let low = |low| Some(Range { low: Some(low), high: None });
    let high = |high| Some(Range { low: None, high: Some(high) });
    match tokens {
        [Less | AtMost, rest @ ..] => high(amount(rest)?),
        [More | AtLeast, rest @ ..] => low(amount(rest)?),
        [rest @ .., Bound(Comparator::Less | Comparator::AtMost)] => match rest {
            [from @ .., Bound(_), N(to)] => between(amount(from)?, *to),
            rest => high(amount(rest)?),
        },
        [rest @ .., Bound(Comparator::Greater | Comparator::AtLeast)] => low(amount(rest)?),
        [Tilde, rest @ ..] => high(amount(rest)?),
        [rest @ .., Tilde] | [rest @ .., Minus] => low(amount(rest)?),
        tokens => {
            // The first dash that does not open a number divides.
            let divides = |at: &usize| matches!(tokens.get(*at), Some(Minus | Tilde));
            let at = (1..tokens.len()).find(divides)?;
            let (from, to) = tokens.split_at(at);
            between(amount(from)?, amount(to.get(1..)?)?)
        }
    }
}

fn between(low: f64, high: f64) -> Option<Range> {
    (low <= high).then_some(Range { low: Some(low), high: Some(high) })
}
