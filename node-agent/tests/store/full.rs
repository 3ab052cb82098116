//! A disk that fills up while a snapshot is written. It is a real one, in memory; where nothing may be mounted this test
//! says so and ends.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use renkei_node::ingest::{self, IngestError};
use renkei_node::store::Error;

use super::fixture::{Hospital, open};

fn mount(arguments: &[&str], path: &Path) -> bool {
    Command::new("mount").args(arguments).arg(path).output().is_ok_and(|output| output.status.success())
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn the_snapshot_before_stays_nothing_half_done_is_left_and_the_next_run_works() {
    let hospital = Hospital::small();
    let disk = hospital.dir.path().join("disk");
    fs::create_dir(&disk).unwrap();
    if !mount(&["-t", "tmpfs", "-o", "size=512k", "none"], &disk) {
        let _ = writeln!(std::io::stderr(), "left out: this user may not mount a disk to fill up");
        return;
    }
    let _unmount = Unmount(&disk);
    let state = disk.join("state");
    let run = || {
        let store = open(&state);
        ingest::run(&store, &hospital.options(), &mut |_| {}, &mut ChaCha20Rng::seed_from_u64(7))
    };
    run().unwrap();
    let before = open(&state).current().unwrap().unwrap().id().clone();
    // Numbers that do not compress.
    let rows = (0..200_000_u64)
        .map(|row| format!("{row},11,3004410,2020-01-05,32817,{},101\n", row.wrapping_mul(row) % 7_919_113));
    let head = "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id,value_as_number,\
                visit_occurrence_id\n";
    hospital.write("measurement", &std::iter::once(head.to_owned()).chain(rows).collect::<String>());
    let error = run().unwrap_err();
    let IngestError::Store(full @ Error::Full { .. }) = &error else { panic!("{error:?}") };
    let text = full.to_string();
    assert!(text.contains("measurement.parquet") && text.contains("Free some room"), "{text}");
    let store = open(&state);
    assert_eq!(store.current().unwrap().unwrap().id(), &before);
    let names: Vec<_> =
        fs::read_dir(state.join("snapshots")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [before.as_str()]);
    drop(store);
    assert!(mount(&["-o", "remount,size=64m"], &disk));
    let report = run().unwrap();
    assert_eq!(report.quarantined(), 0, "{report}");
    assert_ne!(open(&state).current().unwrap().unwrap().id(), &before);
}
