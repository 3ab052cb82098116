//! Results in OBX-5, and reference ranges in OBX-7.
//!
//! A result is read as a whole or not at all: a text with one word too many is [`Reading::Unread`], never half a
//! number. `100<` is read as "100 is less", the way Japanese laboratories write "over 100"; so are `100↑`, `U100` and
//! `1-` (urine sediment: one or more).

mod range;
mod token;

pub use range::{Range, range};

use crate::record::{Comparator, Grade};
use token::{Token, tokens};

/// Longer texts are prose.
const MAX_CHARS: usize = 64;
/// Of powers of ten. No result is greater, and everything stays finite.
const MAX_EXPONENT: f64 = 30.0;

/// A number, and how it is to be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// The number.
    pub value: f64,
    /// How it is to be read; absent means equal.
    pub comparator: Option<Comparator>,
}

/// What a result says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// Nothing.
    Empty,
    /// A number.
    Number(Number),
    /// A result in words or signs.
    Grade(Grade),
    /// Both, as `3+(300)`.
    Both(Number, Grade),
    /// From one number to another, as `1-4`.
    Between(f64, f64),
    /// One number to another, as `5/3` or `1:40`.
    Ratio(f64, f64),
    /// A text that says none of this.
    Unread,
}

/// Reads a result.
#[must_use]
pub fn read(text: &str) -> Reading {
    let text = text.trim();
    if text.is_empty() {
        return Reading::Empty;
    }
    if let Some(value) = plain(text) {
        return Reading::Number(Number { value, comparator: None });
    }
    if text.len() > MAX_CHARS && text.chars().nth(MAX_CHARS).is_some() {
        return Reading::Unread;
    }
    tokens(text).and_then(|tokens| whole(&tokens)).unwrap_or(Reading::Unread)
}

/// A decimal number as HL7's NM has it. `+1` is none: in a text it is as likely a grade.
#[must_use]
pub fn plain(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let decimal = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.bytes().any(|b| b.is_ascii_digit());
    if decimal && text.len() <= 32 { text.parse().ok() } else { None }
}

fn whole(tokens: &[Token]) -> Option<Reading> {
    use Token::{Close, Open};
    match tokens {
        [Open, inner @ .., Close] if !inner.contains(&Open) => part(inner),
        [outer @ .., Close] => {
            let open = outer.iter().position(|token| *token == Open)?;
            let (outer, inner) = outer.split_at(open);
            both(part(outer)?, part(inner.get(1..)?)?)
        }
        tokens => part(tokens),
    }
}

/// Two results side by side, where they say different things of one.
fn both(outer: Reading, inner: Reading) -> Option<Reading> {
    match (outer, inner) {
        (Reading::Number(number), Reading::Grade(grade)) | (Reading::Grade(grade), Reading::Number(number)) => {
            Some(Reading::Both(number, grade))
        }
        (Reading::Grade(a), Reading::Grade(b)) if a == b => Some(outer),
        (Reading::Grade(Grade::Positive), Reading::Grade(Grade::Plus(_))) => Some(inner),
        (Reading::Grade(Grade::Plus(_)), Reading::Grade(Grade::Positive)) => Some(outer),
        _ => None,
    }
}

fn part(tokens: &[Token]) -> Option<Reading> {
    use Token::{Colon, Minus, Number as N, Slash, Tilde};
    match tokens {
        [N(a), Minus | Tilde, N(b)] if a <= b => Some(Reading::Between(*a, *b)),
        [N(a), Slash | Colon, N(b)] => Some(Reading::Ratio(*a, *b)),
        tokens => grade(tokens).map(Reading::Grade).or_else(|| number(tokens).map(Reading::Number)),
    }
}

fn grade(tokens: &[Token]) -> Option<Grade> {
    use Token::{Minus, Number as N, Plus, PlusMinus, Slash};
    match tokens {
        [Token::Grade(grade)] => Some(*grade),
        [Minus] => Some(Grade::Negative),
        [PlusMinus] | [Plus, Minus] | [Plus, Slash, Minus] => Some(Grade::Trace),
        [Plus] => Some(Grade::Positive),
        [N(count), Plus] => (1..=9).find(|n| f64::from(*n) == *count).map(Grade::Plus),
        [Plus, rest @ ..] if rest.iter().all(|token| *token == Plus) => {
            u8::try_from(tokens.len()).ok().filter(|count| *count <= 9).map(Grade::Plus)
        }
        _ => None,
    }
}

/// A number with what says how to read it, before or after it.
fn number(tokens: &[Token]) -> Option<Number> {
    use Token::{Bound, Down, Less, Minus, More, Times, Up};
    let (rest, comparator) = match tokens {
        [Less, rest @ ..] => (rest, Some(Comparator::Less)),
        [More, rest @ ..] => (rest, Some(Comparator::Greater)),
        [Token::AtMost, rest @ ..] => (rest, Some(Comparator::AtMost)),
        [Token::AtLeast, rest @ ..] => (rest, Some(Comparator::AtLeast)),
        [Up, rest @ ..] | [rest @ .., Up] => (rest, Some(Comparator::Greater)),
        [Down, rest @ ..] | [rest @ .., Down] => (rest, Some(Comparator::Less)),
        [rest @ .., Less] => (rest, Some(Comparator::Greater)),
        [rest @ .., More] => (rest, Some(Comparator::Less)),
        [rest @ .., Token::AtMost] => (rest, Some(Comparator::AtLeast)),
        [rest @ .., Token::AtLeast] => (rest, Some(Comparator::AtMost)),
        [rest @ .., Bound(comparator)] => (rest, Some(*comparator)),
        [rest @ .., Minus] => (rest, Some(Comparator::AtLeast)),
        rest => (rest, None),
    };
    let (rest, comparator) = match (rest, comparator) {
        // Dilutions: 160倍, ×160.
        ([rest @ .., Token::Fold] | [Times, rest @ ..], comparator) => (rest, comparator),
        other => other,
    };
    amount(rest).map(|value| Number { value, comparator })
}

/// A number by itself, powers of ten included.
fn amount(tokens: &[Token]) -> Option<f64> {
    use Token::{Minus, Number as N, Plus};
    match tokens {
        [N(value)] => Some(*value),
        [Minus, N(value)] => Some(-value),
        // A single digit after a plus is as likely a grade.
        [Plus, N(value)] if value.fract() != 0.0 || *value >= 10.0 => Some(*value),
        [N(ten), rest @ ..] if *ten == 10.0 => power(1.0, rest),
        [N(factor), Token::Times | Token::Star, N(ten), rest @ ..] if *ten == 10.0 => power(*factor, rest),
        _ => None,
    }
}

fn power(factor: f64, tokens: &[Token]) -> Option<f64> {
    use Token::{Caret, Minus, Number as N, Plus, Star};
    let exponent = match tokens {
        [Caret | Star, N(n)] | [Caret | Star, Plus, N(n)] => *n,
        [Caret | Star, Minus, N(n)] | [Minus, Caret, N(n)] => -n,
        _ => return None,
    };
    if exponent.fract() != 0.0 || exponent.abs() > MAX_EXPONENT {
        return None;
    }
    // Through decimal text, so that 480×10^4 is exactly the number that somebody would type.
    format!("{factor}e{exponent}").parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests;
