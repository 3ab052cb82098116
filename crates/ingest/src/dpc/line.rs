//! Lines of a file and their columns, as slices of its bytes.
//!
//! Tabs and line ends are never the second byte of a character of CP932, so lines are split before they are decoded,
//! and only columns that can hold Japanese are decoded at all. The survey prescribes CP932; UTF-8 is known by its look.

use std::borrow::Cow;
use std::io::{self, BufRead};

use crate::charset::{Charset, MARK};
use crate::when::Day;

/// No line is longer: the longest columns are 254 bytes.
const LIMIT: usize = 64 << 10;

pub(super) struct Lines<R> {
    reader: R,
    charset: Charset,
    number: u64,
}

pub(super) enum Next {
    Line,
    /// A line beyond the limit; its beginning is kept.
    TooLong,
    End,
}

/// One line. Columns are numbered from 1, as in the survey's documents.
#[derive(Default)]
pub(super) struct Line {
    bytes: Vec<u8>,
    /// Where each column ends.
    ends: Vec<usize>,
    number: u64,
    charset: Charset,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn open(mut reader: R) -> io::Result<Self> {
        let head = reader.fill_buf()?;
        let (charset, marked) = (Charset::of(head), head.starts_with(MARK));
        if marked {
            reader.consume(MARK.len());
        }
        Ok(Self { reader, charset, number: 0 })
    }

    /// Reads the next line into `line`.
    pub(super) fn next(&mut self, line: &mut Line) -> io::Result<Next> {
        line.bytes.clear();
        let (mut any, mut long) = (false, false);
        loop {
            let buffer = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            any |= !buffer.is_empty();
            let room = LIMIT - line.bytes.len();
            long |= part.len() > room;
            line.bytes.extend_from_slice(&part[..part.len().min(room)]);
            let (done, consumed) = (end.is_some() || buffer.is_empty(), part.len() + usize::from(end.is_some()));
            self.reader.consume(consumed);
            if done {
                break;
            }
        }
        if !any {
            return Ok(Next::End);
        }
        self.number += 1;
        while line.bytes.last().is_some_and(|byte| matches!(byte, b'\r' | 0x1a)) {
            line.bytes.pop();
        }
        line.split(self.number, self.charset);
        Ok(if long { Next::TooLong } else { Next::Line })
    }
}

