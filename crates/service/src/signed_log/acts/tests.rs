use rand::SeedableRng;
use renkei_audit::entry::check_openings;
use renkei_types::FixedClock;

use super::*;

fn deeds() -> [Deed; 3] {
    let mut sealed = Deed::plain(Act::Preview, "dm", "a statement was tried; nothing left", None);
    sealed.sealed.insert("sql".into(), "SELECT count(*) FROM person WHERE year_of_birth = 1901".into());
    [Deed::log_shown(20, true), Deed::log_archived(512, Hash::of(b"m")), sealed]
}

fn taken(state: &Path) -> Vec<Deed> {
    let act = |waiting| match waiting {
        Waiting::Act(_, left) => Some(left.deed),
        Waiting::PutAside(_) => None,
    };
    waiting(state).into_iter().filter_map(act).collect()
}

#[test]
fn acts_wait_in_order_until_they_are_taken() {
    let state = tempfile::tempdir().unwrap();
    assert!(waiting(state.path()).is_empty());
    let deeds = deeds();
    // All at one time, and one that was before them.
    for deed in &deeds[1..] {
        leave(state.path(), &FixedClock(Timestamp(2)), deed.clone()).unwrap();
    }
    leave(state.path(), &FixedClock(Timestamp(1)), deeds[0].clone()).unwrap();
    assert_eq!(taken(state.path()), deeds);
}

#[test]
fn every_act_becomes_an_entry_that_the_log_takes_and_that_seals_what_is_the_owners() {
    let mut rng = StdRng::seed_from_u64(1);
    for deed in deeds() {
        let left = Left { at: Timestamp(1_800_000_000_000_000), account: 998, deed };
        let Draft { body, openings } = left.draft(&mut rng);
        check_openings(&body, &openings).unwrap();
        let leaf = serde_json::to_string(&body).unwrap();
        assert!(leaf.contains("2027-01-15T08:00:00Z"), "{leaf}");
        assert!(!leaf.contains("1901") && !leaf.contains("998"), "{leaf}");
        let sealed: Vec<&str> = openings.iter().map(|opening| opening.name.as_str()).collect();
        assert_eq!(sealed.contains(&"sql"), !left.deed.sealed.is_empty());
        assert!(sealed.contains(&"account"));
    }
}

#[test]
fn what_is_no_act_is_put_aside_once_and_hides_no_other() {
    let state = tempfile::tempdir().unwrap();
    leave(state.path(), &FixedClock(Timestamp(5)), Deed::log_shown(1, false)).unwrap();
    fs::write(folder(state.path()).join("00000000000000000001-1-0000.json"), b"{\"at\":1,\"subject\":\"dm\"}").unwrap();
    let found = waiting(state.path());
    assert!(matches!(&found[..], [Waiting::PutAside(aside), Waiting::Act(..)] if aside.exists()), "{found:?}");
    assert!(matches!(&waiting(state.path())[..], [Waiting::Act(..)]));
}
