//! Texts of entries: bounded, and without any character that moves a cursor, hides or turns round what follows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text is too long, or holds a character that a log must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("longer than allowed, or with control characters")]
pub struct BadText;

/// What replaces a refused character.
const REPLACEMENT: char = '\u{fffd}';

/// What ends a text that was cut.
const CUT: char = '…';

/// Control characters, and those that reorder or hide text (Unicode's bidirectional and invisible format characters).
fn hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn clean(text: &str, max: usize, allowed: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\r' && rest.peek() == Some(&'\n') && allowed('\n') {
            continue;
        }
        let c = if hostile(c) && !allowed(c) { REPLACEMENT } else { c };
        if out.len() + c.len_utf8() > max {
            while out.len() + CUT.len_utf8() > max && out.pop().is_some() {}
            out.push(CUT);
            break;
        }
        out.push(c);
    }
    out
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name<const MAX: usize>(String);

        impl<const MAX: usize> $name<MAX> {
            /// The text as it is.
            ///
            /// # Errors
            /// [`BadText`]
            pub fn new(text: impl Into<String>) -> Result<Self, BadText> {
                let text = text.into();
                let bad = text.chars().any(|c| hostile(c) && !$allowed(c));
                if bad || text.len() > MAX { Err(BadText) } else { Ok(Self(text)) }
            }

            /// The text made fit, for what must be recorded whatever it is: refused characters become U+FFFD (a line's
            /// end on Windows a newline), and what is too long is cut behind an ellipsis.
            #[must_use]
            pub fn lossy(text: &str) -> Self {
                Self(clean(text, MAX, $allowed))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<const MAX: usize> fmt::Display for $name<MAX> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<const MAX: usize> TryFrom<String> for $name<MAX> {
            type Error = BadText;
            fn try_from(text: String) -> Result<Self, BadText> {
                Self::new(text)
            }
        }

        impl<const MAX: usize> From<$name<MAX>> for String {
            fn from(text: $name<MAX>) -> Self {
                text.0
            }
        }
    };
}

text!(
    /// One line of at most `MAX` bytes.
    Line,
    |_: char| false
);
text!(
    /// Lines of at most `MAX` bytes together; newlines and tabs are the only control characters.
    Text,
    |c: char| matches!(c, '\n' | '\t')
);

/// The name of a table or of a column: 1 to 63 lower-case letters, digits, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// The name as it is.
    ///
    /// # Errors
    /// [`BadText`]
    pub fn new(name: impl Into<String>) -> Result<Self, BadText> {
        let name = name.into();
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.'));
        if plain && (1..=63).contains(&name.len()) { Ok(Self(name)) } else { Err(BadText) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = BadText;
    fn try_from(name: String) -> Result<Self, BadText> {
        Self::new(name)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}
