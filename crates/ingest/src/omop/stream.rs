//! The bytes of a CSV file as its reader wants them: without mark, lines ended by LF, the last one too.
//!
//! Since every record ends in LF, a record that is complete only because the bytes end is inside quotes; the reader
//! itself would not say.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use super::dialect::Dialect;

/// No record is longer: beyond it a quote was left open. The longest notes and reports are a few hundred KiB.
pub(super) const RECORD_LIMIT: u64 = 64 << 20;

#[derive(Debug)]
pub(super) struct Stream<R> {
    inner: R,
    bare_cr: bool,
    limit: u64,
    delivered: u64,
    record_start: u64,
    last: u8,
    ended: bool,
    too_long: bool,
}

impl Stream<File> {
    pub(super) fn open(mut file: File, dialect: &Dialect) -> io::Result<Self> {
        file.seek(SeekFrom::Start(if dialect.mark { 3 } else { 0 }))?;
        Ok(Self::new(file, dialect, RECORD_LIMIT))
    }
}

impl<R: Read> Stream<R> {
    pub(super) fn new(inner: R, dialect: &Dialect, limit: u64) -> Self {
        Self {
            inner,
            bare_cr: dialect.bare_cr,
            limit,
            delivered: 0,
            record_start: 0,
            last: b'\n',
            ended: false,
            too_long: false,
        }
    }

    /// A record starts at this position.
    pub(super) fn start_record(&mut self, position: u64) {
        self.record_start = position;
    }

    /// Whether the end has been read.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Whether a record went beyond the limit.
    pub(super) fn too_long(&self) -> bool {
        self.too_long
    }
}

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.delivered.saturating_sub(self.record_start) > self.limit {
            self.too_long = true;
            return Err(ErrorKind::InvalidData.into());
        }
        let mut read = loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if read == 0 && self.last != b'\n' {
            buffer[0] = b'\n';
            read = 1;
        }
        let bytes = &mut buffer[..read];
        if self.bare_cr {
            bytes.iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'\n');
        }
        self.ended = bytes.is_empty();
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.delivered += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMA: Dialect = Dialect { delimiter: b',', quoting: true, bare_cr: false, mark: false };

    #[test]
    fn the_last_line_is_ended_and_bare_cr_becomes_lf() {
        for (text, bare_cr, expect) in
            [("a\nb", false, "a\nb\n"), ("a\nb\n", false, "a\nb\n"), ("a\rb", true, "a\nb\n"), ("", false, "")]
        {
            let mut read = String::new();
            let mut stream = Stream::new(text.as_bytes(), &Dialect { bare_cr, ..COMMA }, 100);
            stream.read_to_string(&mut read).unwrap();
            assert_eq!(read, expect);
            assert!(stream.ended());
        }
    }

    #[test]
    fn a_record_beyond_the_limit_stops_the_reader_and_many_short_ones_do_not() {
        let limit = 1 << 20;
        let short = "1,2\n".repeat(1 << 20);
        let open = format!("1,2\n1,\"{short}");
        for (text, too_long) in [(&short, false), (&open, true)] {
            let mut reader = COMMA.reader(Stream::new(text.as_bytes(), &COMMA, limit));
            let mut record = csv::ByteRecord::new();
            let result = loop {
                let start = reader.position().byte();
                reader.get_mut().start_record(start);
                match reader.read_byte_record(&mut record) {
                    Ok(true) => {}
                    other => break other,
                }
            };
            assert_eq!((result.is_err(), reader.get_ref().too_long()), (too_long, too_long));
        }
    }
}
