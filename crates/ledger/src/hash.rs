//! Keyed hashes: SipHash-2-4 (Aumasson and Bernstein, 2012) for single numbers, HMAC-SHA-256 for records.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The ledger's secret. It never leaves the state folder, and is not printed.
#[derive(Clone)]
pub(crate) struct Secret {
    bytes: [u8; 32],
    sip: [u64; 2],
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a number is hashed for; the same number is another one elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Block = 1,
    Rows = 2,
    Sum = 3,
    Jitter = 4,
    Identity = 5,
}

impl Secret {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        let word =
            |at: usize| bytes.iter().skip(at).take(8).rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        Self { bytes, sip: [word(0), word(8)] }
    }

    /// The keyed hash of a number.
    #[inline]
    pub(crate) fn of(&self, purpose: Purpose, number: u64) -> u64 {
        let tweak = (purpose as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        sip([self.sip[0] ^ tweak, self.sip[1]], number)
    }

    /// The tag of a record that follows the one with the tag `before`.
    pub(crate) fn tag(&self, before: &[u8; 32], record: &[u8]) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.bytes) else { return [0; 32] };
        mac.update(before);
        mac.update(record);
        mac.finalize().into_bytes().into()
    }
}

/// SipHash-2-4 of the eight bytes of a number.
#[inline]
fn sip(key: [u64; 2], number: u64) -> u64 {
    let mut v = [
        key[0] ^ 0x736f_6d65_7073_6575,
        key[1] ^ 0x646f_7261_6e64_6f6d,
        key[0] ^ 0x6c79_6765_6e65_7261,
        key[1] ^ 0x7465_6462_7974_6573,
    ];
    for word in [number, 8 << 56] {
        v[3] ^= word;
        round(&mut v);
        round(&mut v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for _ in 0..4 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

#[inline]
fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_authors() {
        // Key 00 01 … 0f, input 00 01 … 07: the ninth of the reference implementation's vectors.
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        assert_eq!(sip(key, 0x0706_0504_0302_0100), 0x93f5_f579_9a93_2462);
    }

    #[test]
    fn purposes_and_secrets_are_told_apart() {
        let (a, b) = (Secret::new([1; 32]), Secret::new([2; 32]));
        assert_ne!(a.of(Purpose::Rows, 7), a.of(Purpose::Sum, 7));
        assert_ne!(a.of(Purpose::Rows, 7), b.of(Purpose::Rows, 7));
        assert_eq!(format!("{a:?}"), "Secret(…)");
    }
}
