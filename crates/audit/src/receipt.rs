//! What the asking side keeps: the log's signed promise that an entry stands at an index, and later the proof.
//!
//! The promise is a signed note whose second line is no number, so that it can never be read as a checkpoint of the
//! same key. It names the leaf's hash, the question and the salted hash of what was answered: whoever has the answer
//! and its salt can check that this answer, and no other, was recorded.

use renkei_types::{QueryId, SiteId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::entry::Seal;
use crate::note::{Checkpoint, Note, NoteError, Origin, SigningKey, VerifierKey};
use crate::tree::{Hash, ProofError, verify_inclusion};

const TITLE: &str = "receipt/v1";

/// The content of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The log.
    pub origin: Origin,
    /// Where the entry stands in it.
    pub index: u64,
    /// The entry's leaf hash.
    pub leaf: Hash,
    /// When it was recorded.
    pub at: Timestamp,
    /// The question.
    pub query: QueryId,
    /// The salted hash of the answer, as the entry has it; none for a refusal.
    pub result: Option<Hash>,
}

/// A receipt as it travels with an answer: with all that its holder needs to check it, now and later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The key that verifies it, as the log's owner names it; to be compared with the one that is known.
    pub key: String,
    /// The receipt, signed.
    pub note: String,
    /// Which release point of the question.
    pub part: u32,
    /// The salt of the result's hash; none where there is no result.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub salt: Option<Hash>,
    /// Whose log; none for the gateway's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub site: Option<SiteId>,
}

impl Given {
    /// The receipt with the key that verifies it.
    ///
    /// # Errors
    /// [`ReceiptError`]
    pub fn open(&self) -> Result<(Receipt, VerifierKey), ReceiptError> {
        let key = VerifierKey::parse(&self.key).map_err(|_| ReceiptError::Malformed)?;
        let note = Note::parse(self.note.as_bytes()).map_err(ReceiptError::Signature)?;
        Receipt::open(&note, &key).map(|receipt| (receipt, key))
    }

    /// Whether the receipt promises this result: the digest of what was answered, under the salt.
    ///
    /// # Errors
    /// [`ReceiptError`]; [`ReceiptError::Other`] where it promises another result or none.
    pub fn promises(&self, digest: &[u8; 32]) -> Result<(), ReceiptError> {
        let (receipt, _) = self.open()?;
        let sealed = self.salt.as_ref().map(|salt| Seal::of(salt, digest).0);
        if receipt.result.is_some() && receipt.result == sealed { Ok(()) } else { Err(ReceiptError::Other) }
    }
}

/// A proof that an entry stands in a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inclusion {
    /// The entry's index.
    pub index: u64,
    /// The tree's size.
    pub size: u64,
    /// Siblings, lowest first.
    pub path: Vec<Hash>,
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The receipt or the checkpoint is not the log's.
    #[error("not signed by the log: {0}")]
    Signature(NoteError),
    /// The text is no receipt.
    #[error("not a receipt")]
    Malformed,
    /// The checkpoint, the proof and the receipt are not about the same entry or tree.
    #[error("proof, checkpoint and receipt are of different logs, entries or sizes")]
    Other,
    /// The log does not have the entry that it promised.
    #[error("the log does not hold what its receipt promises: {0}")]
    Broken(ProofError),
}

impl Receipt {
    /// Signs the promise. To be called when the entry is durable, never before.
    ///
    /// # Errors
    /// [`NoteError`]
    pub fn sign(&self, key: &SigningKey) -> Result<Note, NoteError> {
        let mut note = Note::new(self.text())?;
        note.sign(key)?;
        Ok(note)
    }

    fn text(&self) -> String {
        let result = self.result.map_or_else(|| "-".to_owned(), |hash| hash.to_string());
        let Self { origin, index, leaf, at, query, .. } = self;
        format!("{origin}\n{TITLE}\nindex {index}\nleaf {leaf}\nat {}\nquery {query}\nresult {result}\n", at.0)
    }

