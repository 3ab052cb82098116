//! Old entries leave a log only into an archive that has them all, and nothing that could be proven before is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use renkei_audit::archive::{self, ArchiveError, MANIFEST, Manifest};
use renkei_audit::entry::{Act, ClockState, State};
use renkei_audit::note::{Checkpoint, VerifierKey};
use renkei_audit::store::{Config, Log, ReadError, Reader};
use renkei_audit::verify::{Check, Report, Trust, verify};
use renkei_types::{Clock as _, Timestamp};

use crate::common::*;

const HOUR: i64 = 3_600_000_000;

struct Place {
    folder: tempfile::TempDir,
    clock: Hand,
}

impl Place {
    fn root(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn to(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self) -> Log {
        let config = Config::new(self.root(), node_key(), Arc::new(self.clock.clone()));
        Log::open(Config { reserve: 1_024, ..config }).unwrap().0
    }

    /// Rounds of a start, questions, a heartbeat; an hour apart.
    fn fill(&self, rounds: std::ops::Range<u64>) {
        let log = self.open();
        for round in rounds {
            log.append(admin(Act::Start)).wait().unwrap();
            for n in round * 100..(round + 1) * 100 {
                log.append(intent(n, &["tokyo"], &mut rng(n))).wait().unwrap();
                log.append(outcome(n, State::Answered, None)).wait().unwrap();
            }
            self.clock.turn(60_000_000);
            log.tick(ClockState::Synchronised).wait().unwrap();
            log.append(admin(Act::Stop)).wait().unwrap();
            self.clock.turn(HOUR);
        }
        let note = log.checkpoint().wait().unwrap();
        log.close();
        assert!(Checkpoint::open(&note, node_key().verifier()).is_ok());
    }

    /// A witness cosigns the newest head.
    fn witness(&self) {
        let log = self.open();
        let mut note = log.checkpoint().wait().unwrap();
        note.cosign(&witness_key(), 1).unwrap();
        log.cosigned(note, witness_key().verifier().clone()).wait().unwrap();
        log.close();
    }

    fn trust(&self) -> Trust {
        let witnesses = vec![witness_key().verifier().clone()];
        let as_of = Timestamp(self.clock.now().0 - HOUR);
        let own = Trust::new(node_key().verifier().clone(), as_of);
        Trust { openings: true, complete: true, witnesses, ..own }
    }

    fn export(&self, before: Timestamp, name: &str) -> Manifest {
        let reader = Reader::new(&self.root());
        let due = archive::due(&reader, before).unwrap().unwrap();
        archive::export(&reader, &due, &self.to(name), &node_key(), self.clock.now()).unwrap()
    }

    fn remove(&self, name: &str) -> Result<u64, ArchiveError> {
        let witnesses = [witness_key().verifier().clone()];
        let reader = Reader::new(&self.root());
        archive::remove(&reader, &self.to(name), node_key().verifier(), &witnesses, |_, _| Ok::<_, ArchiveError>(()))
    }

    fn whole(&self, names: &[&str]) -> Reader {
        let keys = keys();
        let range = |name: &&str| {
            let (manifest, _) = archive::check(&self.to(name), &keys).unwrap();
            (self.to(name), manifest.from..manifest.until)
        };
        Reader::with_archives(&self.root(), names.iter().map(range).collect())
    }
}

fn keys() -> [VerifierKey; 1] {
    [node_key().verifier().clone()]
}

fn place() -> Place {
    Place { folder: tempfile::tempdir().unwrap(), clock: Hand::new() }
}

fn told(report: &Report) -> Vec<Check> {
    report.counts.keys().copied().collect()
}

fn bundles(root: &Path) -> usize {
    files(&root.join("tile/entries")).iter().filter(|(path, _)| !path.to_string_lossy().contains(".p")).count()
}

#[test]
fn a_log_and_its_archives_verify_as_the_log_did_before() {
    let place = place();
    place.fill(0..10);
    place.witness();
    let before = verify(&Reader::new(&place.root()), &place.trust());
    assert!(before.sound() && told(&before).iter().all(|check| *check == Check::Down), "{:?}", before.sentences(false));
    // Entries of five hours ago and older, in whole bundles.
    let limit = Timestamp(place.clock.now().0 - 5 * HOUR);
    let manifest = place.export(limit, "first");
    assert!(manifest.from == 0 && manifest.until.is_multiple_of(256) && manifest.until >= 512 && manifest.last < limit);
    assert_eq!(place.remove("first").unwrap(), manifest.until);
    assert_eq!(place.remove("first").unwrap(), manifest.until, "again, and nothing happens");
    // More entries, another archive.
    place.fill(10..14);
    place.witness();
    let second = place.export(Timestamp(place.clock.now().0 - 3 * HOUR), "second");
    assert_eq!(second.from, manifest.until);
    place.remove("second").unwrap();

    let alone = verify(&Reader::new(&place.root()), &place.trust());
    assert!(alone.sound() && alone.has(Check::Archived), "{:?}", alone.sentences(false));
    let latest = verify(&place.whole(&["second"]), &place.trust());
    assert!(latest.sound() && latest.has(Check::Archived), "{:?}", latest.sentences(false));
    let reader = place.whole(&["first", "second"]);
    let whole = verify(&reader, &place.trust());
    assert!(whole.sound() && !whole.has(Check::Archived), "{:?}", whole.sentences(false));
    assert_eq!(whole.entries, reader.size().unwrap());
    assert_eq!(reader.entries(0).unwrap().filter(Result::is_ok).count() as u64, whole.entries);
    assert_eq!(reader.openings(1).unwrap().len(), 1, "what was sealed is still known");
    // Without the archive it is said what is needed; proofs of old entries are still made.
    let bare = Reader::new(&place.root());
    assert!(matches!(bare.entry(1), Err(ReadError::Archived(first)) if first == second.until));
    assert_eq!(bare.inclusion(1, whole.entries).unwrap(), reader.inclusion(1, whole.entries).unwrap());
    assert!(bundles(&place.root()) < bundles(&place.to("first")) + bundles(&place.to("second")));
}

#[test]
fn nothing_is_removed_that_no_witness_saw_or_no_archive_has() {
    let place = place();
    place.fill(0..10);
    let limit = Timestamp(place.clock.now().0 - 5 * HOUR);
    place.export(limit, "out");
    let count = bundles(&place.root());
    assert!(matches!(place.remove("out"), Err(ArchiveError::Unwitnessed { witnessed: 0, .. })));
    place.witness();
    // A bundle, an opening and the manifest itself: each is missed, and each change of it found.
    for (path, bytes) in files(&place.to("out")) {
        let file = place.to("out").join(&path);
        fs::remove_file(&file).unwrap();
        assert!(place.remove("out").is_err(), "without {}", path.display());
        let mut other = bytes.clone();
        other[bytes.len() / 2] ^= 1;
        fs::write(&file, other).unwrap();
        assert!(place.remove("out").is_err(), "another {}", path.display());
        fs::write(&file, bytes).unwrap();
    }
    // Of an archive that its owner signed, but that lacks an entry.
    let (mut less, _) = archive::check(&place.to("out"), &keys()).unwrap();
    less.files.retain(|file| !file.path.contains("entries/001"));
    fs::create_dir(place.to("less")).unwrap();
    for (path, bytes) in files(&place.to("out")) {
        fs::create_dir_all(place.to("less").join(&path).parent().unwrap()).unwrap();
        fs::write(place.to("less").join(path), bytes).unwrap();
    }
    resign(&place.to("less"), &less);
    assert!(matches!(place.remove("less"), Err(ArchiveError::Other { .. })));
    // Of another log.
    let other = self::place();
    other.clock.turn(1);
    other.fill(0..10);
    other.export(limit, "out");
    let witnesses = [witness_key().verifier().clone()];
    let foreign =
        archive::remove(&Reader::new(&place.root()), &other.to("out"), node_key().verifier(), &witnesses, |_, _| {
            Ok::<_, ArchiveError>(())
        });
    assert!(matches!(foreign, Err(ArchiveError::Other { .. })), "{foreign:?}");
    // What cannot be recorded does not happen.
    let unrecorded =
        archive::remove(&Reader::new(&place.root()), &place.to("out"), node_key().verifier(), &witnesses, |_, _| {
            Err(ArchiveError::File("full".into()))
        });
    assert!(unrecorded.is_err());
    assert_eq!((bundles(&place.root()), Reader::new(&place.root()).first()), (count, 0));
    place.remove("out").unwrap();
    assert!(bundles(&place.root()) < count);
    assert!(matches!(
        archive::export(&Reader::new(&place.root()), &(0..256), &place.to("out"), &node_key(), place.clock.now()),
        Err(ArchiveError::NotEmpty(_))
    ));
}

fn resign(folder: &Path, manifest: &Manifest) {
    use renkei_audit::signed_file::{FileName, SignedFile, note_path};
    let bytes = serde_json::to_vec_pretty(manifest).unwrap();
    let about = SignedFile {
        signer: node_key().verifier().name().clone(),
        kind: FileName::new("log-archive").unwrap(),
        name: FileName::new("entries").unwrap(),
        version: manifest.until,
        hash: renkei_audit::tree::Hash::of(&bytes),
        bytes: bytes.len() as u64,
        issued: manifest.made,
    };
    fs::write(note_path(&folder.join(MANIFEST)), about.sign(&node_key()).unwrap().to_string()).unwrap();
    fs::write(folder.join(MANIFEST), bytes).unwrap();
}

#[test]
fn a_crash_while_entries_go_is_finished_later_and_the_log_opens_meanwhile() {
    let place = place();
    place.fill(0..10);
    place.witness();
    let manifest = place.export(Timestamp(place.clock.now().0 - 5 * HOUR), "out");
    let kept = files(&place.root());
    place.remove("out").unwrap();
    // As if the program had ended after its first bundle.
    for (path, bytes) in kept.iter().filter(|(path, _)| !path.starts_with("tile/entries/000")) {
        fs::write(place.root().join(path), bytes).unwrap();
    }
    place.fill(10..11);
    assert!(verify(&place.whole(&["out"]), &place.trust()).sound());
    assert!(verify(&Reader::new(&place.root()), &place.trust()).sound());
    let many = bundles(&place.root());
    place.remove("out").unwrap();
    assert!(bundles(&place.root()) < many);
    // A changed archive beside the log is found by the log's own head.
    let tile = place.to("out").join("tile/entries/001");
    let mut bytes = fs::read(&tile).unwrap();
    let at = bytes.windows(7).position(|part| part == b"SELECT ").unwrap();
    bytes[at] = b's';
    fs::write(&tile, bytes).unwrap();
    let reader = Reader::with_archives(&place.root(), vec![(place.to("out"), manifest.from..manifest.until)]);
    let report = verify(&reader, &place.trust());
    assert!(!report.sound() && report.has(Check::Root), "{:?}", report.sentences(false));
    assert!(matches!(archive::check(&place.to("out"), &keys()), Err(ArchiveError::File(_))));
}

#[test]
fn what_a_start_needs_and_what_is_unsigned_or_young_stays() {
    let place = place();
    place.fill(0..10);
    let reader = Reader::new(&place.root());
    let now = place.clock.now();
    let all = archive::due(&reader, Timestamp(now.0 + HOUR)).unwrap().unwrap();
    assert!(all.end < reader.size().unwrap() - 200, "the last start and heartbeat stay");
    assert_eq!(archive::due(&reader, Timestamp(START)).unwrap(), None);
    let none = self::place();
    let log = none.open();
    assert_eq!(archive::due(&log.reader(), now).unwrap(), None);
    log.close();
}
