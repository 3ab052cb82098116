//! Bearer tokens, which are kept as hashes.

use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// SHA-256 of a bearer token. A token must be random and long; its hash is then of no use to who reads it.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

impl TryFrom<String> for TokenHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "a token's hash has 64 hexadecimal digits: printf %s TOKEN | sha256sum";
        let digits: Vec<u8> = text.chars().map_while(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
        if digits.len() != 64 || text.len() != 64 {
            return Err(WRONG);
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |value, digit| (value << 4) | digit);
        }
        Ok(Self(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_as_sha256sum_writes_it() {
        let read = TokenHash::try_from("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned());
        assert!(read.unwrap().is(&TokenHash::of("abc")));
        assert!(!TokenHash::of("abd").is(&TokenHash::of("abc")));
        for bad in ["", "ba78", &"g".repeat(64), &"a".repeat(63), &"あ".repeat(64), &"a".repeat(65)] {
            assert!(TokenHash::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", TokenHash::of("abc")), "TokenHash(…)");
    }
}
