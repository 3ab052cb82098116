//! What a log remembers of other logs: the heads that its owner cosigned, each under the key that the other log had then.

use std::collections::BTreeMap;

use renkei_types::Timestamp;

use super::reader::{ReadError, Reader};
use crate::entry::{Act, Body, Entry};
use crate::note::{Head, Origin, VerifierKey};
use crate::tree::Hash;

/// A head that was cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// The head.
    pub head: Head,
    /// When its cosigning was recorded; none where only the newest one is known (`seen`).
    pub at: Option<Timestamp>,
}

/// What is remembered of one log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    /// Before any ceremony.
    first: Vec<Remembered>,
    /// After each, with what the new key is told by.
    later: Vec<(Hash, Vec<Remembered>)>,
}

impl Memory {
    /// The heads that were cosigned of the log while it had this key. A log without a known ceremony has had one key.
    #[must_use]
    pub fn under(&self, key: &VerifierKey) -> Vec<Remembered> {
        let digest = digest(key);
        let mut segments = self.later.iter().filter(|(of, _)| *of == digest).map(|(_, heads)| heads).peekable();
        if segments.peek().is_none() { self.first.clone() } else { segments.flatten().copied().collect() }
    }

    fn add(&mut self, remembered: Remembered) {
        let heads = self.later.last_mut().map_or(&mut self.first, |(_, heads)| heads);
        let known = remembered.at.is_none() && heads.iter().any(|known| known.head == remembered.head);
        if !known {
            heads.push(remembered);
        }
    }
}

/// By what the entry of a ceremony tells a key.
#[must_use]
pub fn digest(key: &VerifierKey) -> Hash {
    Hash::of(key.to_string().as_bytes())
}

/// The beginnings of the entries that are looked at; a log has many others.
const BEGINNINGS: [&[u8]; 2] = [b"\"body\":{\"cosign\":", b"\"body\":{\"admin\":{\"act\":\"ceremony\""];

impl Reader {
    /// What this log remembers of others, by its COSIGN entries, the ceremonies that it recorded, and the newest heads
    /// that its owner keeps beside. Entries that cannot be read are passed over: they are found where the log itself is
    /// verified.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn memories(&self) -> Result<BTreeMap<Origin, Memory>, ReadError> {
        let mut memories: BTreeMap<Origin, Memory> = BTreeMap::new();
        for entry in self.entries(self.first())? {
            let Ok((_, bytes)) = entry else { continue };
            let start = &bytes[..bytes.len().min(128)];
            if !BEGINNINGS.iter().any(|wanted| start.windows(wanted.len()).any(|part| part == *wanted)) {
                continue;
            }
            let Ok(entry) = Entry::decode(&bytes) else { continue };
            match entry.body {
                Body::Cosign(cosign) => {
                    let remembered = Remembered { head: cosign.head, at: Some(entry.at) };
                    memories.entry(cosign.origin).or_default().add(remembered);
                }
                Body::Admin(admin) if admin.act == Act::Ceremony => {
                    if let (Ok(origin), Some(key)) = (Origin::new(admin.subject.as_str()), admin.digest) {
                        memories.entry(origin).or_default().later.push((key, Vec::new()));
                    }
                }
                _ => {}
            }
        }
        for (origin, head) in self.seen()? {
            memories.entry(origin).or_default().add(Remembered { head, at: None });
        }
        Ok(memories)
    }
}
