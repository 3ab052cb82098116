//! Bytes of a message to text.
//!
//! ISO-2022-JP is turned into EUC-JP by a state machine of this module, and encoding_rs does the rest: both name the
//! same characters, but EUC-JP has no state that could leak. So what breaks other decoders is harmless here: escapes
//! twice in a row, a line that ends in the two-byte set (each line starts in ASCII), JIS X 0212, half-width kana by
//! escape or by shift. JIS X 0201's Roman set counts as ASCII, because its yen sign and overline are the delimiters
//! `\` and `~` of whoever writes it.

use std::borrow::Cow;

use encoding_rs::{EUC_JP, SHIFT_JIS};

const ESC: u8 = 0x1b;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;
/// A byte that no EUC-JP text has: decoded to the replacement character.
const BAD: u8 = 0xff;

/// How the bytes of a message were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// One byte a character, no escapes.
    Ascii,
    /// With escapes, as SS-MIX2 prescribes.
    Iso2022Jp,
    /// No escapes, and valid UTF-8.
    Utf8,
    /// No escapes, and not UTF-8.
    Cp932,
}

/// Text, and how well it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'b> {
    /// The text.
    pub text: Cow<'b, str>,
    /// How it was written.
    pub charset: Charset,
    /// Characters that could not be read and became U+FFFD.
    pub replaced: u64,
}

/// Decodes a message. Never fails; what is not readable becomes U+FFFD and is counted.
#[must_use]
pub fn decode(bytes: &[u8]) -> Decoded<'_> {
    if bytes.contains(&ESC) {
        let euc = to_euc(bytes);
        let (text, damaged) = EUC_JP.decode_without_bom_handling(&euc);
        return Decoded {
            replaced: count(&text, damaged),
            text: Cow::Owned(text.into_owned()),
            charset: Charset::Iso2022Jp,
        };
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let charset = if text.is_ascii() { Charset::Ascii } else { Charset::Utf8 };
        return Decoded { text: Cow::Borrowed(text.trim_start_matches('\u{feff}')), charset, replaced: 0 };
    }
    let (text, damaged) = SHIFT_JIS.decode_without_bom_handling(bytes);
    Decoded { replaced: count(&text, damaged), text, charset: Charset::Cp932 }
}

fn count(text: &str, damaged: bool) -> u64 {
    if damaged { text.matches(char::REPLACEMENT_CHARACTER).count() as u64 } else { 0 }
}

/// The set that the bytes to come belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Ascii,
    Kana,
    /// JIS X 0208.
    Kanji,
    /// JIS X 0212.
    Supplement,
}

fn to_euc(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut set, mut rest) = (Set::Ascii, bytes);
    while let [byte, tail @ ..] = rest {
        rest = match (*byte, set) {
            (ESC, _) => match escape(tail) {
                Some((next, length)) => {
                    set = next.unwrap_or(set);
                    tail.get(length..).unwrap_or_default()
                }
                None => {
                    out.push(BAD);
                    tail
                }
            },
            (b'\r' | b'\n', _) => {
                set = Set::Ascii;
                out.push(*byte);
                tail
            }
            (SHIFT_OUT, _) => {
                set = Set::Kana;
                tail
            }
            (SHIFT_IN, _) => {
                set = Set::Ascii;
                tail
            }
            (0, _) => tail,
            (_, Set::Ascii) => plain(rest, &mut out),
            (_, Set::Kana) => kana(*byte, tail, &mut out),
            (_, Set::Kanji | Set::Supplement) => pair(*byte, tail, set, &mut out),
        };
    }
    out
}

/// The set that an escape names, and the bytes it takes after ESC; no set where it is an announcement.
fn escape(tail: &[u8]) -> Option<(Option<Set>, usize)> {
    match tail {
        [b'$', b'@' | b'B', ..] => Some((Some(Set::Kanji), 2)),
        [b'$', b'(', b'@' | b'B', ..] => Some((Some(Set::Kanji), 3)),
        [b'$', b'(', b'D', ..] => Some((Some(Set::Supplement), 3)),
        [b'(', b'B' | b'J' | b'H', ..] => Some((Some(Set::Ascii), 2)),
        [b'(', b'I', ..] => Some((Some(Set::Kana), 2)),
        [b'&', b'@', ..] => Some((None, 2)),
        _ => None,
    }
}

/// Copies one-byte characters up to whatever needs a decision.
fn plain<'b>(bytes: &'b [u8], out: &mut Vec<u8>) -> &'b [u8] {
    let run = bytes.iter().position(|byte| !matches!(byte, b' '..=0x7f | b'\t' | 0x0b | 0x1c)).unwrap_or(bytes.len());
    let (run, rest) = bytes.split_at(run);
    out.extend_from_slice(run);
    match rest {
        [byte, tail @ ..] if run.is_empty() => {
            out.push(if *byte < 0x80 { *byte } else { BAD });
            tail
        }
        rest => rest,
    }
}

