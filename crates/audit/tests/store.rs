//! The log on real files: grouping, reopening, torn ends, faults.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use renkei_audit::entry::{Act, Body, ClockState, Entry, Malformed, State};
use renkei_audit::note::Checkpoint;
use renkei_audit::receipt::{Receipt, ReceiptError};
use renkei_audit::store::{Config, Log, OpenError, ReadError, Recovery, StoreError};
use renkei_audit::tree::Hash;
use renkei_audit::verify::{Check, Trust, verify};
use renkei_types::Clock as _;

use crate::common::*;

pub fn config(root: &Path, clock: &Hand) -> Config {
    Config { reserve: 4_096, ..Config::new(root.to_owned(), node_key(), Arc::new(clock.clone())) }
}

pub fn open(root: &Path, clock: &Hand) -> (Log, Recovery) {
    Log::open(config(root, clock)).unwrap()
}

/// Records questions with their outcomes.
pub fn fill(log: &Log, numbers: std::ops::Range<u64>) {
    let mut rng = rng(numbers.start);
    let all: Vec<_> = numbers
        .flat_map(|n| [log.append(intent(n, &["tokyo"], &mut rng)), log.append(outcome(n, State::Answered, None))])
        .collect();
    for pending in all {
        pending.wait().unwrap();
    }
}

fn trust(clock: &Hand) -> Trust {
    Trust { openings: true, complete: true, ..Trust::new(node_key().verifier().clone(), clock.now()) }
}

pub fn check(root: &Path, clock: &Hand) -> renkei_audit::verify::Report {
    verify(&renkei_audit::store::Reader::new(root), &trust(clock))
}

#[test]
fn a_log_is_continued_across_bundles_and_restarts() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let root = folder.path().join("log");
    let mut size = 0;
    for (from, to) in [(0, 1), (1, 127), (127, 129), (129, 300), (300, 384), (384, 385)] {
        let (log, recovery) = open(&root, &clock);
        assert_eq!((recovery.size, recovery.cut), (size, None));
        fill(&log, from..to);
        size += 2 * (to - from);
        log.checkpoint().wait().unwrap();
        log.close();
        let report = check(&root, &clock);
        assert!(report.findings.is_empty(), "{:?}", report.sentences(false));
        assert_eq!(report.entries, size);
        assert_eq!(report.signed.map(|head| head.size), Some(size));
    }
    let reader = renkei_audit::store::Reader::new(&root);
    let entries: Vec<_> = reader.entries(0).unwrap().map(Result::unwrap).collect();
    assert_eq!(entries.len(), 770);
    for (index, bytes) in entries.iter().step_by(37) {
        assert_eq!(reader.entry(*index).unwrap(), *bytes);
        let entry = Entry::decode(bytes).unwrap();
        let openings = reader.openings(*index).unwrap();
        renkei_audit::entry::check_openings(&entry.body, &openings).unwrap();
        assert_eq!(openings.len(), usize::from(matches!(entry.body, Body::Intent(_))));
    }
    assert!(matches!(reader.entry(770), Err(ReadError::Missing(_))));
    assert_eq!(reader.entries(600).unwrap().count(), 170);
    for file in files(&root) {
        let mode = std::fs::metadata(root.join(&file.0)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.0);
    }
    for folder in [root.clone(), root.join("journal"), root.join("tile/0"), root.join("openings/0")] {
        assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn only_one_process_writes() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (log, _) = open(folder.path(), &clock);
    assert!(matches!(Log::open(config(folder.path(), &clock)), Err(OpenError::Locked)));
    log.close();
    assert_eq!(log.append(admin(Act::Start)).wait(), Err(StoreError::Closed));
    open(folder.path(), &clock).0.close();
}

#[test]
fn what_cannot_be_an_entry_is_told_and_harms_nothing() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (log, _) = open(folder.path(), &clock);
    let mut lost = intent(1, &["tokyo"], &mut rng(1));
    lost.openings.clear();
    let all = [log.append(intent(0, &["tokyo"], &mut rng(0))), log.append(lost), log.append(admin(Act::Policy))];
    let all: Vec<_> = all.into_iter().map(|pending| pending.wait().map(|kept| kept.index)).collect();
    assert_eq!(all, [Ok(0), Err(StoreError::Entry(Malformed::Openings)), Ok(1)]);
}

