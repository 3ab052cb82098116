//! Results that are written as text: a number, perhaps with a comparator, or a grade; nothing else is read.

use crate::record::{Comparator, Grade};

/// What a text says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Literal {
    Number(f64, Option<Comparator>),
    Grade(Grade),
}

/// Longer texts are sentences.
const LONGEST: usize = 32;

/// Reads a text, in full-width or half-width characters.
pub(super) fn read(text: &str) -> Option<Literal> {
    if text.len() > LONGEST * 3 {
        return None;
    }
    let text = narrow(text);
    let bare = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(&text);
    grade(bare).map(Literal::Grade).or_else(|| number(bare))
}

/// The text in ASCII where it has such characters, without blanks.
fn narrow(text: &str) -> String {
    let mut narrow = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        match c {
            '！'..='～' => narrow.extend(u32::from(c).checked_sub(0xFEE0).and_then(char::from_u32)),
            '−' | '‐' | '‑' | '–' | '—' | '―' | 'ー' => narrow.push('-'),
            '≦' | '≤' => narrow.push_str("<="),
            '≧' | '≥' => narrow.push_str(">="),
            _ => narrow.extend(c.to_lowercase()),
        }
    }
    narrow
}

fn grade(text: &str) -> Option<Grade> {
    match text {
        "-" | "(-)" | "陰性" | "negative" | "neg" => return Some(Grade::Negative),
        "±" | "+-" | "+/-" => return Some(Grade::Trace),
        "+" | "陽性" | "positive" | "pos" => return Some(Grade::Positive),
        _ => {}
    }
    let plus = text.trim_end_matches('+');
    let count = text.len() - plus.len();
    match plus.as_bytes() {
        [] if (2..=9).contains(&count) => u8::try_from(count).ok().map(Grade::Plus),
        [digit @ b'1'..=b'9'] if count == 1 => Some(Grade::Plus(digit - b'0')),
        _ => None,
    }
}

/// Before the number a comparator is to be read as it stands; behind it, `100<` means above 100.
fn number(text: &str) -> Option<Literal> {
    const BEFORE: [(&str, Comparator); 4] =
        [("<=", Comparator::AtMost), (">=", Comparator::AtLeast), ("<", Comparator::Less), (">", Comparator::Greater)];
    const BEHIND: [(&str, Comparator); 7] = [
        ("以上", Comparator::AtLeast),
        ("以下", Comparator::AtMost),
        ("未満", Comparator::Less),
        ("超過", Comparator::Greater),
        ("超", Comparator::Greater),
        ("<", Comparator::Greater),
        (">", Comparator::Less),
    ];
    let before = BEFORE.iter().find_map(|(sign, is)| Some((text.strip_prefix(sign)?, *is)));
    let behind = || BEHIND.iter().find_map(|(sign, is)| Some((text.strip_suffix(sign)?, *is)));
    let (digits, comparator) = match before.or_else(behind) {
        Some((digits, comparator)) => (digits, Some(comparator)),
        None => (text, None),
    };
    let plain = digits.bytes().enumerate().all(|(at, b)| b.is_ascii_digit() || b == b'.' || (b == b'-' && at == 0));
    let value: f64 = if plain { digits.parse().ok()? } else { return None };
    value.is_finite().then_some(Literal::Number(value, comparator))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_grades_are_read_and_nothing_else() {
        let number = |value, comparator| Some(Literal::Number(value, comparator));
        let grade = |grade| Some(Literal::Grade(grade));
        for (text, expect) in [
            ("5.2", number(5.2, None)),
            (" １２．５ ", number(12.5, None)),
            ("-3", number(-3.0, None)),
            ("< 0.5", number(0.5, Some(Comparator::Less))),
            ("≧200", number(200.0, Some(Comparator::AtLeast))),
            ("<=1", number(1.0, Some(Comparator::AtMost))),
            ("100<", number(100.0, Some(Comparator::Greater))),
            ("300>", number(300.0, Some(Comparator::Less))),
            ("100以上", number(100.0, Some(Comparator::AtLeast))),
            ("0.1未満", number(0.1, Some(Comparator::Less))),
            ("50超過", number(50.0, Some(Comparator::Greater))),
            ("-", grade(Grade::Negative)),
            ("（－）", grade(Grade::Negative)),
            ("陰性", grade(Grade::Negative)),
            ("±", grade(Grade::Trace)),
            ("(+-)", grade(Grade::Trace)),
            ("＋", grade(Grade::Positive)),
            ("Positive", grade(Grade::Positive)),
            ("２＋", grade(Grade::Plus(2))),
            ("3 +", grade(Grade::Plus(3))),
            ("+++", grade(Grade::Plus(3))),
            ("", None),
            ("+5", None),
            ("12+", None),
            ("5 mg", None),
            ("1-4", None),
            ("発育なし", None),
            ("NaN", None),
            ("inf", None),
            ("1e3", None),
            (".", None),
            ("<", None),
        ] {
            assert_eq!(read(text), expect, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not(text in any::<String>()) {
            if let Some(Literal::Number(value, _)) = read(&text) {
                prop_assert!(value.is_finite());
            }
        }
    }
}