impl Line {
    /// A line that was kept from [`Line::bytes`].
    pub(super) fn restore(&mut self, bytes: &[u8], number: u64, charset: Charset) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.split(number, charset);
    }

    fn split(&mut self, number: u64, charset: Charset) {
        (self.number, self.charset) = (number, charset);
        self.ends.clear();
        let tabs = self.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\t').map(|(index, _)| index);
        self.ends.extend(tabs);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn charset(&self) -> Charset {
        self.charset
    }

    pub(super) fn columns(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether any column is a day.
    pub(super) fn is_dated(&self) -> bool {
        (1..=self.columns()).any(|column| self.date(column).is_some())
    }

    /// Whether columns are missing, or columns beyond the last hold something.
    pub(super) fn is_cut(&self, columns: usize) -> bool {
        columns > 0
            && (self.columns() < columns || (columns + 1..=self.columns()).any(|column| !self.raw(column).is_empty()))
    }

    /// The first columns with the tabs between them.
    pub(super) fn prefix(&self, columns: usize) -> &[u8] {
        let end = self.ends.get(columns.saturating_sub(1)).copied().unwrap_or(self.bytes.len());
        &self.bytes[..end]
    }

    /// A column without blanks around it; empty where there is no such column.
    pub(super) fn raw(&self, column: usize) -> &[u8] {
        let Some(end) = column.checked_sub(1).and_then(|index| self.ends.get(index)) else { return b"" };
        let start = column.checked_sub(2).and_then(|index| self.ends.get(index)).map_or(0, |tab| tab + 1);
        self.bytes[start..*end].trim_ascii()
    }

    /// A column of ASCII; empty where it has something else.
    pub(super) fn code(&self, column: usize) -> &str {
        Some(self.raw(column)).filter(|raw| raw.is_ascii()).and_then(|raw| std::str::from_utf8(raw).ok()).unwrap_or("")
    }

    /// A column that may hold Japanese, and whether all of it could be decoded.
    pub(super) fn text(&self, column: usize) -> (Cow<'_, str>, bool) {
        match self.charset.decode(self.raw(column)) {
            Some(text) => (text, true),
            None => (self.charset.decode_any(self.raw(column)), false),
        }
    }

    /// The whole line, for the quarantine.
    pub(super) fn whole(&self) -> Cow<'_, str> {
        self.charset.decode_any(&self.bytes)
    }

    /// A day written `YYYYMMDD`; `00000000` is none.
    pub(super) fn day(&self, column: usize) -> Option<Day> {
        let (year, month, day) = self.date(column)?;
        Day::of(year, month, day)
    }

    /// Year, month and day as written, unknown ones 0.
    pub(super) fn date(&self, column: usize) -> Option<(i32, u32, u32)> {
        let raw = self.raw(column);
        if raw.len() != 8 || !raw.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = |digits: &[u8]| digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
        Some((i32::try_from(number(&raw[..4])).ok()?, number(&raw[4..6]), number(&raw[6..])))
    }

    /// A number as the survey writes it, with zeros in front.
    pub(super) fn number_in(&self, column: usize) -> Option<f64> {
        let code = self.code(column);
        let plain = code.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        if plain { code.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(Vec<String>, bool)> {
        let mut lines = Lines::open(bytes).unwrap();
        let mut line = Line::default();
        let mut all = Vec::new();
        loop {
            let long = match lines.next(&mut line).unwrap() {
                Next::End => return all,
                next => matches!(next, Next::TooLong),
            };
            all.push(((1..=line.columns()).map(|column| line.text(column).0.into_owned()).collect(), long));
        }
    }

    #[test]
    fn lines_end_in_any_way_and_columns_keep_their_place() {
        for text in ["a\t\tb\r\nc", "a\t\tb\nc\n", "a \t\t b\r\nc\r\n", "\u{feff}a\t\tb\nc"] {
            let read = lines(text.as_bytes());
            assert_eq!(read.len(), 2, "{text:?}");
            assert_eq!(read[0].0, ["a", "", "b"]);
            assert_eq!(read[1].0, ["c"]);
        }
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn the_charset_is_that_of_the_file() {
        // ｲ and 肺炎 in CP932; the second character's bytes would be no UTF-8.
        let cp932 = b"K0821\xb2\t\x94x\x89\x8a\r\n";
        assert_eq!(lines(cp932)[0].0, ["K0821ｲ", "肺炎"]);
        assert_eq!(lines("K0821ｲ\t肺炎\n".as_bytes())[0].0, ["K0821ｲ", "肺炎"]);
    }

    #[test]
    fn what_is_longer_than_a_line_is_cut_and_the_next_is_read() {
        let mut bytes = vec![b'x'; LIMIT + 5];
        bytes.extend_from_slice(b"\nnext\n");
        let read = lines(&bytes);
        assert_eq!((read[0].1, read[0].0[0].len()), (true, LIMIT));
        assert_eq!(read[1], (vec!["next".to_owned()], false));
    }

    #[test]
    fn days_and_numbers_are_what_the_survey_writes() {
        let mut line = Line::default();
        line.restore(b"20260401\t00000000\t20260230\t2026041\t0000002.500\t1e3\t-1", 1, Charset::Utf8);
        assert_eq!(line.day(1), Day::of(2026, 4, 1));
        assert_eq!((line.day(2), line.day(3), line.day(4)), (None, None, None));
        assert_eq!(line.date(2), Some((0, 0, 0)));
        assert_eq!((line.number_in(5), line.number_in(6), line.number_in(7)), (Some(2.5), None, Some(-1.0)));
        assert_eq!(line.prefix(2), b"20260401\t00000000");
        assert!(line.is_cut(8) && line.is_cut(6) && !line.is_cut(7));
    }
}