fn kana<'b>(byte: u8, tail: &'b [u8], out: &mut Vec<u8>) -> &'b [u8] {
    match byte {
        0x21..=0x5f => out.extend_from_slice(&[0x8e, byte | 0x80]),
        _ => out.push(if byte < 0x80 { byte } else { BAD }),
    }
    tail
}

fn pair<'b>(byte: u8, tail: &'b [u8], set: Set, out: &mut Vec<u8>) -> &'b [u8] {
    match (byte, tail) {
        (0x21..=0x7e, [second @ 0x21..=0x7e, tail @ ..]) => {
            if set == Set::Supplement {
                out.push(0x8f);
            }
            out.extend_from_slice(&[byte | 0x80, second | 0x80]);
            tail
        }
        (0..=0x20, _) => {
            out.push(byte);
            tail
        }
        _ => {
            out.push(BAD);
            tail
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &[u8], text: &str, charset: Charset, replaced: u64) {
        let decoded = decode(bytes);
        assert_eq!((decoded.text.as_ref(), decoded.charset, decoded.replaced), (text, charset, replaced), "{bytes:x?}");
    }

    #[test]
    fn escapes_name_the_set_and_lines_start_in_ascii() {
        let jis = Charset::Iso2022Jp;
        check(b"A|\x1b$B4A;z\x1b(B|B", "A|漢字|B", jis, 0);
        check(b"\x1b$@4A;z\x1b(J~\\", "漢字~\\", jis, 0);
        check(b"\x1b$B\x1b$B4A\x1b(B\x1b(B|", "漢|", jis, 0);
        check(b"\x1b$B\x1b(B|", "|", jis, 0);
        check(b"\x1b$B4A;z\rOBX|1", "漢字\rOBX|1", jis, 0);
        check(b"\x1b$B4A;\rOBX", "漢\u{fffd}\rOBX", jis, 1);
        check(b"\x1b$B4A;\r\nOBX", "漢\u{fffd}\r\nOBX", jis, 1);
        check(b"\x1b(I12\x1b(B3", "ｱｲ3", jis, 0);
        check(b"\x1b(B\x0e12\x0f3", "ｱｲ3", jis, 0);
        check(b"\x1b$(D0!\x1b(B|", "丂|", jis, 0);
        check(b"\x1b&@\x1b$B4A\x1b(B", "漢", jis, 0);
        check(b"\x1b$B-!\x1b(B", "①", jis, 0);
        check(b"\x1b$B4A ;z\x1b(B", "漢 字", jis, 0);
        check(b"A\x1bB\x1b(B", "A\u{fffd}B", jis, 1);
        check(b"A\xffB\x1b(B", "A\u{fffd}B", jis, 1);
        check(b"A\0B\x1b(B\x1c", "AB\x1c", jis, 0);
        check(b"\x1b$B4", "\u{fffd}", jis, 1);
        check(b"\x1b", "\u{fffd}", jis, 1);
    }

    #[test]
    fn delimiters_inside_two_byte_characters_are_no_delimiters() {
        // Bytes 0x7c, 0x5e, 0x7e and 0x5c as halves of characters.
        let text = "患者|表^彫~能\\十\u{3000}胃|";
        let (bytes, _, damaged) = encoding_rs::ISO_2022_JP.encode(text);
        assert!(!damaged);
        check(&bytes, text, Charset::Iso2022Jp, 0);
    }

    #[test]
    fn without_escapes_utf_8_comes_before_cp932() {
        check(b"MSH|", "MSH|", Charset::Ascii, 0);
        check(b"", "", Charset::Ascii, 0);
        check("MSH|漢字".as_bytes(), "MSH|漢字", Charset::Utf8, 0);
        check("\u{feff}MSH".as_bytes(), "MSH", Charset::Utf8, 0);
        let (bytes, _, _) = SHIFT_JIS.encode("表|ソ^①㎎");
        check(&bytes, "表|ソ^①㎎", Charset::Cp932, 0);
        check(b"A\x81", "A\u{fffd}", Charset::Cp932, 1);
    }

    proptest! {
        #[test]
        fn any_bytes_become_bounded_text(bytes in proptest::collection::vec(any::<u8>(), 0..400), jis: bool) {
            let bytes = if jis { [b"\x1b$B".as_slice(), &bytes].concat() } else { bytes };
            let decoded = decode(&bytes);
            prop_assert!(decoded.text.len() <= 3 * bytes.len());
            let found = decoded.text.matches(char::REPLACEMENT_CHARACTER).count() as u64;
            prop_assert!(decoded.charset == Charset::Utf8 || decoded.replaced == found);
        }

        #[test]
        fn what_can_be_written_is_read_back(text in "[ -~\r\nあ-んア-ヶ一-丙亜-腕]{0,80}") {
            let (bytes, _, damaged) = encoding_rs::ISO_2022_JP.encode(&text);
            prop_assume!(!damaged);
            prop_assert_eq!(decode(&bytes).text, text.as_str());
        }
    }
}
