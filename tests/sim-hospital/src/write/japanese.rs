//! Japanese texts as bytes of the two encodings that hospitals still use.
//!
//! The encoders of `encoding_rs` are small rather than fast for kanji. Records repeat a few hundred characters, so each
//! is looked up once.

use std::collections::HashMap;
use std::io;

use encoding_rs::{Encoding, ISO_2022_JP, SHIFT_JIS};

/// Writes ISO-2022-JP (ASCII and JIS X 0208) or CP932.
pub(crate) struct Encoder {
    encoding: &'static Encoding,
    known: HashMap<char, Vec<u8>>,
}

impl Encoder {
    /// ISO-2022-JP with JIS X 0208-1983 as the two-byte set, as HL7 v2 has it under `ISO IR87`.
    pub(crate) fn iso_2022_jp() -> Self {
        Self { encoding: ISO_2022_JP, known: HashMap::new() }
    }

    /// CP932, the Shift_JIS of Windows.
    pub(crate) fn cp932() -> Self {
        Self { encoding: SHIFT_JIS, known: HashMap::new() }
    }

    /// The bytes of a text. A line ends in the one-byte set.
    pub(crate) fn encode(&mut self, text: &str) -> io::Result<Vec<u8>> {
        let escapes = self.encoding == ISO_2022_JP;
        let mut out = Vec::with_capacity(text.len());
        let mut wide = false;
        for c in text.chars() {
            if escapes && wide == c.is_ascii() {
                out.extend_from_slice(if wide { b"\x1b(B" } else { b"\x1b$B" });
                wide = !wide;
            }
            if c.is_ascii() {
                out.extend(u8::try_from(c));
            } else {
                out.extend_from_slice(self.wide(c)?);
            }
        }
        if wide {
            out.extend_from_slice(b"\x1b(B");
        }
        Ok(out)
    }

    fn wide(&mut self, c: char) -> io::Result<&[u8]> {
        if !self.known.contains_key(&c) {
            let text = c.to_string();
            let (bytes, _, lost) = self.encoding.encode(&text);
            let inner = match self.encoding == ISO_2022_JP {
                true => bytes.strip_prefix(b"\x1b$B").and_then(|rest| rest.strip_suffix(b"\x1b(B")),
                false => Some(&*bytes),
            };
            match inner {
                Some(inner) if !lost => self.known.insert(c, inner.to_vec()),
                _ => return Err(io::Error::other(format!("{c:?} is not in {}", self.encoding.name()))),
            };
        }
        Ok(self.known.get(&c).map_or(&[], Vec::as_slice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_foreign_characters_are_refused() {
        let text = "MSH|霧沢^陽斗|ＮＴ－ｐｒｏＢＮＰ|ー①\r次の行";
        for (mut encoder, encoding) in [(Encoder::iso_2022_jp(), ISO_2022_JP), (Encoder::cp932(), SHIFT_JIS)] {
            let bytes = encoder.encode(text).unwrap();
            let (back, _, lost) = encoding.decode(&bytes);
            assert!(!lost);
            assert_eq!(back, text);
            assert!(encoder.encode("𠮷").is_err());
        }
    }

    #[test]
    fn each_segment_ends_in_the_one_byte_set() {
        let bytes = Encoder::iso_2022_jp().encode("霧\r|沢").unwrap();
        assert_eq!(bytes, b"\x1b$BL8\x1b(B\r|\x1b$BBt\x1b(B");
    }
}
