//! Disks that fail, fill up, and have room again.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use renkei_audit::entry::{Act, ClockState, State};
use renkei_audit::store::{Config, Disk, Folder, Log, StoreError, Tail};
use renkei_audit::verify::Check;

use crate::common::*;
use crate::store::{check, config, fill, open};

/// A disk whose faults are switched on.
#[derive(Clone, Default)]
struct Faulty {
    sync: Arc<AtomicBool>,
    /// Bytes that still fit into journals while the reserve stands; negative switches the limit off.
    room: Arc<AtomicU64>,
    limited: Arc<AtomicBool>,
    syncs: Arc<AtomicU64>,
    /// No whole file can be put.
    puts: Arc<AtomicBool>,
    /// What is free; the real disk's room where it is 0.
    free: Arc<AtomicU64>,
}

struct FaultyTail(Box<dyn Tail>, Faulty);

impl Faulty {
    fn take(&self, bytes: usize) -> io::Result<()> {
        let take = |room: u64| room.checked_sub(bytes as u64);
        let fits = self.room.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok();
        if fits || !self.limited.load(Ordering::SeqCst) { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }
}

impl Disk for Faulty {
    fn tail(&self, path: &Path) -> io::Result<Box<dyn Tail>> {
        Ok(Box::new(FaultyTail(Folder.tail(path)?, self.clone())))
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.take(bytes.len())?;
        if self.puts.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Folder.put(path, bytes)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let freed = path.metadata().map_or(0, |file| file.len());
        self.room.fetch_add(freed, Ordering::SeqCst);
        Folder.remove(path)
    }

    fn free(&self, folder: &Path) -> io::Result<u64> {
        match self.free.load(Ordering::SeqCst) {
            0 => Folder.free(folder),
            free => Ok(free),
        }
    }
}

impl Tail for FaultyTail {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Half of what does not fit is written, as a real disk may.
        self.1.take(bytes.len()).or_else(|error| self.0.write(&bytes[..bytes.len() / 2]).and(Err(error)))?;
        self.0.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.1.syncs.fetch_add(1, Ordering::SeqCst);
        if self.1.sync.load(Ordering::SeqCst) { Err(io::Error::other("I/O error")) } else { self.0.sync() }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.cut(length)
    }
}

#[test]
fn a_failed_sync_closes_the_log_for_good() {
    let (folder, clock, disk) = (tempfile::tempdir().unwrap(), Hand::new(), Faulty::default());
    let (log, _) = Log::open(Config { disk: Box::new(disk.clone()), ..config(folder.path(), &clock) }).unwrap();
    fill(&log, 0..3);
    disk.sync.store(true, Ordering::SeqCst);
    let poisoned = |result: Result<_, StoreError>| matches!(result, Err(StoreError::Poisoned(_)));
    assert!(poisoned(log.append(admin(Act::Policy)).wait()));
    disk.sync.store(false, Ordering::SeqCst);
    let syncs = disk.syncs.load(Ordering::SeqCst);
    assert!(poisoned(log.append(refusal(9)).wait()), "a sync that works again proves nothing");
    assert!(poisoned(log.checkpoint().wait().map(|_| unreachable!())));
    assert!(poisoned(log.tick(ClockState::Free).wait().map(|_| unreachable!())));
    assert_eq!(disk.syncs.load(Ordering::SeqCst), syncs, "nothing is tried again");
    log.close();
    let (log, recovery) = open(folder.path(), &clock);
    assert!((6..=7).contains(&recovery.size), "what was acknowledged is there");
    fill(&log, 3..5);
    log.checkpoint().wait().unwrap();
    log.close();
    assert!(check(folder.path(), &clock).sound());
}

#[test]
fn a_full_disk_refuses_questions_and_records_refusals() {
    let (folder, clock, disk) = (tempfile::tempdir().unwrap(), Hand::new(), Faulty::default());
    let (log, _) = Log::open(Config { disk: Box::new(disk.clone()), ..config(folder.path(), &clock) }).unwrap();
    fill(&log, 0..3);
    let begun = log.append(intent(3, &["tokyo"], &mut rng(3))).wait();
    assert!(begun.is_ok());
    disk.limited.store(true, Ordering::SeqCst);
    disk.room.store(100, Ordering::SeqCst);
    assert_eq!(log.append(intent(4, &["tokyo"], &mut rng(4))).wait(), Err(StoreError::Full));
    assert!(log.append(refusal(4)).wait().is_ok(), "refusals are recorded from the reserve");
    assert!(log.append(outcome(3, State::Answered, None)).wait().is_ok(), "what was begun is ended");
    assert_eq!(log.append(intent(5, &["tokyo"], &mut rng(5))).wait(), Err(StoreError::Full));
    let mut refused = 0;
    while log.append(refusal(100)).wait().is_ok() {
        refused += 1;
    }
    assert!((1..100).contains(&refused), "the reserve ends too, and then nothing is recorded: {refused}");
    disk.limited.store(false, Ordering::SeqCst);
    log.tick(ClockState::Free).wait().unwrap();
    fill(&log, 5..7);
    log.checkpoint().wait().unwrap();
    log.close();
    let report = check(folder.path(), &clock);
    assert!(report.sound(), "{:?}", report.sentences(false));
    assert_eq!(report.counts.iter().collect::<Vec<_>>(), [(&Check::Disk, &2)]);
    let (_, recovery) = open(folder.path(), &clock);
    assert_eq!(recovery.cut, None, "half-written records of a full disk are cut at once");
}

