//! Frames on the socket between agent and worker: `RKW1`, lengths, a head in JSON, bodies.
//!
//! ```text
//! magic    4 bytes   "RKW1"
//! head     u32 LE    bytes of the head
//! bodies   u32 LE    how many
//! length   u64 LE    of each body
//! head, then the bodies
//! ```
//!
//! The reader names its bounds and refuses a frame by its lengths, before a byte of it is kept. Memory grows with what
//! arrives, not with what a length claims.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

const MAGIC: [u8; 4] = *b"RKW1";

/// What a reader takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Bytes of the head.
    pub(super) head: u64,
    /// Bodies.
    pub(super) bodies: u32,
    /// Bytes of all bodies together.
    pub(super) bytes: u64,
}

/// Why there is no frame.
#[derive(Debug)]
pub(super) enum FrameError {
    /// The other side is gone, or was cut off.
    Io(io::Error),
    /// What it sent is no frame within the bounds.
    Malformed(&'static str),
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    head: Vec<u8>,
    pub(super) bodies: Vec<Vec<u8>>,
}

impl Frame {
    /// A frame with a message as head.
    pub(super) fn new(message: &impl Serialize, bodies: Vec<Vec<u8>>) -> io::Result<Self> {
        Ok(Self { head: serde_json::to_vec(message)?, bodies })
    }

    /// The message in the head.
    pub(super) fn message<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        serde_json::from_slice(&self.head).map_err(|_| FrameError::Malformed("a head that is no message"))
    }

    pub(super) fn write(&self, mut to: impl Write) -> io::Result<()> {
        let length = |n: usize| u32::try_from(n).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput));
        let mut start = MAGIC.to_vec();
        start.extend(length(self.head.len())?.to_le_bytes());
        start.extend(length(self.bodies.len())?.to_le_bytes());
        start.extend(self.bodies.iter().flat_map(|body| (body.len() as u64).to_le_bytes()));
        start.extend(&self.head);
        to.write_all(&start)?;
        self.bodies.iter().try_for_each(|body| to.write_all(body))?;
        to.flush()
    }

    pub(super) fn read(mut from: impl Read, bounds: Bounds) -> Result<Self, FrameError> {
        let mut start = [0; 12];
        from.read_exact(&mut start)?;
        let [m0, m1, m2, m3, h0, h1, h2, h3, b0, b1, b2, b3] = start;
        if [m0, m1, m2, m3] != MAGIC {
            return Err(FrameError::Malformed("no frame"));
        }
        let head = u64::from(u32::from_le_bytes([h0, h1, h2, h3]));
        let count = u32::from_le_bytes([b0, b1, b2, b3]);
        if head > bounds.head {
            return Err(FrameError::Malformed("a head over its bound"));
        }
        if count > bounds.bodies {
            return Err(FrameError::Malformed("more bodies than their bound"));
        }
        let mut lengths = Vec::new();
        let mut left = bounds.bytes;
        for _ in 0..count {
            let mut length = [0; 8];
            from.read_exact(&mut length)?;
            let length = u64::from_le_bytes(length);
            left = left.checked_sub(length).ok_or(FrameError::Malformed("bodies over their bound"))?;
            lengths.push(length);
        }
        let head = exactly(&mut from, head)?;
        let bodies = lengths.into_iter().map(|length| exactly(&mut from, length)).collect::<Result<_, _>>()?;
        Ok(Self { head, bodies })
    }
}

fn exactly(from: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { head: 64, bodies: 3, bytes: 1_000 };

    fn frame() -> Vec<u8> {
        let mut bytes = Vec::new();
        Frame::new(&"a message", vec![vec![1; 600], Vec::new(), vec![2; 400]]).unwrap().write(&mut bytes).unwrap();
        bytes
    }

    fn refused(bytes: &[u8]) -> &'static str {
        match Frame::read(bytes, BOUNDS) {
            Err(FrameError::Malformed(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn frames_come_back() {
        let read = Frame::read(frame().as_slice(), BOUNDS).unwrap();
        assert_eq!(read.message::<String>().unwrap(), "a message");
        assert_eq!(read.bodies, [vec![1; 600], Vec::new(), vec![2; 400]]);
    }

    #[test]
    fn lengths_over_the_bounds_are_refused_before_anything_is_read() {
        let spoilt = |at: usize, with: &[u8]| {
            let mut bytes = frame();
            bytes[at..at + with.len()].copy_from_slice(with);
            // Nothing behind the lengths: a reader that went on would find the end.
            bytes.truncate(12 + 3 * 8);
            bytes
        };
        assert_eq!(refused(&spoilt(0, b"RKW2")), "no frame");
        assert_eq!(refused(&spoilt(4, &65_u32.to_le_bytes())), "a head over its bound");
        assert_eq!(refused(&spoilt(8, &4_u32.to_le_bytes())), "more bodies than their bound");
        assert_eq!(refused(&spoilt(12, &u64::MAX.to_le_bytes())), "bodies over their bound");
        assert_eq!(refused(&spoilt(20, &1_u64.to_le_bytes())), "bodies over their bound");
    }

    #[test]
    fn what_is_cut_short_is_an_end_and_what_is_flipped_is_never_a_panic() {
        let bytes = frame();
        for cut in 0..bytes.len() {
            assert!(matches!(Frame::read(&bytes[..cut], BOUNDS), Err(FrameError::Io(_))), "{cut}");
        }
        for i in 0..60 {
            let mut flipped = bytes.clone();
            flipped[i] ^= 0xff;
            if let Ok(frame) = Frame::read(flipped.as_slice(), BOUNDS) {
                let _ = frame.message::<String>();
            }
        }
    }
}
