//! Signs that look like those of SQL and are others: what input methods and word processors put in their place.

use renkei_types::Position;

/// A sign of the text that stands outside quotes and comments, and what was probably meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LookAlike {
    pub(crate) found: char,
    pub(crate) meant: char,
    pub(crate) at: Position,
}

impl LookAlike {
    /// What to do about it.
    pub(crate) fn hint(self) -> String {
        let Self { found, meant, .. } = self;
        let code = u32::from(found);
        match meant {
            ' ' => format!("there is a blank of another kind (U+{code:04X}); write a plain one"),
            _ => format!("`{found}` (U+{code:04X}) only looks like `{meant}`; write the plain sign"),
        }
    }
}

/// The first of them.
pub(crate) fn first(sql: &str) -> Option<LookAlike> {
    let (mut line, mut column) = (1, 0);
    let mut chars = sql.chars().peekable();
    // The quote that is open, or the end of the comment.
    let mut open: Option<Open> = None;
    while let Some(c) = chars.next() {
        column += 1;
        match open {
            Some(Open::Quote(quote)) if c == quote => open = None,
            Some(Open::Line) if c == '\n' => open = None,
            Some(Open::Block) if c == '*' && chars.peek() == Some(&'/') => open = None,
            Some(_) => {}
            None => match (c, chars.peek()) {
                ('\'' | '"', _) => open = Some(Open::Quote(c)),
                ('-', Some('-')) => open = Some(Open::Line),
                ('/', Some('*')) => open = Some(Open::Block),
                _ => {
                    if let Some(meant) = plain(c) {
                        return Some(LookAlike { found: c, meant, at: Position { line, column } });
                    }
                }
            },
        }
        if c == '\n' {
            (line, column) = (line + 1, 0);
        }
    }
    None
}

#[derive(Clone, Copy)]
enum Open {
    Quote(char),
    Line,
    Block,
}

/// The plain sign for one that looks like it. Full-width letters are none: they may be part of a name.
fn plain(c: char) -> Option<char> {
    match c {
        '\u{3000}' | '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{202f}' | '\u{feff}' => Some(' '),
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{2032}' => Some('\''),
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2033}' => Some('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{d7}' | '\u{2217}' => Some('*'),
        '\u{3001}' => Some(','),
        '\u{2264}' | '\u{2266}' => Some('<'),
        '\u{2265}' | '\u{2267}' => Some('>'),
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xfee0).filter(|plain| !plain.is_ascii_alphabetic() && *plain != '_')
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_outside_quotes_and_comments_is_found() {
        let found = |sql: &str| first(sql).map(|sign| (sign.found, sign.meant, sign.at.line, sign.at.column));
        assert_eq!(found("SELECT 1\nWHERE a \u{ff1d} 1"), Some(('\u{ff1d}', '=', 2, 9)));
        assert_eq!(found("SELECT\u{3000}1"), Some(('\u{3000}', ' ', 1, 7)));
        assert_eq!(found("SELECT \u{2018}a\u{2019}"), Some(('\u{2018}', '\'', 1, 8)));
        assert_eq!(
            found("SELECT '\u{ff1d}' AS \"\u{ff08}件数\u{ff09}\" -- \u{ff1d}\n/* \u{3000} */ FROM person"),
            None
        );
        assert_eq!(found("SELECT \u{ff41}"), None, "a letter");
    }
}
