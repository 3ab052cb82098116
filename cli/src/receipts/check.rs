//! Are receipts what they should be: at once, and when the logs have signed a head over them.

use std::io;

use renkei_audit::note::Note;
use renkei_audit::receipt::ReceiptError;
use renkei_types::Timestamp;

use super::store::{Kept, Proof, Store, Stored};
use crate::client::{Client, Proven};
use crate::failure::Failure;
use crate::lang::Lang;

/// What is known of one receipt after a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The log holds what it promised.
    Proven,
    /// Its log has not signed a head over it yet.
    NotYet,
    /// Nobody could be asked, or nobody who was asked has the log.
    Unknown(String),
    /// It does not hold.
    Wrong(String),
}

/// Checks the signatures of all receipts of a question, that they are about it, and that the gateway promised these
/// rows. Notes at each receipt what is wrong; says whether nothing is.
///
/// # Errors
/// When the known keys cannot be read or written.
pub fn at_once(kept: &mut Kept, store: &Store, lang: Lang) -> io::Result<bool> {
    let (query, rows) = (kept.query_id.clone(), kept.rows);
    for stored in &mut kept.receipts {
        let wrong = match stored.given.open() {
            Err(error) => Some(say!(lang, "not signed as it says ({error})", "署名を確認できません（{error}）")),
            Ok((receipt, _)) if receipt.query != query => {
                Some(say!(lang, "it is about another question", "別の照会についての受領証です"))
            }
            Ok((receipt, key)) if store.key(&receipt.origin, &key)? != key => Some(say!(
                lang,
                "the log signs with another key than before; ask the coordinator whether it was replaced",
                "ログの署名鍵が以前と異なります。鍵の交換があったかコーディネーターに確認してください"
            )),
            Ok(_) => match rows.filter(|_| stored.given.site.is_none() && stored.given.salt.is_some()) {
                Some(rows) if stored.given.promises(&rows.hash.0).is_err() => Some(say!(
                    lang,
                    "the gateway recorded another answer than the one that arrived",
                    "ゲートウェイが記録した回答と受信した回答が異なります"
                )),
                _ => None,
            },
        };
        stored.wrong = wrong;
    }
    Ok(kept.receipts.iter().all(|stored| stored.wrong.is_none()))
}

/// Asks for the proof of one receipt and checks it. A proof that was checked before is checked again without asking.
///
/// # Errors
/// [`Failure`] where nothing can be asked at all.
pub async fn prove(stored: &mut Stored, client: &mut Client, now: Timestamp) -> Result<Verdict, Failure> {
    if let Some(wrong) = &stored.wrong {
        return Ok(Verdict::Wrong(wrong.clone()));
    }
    if let Some(proof) = &stored.proof {
        return Ok(verdict(stored, proof));
    }
    let (receipt, _) = match stored.given.open() {
        Ok(opened) => opened,
        Err(error) => return Ok(Verdict::Wrong(error.to_string())),
    };
    let proof = match client.prove(receipt.origin.as_str(), receipt.index).await? {
        Proven::By { checkpoint, inclusion } => Proof { at: now, checkpoint, inclusion },
        Proven::NotYet => return Ok(Verdict::NotYet),
        Proven::No(reason) => return Ok(Verdict::Unknown(reason)),
    };
    let verdict = verdict(stored, &proof);
    match &verdict {
        Verdict::Proven => stored.proof = Some(proof),
        Verdict::Wrong(why) => stored.wrong = Some(why.clone()),
        Verdict::NotYet | Verdict::Unknown(_) => {}
    }
    Ok(verdict)
}

fn verdict(stored: &Stored, proof: &Proof) -> Verdict {
    let proven = stored.given.open().and_then(|(receipt, key)| {
        let checkpoint = Note::parse(proof.checkpoint.as_bytes()).map_err(ReceiptError::Signature)?;
        receipt.prove(&proof.inclusion, &checkpoint, &key)
    });
    proven.map_or_else(|error| Verdict::Wrong(error.to_string()), |()| Verdict::Proven)
}

#[cfg(test)]
mod tests {
    use renkei_audit::entry::Seal;
    use renkei_audit::note::{Checkpoint, Head, Kind, Origin, SigningKey};
    use renkei_audit::receipt::{Given, Inclusion, Receipt};
    use renkei_audit::tree::Hash;
    use tempfile::TempDir;

    use super::*;
    use crate::answer::Account;
    use crate::receipts::Rows;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(Origin::new("renkei://c/gateway/g").unwrap(), Kind::Log, &[seed; 32]).unwrap()
    }

    fn given(key: &SigningKey, query: &str, rows: &[u8]) -> Given {
        let salt = Hash::of(b"salt");
        let receipt = Receipt {
            origin: key.verifier().name().clone(),
            index: 0,
            leaf: Hash::of(b"leaf"),
            at: Timestamp(1),
            query: query.parse().unwrap(),
            result: Some(Seal::of(&salt, &Hash::of(rows).0).0),
        };
        let note = receipt.sign(key).unwrap().to_string();
        Given { key: key.verifier().to_string(), note, part: 0, salt: Some(salt), site: None }
    }

    fn kept(given: Given) -> Kept {
        let account = Account { receipts: vec![given], raw: serde_json::json!({}), ..Account::default() };
        let mut kept = Kept::new("q-1".parse().unwrap(), Timestamp(1), "g:1", "SELECT 1", &account);
        kept.rows = Some(Rows { count: 1, hash: Hash::of(b"rows") });
        kept
    }

    #[test]
    fn each_mistake_is_found_at_once() {
        let folder = TempDir::new().unwrap();
        let store = Store::new(folder.path().to_owned());
        let mut good = kept(given(&key(1), "q-1", b"rows"));
        assert!(at_once(&mut good, &store, Lang::En).unwrap());
        let forged = Given { note: given(&key(2), "q-1", b"rows").note, ..given(&key(1), "q-1", b"rows") };
        for (given, word) in [
            (forged, "not signed"),
            (given(&key(1), "q-2", b"rows"), "another question"),
            (given(&key(2), "q-1", b"rows"), "another key"),
            (given(&key(1), "q-1", b"other"), "another answer"),
        ] {
            let mut bad = kept(given);
            assert!(!at_once(&mut bad, &store, Lang::En).unwrap(), "{word}");
            let wrong = bad.receipts[0].wrong.as_deref().unwrap();
            assert!(wrong.contains(word), "{wrong}");
        }
    }

    #[test]
    fn a_proof_must_lead_from_the_leaf_to_a_signed_head() {
        let stored = Stored { given: given(&key(1), "q-1", b"rows"), wrong: None, proof: None };
        let leaf = Hash::of(b"leaf");
        let proof = |root, by: &SigningKey| {
            let head = Head { root, size: 1 };
            let checkpoint = Checkpoint { origin: by.verifier().name().clone(), head, extensions: Vec::new() };
            let inclusion = Inclusion { index: 0, size: 1, path: Vec::new() };
            Proof { at: Timestamp(2), checkpoint: checkpoint.sign(by).unwrap().to_string(), inclusion }
        };
        assert_eq!(verdict(&stored, &proof(leaf, &key(1))), Verdict::Proven);
        assert!(matches!(verdict(&stored, &proof(Hash::of(b"x"), &key(1))), Verdict::Wrong(_)));
        assert!(matches!(verdict(&stored, &proof(leaf, &key(2))), Verdict::Wrong(_)));
    }
}