#[test]
fn checkpoints_when_busy_and_heartbeats_when_idle() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (log, _) = open(folder.path(), &clock);
    let tick = || log.tick(ClockState::Synchronised).wait().unwrap().map(|note| size(&note));
    assert_eq!(tick(), Some(1), "a new log begins with a heartbeat");
    fill(&log, 0..3);
    assert_eq!(tick(), None);
    clock.turn(9_000_000);
    assert_eq!(tick(), None);
    clock.turn(1_000_000);
    assert_eq!(tick(), Some(7));
    for second in 1..=130 {
        clock.turn(1_000_000);
        // 50 s after the checkpoint, the log's last entry is 60 s old.
        let beat = matches!(second, 50 | 110).then(|| 7 + u64::from(second > 49) + u64::from(second > 109));
        assert_eq!(tick(), beat, "{second}");
    }
    log.close();
    let report = check(folder.path(), &clock);
    assert!(report.findings.is_empty(), "{:?}", report.sentences(true));
    assert_eq!(report.kinds["heartbeat"], 3);
    let (log, _) = open(folder.path(), &clock);
    clock.turn(60_000_000);
    log.tick(ClockState::Free).wait().unwrap();
    log.close();
    assert!(check(folder.path(), &clock).findings.is_empty(), "heartbeats are counted on after a restart");
}

fn size(note: &renkei_audit::note::Note) -> u64 {
    Checkpoint::open(note, node_key().verifier()).unwrap().head.size
}

#[test]
fn time_never_goes_back_and_a_clock_that_does_is_recorded() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (log, _) = open(folder.path(), &clock);
    fill(&log, 0..2);
    clock.turn(-30_000_000);
    fill(&log, 2..4);
    clock.turn(30_500_000);
    fill(&log, 4..6);
    log.checkpoint().wait().unwrap();
    log.close();
    let report = check(folder.path(), &clock);
    assert_eq!(report.counts.iter().collect::<Vec<_>>(), [(&Check::Clock, &1)]);
    assert_eq!(report.entries, 13);
}

#[test]
fn a_log_whose_clock_jumped_a_year_ahead_and_back_still_beats_and_signs() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let year = 365 * 86_400 * 1_000_000;
    let (log, _) = open(folder.path(), &clock);
    let tick = || log.tick(ClockState::Unknown).wait().unwrap().map(|note| size(&note));
    fill(&log, 0..1);
    clock.turn(year);
    assert_eq!(tick(), Some(3), "a heartbeat, signed");
    fill(&log, 1..2);
    clock.turn(-year);
    assert_eq!(tick(), None);
    clock.turn(10_000_000);
    assert_eq!(tick(), Some(5), "signed ten seconds later, not a year later");
    for _ in 0..3 {
        clock.turn(60_000_000);
        assert!(tick().is_some(), "it beats every minute");
    }
    let reader = log.reader();
    let entries = reader.entries(0).unwrap().map(|entry| Entry::decode(&entry.unwrap().1).unwrap());
    let times: Vec<_> = entries.map(|entry| entry.at).collect();
    assert!(times.is_sorted());
    log.close();
    let (log, _) = open(folder.path(), &clock);
    clock.turn(61_000_000);
    assert!(log.tick(ClockState::Unknown).wait().unwrap().is_some(), "and after a restart");
    log.close();
    let report = check(folder.path(), &clock);
    // The jump itself is a silence that somebody has to explain.
    assert!(
        report.counts.keys().all(|check| *check == Check::Silence || !check.grave()),
        "{:?}",
        report.sentences(false)
    );
    assert!(report.has(Check::Clock), "{:?}", report.sentences(false));
}

#[test]
fn a_torn_end_is_cut_kept_and_recorded() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (log, _) = open(folder.path(), &clock);
    fill(&log, 0..20);
    log.checkpoint().wait().unwrap();
    fill(&log, 20..30);
    log.close();
    let path = folder.path().join("journal/0");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 7]).unwrap();
    let (log, recovery) = open(folder.path(), &clock);
    let cut = recovery.cut.unwrap();
    assert_eq!((recovery.size, recovery.signed, cut.size), (59, 40, 59));
    assert_eq!(Hash::of(&std::fs::read(folder.path().join("cut/59")).unwrap()), cut.digest);
    assert_eq!(log.reader().open_intents().unwrap(), [(query(29), 0)]);
    log.append(outcome(29, State::Aborted, None)).wait().unwrap();
    log.append(admin(Act::Start)).wait().unwrap();
    log.checkpoint().wait().unwrap();
    assert_eq!(log.reader().open_intents().unwrap(), []);
    log.close();
    let report = check(folder.path(), &clock);
    assert_eq!(report.counts.iter().collect::<Vec<_>>(), [(&Check::Cut, &1)]);
    let entry = Entry::decode(&renkei_audit::store::Reader::new(folder.path()).entry(59).unwrap()).unwrap();
    assert!(matches!(entry.body, Body::Admin(admin) if admin.act == Act::Cut && admin.digest == Some(cut.digest)));
}

