//! A ledger that forgot is refused; a torn end that nobody relied on is cut.

use std::fs;
use std::path::Path;

use renkei_disclosure::Memory;
use renkei_ledger::{Error, Ledger};
use renkei_policy::{Budget, Mode};
use renkei_types::{PersonId, ProjectId, Timestamp};

use crate::{asking, contributions, crowd, offer};

fn fill(state: &Path, from: u32, count: u32) {
    let ledger = Ledger::open(state, [9; 32]).unwrap();
    for i in from..from + count {
        let exact = contributions(&crowd(i * 1000, 50));
        ledger.session(asking(Mode::Flag, 10)).keep(&[offer(&exact, 50, true)]).unwrap();
    }
}

fn reopen(state: &Path) -> Result<usize, String> {
    Ledger::open(state, [1; 32]).map(|ledger| ledger.anchors()).map_err(|error| error.to_string())
}

#[test]
fn what_was_kept_is_there_again() {
    let state = tempfile::tempdir().unwrap();
    fill(state.path(), 0, 3);
    assert_eq!(reopen(state.path()), Ok(3));
    let ledger = Ledger::open(state.path(), [1; 32]).unwrap();
    let entries = ledger.entries().unwrap();
    assert_eq!(entries.iter().map(|(_, persons)| *persons).collect::<Vec<_>>(), [50, 50, 50]);
    assert!(matches!(Ledger::open(state.path(), [1; 32]), Err(Error::Busy { .. })), "two agents on one folder");
    assert_eq!(Ledger::look(state.path()).unwrap().anchors(), 3, "somebody may read beside the agent");
    assert!(matches!(Ledger::look(&state.path().join("none")), Err(Error::None { .. })));
}

#[test]
fn damage_is_refused_and_says_how_to_recover() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 7] = [
        ("flipped", |folder| {
            let mut bytes = fs::read(folder.join("records")).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(folder.join("records"), bytes).unwrap();
        }),
        ("cut within a record that was acknowledged", |folder| {
            let bytes = fs::read(folder.join("records")).unwrap();
            fs::write(folder.join("records"), &bytes[..bytes.len() - 1]).unwrap();
        }),
        ("cut to its beginning", |folder| {
            let bytes = fs::read(folder.join("records")).unwrap();
            fs::write(folder.join("records"), &bytes[..16]).unwrap();
        }),
        ("emptied", |folder| fs::write(folder.join("records"), b"").unwrap()),
        ("records gone", |folder| fs::remove_file(folder.join("records")).unwrap()),
        ("key gone", |folder| fs::remove_file(folder.join("key")).unwrap()),
        ("head gone", |folder| fs::remove_file(folder.join("head")).unwrap()),
    ];
    for (what, damage) in damages {
        let state = tempfile::tempdir().unwrap();
        fill(state.path(), 0, 3);
        damage(&state.path().join("ledger"));
        let refused = reopen(state.path()).expect_err(what);
        assert!(refused.contains("renkei-node ledger recover"), "{what}: {refused}");
        let left = Ledger::recover(state.path(), [8; 32]).unwrap().anchors();
        assert!(left <= 3, "{what}");
        assert_eq!(reopen(state.path()), Ok(left), "{what}");
    }
}

#[test]
fn an_older_copy_is_noticed() {
    let state = tempfile::tempdir().unwrap();
    fill(state.path(), 0, 2);
    let records = state.path().join("ledger/records");
    let older = fs::read(&records).unwrap();
    fill(state.path(), 2, 1);
    fs::write(&records, older).unwrap();
    assert!(reopen(state.path()).expect_err("older").contains("older"));
}

#[test]
fn a_torn_end_that_nobody_relied_on_is_cut() {
    let state = tempfile::tempdir().unwrap();
    fill(state.path(), 0, 2);
    let records = state.path().join("ledger/records");
    let whole = fs::read(&records).unwrap();
    fs::write(&records, [whole.as_slice(), &[200, 0, 0, 0, 1, 2, 3]].concat()).unwrap();
    let ledger = Ledger::open(state.path(), [1; 32]).unwrap();
    assert_eq!((ledger.cut(), ledger.anchors()), (7, 2));
    drop(ledger);
    assert_eq!(fs::read(&records).unwrap(), whole);
}

#[test]
fn charges_are_durable() {
    let state = tempfile::tempdir().unwrap();
    let (project, person) = (ProjectId::new("dm").unwrap(), PersonId::new("taro").unwrap());
    let budget = Budget { project_30_days: Some(1), person_day: None };
    let charge = |text: u8| {
        let ledger = Ledger::open(state.path(), [1; 32]).unwrap();
        ledger.charge(&project, &person, [text; 32], budget, Timestamp(0)).unwrap().map(|charge| charge.charged)
    };
    assert_eq!(charge(1), Ok(true));
    assert_eq!(charge(1), Ok(false));
    assert!(charge(2).is_err());
}

#[test]
fn the_file_is_for_its_owner_alone_and_holds_no_plain_numbers() {
    use std::os::unix::fs::PermissionsExt;
    let state = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(state.path(), [9; 32]).unwrap();
    let people = (0..40).map(|person| (person, (1, 0x0102_0304_0506_0708))).collect();
    let exact = contributions(&people);
    ledger.session(asking(Mode::Flag, 10)).keep(&[offer(&exact, 1, false)]).unwrap();
    for name in ["records", "key", "head"] {
        let mode = fs::metadata(state.path().join("ledger").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    let bytes = fs::read(state.path().join("ledger/records")).unwrap();
    let canary = 0x0102_0304_0506_0708_i64.to_le_bytes();
    assert!(!bytes.windows(8).any(|window| window == canary));
}
