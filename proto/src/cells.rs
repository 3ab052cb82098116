//! One digest of what leaves a site: over the cells' bytes in the order in which they travel. The site's log commits to
//! it and the gateway computes it from what arrives.
//!
//! ```text
//! SHA-256("renkei/cells/v1\n", then for each message: release point, length, bytes)     integers of 4 and 8 bytes, big-endian
//! ```

use sha2::{Digest as _, Sha256};

use crate::v1::Cells;

const TITLE: &[u8] = b"renkei/cells/v1\n";

/// Digests cells as they go or come.
#[derive(Debug, Clone)]
pub struct CellsDigest(Sha256);

impl Default for CellsDigest {
    fn default() -> Self {
        Self(Sha256::new_with_prefix(TITLE))
    }
}

impl CellsDigest {
    /// Takes the next message.
    pub fn add(&mut self, cells: &Cells) {
        self.0.update(cells.release_point.to_be_bytes());
        self.0.update((cells.arrow_ipc.len() as u64).to_be_bytes());
        self.0.update(&cells.arrow_ipc);
    }

    /// The digest.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_knows_where_messages_begin_and_what_they_are_of() {
        let of = |parts: &[(u32, &'static [u8])]| {
            let mut digest = CellsDigest::default();
            parts.iter().for_each(|(release_point, bytes)| {
                digest.add(&Cells { release_point: *release_point, arrow_ipc: (*bytes).into() });
            });
            digest.finish()
        };
        let all = [of(&[]), of(&[(0, b"ab")]), of(&[(1, b"ab")]), of(&[(0, b"a"), (0, b"b")]), of(&[(0, b"ba")])];
        for (at, digest) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| other != digest), "{at}");
        }
    }
}