#[test]
fn damage_is_not_taken_for_a_torn_end() {
    type Harm = fn(&Path);
    type Expected = fn(&OpenError) -> bool;
    let harms: [(&str, Harm, Expected); 6] = [
        (
            "a flipped bit in the middle of the journal",
            |root| {
                let path = root.join("journal/1");
                let mut bytes = std::fs::read(&path).unwrap();
                bytes[200] ^= 4;
                std::fs::write(path, bytes).unwrap();
            },
            // Which of the two depends on whether all entries behind it were synced with it.
            |e| matches!(e, OpenError::Read(ReadError::Damaged(_)) | OpenError::Behind { signed: 300, .. }),
        ),
        (
            "signed entries cut off",
            |root| {
                let path = root.join("journal/1");
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() / 2 + 5]).unwrap();
            },
            |e| matches!(e, OpenError::Behind { signed: 300, .. }),
        ),
        (
            "no journal",
            |root| std::fs::remove_dir_all(root.join("journal")).unwrap(),
            |e| matches!(e, OpenError::Read(ReadError::Missing(_))),
        ),
        (
            "a missing bundle and tile",
            |root| {
                std::fs::remove_file(root.join("tile/entries/000")).unwrap();
                std::fs::remove_file(root.join("tile/0/000")).unwrap();
            },
            |e| matches!(e, OpenError::Read(ReadError::Missing(_))),
        ),
        (
            "another log's checkpoint",
            |root| {
                let head = renkei_audit::note::Head { root: Hash::of(b""), size: 3 };
                let origin = gateway_key().verifier().name().clone();
                let note = Checkpoint { origin, head, extensions: Vec::new() }.sign(&gateway_key()).unwrap();
                std::fs::write(root.join("checkpoint"), note.to_string()).unwrap();
            },
            |e| matches!(e, OpenError::Foreign),
        ),
        (
            "a checkpoint over other entries",
            |root| {
                let head = renkei_audit::note::Head { root: Hash::of(b""), size: 300 };
                let origin = node_key().verifier().name().clone();
                let note = Checkpoint { origin, head, extensions: Vec::new() }.sign(&node_key()).unwrap();
                std::fs::write(root.join("checkpoint"), note.to_string()).unwrap();
            },
            |e| matches!(e, OpenError::Changed),
        ),
    ];
    for (what, harm, expected) in harms {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
        let (log, _) = open(folder.path(), &clock);
        fill(&log, 0..150);
        log.checkpoint().wait().unwrap();
        log.close();
        harm(folder.path());
        let before = files(folder.path());
        let error = Log::open(config(folder.path(), &clock)).map(|_| ()).unwrap_err();
        assert!(expected(&error), "{what}: {error:?}");
        assert!(before == files(folder.path()), "{what}: a log that does not open is left as it is");
    }
}

#[test]
fn a_missing_tile_is_made_from_its_entries() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (log, _) = open(folder.path(), &clock);
    fill(&log, 0..300);
    log.checkpoint().wait().unwrap();
    let proof = log.reader().inclusion(10, 600).unwrap();
    log.close();
    std::fs::remove_file(folder.path().join("tile/0/000")).unwrap();
    let (log, _) = open(folder.path(), &clock);
    assert_eq!(log.reader().inclusion(10, 600).unwrap(), proof);
}

#[test]
fn receipts_promise_and_proofs_keep() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (log, _) = open(folder.path(), &clock);
    fill(&log, 0..140);
    let kept = log.append(outcome(7_000, State::Answered, None)).wait().unwrap();
    let key = node_key();
    let receipt = Receipt {
        origin: key.verifier().name().clone(),
        index: kept.index,
        leaf: kept.leaf,
        at: kept.at,
        query: query(7_000),
        result: Some(Hash::of(b"answer")),
    };
    let note = receipt.sign(&key).unwrap();
    assert!(Checkpoint::open(&note, key.verifier()).is_err(), "a receipt is no checkpoint");
    let read = renkei_audit::note::Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(Receipt::open(&read, key.verifier()), Ok(receipt.clone()));
    assert!(Receipt::open(&read, gateway_key().verifier()).is_err());
    fill(&log, 141..200);
    let checkpoint = log.checkpoint().wait().unwrap();
    assert_eq!(Receipt::open(&checkpoint, key.verifier()), Err(ReceiptError::Malformed));
    let proof = log.reader().inclusion(kept.index, size(&checkpoint)).unwrap();
    assert_eq!(receipt.prove(&proof, &checkpoint, key.verifier()), Ok(()));
    let broken = Receipt { leaf: Hash::leaf(b"another"), ..receipt.clone() };
    assert!(matches!(broken.prove(&proof, &checkpoint, key.verifier()), Err(ReceiptError::Broken(_))));
    let elsewhere = Receipt { index: kept.index + 1, ..receipt };
    assert_eq!(elsewhere.prove(&proof, &checkpoint, key.verifier()), Err(ReceiptError::Other));
}
