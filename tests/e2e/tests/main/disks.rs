//! The disk under the gateway's log fills up, or fails: no answer without a record, refusals as long as there is any room,
//! and after a failed sync nothing at all until the gateway is started again.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use renkei_audit::entry::{Body, Entry};
use renkei_audit::store::{Disk as _, Folder};
use renkei_audit::verify::{Check, Trust, verify};
use renkei_e2e::{Consortium, LIMIT, Records, Site};
use renkei_pki::PeerName;
use renkei_service::signed_log::{self, Settings, folder, reader, verifier};
use renkei_types::{Clock as _, Code, SystemClock};

use crate::BY_SEX;

const MIB: u64 = 1 << 20;
/// What no hospital is asked.
const STATIC: &str = "SELECT person_id FROM person";

fn mount(arguments: &[&str], path: &Path) -> bool {
    Command::new("mount").args(arguments).arg(path).output().is_ok_and(|output| output.status.success())
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

/// Fills the disk until so much is free; what does not fit any more is left out.
fn fill(disk: &Path, name: &str, left: u64) {
    let mut file = std::fs::File::create(disk.join(name)).unwrap();
    let block = vec![7; 1 << 16];
    while Folder.free(disk).unwrap() > left && file.write_all(&block).is_ok() {}
}

/// Questions, ends and refusals with their codes.
fn told(state: &Path) -> (usize, usize, Vec<String>) {
    let reader = reader(state);
    let (mut intents, mut outcomes, mut refusals) = (0, 0, Vec::new());
    for entry in reader.entries(0).unwrap() {
        match Entry::decode(&entry.unwrap().1).unwrap().body {
            Body::Intent(_) => intents += 1,
            Body::Outcome(_) => outcomes += 1,
            Body::Refusal(refusal) => refusals.push(refusal.code.to_string()),
            _ => {}
        }
    }
    (intents, outcomes, refusals)
}

fn until(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn on_a_full_disk_questions_are_refused_and_refusals_are_recorded_until_there_is_room() {
    let disk = tempfile::tempdir().unwrap();
    if !mount(&["-t", "tmpfs", "-o", "size=160m", "none"], disk.path()) {
        let _ = writeln!(std::io::stderr(), "left out: this user may not mount a disk to fill up");
        return;
    }
    let _unmount = Unmount(disk.path());
    let state = disk.path().join("state");
    let consortium =
        Consortium::with([Site::with("a", Records::plain(20, 10))], |config| config.state_dir.clone_from(&state));
    assert_eq!(consortium.ask(BY_SEX).states(), ["a answered"]);
    let unavailable = || consortium.client().ask(BY_SEX).is_err_and(|refused| refused.code() == Code::Failed);

    let signed =
        || reader(&state).checkpoint().unwrap().and_then(|note| signed_log::head(&note)).map_or(0, |head| head.size);
    until("the log is signed", || signed() > 0);
    // Nearly full: questions are refused before anything fails.
    fill(disk.path(), "filler", 40 * MIB);
    until("questions are refused", unavailable);
    let before = told(&state);
    assert!(unavailable());
    assert_eq!(consortium.refused(STATIC).code(), Code::Rows);
    let after = told(&state);
    assert_eq!((after.0, after.1), (before.0, before.1), "nothing was begun");
    assert_eq!(after.2[before.2.len()..], [Code::Failed.as_str(), Code::Rows.as_str()]);

    // Full to the last byte: what is refused is still recorded, from what was reserved.
    fill(disk.path(), "filler-2", 0);
    for n in 1..=300 {
        assert_eq!(consortium.refused(STATIC).code(), Code::Rows);
        assert_eq!(told(&state).2.len(), after.2.len() + n);
    }
    assert!(unavailable());
    assert_eq!(told(&state).0, before.0);

    for name in ["filler", "filler-2"] {
        std::fs::remove_file(disk.path().join(name)).unwrap();
    }
    until("questions are taken again", || consortium.client().ask(BY_SEX).is_ok());
    assert_eq!(consortium.ask(BY_SEX).states(), ["a answered"]);
    let size = reader(&state).size().unwrap();
    until("the log is signed again", || signed() >= size);
    drop(consortium);
    let report = verify(&reader(&state), &Trust::new(verifier(&state).unwrap(), SystemClock.now()));
    assert!(report.sound() && report.has(Check::Disk), "{:?}", report.sentences(false));
}

/// The next file of the log is a device that takes every byte and cannot be synced.
#[test]
fn after_a_failed_sync_nothing_is_answered_and_nothing_is_tried_again() {
    let disk = tempfile::tempdir().unwrap();
    let state = disk.path().join("state");
    let consortium =
        Consortium::with([Site::with("a", Records::plain(20, 10))], |config| config.state_dir.clone_from(&state));
    assert_eq!(consortium.ask(BY_SEX).states(), ["a answered"]);
    let next = folder(&state).join("journal/1");
    std::os::unix::fs::symlink("/dev/null", &next).unwrap();
    let unavailable = || consortium.client().ask(BY_SEX).is_err_and(|refused| refused.code() == Code::Failed);
    // Refusals fill the journal that is in use.
    until("the disk's fault is met", || {
        (0..40).for_each(|_| assert_eq!(consortium.refused(STATIC).code(), Code::Rows));
        unavailable()
    });
    assert_eq!(reader(&state).bundle(0).unwrap().len(), 256, "what was recorded before is there");
    // A device that works again proves nothing.
    std::fs::remove_file(&next).unwrap();
    std::fs::write(&next, b"").unwrap();
    for _ in 0..3 {
        assert!(unavailable());
        assert_eq!(consortium.refused(STATIC).code(), Code::Rows, "what is refused anyway is refused as ever");
    }
    assert_eq!(next.metadata().unwrap().len(), 0, "nothing was written again");

    // Started again, the log goes on where its disk has it.
    drop(consortium);
    let name: PeerName = verifier(&state).unwrap().name().as_str().parse().unwrap();
    let open = || signed_log::open(&state, &name, &Settings::default(), Arc::new(SystemClock)).ok();
    until("the log opens", || {
        open().is_some_and(|opened| {
            let (log, ..) = opened.parts();
            log.checkpoint().wait().unwrap();
            log.close();
            true
        })
    });
    let report = verify(&reader(&state), &Trust::new(verifier(&state).unwrap(), SystemClock.now()));
    assert!(report.sound() && report.entries >= 256, "{:?}", report.sentences(false));
}
