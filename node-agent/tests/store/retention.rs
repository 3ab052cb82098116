//! What is kept, what is in use, and who may change the store.

use std::fs;

use renkei_node::ingest::IngestError;
use renkei_node::store::{Error, Snapshot};
use renkei_types::SnapshotId;

use super::fixture::{Hospital, open, rows};

fn ids(hospital: &Hospital) -> Vec<SnapshotId> {
    hospital.store.list().unwrap().into_iter().map(|one| one.id).collect()
}

#[test]
fn the_newest_and_the_current_are_kept() {
    let hospital = Hospital::small();
    let made: Vec<SnapshotId> = (0..5).map(|_| hospital.ingest().unwrap().snapshot.unwrap()).collect();
    assert_eq!(ids(&hospital), made[2..], "three by default");
    hospital.store.set_current(&made[2]).unwrap();
    assert_eq!(hospital.store.prune(1).unwrap(), made[3..4]);
    assert_eq!(ids(&hospital), [made[2].clone(), made[4].clone()], "the current one stays");
    assert!(hospital.store.prune(0).unwrap().is_empty());
    let error = hospital.store.get(&made[0]).unwrap_err();
    assert!(matches!(&error, Error::Unknown { id } if *id == made[0]), "{error}");
    assert!(matches!(hospital.store.set_current(&made[0]).unwrap_err(), Error::Unknown { .. }));
}

#[test]
fn what_is_in_use_is_not_deleted_in_this_process_or_another() {
    let hospital = Hospital::small();
    hospital.ingest().unwrap();
    let held = hospital.current();
    // A second store on the same folder has its own descriptors, as another process would.
    let elsewhere = open(&hospital.state());
    for _ in 0..3 {
        hospital.ingest().unwrap();
    }
    assert!(elsewhere.prune(1).unwrap().iter().all(|id| id != held.id()));
    assert_eq!(rows(&held, "measurement").num_rows(), 4);
    let id = held.id().clone();
    let dir = held.dir().to_owned();
    drop(held);
    assert_eq!(elsewhere.prune(1).unwrap(), [id]);
    assert!(matches!(Snapshot::open(&dir), Err(Error::Damaged { .. })));
}

#[test]
fn another_process_sees_the_switch() {
    let hospital = Hospital::small();
    let first = hospital.ingest().unwrap().snapshot.unwrap();
    let agent = open(&hospital.state());
    assert_eq!(*agent.current().unwrap().unwrap().id(), first);
    let second = hospital.ingest().unwrap().snapshot.unwrap();
    assert_eq!(*agent.current().unwrap().unwrap().id(), second);
    assert!(std::sync::Arc::ptr_eq(&agent.current().unwrap().unwrap(), &agent.current().unwrap().unwrap()));
}

#[test]
fn two_do_not_change_the_store_at_once() {
    let hospital = Hospital::small();
    hospital.ingest().unwrap();
    let lock = fs::File::open(hospital.state().join("lock")).unwrap();
    lock.lock().unwrap();
    let error = hospital.ingest().unwrap_err();
    assert!(matches!(error, IngestError::Store(Error::Busy { .. })), "{error}");
    assert!(matches!(hospital.store.prune(1), Err(Error::Busy { .. })));
    assert!(matches!(hospital.store.set_current(hospital.current().id()), Err(Error::Busy { .. })));
    assert_eq!(rows(&hospital.current(), "person").num_rows(), 3, "readers are not held up");
    drop(lock);
    hospital.ingest().unwrap();
}
