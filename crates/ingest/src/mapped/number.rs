//! Numbers as people and devices write them: in full width, with thousands separators, with a comparator.

use super::fold::half;
use crate::record::Comparator;

/// A finite number, and how it is to be read where a sign says so.
pub(super) fn number(text: &str) -> Option<(f64, Option<Comparator>)> {
    let text = half(text);
    let (comparator, digits) = compared(&text);
    let plain = ungrouped(digits.trim())?;
    let number: f64 = plain.parse().ok()?;
    number.is_finite().then_some((number, comparator))
}

/// A number without fraction; `12.0` is one.
pub(super) fn integer(text: &str) -> Option<i64> {
    let plain = ungrouped(&half(text))?;
    let whole = plain.split_once('.').map_or(Some(plain.as_str()), |(whole, fraction)| {
        (!fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0')).then_some(whole)
    })?;
    whole.parse().ok()
}

fn compared(text: &str) -> (Option<Comparator>, &str) {
    use Comparator::{AtLeast, AtMost, Greater, Less};
    let before = [("<=", AtMost), ("≦", AtMost), ("≤", AtMost), ("<", Less)];
    let more = [(">=", AtLeast), ("≧", AtLeast), ("≥", AtLeast), (">", Greater)];
    let after = [("未満", Less), ("以下", AtMost), ("以上", AtLeast), ("超", Greater)];
    for (sign, comparator) in before.into_iter().chain(more) {
        if let Some(rest) = text.strip_prefix(sign) {
            return (Some(comparator), rest);
        }
    }
    for (word, comparator) in after {
        if let Some(rest) = text.strip_suffix(word) {
            return (Some(comparator), rest);
        }
    }
    (None, text)
}

/// Digits with at most one point and a sign, thousands separators taken out where they stand in their places.
fn ungrouped(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (if text.starts_with('-') { "-" } else { "" }, digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let grouped = whole.contains(',');
    let fits = numeric(first)
        && (!grouped || (1..=3).contains(&first.len()))
        && groups.all(|group| group.len() == 3 && numeric(group))
        && fraction.is_none_or(numeric)
        && (!first.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty()));
    if !fits || text.len() > 64 {
        return None;
    }
    let first = if first.is_empty() { "0" } else { "" };
    let fraction = fraction.filter(|fraction| !fraction.is_empty());
    let point = if fraction.is_some() { "." } else { "" };
    Some(format!("{sign}{first}{}{point}{}", whole.replace(',', ""), fraction.unwrap_or("")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_other_things_are_not() {
        for (text, expect) in [
            ("5.4", Some((5.4, None))),
            ("１，２３４．５", Some((1234.5, None))),
            ("-0.5", Some((-0.5, None))),
            ("−３", Some((-3.0, None))),
            (".5", Some((0.5, None))),
            ("7.", Some((7.0, None))),
            ("<0.5", Some((0.5, Some(Comparator::Less)))),
            ("≧ 200", Some((200.0, Some(Comparator::AtLeast)))),
            ("0.5未満", Some((0.5, Some(Comparator::Less)))),
            ("１００以上", Some((100.0, Some(Comparator::AtLeast)))),
            ("1,23", None),
            ("1,2345", None),
            ("1e5", None),
            ("NaN", None),
            ("inf", None),
            ("", None),
            ("-", None),
            (".", None),
            ("1.2.3", None),
            ("(-)", None),
        ] {
            assert_eq!(number(text), expect, "{text}");
        }
        for (text, expect) in
            [("12", Some(12)), ("1,000", Some(1000)), ("12.0", Some(12)), ("12.5", None), ("１２", Some(12))]
        {
            assert_eq!(integer(text), expect, "{text}");
        }
        assert_eq!(integer("9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer("9223372036854775808"), None);
    }
}
