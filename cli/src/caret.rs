//! Shows the place in the statement that a refusal speaks of.

use renkei_types::Position;
use unicode_width::UnicodeWidthChar;

/// The longest excerpt of a line, in terminal columns.
const EXCERPT: usize = 100;
/// Columns that stay visible before the place when a long line is cut.
const BEFORE: usize = 40;
const TAB: usize = 4;

/// Two lines, the statement's line and a caret under the place; `None` where the statement has no such place.
pub fn render(sql: &str, position: Position) -> Option<String> {
    let line = sql.lines().nth(usize::try_from(position.line).ok()?.checked_sub(1)?)?;
    let column = usize::try_from(position.column).ok()?.checked_sub(1)?;
    let chars: Vec<char> = line.chars().collect();
    // One past the end is the place where something is missing.
    if column > chars.len() {
        return None;
    }
    let (start, end) = window(&chars, column);
    let number = position.line.to_string();
    let shown: String = chars[start..end].iter().map(|c| visible(*c)).collect();
    let indent: usize = chars[start..column].iter().map(|c| width(*c)).sum::<usize>() + usize::from(start > 0);
    let (head, tail) = (if start > 0 { "…" } else { "" }, if end < chars.len() { "…" } else { "" });
    let gutter = " ".repeat(number.len());
    Some(format!("{number} | {head}{shown}{tail}\n{gutter} | {}^", " ".repeat(indent)))
}

/// The part of a long line around `column`.
fn window(chars: &[char], column: usize) -> (usize, usize) {
    let mut start = column;
    let mut before = 0;
    while start > 0 && before < BEFORE {
        start -= 1;
        before += width(chars[start]);
    }
    if chars[..start].iter().map(|c| width(*c)).sum::<usize>() + before <= EXCERPT - BEFORE {
        start = 0;
    }
    let mut end = start;
    let mut total = 0;
    while end < chars.len() && total < EXCERPT {
        total += width(chars[end]);
        end += 1;
    }
    (start, end)
}

fn width(c: char) -> usize {
    match c {
        '\t' => TAB,
        c if c.is_control() => 1,
        c => c.width().unwrap_or(0),
    }
}

fn visible(c: char) -> String {
    match c {
        '\t' => " ".repeat(TAB),
        c if c.is_control() => "\u{fffd}".into(),
        c => c.into(),
    }
}

/// The statement that positions count in: a leading EXPLAIN is not part of it.
pub fn statement(sql: &str) -> &str {
    let text = sql.trim_start();
    match text.split_at_checked(7) {
        Some((head, rest)) if head.eq_ignore_ascii_case("explain") && rest.starts_with(char::is_whitespace) => {
            rest.trim_start()
        }
        _ => sql,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, line: u64, column: u64, expected: &str) {
        assert_eq!(render(sql, Position { line, column }).unwrap(), expected);
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        check("SELECT *\nFROM persn", 2, 6, "2 | FROM persn\n  |      ^");
        check("SELECT", 1, 1, "1 | SELECT\n  | ^");
        check("SELECT", 1, 7, "1 | SELECT\n  |       ^");
        check(&"\n".repeat(11).replace('\n', "x\n"), 11, 1, "11 | x\n   | ^");
    }

    #[test]
    fn wide_characters_take_two_columns_and_marks_none() {
        check("SELECT '糖尿病', foo", 1, 15, "1 | SELECT '糖尿病', foo\n  |                  ^");
        check("-- ﾊﾞ x", 1, 7, "1 | -- ﾊﾞ x\n  |       ^");
        check("か\u{3099}x", 1, 3, "1 | か\u{3099}x\n  |   ^");
    }

    #[test]
    fn tabs_and_control_characters_are_made_visible() {
        check("\tx\u{1b}[31my", 1, 2, "1 |     x\u{fffd}[31my\n  |     ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let sql = format!("{}here{}", "a".repeat(500), "b".repeat(500));
        let shown = render(&sql, Position { line: 1, column: 501 }).unwrap();
        let (text, caret) = shown.split_once('\n').unwrap();
        let at = caret.find('^').unwrap();
        assert_eq!(text.chars().nth(at), Some('h'), "{shown}");
        assert!(text.starts_with("1 | …") && text.ends_with('…') && text.chars().count() < 120);
    }

    #[test]
    fn a_place_outside_is_not_shown() {
        for (line, column) in [(0, 1), (1, 0), (3, 1), (1, 10), (u64::MAX, 1), (1, u64::MAX)] {
            assert_eq!(render("SELECT 1", Position { line, column }), None, "{line}:{column}");
        }
        assert_eq!(render("", Position { line: 1, column: 1 }), None);
    }

    #[test]
    fn explain_is_not_part_of_the_statement() {
        assert_eq!(statement("  EXPLAIN\n select 1"), "select 1");
        assert_eq!(statement("explained"), "explained");
        assert_eq!(statement(" select 1"), " select 1");
        assert_eq!(statement("説明"), "説明");
    }
}
