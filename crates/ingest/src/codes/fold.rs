//! One spelling for characters that differ only by the keyboard they were typed on.

use std::borrow::Cow;

/// The ASCII character for a full-width one, for the wide space and for hyphens and minus signs.
fn narrow(c: char) -> char {
    match c {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{2010}'..='\u{2012}' | '\u{2212}' => '-',
        '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        _ => c,
    }
}

/// Full-width ASCII made narrow, control characters removed, trimmed.
pub(super) fn fold(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_control()) {
        return Cow::Borrowed(raw.trim());
    }
    let narrow: String = raw.chars().filter(|c| !c.is_control()).map(narrow).collect();
    Cow::Owned(narrow.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_and_edges_do_not_matter() {
        for (raw, expect) in [
            (" K29.7 ", "K29.7"),
            ("Ｋ２９．７\u{3000}", "K29.7"),
            ("３Ａ０１０−０００0", "3A010-0000"),
            ("A\u{0}B\r\n", "AB"),
            ("検査ー１", "検査ー1"),
            ("\u{3000}\t", ""),
        ] {
            assert_eq!(fold(raw), expect, "{raw:?}");
            assert_eq!(fold(&fold(raw)), expect, "{raw:?}");
        }
    }
}