    /// The receipt of a note that the log signed.
    ///
    /// # Errors
    /// [`ReceiptError::Signature`] or [`ReceiptError::Malformed`]
    pub fn open(note: &Note, key: &VerifierKey) -> Result<Self, ReceiptError> {
        note.verify(key).map_err(ReceiptError::Signature)?;
        let receipt = Self::parse(note.text()).ok_or(ReceiptError::Malformed)?;
        if receipt.origin == *key.name() { Ok(receipt) } else { Err(ReceiptError::Other) }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = Origin::new(lines.next()?).ok()?;
        if lines.next()? != TITLE {
            return None;
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let receipt = Self {
            origin,
            index: field("index")?.parse().ok()?,
            leaf: Hash::from_base64(field("leaf")?).ok()?,
            at: Timestamp(field("at")?.parse().ok()?),
            query: QueryId::new(field("query")?).ok()?,
            result: match field("result")? {
                "-" => None,
                hash => Some(Hash::from_base64(hash).ok()?),
            },
        };
        (receipt.text() == text).then_some(receipt)
    }

    /// Checks the proof that came later against a checkpoint that the log signed.
    ///
    /// # Errors
    /// [`ReceiptError`]
    pub fn prove(&self, proof: &Inclusion, checkpoint: &Note, key: &VerifierKey) -> Result<(), ReceiptError> {
        let head = Checkpoint::open(checkpoint, key).map_err(ReceiptError::Signature)?.head;
        if self.origin != *key.name() || proof.index != self.index || proof.size != head.size {
            return Err(ReceiptError::Other);
        }
        verify_inclusion(self.leaf, self.index, head.size, head.root, &proof.path).map_err(ReceiptError::Broken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn receipts_are_read_back_and_near_ones_only_as_themselves(
            index: u64, at: i64, answered: bool, place in 0..400_usize, byte in 0..128_u8,
        ) {
            let receipt = Receipt {
                origin: Origin::new("renkei.example/audit/node/tokyo").unwrap(),
                index,
                leaf: Hash::of(b"leaf"),
                at: Timestamp(at),
                query: QueryId::new("q-1").unwrap(),
                result: answered.then(|| Hash::of(b"answer")),
            };
            let mut text = receipt.text().into_bytes();
            prop_assert_eq!(Receipt::parse(std::str::from_utf8(&text).unwrap()), Some(receipt));
            let place = place % text.len();
            text[place] = byte;
            let text = String::from_utf8(text).unwrap();
            if let Some(other) = Receipt::parse(&text) {
                prop_assert_eq!(other.text(), text);
            }
        }

        #[test]
        fn a_given_receipt_promises_one_result(result: [u8; 32], salt: [u8; 32], byte in 0..32_usize) {
            let name = Origin::new("renkei.example/audit/node/tokyo").unwrap();
            let key = SigningKey::from_seed(name.clone(), crate::note::Kind::Log, &[7; 32]).unwrap();
            let receipt = Receipt {
                origin: name,
                index: 3,
                leaf: Hash::of(b"leaf"),
                at: Timestamp(1),
                query: QueryId::new("q-1").unwrap(),
                result: Some(Seal::of(&Hash(salt), &result).0),
            };
            let note = receipt.sign(&key).unwrap().to_string();
            let given =
                Given { key: key.verifier().to_string(), note, part: 0, salt: Some(Hash(salt)), site: None };
            prop_assert_eq!(given.open().unwrap().0, receipt);
            prop_assert_eq!(given.promises(&result), Ok(()));
            let mut other = result;
            other[byte] ^= 1;
            prop_assert_eq!(given.promises(&other), Err(ReceiptError::Other));
            let unsalted = Given { salt: None, ..given };
            prop_assert_eq!(unsalted.promises(&result), Err(ReceiptError::Other));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            prop_assert_eq!(Receipt::parse(&text), None);
        }
    }
}
