//! Texts on their way out: without anything that drives a terminal, turns round what follows, or begins a formula.

/// Whether a character may not leave as it is: control, invisible or reordering.
fn hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text in one line: line breaks and tabs become blanks, everything else that is hostile U+FFFD.
#[must_use]
pub fn line(text: &str) -> String {
    let one = |c: char| match c {
        '\n' | '\t' => ' ',
        c if hostile(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(one).collect()
}

/// The text with its line breaks and without anything else that is hostile.
#[must_use]
pub fn lines(text: &str) -> String {
    text.chars().map(|c| if hostile(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// At most `most` characters of the text in one line, with an ellipsis where there is more.
#[must_use]
pub fn short(text: &str, most: usize) -> String {
    let text = line(text);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(most) {
        Some(_) => words.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        None => words,
    }
}

/// A field of CSV after RFC 4180. What a spreadsheet would take for a formula begins with an apostrophe.
#[must_use]
pub fn csv(text: &str) -> String {
    let mut text = lines(text);
    if text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_and_control_characters_are_defused() {
        assert_eq!(csv("=1+1"), "'=1+1");
        assert_eq!(csv(" @SUM(A1)"), "' @SUM(A1)");
        assert_eq!(csv("\t=1"), "\u{fffd}=1", "a tab is no blank any more");
        assert_eq!(csv("+81, \"x\""), "\"'+81, \"\"x\"\"\"");
        assert_eq!(csv("a\u{1b}[2J\u{202e}"), "a\u{fffd}[2J\u{fffd}");
        assert_eq!(line("a\nb\u{7}"), "a b\u{fffd}");
        assert_eq!(short("SELECT\n  count(*)", 10), "SELECT co…");
        assert_eq!(short("日本語の文", 5), "日本語の文");
    }
}
