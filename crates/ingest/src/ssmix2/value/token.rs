//! The signs and words that results are made of.

use crate::record::{Comparator, Grade};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Less,
    More,
    AtMost,
    AtLeast,
    /// A word after a number, such as 以上.
    Bound(Comparator),
    Grade(Grade),
    Plus,
    Minus,
    PlusMinus,
    Slash,
    Colon,
    Tilde,
    Times,
    Star,
    Caret,
    Up,
    Down,
    /// 倍.
    Fold,
    Open,
    Close,
}

/// Words, longer ones before those they begin with. Full-width letters are ASCII by then.
const WORDS: [(&str, Token); 35] = [
    ("以上", Token::Bound(Comparator::AtLeast)),
    ("イジョウ", Token::Bound(Comparator::AtLeast)),
    ("ｲｼﾞｮｳ", Token::Bound(Comparator::AtLeast)),
    ("ｲｼﾞﾖｳ", Token::Bound(Comparator::AtLeast)),
    ("以下", Token::Bound(Comparator::AtMost)),
    ("イカ", Token::Bound(Comparator::AtMost)),
    ("ｲｶ", Token::Bound(Comparator::AtMost)),
    ("未満", Token::Bound(Comparator::Less)),
    ("ミマン", Token::Bound(Comparator::Less)),
    ("ﾐﾏﾝ", Token::Bound(Comparator::Less)),
    ("超過", Token::Bound(Comparator::Greater)),
    ("超", Token::Bound(Comparator::Greater)),
    ("陰性", Token::Grade(Grade::Negative)),
    ("インセイ", Token::Grade(Grade::Negative)),
    ("ｲﾝｾｲ", Token::Grade(Grade::Negative)),
    ("NEGATIVE", Token::Grade(Grade::Negative)),
    ("NEG", Token::Grade(Grade::Negative)),
    ("陽性", Token::Grade(Grade::Positive)),
    ("弱陽性", Token::Grade(Grade::Positive)),
    ("強陽性", Token::Grade(Grade::Positive)),
    ("ヨウセイ", Token::Grade(Grade::Positive)),
    ("ﾖｳｾｲ", Token::Grade(Grade::Positive)),
    ("POSITIVE", Token::Grade(Grade::Positive)),
    ("POS", Token::Grade(Grade::Positive)),
    ("擬陽性", Token::Grade(Grade::Trace)),
    ("疑陽性", Token::Grade(Grade::Trace)),
    ("偽陽性", Token::Grade(Grade::Trace)),
    ("判定保留", Token::Grade(Grade::Trace)),
    ("倍", Token::Fold),
    ("<=", Token::AtMost),
    ("=<", Token::AtMost),
    (">=", Token::AtLeast),
    ("=>", Token::AtLeast),
    ("+-", Token::PlusMinus),
    ("+/-", Token::PlusMinus),
];

/// The tokens of a text; `None` where something in it is none, or two numbers stand side by side.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let folded: String = text.chars().map(fold).collect();
    let mut rest = folded.trim_start();
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let (token, tail) = next(rest, &tokens)?;
        let numbers = matches!((tokens.last(), token), (Some(Token::Number(_)), Token::Number(_)));
        if numbers {
            return None;
        }
        tokens.push(token);
        if let (Token::Caret, Some(digits)) = (token, superscript(rest)) {
            tokens.push(Token::Number(f64::from(digits)));
        }
        rest = tail.trim_start();
    }
    Some(tokens)
}

fn next<'t>(text: &'t str, before: &[Token]) -> Option<(Token, &'t str)> {
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return number(text);
    }
    let words = WORDS.iter().filter_map(|(word, token)| Some((*token, strip(text, word)?)));
    if let Some(found) = words.min_by_key(|(_, tail)| tail.len()) {
        return Some(found);
    }
    let mut chars = text.chars();
    let token = match chars.next()? {
        '<' => Token::Less,
        '>' => Token::More,
        '≦' | '≤' | '⩽' => Token::AtMost,
        '≧' | '≥' | '⩾' => Token::AtLeast,
        '+' => Token::Plus,
        '-' => Token::Minus,
        '±' => Token::PlusMinus,
        '/' => Token::Slash,
        ':' => Token::Colon,
        '~' => Token::Tilde,
        '×' => Token::Times,
        'x' | 'X' if is_times(chars.as_str(), before) => Token::Times,
        '*' => Token::Star,
        '^' => Token::Caret,
        '↑' => Token::Up,
        '↓' => Token::Down,
        // Over and under what the analyser can measure. After a number they would be flags, high and low.
        'U' if before.is_empty() => Token::Up,
        'L' if before.is_empty() => Token::Down,
        '(' | '[' => Token::Open,
        ')' | ']' => Token::Close,
        c if digit(c).is_some() => {
            let end = text.find(|c| digit(c).is_none()).unwrap_or(text.len());
            return Some((Token::Caret, text.get(end..)?));
        }
        _ => return None,
    };
    Some((token, chars.as_str()))
}

/// An x is a sign only before a number: `x10^4`, `x160`.
fn is_times(after: &str, before: &[Token]) -> bool {
    let number = after.trim_start().starts_with(|c: char| c.is_ascii_digit());
    number && matches!(before.last(), None | Some(Token::Number(_) | Token::Less | Token::More))
}

fn strip<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (head, tail) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(tail)
}

/// Digits with at most one point, thousands by commas, an exponent after E.
fn number(text: &str) -> Option<(Token, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(text.len());
    let (mantissa, tail) = text.split_at(end);
    let mantissa = if mantissa.contains(',') { ungroup(mantissa)? } else { mantissa.to_owned() };
    if mantissa.len() > 32 || !mantissa.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let (exponent, tail) = exponent(tail).unwrap_or((0, tail));
    let value: f64 = format!("{mantissa}e{exponent}").parse().ok()?;
    Some((Token::Number(value), tail))
}

/// `1,234,567.8` without its commas; anything else with commas is no number.
fn ungroup(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let grouped = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    (grouped && !fraction.contains([',', '.'])).then(|| text.replace(',', ""))
}

fn exponent(text: &str) -> Option<(i32, &str)> {
    let after = text.strip_prefix(['e', 'E'])?;
    let (sign, digits) = match after.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, after.strip_prefix('+').unwrap_or(after)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let exponent: i32 = digits.get(..end).filter(|digits| (1..=2).contains(&digits.len()))?.parse().ok()?;
    (exponent <= 30).then_some((sign * exponent, digits.get(end..)?))
}

/// The number that superscript digits at the beginning make.
fn superscript(text: &str) -> Option<u32> {
    let digits = text.chars().map_while(digit);
    let (value, count) = digits.fold((0_u32, 0), |(value, count), digit| (value.saturating_mul(10) + digit, count + 1));
    (count > 0 && count <= 2).then_some(value)
}

fn digit(c: char) -> Option<u32> {
    "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().zip(0..).find_map(|(sign, digit)| (sign == c).then_some(digit))
}

/// Full-width signs become their ASCII form, and all dashes one.
fn fold(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | 'ー' | 'ｰ' | '─' | '━' | '⁻' | '﹣' => '-',
        '〜' | '∼' => '~',
        '✕' | '╳' | '☓' => '×',
        '∶' => ':',
        '〔' | '【' => '[',
        '〕' | '】' => ']',
        _ => c,
    }
}
