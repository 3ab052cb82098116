//! How fast a log of a million entries is written, verified, opened and proven, and what a question waits for its
//! records. `cargo bench -p renkei-audit`, or `cargo bench -p renkei-audit -- latency FOLDER` for the second alone, with the
//! logs on the disk of that folder; ends with an error where verifying takes a minute, or a question waits more than 20 ms
//! at the median.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    dead_code,
    unused_imports,
    reason = "a program for the desk: it prints, and ends where something fails"
)]

#[path = "../tests/common.rs"]
mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use renkei_audit::entry::{ClockState, Draft, State};
use renkei_audit::store::{Config, Log, Reader};
use renkei_audit::verify::{Trust, verify};
use renkei_types::{Clock as _, SystemClock};

use common::*;

fn log(root: &Path) -> Log {
    Log::open(Config::new(root.to_owned(), node_key(), Arc::new(SystemClock))).unwrap().0
}

fn main() {
    // Cargo says `--bench` itself.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let disk = words.get(1).map(PathBuf::from);
    if words.first().is_none_or(|word| word != "latency") {
        a_million_entries_are_verified_within_a_minute();
    }
    latency(&disk.unwrap_or_else(std::env::temp_dir));
}

fn a_million_entries_are_verified_within_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path());
    let mut rng = rng(1);
    let begun = Instant::now();
    for block in 0..500 {
        let drafts: Vec<Draft> = (block * 1_000..(block + 1) * 1_000)
            .flat_map(|n| [intent(n, &["tokyo"], &mut rng), outcome(n, State::Answered, None)])
            .collect();
        let all: Vec<_> = drafts.into_iter().map(|draft| log.append(draft)).collect();
        all.into_iter().for_each(|pending| _ = pending.wait().unwrap());
    }
    println!("appended in {:?}: {:.0} entries/s", begun.elapsed(), 1e6 / begun.elapsed().as_secs_f64());
    log.checkpoint().wait().unwrap();
    log.close();
    let bytes: usize = files(folder.path()).iter().map(|file| file.1.len()).sum();
    println!("{} MB on disk", bytes / 1_000_000);
    let trust =
        Trust { openings: true, complete: true, ..Trust::new(node_key().verifier().clone(), SystemClock.now()) };
    let begun = Instant::now();
    let report = verify(&Reader::new(folder.path()), &trust);
    println!("verified {} entries in {:?}", report.entries, begun.elapsed());
    assert!(report.sound() && report.entries == 1_000_000, "{:?}", report.sentences(false));
    assert!(begun.elapsed() < Duration::from_secs(60));
    let begun = Instant::now();
    let log = self::log(folder.path());
    println!("opened again in {:?}", begun.elapsed());
    let reader = log.reader();
    let begun = Instant::now();
    (0..1_000).for_each(|n| _ = reader.inclusion(n * 997, 1_000_000).unwrap());
    println!("an inclusion proof in {:?}", begun.elapsed() / 1_000);
    log.close();
}

/// What a question waits until its records are durable, with 1, 8 and 64 asking at a time: an INTENT at the gateway and one
/// at the site, then an OUTCOME at the site and one at the gateway, both logs on the same disk. Each log beats and signs
/// as in a program.
fn latency(disk: &Path) {
    println!("logs below {}", disk.display());
    for threads in [1_u64, 8, 64] {
        let (gateway, site) = (tempfile::tempdir_in(disk).unwrap(), tempfile::tempdir_in(disk).unwrap());
        let (gateway, site) = (Kept::open(gateway), Kept::open(site));
        let begun = Instant::now();
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let (gateway, site) = (gateway.log.clone(), site.log.clone());
                std::thread::spawn(move || {
                    let mut rng = rng(thread);
                    let each = |n: u64| {
                        let n = n * threads + thread;
                        let waits = [(&gateway, true), (&site, true), (&site, false), (&gateway, false)];
                        waits.map(|(log, begins)| {
                            let draft = if begins {
                                intent(n, &["tokyo"], &mut rng)
                            } else {
                                outcome(n, State::Answered, None)
                            };
                            let begun = Instant::now();
                            log.append(draft).wait().unwrap();
                            begun.elapsed()
                        })
                    };
                    (0..500).map(each).collect::<Vec<_>>()
                })
            })
            .collect();
        let times: Vec<[Duration; 4]> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
        let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
        let records = Shares::of(times.iter().flatten().copied());
        let questions = Shares::of(times.iter().map(|waits| waits.iter().sum()));
        println!(
            "{threads} at a time, {rate:.0} questions/s: a record {records}; a question, four records {questions}"
        );
        assert!(questions.median < Duration::from_millis(20), "the log adds more than 20 ms at the median");
        [gateway, site].into_iter().for_each(Kept::close);
    }
}

/// A log that is kept alive beside those who write.
struct Kept {
    log: Log,
    stop: Arc<AtomicBool>,
    beats: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Kept {
    fn open(folder: tempfile::TempDir) -> Self {
        let (log, stop) = (log(folder.path()), Arc::new(AtomicBool::new(false)));
        let beats = std::thread::spawn({
            let (log, stop) = (log.clone(), Arc::clone(&stop));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    log.tick(ClockState::Unknown).wait().unwrap();
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
        });
        Self { log, stop, beats, _folder: folder }
    }

    fn close(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.beats.join().unwrap();
        self.log.close();
    }
}

struct Shares {
    median: Duration,
    most: Duration,
    worst: Duration,
}

impl Shares {
    fn of(times: impl Iterator<Item = Duration>) -> Self {
        let mut times: Vec<Duration> = times.collect();
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        Self { median: at(50), most: at(95), worst: at(99) }
    }
}

impl std::fmt::Display for Shares {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { median, most, worst } = self;
        write!(f, "median {median:.1?}, 95 % {most:.1?}, 99 % {worst:.1?}")
    }
}
