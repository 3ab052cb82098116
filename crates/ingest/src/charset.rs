//! The encoding of a text file: UTF-8 or CP932, found out strictly.
//!
//! A file is UTF-8 if it has the mark, or if its beginning has characters beyond ASCII and all of them are UTF-8. It is
//! CP932 if they are not. If its beginning is ASCII, each field decides for itself, UTF-8 first: hardly any Japanese
//! text in CP932 is UTF-8 by chance, while nearly every text in UTF-8 can be read as CP932.

use std::borrow::Cow;

use encoding_rs::{SHIFT_JIS, UTF_8};

/// The mark at the beginning of a file in UTF-8.
pub(crate) const MARK: &[u8] = b"\xEF\xBB\xBF";

/// An encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Charset {
    Utf8,
    Cp932,
    /// Not known: each field decides.
    #[default]
    Either,
}

impl Charset {
    /// The encoding of a file that begins like this.
    pub(crate) fn of(head: &[u8]) -> Self {
        if head.starts_with(MARK) {
            return Self::Utf8;
        }
        match std::str::from_utf8(head) {
            Ok(text) if text.is_ascii() => Self::Either,
            Ok(_) => Self::Utf8,
            // The last character may be cut by the end of the buffer.
            Err(error) if error.error_len().is_some() => Self::Cp932,
            Err(error) if head[..error.valid_up_to()].is_ascii() => Self::Either,
            Err(_) => Self::Utf8,
        }
    }

    /// The text of a field; nothing where it is not of the encoding.
    pub(crate) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        let utf8 = || std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
        let cp932 = || SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes);
        match self {
            Self::Utf8 => utf8(),
            Self::Cp932 => cp932(),
            Self::Either => utf8().or_else(cp932),
        }
    }

    /// The text of a field, with a mark for what cannot be read.
    pub(crate) fn decode_any(self, bytes: &[u8]) -> Cow<'_, str> {
        self.decode(bytes).unwrap_or_else(|| {
            let encoding = if self == Self::Utf8 { UTF_8 } else { SHIFT_JIS };
            encoding.decode_without_bom_handling(bytes).0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_decides_and_else_each_field() {
        let cp932 = SHIFT_JIS.encode("患者番号").0.into_owned();
        for (head, expect) in [
            (&b"id,date"[..], Charset::Either),
            ("患者番号".as_bytes(), Charset::Utf8),
            (&"患者".as_bytes()[..5], Charset::Utf8),
            (&"患".as_bytes()[..2], Charset::Either),
            (&cp932, Charset::Cp932),
            (b"\xEF\xBB\xBFid", Charset::Utf8),
            (b"", Charset::Either),
        ] {
            assert_eq!(Charset::of(head), expect, "{head:?}");
        }
        assert_eq!(Charset::Either.decode(&cp932).as_deref(), Some("患者番号"));
        assert_eq!(Charset::Either.decode("患者番号".as_bytes()).as_deref(), Some("患者番号"));
        assert_eq!(Charset::Utf8.decode(&cp932), None);
        assert!(Charset::Utf8.decode_any(&cp932).contains('\u{fffd}'));
        assert_eq!(Charset::Cp932.decode(b"\x81"), None);
    }
}
