use proptest::prelude::*;

use super::*;
use crate::tree::Hash;

fn key(name: &str, kind: Kind, seed: u8) -> SigningKey {
    SigningKey::from_seed(Origin::new(name).unwrap(), kind, &[seed; 32]).unwrap()
}

fn checkpoint() -> Checkpoint {
    let head = Head { size: 17, root: Hash::of(b"root") };
    Checkpoint { origin: Origin::new("example.org/log").unwrap(), head, extensions: Vec::new() }
}

/// The note of the C2SP signed-note specification.
#[test]
fn the_note_of_the_specification_verifies() {
    let key = VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let note = Note::parse(text.as_bytes()).unwrap();
    assert_eq!(note.verify(&key), Ok(0));
    assert_eq!(note.to_string(), text);
}

#[test]
fn signatures_hold_for_their_key_text_and_time_only() {
    let (log, witness) = (key("example.org/log", Kind::Log, 1), key("example.org/w", Kind::Witness, 2));
    let mut note = checkpoint().sign(&log).unwrap();
    note.cosign(&witness, 1_790_000_000).unwrap();
    assert_eq!(note.cosign(&witness, 1_790_000_001), Err(NoteError::Taken));
    assert_eq!(note.verify(log.verifier()), Ok(0));
    assert_eq!(note.verify(witness.verifier()), Ok(1_790_000_000));
    assert_eq!(Checkpoint::open(&note, log.verifier()).unwrap(), checkpoint());
    let stranger = key("example.org/log", Kind::Log, 3);
    assert_eq!(note.verify(stranger.verifier()), Err(NoteError::Unsigned));
    let later = Signature { body: [&[0; 8], &note.signatures()[1].body[8..]].concat(), ..note.signatures()[1].clone() };
    let forged = Note { signatures: vec![later], ..note.clone() };
    assert_eq!(forged.verify(witness.verifier()), Err(NoteError::Forged));
    let other = Note { text: note.text.replace("17", "18"), ..note };
    assert_eq!(other.verify(log.verifier()), Err(NoteError::Forged));
}

/// The group's order added to the signature's scalar verifies under lax rules; a strict verifier refuses it.
#[test]
fn a_signature_has_one_form() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let log = key("example.org/log", Kind::Log, 1);
    let mut note = checkpoint().sign(&log).unwrap();
    let mut carry = 0_u16;
    for (byte, add) in note.signatures[0].body[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert_eq!(note.verify(log.verifier()), Err(NoteError::Forged));
}

#[test]
fn a_log_does_not_sign_under_another_name() {
    let log = key("example.org/other", Kind::Log, 1);
    let note = checkpoint().sign(&log).unwrap();
    assert_eq!(Checkpoint::open(&note, log.verifier()), Err(NoteError::Unsigned));
}

#[test]
fn other_spellings_are_refused() {
    let good = checkpoint().sign(&key("example.org/log", Kind::Log, 1)).unwrap().to_string();
    assert!(Note::parse(good.as_bytes()).is_ok());
    let line = good.lines().last().unwrap();
    for bad in [
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("{good}{line}\n"),
        good.replace('\n', "\r\n"),
        good.replace('=', ""),
        good.replace("\u{2014} ", "- "),
        good.replace("\u{2014} ", "\u{2014}  "),
        good.replace("17", "1\t7"),
        good.replace("\n\n", "\n\n\n"),
        good.replace(line, ""),
        format!("{good}x"),
    ] {
        assert_eq!(Note::parse(bad.as_bytes()), Err(NoteError::Malformed), "{bad:?}");
    }
    let text = checkpoint().text();
    for bad in [
        text.replace("17", "+17"),
        text.replace("17", "017"),
        text.replace("17", "-1"),
        text.replace("17", "18446744073709551616"),
        text.replace('=', ""),
        text.replace("example.org", "a b"),
        text.trim_end().to_owned(),
        format!("{text}\n"),
        text.lines().take(2).map(|l| format!("{l}\n")).collect(),
    ] {
        assert_eq!(Checkpoint::parse(&bad), Err(BadCheckpoint), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn what_parses_is_written_back(
        bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0..200_usize, byte: u8,
    ) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes);
        }
        let mut near = checkpoint().sign(&key("example.org/log", Kind::Log, 1)).unwrap().to_string().into_bytes();
        let at = at % near.len();
        let changed = near[at] != byte;
        near[at] = byte;
        if let Ok(note) = Note::parse(&near) {
            prop_assert_eq!(note.to_string().into_bytes(), near);
            let trusted = Checkpoint::open(&note, key("example.org/log", Kind::Log, 1).verifier()).is_ok();
            prop_assert_eq!(trusted, !changed);
        }
    }

    #[test]
    fn keys_and_checkpoints_are_written_back(
        text in "\\PC{0,80}", size: u64, lines in proptest::collection::vec("[!-~]{1,20}", 0..3),
    ) {
        if let Ok(key) = VerifierKey::parse(&text) {
            prop_assert_eq!(key.to_string(), text.clone());
        }
        prop_assert!(Checkpoint::parse(&text).is_err());
        let mut one = checkpoint();
        one.head.size = size;
        one.extensions = lines;
        prop_assert_eq!(Checkpoint::parse(&one.text()), Ok(one));
    }
}

#[test]
fn a_secret_half_is_read_back_from_its_text_and_from_no_other() {
    let name = || Origin::new("example.org/maps").unwrap();
    let text = SigningKey::private_text(name(), Kind::Log, &[7; 32]).unwrap();
    let read = SigningKey::from_private_text(&text).unwrap();
    assert_eq!(read.verifier(), key("example.org/maps", Kind::Log, 7).verifier());
    assert!(text.starts_with("PRIVATE+KEY+example.org/maps+"), "{text}");
    for wrong in
        ["", "PRIVATE+KEY+", &text[1..], &text[..text.len() - 4], &text.replace("maps", "mapz"), &format!("{text}\n")]
    {
        assert!(SigningKey::from_private_text(wrong).is_err(), "{wrong}");
    }
    assert!(!format!("{read:?}").contains(&text[text.len() - 20..]));
}
