//! The bytes of a table as its reader wants them: lines ended by LF, the last one too, and no row without end.
//!
//! Since every row ends in LF, a row that is complete only because the bytes end is inside quotes.

use std::io::{self, Read};

/// No row is longer: beyond it a quote was left open.
const ROW_LIMIT: u64 = 4 << 20;

pub(super) struct Limited<R> {
    inner: R,
    /// Whether lines end in CR alone.
    bare_cr: bool,
    delivered: u64,
    /// Where the row at hand begins.
    start: u64,
    last: u8,
    ended: bool,
    over: bool,
}

impl<R: Read> Limited<R> {
    pub(super) fn new(inner: R, bare_cr: bool) -> Self {
        Self { inner, bare_cr, delivered: 0, start: 0, last: b'\n', ended: false, over: false }
    }

    /// A row begins at this position.
    pub(super) fn begin(&mut self, position: u64) {
        self.start = position;
    }

    /// Whether the end has been read.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Whether a row went beyond the limit.
    pub(super) fn over(&self) -> bool {
        self.over
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.delivered.saturating_sub(self.start) > ROW_LIMIT {
            self.over = true;
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut read = self.inner.read(buffer)?;
        if read == 0 && self.last != b'\n' {
            buffer[0] = b'\n';
            read = 1;
        }
        let bytes = &mut buffer[..read];
        if self.bare_cr {
            bytes.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
        self.ended = bytes.is_empty();
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.delivered += read as u64;
        Ok(read)
    }
}
