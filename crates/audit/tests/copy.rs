//! A log that is copied as it grows, and what is not copied.

use std::path::Path;
use std::sync::Arc;

use renkei_audit::copy::{CopyError, Copying};
use renkei_audit::note::{Checkpoint, Head, Note};
use renkei_audit::store::{Config, Log, Reader};
use renkei_audit::tree::bundle;
use renkei_audit::verify::{Check, Trust, verify};
use renkei_types::Clock as _;

use crate::common::*;
use crate::store::fill;

fn log(root: &Path, clock: &Hand) -> Log {
    let config = Config::new(root.to_owned(), node_key(), Arc::new(clock.clone()));
    Log::open(Config { reserve: 1_024, ..config }).unwrap().0
}

/// What the owner hands out from a bundle on, up to its newest checkpoint.
fn handed(owner: &Path, from: u64) -> (Note, Vec<Vec<u8>>) {
    let reader = Reader::new(owner);
    let note = reader.checkpoint().unwrap().unwrap();
    let size = Checkpoint::open(&note, node_key().verifier()).unwrap().head.size;
    let bundles = (from..size.div_ceil(256)).map(|number| {
        let mut entries = reader.bundle(number).unwrap();
        entries.truncate(usize::try_from(size - number * 256).unwrap());
        bundle(&entries).unwrap()
    });
    (note, bundles.collect())
}

fn copy(owner: &Path, root: &Path) -> Result<Head, CopyError> {
    let mut copying = Copying::begin(root, node_key().verifier())?;
    continued(owner, &mut copying)
}

fn continued(owner: &Path, copying: &mut Copying) -> Result<Head, CopyError> {
    let (note, bundles) = handed(owner, copying.next());
    bundles.iter().try_for_each(|bytes| copying.take(bytes))?;
    copying.take_cosigned(Reader::new(owner).cosigned_from(copying.cosigned(), 1).unwrap())?;
    copying.finish(&note)
}

fn told(root: &Path, clock: &Hand) -> Vec<Check> {
    let witnesses = vec![witness_key().verifier().clone()];
    let trust = Trust { witnesses, ..Trust::new(node_key().verifier().clone(), clock.now()) };
    verify(&Reader::new(root), &trust).counts.keys().copied().collect()
}

#[test]
fn a_copy_follows_its_log_and_verifies_each_time() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (owner, root) = (folder.path().join("owner"), folder.path().join("copy"));
    // One that is begun anew each time, and one that goes on.
    let second = folder.path().join("second");
    let mut going_on = Copying::begin(&second, node_key().verifier()).unwrap();
    let mut from = 0;
    for until in [1, 3, 128, 130, 256, 400, 401] {
        let log = log(&owner, &clock);
        fill(&log, from..until);
        let mut note = log.checkpoint().wait().unwrap();
        note.cosign(&witness_key(), 1).unwrap();
        log.cosigned(note, witness_key().verifier().clone()).wait().unwrap();
        // Not signed yet, and not handed out.
        log.append(refusal(until)).wait().unwrap();
        assert_eq!(copy(&owner, &root).unwrap().size, Reader::new(&root).size().unwrap());
        assert_eq!(copy(&owner, &root).unwrap().size, Reader::new(&root).size().unwrap(), "nothing new");
        assert_eq!(told(&root, &clock), [], "{until}");
        continued(&owner, &mut going_on).unwrap();
        assert_eq!(files(&second), files(&root), "{until}");
        log.checkpoint().wait().unwrap();
        log.close();
        from = until;
    }
    let (copied, original) = (Reader::new(&root), Reader::new(&owner));
    for index in 0..copied.size().unwrap() {
        assert_eq!(copied.entry(index).unwrap(), original.entry(index).unwrap());
    }
    assert!(copied.openings(0).unwrap().is_empty() && !original.openings(0).unwrap().is_empty());
    assert_eq!(copied.cosigned().unwrap().len(), 7);
}

