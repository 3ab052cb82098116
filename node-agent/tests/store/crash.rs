//! Killed at any step, the store comes up with the old snapshot or the new one, and nothing lies about.

use std::fs;
use std::path::Path;

use renkei_node::store::Error;

use super::fixture::{Hospital, open};

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for name in names(from) {
        fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

#[test]
fn while_writing() {
    let mut hospital = Hospital::small();
    hospital.ingest().unwrap();
    let id = hospital.current().id().clone();
    let snapshots = hospital.state().join("snapshots");
    // Tables in part, no manifest; and another with a manifest, not yet renamed.
    fs::create_dir(snapshots.join(".new-0011")).unwrap();
    fs::write(snapshots.join(".new-0011/person.parquet"), b"PAR1 and then nothing").unwrap();
    copy(&snapshots.join(id.as_str()), &snapshots.join(".new-0022"));
    fs::create_dir_all(hospital.state().join("staging/datafusion-x")).unwrap();
    fs::write(hospital.state().join("staging/datafusion-x/spill"), b"rows").unwrap();
    hospital.reopen();
    assert_eq!(names(&snapshots), [id.as_str()]);
    assert!(!hospital.state().join("staging").exists());
    assert_eq!(*hospital.current().id(), id);
    hospital.ingest().unwrap();
}

#[test]
fn before_the_switch() {
    let mut hospital = Hospital::small();
    let first = hospital.ingest().unwrap().snapshot.unwrap();
    let second = hospital.ingest().unwrap().snapshot.unwrap();
    // Renamed, but `current` still is the old name; its replacement was in the making.
    fs::write(hospital.state().join("current"), format!("{first}\n")).unwrap();
    fs::write(hospital.state().join("current.tmp"), &second.as_str().as_bytes()[..9]).unwrap();
    hospital.reopen();
    assert_eq!(*hospital.current().id(), first);
    assert!(!hospital.state().join("current.tmp").exists());
    let listed = hospital.store.list().unwrap();
    assert_eq!(listed.iter().map(|one| (&one.id, one.current)).collect::<Vec<_>>(), [(&first, true), (&second, false)]);
    let third = hospital.ingest().unwrap();
    assert_eq!(third.parent, Some(second), "its numbers are continued");
}

#[test]
fn before_the_first_switch() {
    let mut hospital = Hospital::small();
    let id = hospital.ingest().unwrap().snapshot.unwrap();
    fs::remove_file(hospital.state().join("current")).unwrap();
    hospital.reopen();
    assert!(hospital.store.current().unwrap().is_none());
    assert_eq!(*hospital.store.set_current(&id).unwrap().id(), id);
}

#[test]
fn while_deleting() {
    let mut hospital = Hospital::small();
    hospital.ingest().unwrap();
    let id = hospital.current().id().clone();
    let snapshots = hospital.state().join("snapshots");
    copy(&snapshots.join(id.as_str()), &snapshots.join(".old-20250101t000000z-000000000000"));
    fs::remove_file(snapshots.join(".old-20250101t000000z-000000000000/manifest.json")).unwrap();
    hospital.reopen();
    assert_eq!(names(&snapshots), [id.as_str()]);
}

#[test]
fn current_that_names_nothing_is_said_and_can_be_set() {
    let mut hospital = Hospital::small();
    let id = hospital.ingest().unwrap().snapshot.unwrap();
    for text in ["20250101t000000z-000000000000", "", "../../etc", "\u{fffd}"] {
        fs::write(hospital.state().join("current"), text).unwrap();
        hospital.reopen();
        let error = hospital.store.current().unwrap_err();
        assert!(matches!(error, Error::Current { .. }), "{text}: {error}");
    }
    hospital.store.set_current(&id).unwrap();
    assert_eq!(*hospital.current().id(), id);
}

#[test]
fn nothing_is_cleared_while_somebody_is_at_work() {
    let hospital = Hospital::small();
    let draft = hospital.state().join("snapshots/.new-0011");
    let lock = fs::File::create(hospital.state().join("lock")).unwrap();
    lock.lock().unwrap();
    fs::create_dir(&draft).unwrap();
    open(&hospital.state());
    assert!(draft.exists());
    drop(lock);
    open(&hospital.state());
    assert!(!draft.exists());
}