#[test]
fn below_the_room_that_must_be_free_questions_are_refused_and_refusals_recorded() {
    let (folder, clock, disk) = (tempfile::tempdir().unwrap(), Hand::new(), Faulty::default());
    let low = 64 << 20;
    let config = Config { disk: Box::new(disk.clone()), low, ..config(folder.path(), &clock) };
    disk.free.store(2 * low, Ordering::SeqCst);
    let (log, _) = Log::open(config).unwrap();
    fill(&log, 0..3);
    log.append(intent(3, &["tokyo"], &mut rng(3))).wait().unwrap();
    disk.free.store(low - 1, Ordering::SeqCst);
    log.tick(ClockState::Free).wait().unwrap();
    assert!(log.scarce());
    assert_eq!(log.append(intent(4, &["tokyo"], &mut rng(4))).wait(), Err(StoreError::Full));
    log.append(refusal(4)).wait().unwrap();
    log.append(outcome(3, State::Answered, None)).wait().unwrap();
    // No more than was missing: the two states do not take turns.
    disk.free.store(low + 1, Ordering::SeqCst);
    log.tick(ClockState::Free).wait().unwrap();
    assert!(log.scarce());
    disk.free.store(2 * low, Ordering::SeqCst);
    log.tick(ClockState::Free).wait().unwrap();
    assert!(!log.scarce());
    fill(&log, 5..6);
    log.checkpoint().wait().unwrap();
    log.close();
    let report = check(folder.path(), &clock);
    assert_eq!(report.counts.iter().collect::<Vec<_>>(), [(&Check::Disk, &2)], "{:?}", report.sentences(false));
    // A log that is opened on a disk that is nearly full knows it before the first question.
    disk.free.store(low - 1, Ordering::SeqCst);
    let config = Config { disk: Box::new(disk), low, ..self::config(folder.path(), &clock) };
    let (log, _) = Log::open(config).unwrap();
    assert_eq!(log.append(intent(9, &["tokyo"], &mut rng(9))).wait(), Err(StoreError::Full));
}

#[test]
fn journals_that_could_not_become_bundles_are_kept_until_they_can() {
    let (folder, clock, disk) = (tempfile::tempdir().unwrap(), Hand::new(), Faulty::default());
    let (log, _) = Log::open(Config { disk: Box::new(disk.clone()), ..config(folder.path(), &clock) }).unwrap();
    fill(&log, 0..10);
    disk.puts.store(true, Ordering::SeqCst);
    fill(&log, 10..400);
    assert_eq!(log.checkpoint().wait(), Err(StoreError::Full));
    assert_eq!(log.reader().entries(0).unwrap().filter(Result::is_ok).count(), 800);
    assert_eq!(log.reader().inclusion(3, 800).unwrap().path.len(), 10);
    log.close();
    let journals = || std::fs::read_dir(folder.path().join("journal")).unwrap().count();
    assert_eq!(journals(), 4);
    let (log, recovery) = open(folder.path(), &clock);
    assert_eq!((recovery.size, recovery.signed), (800, 0));
    log.checkpoint().wait().unwrap();
    log.close();
    assert_eq!(journals(), 1);
    let report = check(folder.path(), &clock);
    assert!(report.findings.is_empty() && report.entries == 800, "{:?}", report.sentences(false));
}

#[test]
fn callers_that_wait_together_share_a_sync() {
    let (folder, clock, disk) = (tempfile::tempdir().unwrap(), Hand::new(), Faulty::default());
    let (log, _) = Log::open(Config { disk: Box::new(disk.clone()), ..config(folder.path(), &clock) }).unwrap();
    let all: Vec<_> = (0..200).map(|_| log.append(admin(Act::LogRead))).collect();
    let mut indexes: Vec<_> = all.into_iter().map(|pending| pending.wait().unwrap().index).collect();
    assert!(indexes.is_sorted(), "entries stand in the order in which they were asked for");
    indexes.dedup();
    assert_eq!(indexes.len(), 200);
    assert!(disk.syncs.load(Ordering::SeqCst) < 150, "{}", disk.syncs.load(Ordering::SeqCst));
    assert_eq!(Config::new(folder.path().into(), node_key(), Arc::new(clock)).idle, Duration::from_secs(60));
}