#[test]
fn what_was_cut_rewritten_or_forged_is_refused_and_the_copy_stays() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (owner, root, other) = (folder.path().join("owner"), folder.path().join("copy"), folder.path().join("other"));
    let grow = |root: &Path, range| {
        let log = log(root, &clock);
        fill(&log, range);
        log.checkpoint().wait().unwrap();
        log.close();
    };
    grow(&owner, 0..200);
    copy(&owner, &root).unwrap();
    let before = files(&root);
    // Another history under the same key: shorter, longer, as long.
    clock.turn(1_000_000);
    grow(&other, 0..100);
    assert!(matches!(copy(&other, &root), Err(CopyError::Shorter { now: 200, before: 400 })));
    grow(&other, 100..140);
    assert!(matches!(copy(&other, &root), Err(CopyError::Rewritten(256) | CopyError::Shorter { .. })));
    grow(&other, 140..300);
    assert!(matches!(copy(&other, &root), Err(CopyError::Rewritten(256))));
    // The right entries under another's signature, a changed entry, bundles that are none.
    grow(&owner, 200..500);
    let begin = || Copying::begin(&root, node_key().verifier()).unwrap();
    let (note, bundles) = handed(&owner, 1);
    assert!(matches!(Copying::begin(&root, gateway_key().verifier()), Err(CopyError::Signature(_))));
    let mut changed = begin();
    let mut bytes = bundles[1].clone();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    changed.take(&bundles[0]).unwrap();
    changed.take(&bytes).unwrap();
    changed.take(&bundles[2]).unwrap();
    changed.write().unwrap();
    assert!(matches!(changed.finish(&note), Err(CopyError::Root)));
    let mut short = begin();
    short.take(&bundles[0]).unwrap();
    assert!(matches!(short.finish(&note), Err(CopyError::Bundle(2))));
    // With a proof it is told before anything is written.
    let head = Checkpoint::open(&note, node_key().verifier()).unwrap().head;
    let proof = Reader::new(&owner).consistency(768, head.size).unwrap();
    let mut proven = begin();
    proven.take(&bundles[0]).unwrap();
    assert!(matches!(proven.check(head, &proof), Err(CopyError::Root)), "it leads from another size");
    proven.take(&bundles[1]).unwrap();
    proven.check(head, &proof).unwrap();
    assert!(matches!(proven.check(head, &[]), Err(CopyError::Root)));
    let mut forged = begin();
    forged.take(&bundles[0]).unwrap();
    forged.take(&bytes).unwrap();
    assert!(matches!(forged.check(head, &proof), Err(CopyError::Root)));
    // Cosigned checkpoints of another log.
    let other_note = Checkpoint { origin: gateway_key().verifier().name().clone(), head, extensions: Vec::new() };
    let other_note = other_note.sign(&gateway_key()).unwrap();
    assert!(matches!(begin().take_cosigned(vec![other_note]), Err(CopyError::Signature(_))));
    for none in [&b""[..], b"\x00", b"\xff\xff\x00"] {
        assert!(matches!(begin().take(none), Err(CopyError::Bundle(1))));
    }
    assert_eq!(files(&root), before);
    copy(&owner, &root).unwrap();
    assert_eq!(told(&root, &clock), []);
    // A copy that somebody touched is not continued.
    let tile = root.join("tile/0/000");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[5] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    assert!(matches!(copy(&owner, &root), Err(CopyError::Read(_))));
}

#[test]
fn what_is_cosigned_beyond_the_copy_comes_with_the_next_copying() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (owner, root) = (folder.path().join("owner"), folder.path().join("copy"));
    let log = log(&owner, &clock);
    let cosign = || {
        let mut note = log.checkpoint().wait().unwrap();
        note.cosign(&witness_key(), 1).unwrap();
        log.cosigned(note.clone(), witness_key().verifier().clone()).wait().unwrap();
        note
    };
    fill(&log, 0..2);
    let first = cosign();
    let mut copying = Copying::begin(&root, node_key().verifier()).unwrap();
    copying.take(&handed(&owner, 0).1[0]).unwrap();
    fill(&log, 2..4);
    cosign();
    let list = Reader::new(&owner).cosigned_from(0, 1 << 20).unwrap();
    assert_eq!(list.len(), 2);
    copying.take_cosigned(list).unwrap();
    let whole = copying.cosigned();
    copying.finish(&first).unwrap();
    assert_eq!(Reader::new(&root).cosigned().unwrap().len(), 1);
    let place = copying.cosigned();
    assert!(place < whole);
    assert_eq!(Reader::new(&owner).cosigned_from(place, 1 << 20).unwrap().len(), 1);
    assert!(Reader::new(&owner).cosigned_from(place + 1, 1 << 20).is_err(), "no note begins there");
    assert!(Reader::new(&owner).cosigned_from(whole, 1 << 20).unwrap().is_empty());
    // A crash left half a note behind the last.
    std::fs::OpenOptions::new()
        .append(true)
        .open(root.join("cosigned"))
        .and_then(|mut file| {
            use std::io::Write as _;
            file.write_all(b"300\nrenkei")
        })
        .unwrap();
    copy(&owner, &root).unwrap();
    assert_eq!(std::fs::read(root.join("cosigned")).unwrap(), std::fs::read(owner.join("cosigned")).unwrap());
    log.close();
}
