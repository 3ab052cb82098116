//! The encoding of a hospital's table.

use std::borrow::Cow;

use encoding_rs::{SHIFT_JIS, UTF_8};

/// What a mapping says about the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8 if it begins with the mark, or if its beginning has characters beyond ASCII that all are UTF-8; else CP932.
    Auto,
    Utf8,
    Cp932,
}

impl Encoding {
    pub(super) const NAMES: [(&'static str, Self); 6] = [
        ("auto", Self::Auto),
        ("utf-8", Self::Utf8),
        ("utf8", Self::Utf8),
        ("cp932", Self::Cp932),
        ("shift_jis", Self::Cp932),
        ("sjis", Self::Cp932),
    ];

    /// Whether a file that begins like this is UTF-8.
    pub(super) fn is_utf8(self, head: &[u8]) -> bool {
        match self {
            Self::Utf8 => true,
            Self::Cp932 => false,
            Self::Auto if head.starts_with(b"\xEF\xBB\xBF") => true,
            Self::Auto => match std::str::from_utf8(head) {
                Ok(text) => !text.is_ascii(),
                // The last character may be cut by the end of the buffer.
                Err(error) => error.error_len().is_none() && !head[..error.valid_up_to()].is_ascii(),
            },
        }
    }
}

/// The text of a field; nothing where it is not of the encoding.
pub(super) fn decode(bytes: &[u8], utf8: bool) -> Option<Cow<'_, str>> {
    let encoding = if utf8 { UTF_8 } else { SHIFT_JIS };
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

/// The text of a field, whatever it is, for the quarantine.
pub(super) fn decode_any(bytes: &[u8], utf8: bool) -> Cow<'_, str> {
    let encoding = if utf8 { UTF_8 } else { SHIFT_JIS };
    encoding.decode_without_bom_handling(bytes).0
}
