//! kill −9 at random moments: never a log that does not verify, never an acknowledged entry lost.
//!
//! The child is this test program itself, running one ignored test that appends from several threads for ever and
//! prints the index and leaf hash of each entry that was acknowledged.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rand::RngCore as _;
use renkei_audit::entry::{Act, ClockState, State};
use renkei_audit::store::{Config, Log, Reader};
use renkei_audit::tree::{Hash, verify_consistency};
use renkei_audit::verify::{Check, Trust, verify};
use renkei_types::{Clock as _, SystemClock};

use crate::common::*;

const FOLDER: &str = "RENKEI_AUDIT_KILLED_LOG";

fn config(root: &Path) -> Config {
    let busy = Duration::from_millis(20);
    Config { reserve: 1_024, busy, ..Config::new(root.to_owned(), node_key(), Arc::new(SystemClock)) }
}

/// Ends the questions that the last process left open, as a program does when it starts.
fn start(log: &Log) {
    for (query, part) in log.reader().open_intents().unwrap() {
        let mut aborted = outcome(0, State::Aborted, None);
        if let renkei_audit::entry::Body::Outcome(outcome) = &mut aborted.body {
            (outcome.query, outcome.part) = (query, part);
        }
        log.append(aborted).wait().unwrap();
    }
    log.append(admin(Act::Start)).wait().unwrap();
}

#[test]
#[ignore = "the child of the tests below"]
fn child() {
    let Some(root) = std::env::var_os(FOLDER) else { return };
    let (log, recovery) = Log::open(config(Path::new(&root))).unwrap();
    start(&log);
    let threads: Vec<_> = (0..4_u64)
        .map(|thread| {
            let log = log.clone();
            std::thread::spawn(move || {
                let mut rng = rng(thread);
                for n in 0.. {
                    // Numbers that no other thread and no other process used.
                    let number = recovery.size * 1_000_000 + n * 4 + thread;
                    let mut question = intent(number, &["tokyo"], &mut rng);
                    if let renkei_audit::entry::Body::Intent(intent) = &mut question.body {
                        intent.question.sequence = None;
                    }
                    for draft in [question, outcome(number, State::Answered, None)] {
                        let kept = log.append(draft).wait().unwrap();
                        println!("\nkept {} {}", kept.index, kept.leaf);
                    }
                    if n % 16 == thread {
                        log.tick(ClockState::Free).wait().unwrap();
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// One round: kills a child some milliseconds after its start, or after its first acknowledgement, and returns what it
/// had acknowledged.
fn round(root: &Path, at_start: bool, micros: u64) -> BTreeMap<u64, Hash> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, root)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (begun, first) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut kept = BTreeMap::new();
        for line in output.lines().map_while(Result::ok) {
            let mut words = line.split(' ');
            if let (Some("kept"), Some(index), Some(leaf)) = (words.next(), words.next(), words.next())
                && let (Ok(index), Ok(leaf)) = (index.parse(), Hash::from_base64(leaf))
            {
                kept.insert(index, leaf);
                let _ = begun.send(());
            }
        }
        kept
    });
    if !at_start {
        first.recv_timeout(Duration::from_secs(30)).unwrap();
    }
    std::thread::sleep(Duration::from_micros(micros));
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

fn rounds(count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (mut rng, mut acknowledged, mut head) = (rng(11), 0, None);
    let mut cuts = 0;
    for number in 0..count {
        let kept = round(folder.path(), number % 5 == 0, rng.next_u64() % 60_000);
        let reader = Reader::new(folder.path());
        for (index, leaf) in &kept {
            assert_eq!(Hash::leaf(&reader.entry(*index).unwrap()), *leaf, "round {number}: entry {index} is lost");
        }
        acknowledged += kept.len();
        let (log, recovery) = Log::open(config(folder.path())).unwrap();
        cuts += u64::from(recovery.cut.is_some());
        start(&log);
        let note = log.checkpoint().wait().unwrap();
        log.close();
        let trust = Trust { openings: true, ..Trust::new(node_key().verifier().clone(), SystemClock.now()) };
        let reader = Reader::new(folder.path());
        let new = renkei_audit::note::Checkpoint::open(&note, node_key().verifier()).unwrap().head;
        if let Some(old) = head.replace(new) {
            let proof = reader.consistency(old.size, new.size).unwrap();
            assert_eq!(verify_consistency((old.size, old.root), (new.size, new.root), &proof), Ok(()));
        }
        // The whole log is verified now and then, and at the end: it grows with every round.
        if number % 10 == 9 || number + 1 == count {
            let report = verify(&reader, &trust);
            let only = report.counts.keys().all(|check| *check == Check::Cut);
            assert!(only, "round {number}: {:?}", report.sentences(false));
        }
    }
    assert!(acknowledged as u64 > 4 * count, "the children must have come to append: {acknowledged}");
    println!("{count} rounds, {acknowledged} entries acknowledged, {cuts} torn ends cut");
}

#[test]
fn nothing_acknowledged_is_lost_in_100_kills() {
    rounds(100);
}

#[test]
#[ignore = "minutes"]
fn nothing_acknowledged_is_lost_in_1000_kills() {
    rounds(1_000);
}

/// A power failure loses what was not synced: the journal is cut at any byte behind the last acknowledged entry.
#[test]
fn any_unsynced_end_may_vanish() {
    let mut rng = rng(12);
    for _ in 0..50 {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = Log::open(config(folder.path())).unwrap();
        let count = 1 + below(&mut rng, 30) as u64;
        (0..count).for_each(|n| _ = log.append(refusal(n)).wait().unwrap());
        let path = folder.path().join("journal/0");
        let synced = std::fs::metadata(&path).unwrap().len();
        (0..5).for_each(|n| _ = log.append(refusal(count + n)).wait().unwrap());
        log.close();
        let whole = std::fs::metadata(&path).unwrap().len();
        let left = synced + rng.next_u64() % (whole - synced + 1);
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(left).unwrap();
        let (log, recovery) = Log::open(config(folder.path())).unwrap();
        assert!((count..=count + 5).contains(&recovery.size));
        log.append(admin(Act::Start)).wait().unwrap();
        log.checkpoint().wait().unwrap();
        log.close();
        let trust = Trust::new(node_key().verifier().clone(), SystemClock.now());
        let report = verify(&Reader::new(folder.path()), &trust);
        assert!(report.sound(), "{:?}", report.sentences(false));
    }
}
