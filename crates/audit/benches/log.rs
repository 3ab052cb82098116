//! How fast a log of a million entries is written, verified, opened and proven, and what a question waits for its two
//! records. `cargo bench -p renkei-audit`; ends with an error where verifying takes a minute or an entry 20 ms.

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

use std::sync::Arc;
use std::time::{Duration, Instant};

use renkei_audit::entry::{Draft, State};
use renkei_audit::store::{Config, Log, Reader};
use renkei_audit::verify::{Trust, verify};
use renkei_types::{Clock as _, SystemClock};

use common::*;

fn log(root: &std::path::Path) -> Log {
    Log::open(Config::new(root.to_owned(), node_key(), Arc::new(SystemClock))).unwrap().0
}

fn main() {
    a_million_entries_are_verified_within_a_minute();
    latency();
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

/// What a question waits for its two records, with 1, 8 and 64 asking at a time.
fn latency() {
    for threads in [1_u64, 8, 64] {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path());
        let begun = Instant::now();
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let log = log.clone();
                std::thread::spawn(move || {
                    let mut rng = rng(thread);
                    let each = |n: u64| {
                        let draft = intent(n * threads + thread, &["tokyo"], &mut rng);
                        let begun = Instant::now();
                        log.append(draft).wait().unwrap();
                        begun.elapsed()
                    };
                    (0..500).map(each).collect::<Vec<_>>()
                })
            })
            .collect();
        let mut times: Vec<_> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
        let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        println!("{threads} at a time: median {:?}, 95 % {:?}, 99 % {:?}, {rate:.0}/s", at(50), at(95), at(99));
        assert!(at(50) < Duration::from_millis(20));
    }
}
