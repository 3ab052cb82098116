use rand::SeedableRng;
use rand::rngs::StdRng;
use renkei_audit::entry::check_openings;
use renkei_types::FixedClock;

use super::*;

fn all() -> Vec<Done> {
    let id = || SnapshotId::new("20261122t193200z-1a2b3c4d5e6f").unwrap();
    let project = || ProjectId::new("dm").unwrap();
    let sql = "SELECT count(*) FROM person WHERE year_of_birth = 1901".to_owned();
    vec![
        Done::LedgerRecovered { kept: 2, cut: 7 },
        Done::LogArchived { until: 512, manifest: Hash::of(b"m") },
        Done::LogShown { entries: 20, questions: true },
        Done::MapTaken { name: "labs".into(), version: 3, sha256: Hash::of(b"map") },
        Done::Previewed { project: project(), sql: sql.clone() },
        Done::SnapshotMade { id: id(), seal: Seal::Clinical, contents: Some(Hash::of(b"c")) },
        Done::SnapshotUsed { id: id() },
        Done::SnapshotRemoved { id: id() },
        Done::StatementRegistered { project: project(), name: "primary".into(), sql, snapshot: id() },
        Done::StatementWithdrawn { project: project(), name: "primary".into() },
    ]
}

fn taken(state: &Path) -> Vec<Done> {
    let act = |waiting| match waiting {
        Waiting::Act(_, act) => Some(act.done),
        Waiting::PutAside(_) => None,
    };
    waiting(state).into_iter().filter_map(act).collect()
}

#[test]
fn acts_wait_in_order_until_they_are_taken() {
    let state = tempfile::tempdir().unwrap();
    assert!(waiting(state.path()).is_empty());
    let kinds = all();
    // All at one time, and one that was before them.
    for done in &kinds[1..] {
        leave(state.path(), &FixedClock(Timestamp(2)), done.clone()).unwrap();
    }
    leave(state.path(), &FixedClock(Timestamp(1)), kinds[0].clone()).unwrap();
    assert_eq!(taken(state.path()), kinds);
}

#[test]
fn every_act_becomes_an_entry_that_the_log_takes_and_that_keeps_the_statement_at_the_site() {
    let mut rng = StdRng::seed_from_u64(1);
    for done in all() {
        let act = Act { at: Timestamp(1_800_000_000_000_000), account: 998, done };
        let Draft { body, openings } = act.draft(&mut rng);
        check_openings(&body, &openings).unwrap();
        let leaf = serde_json::to_string(&body).unwrap();
        assert!(leaf.contains("2027-01-15T08:00:00Z"), "{leaf}");
        assert!(!leaf.contains("1901") && !leaf.contains("998"), "{leaf}");
        let Body::Admin(admin) = body else { unreachable!() };
        assert_eq!(admin.act, act.done.kind());
        let sealed: Vec<&str> = openings.iter().map(|opening| opening.name.as_str()).collect();
        assert_eq!(
            sealed.contains(&"sql"),
            matches!(act.done, Done::Previewed { .. } | Done::StatementRegistered { .. })
        );
        assert!(sealed.contains(&"account"));
    }
}

#[test]
fn what_is_no_act_is_put_aside_once_and_hides_no_other() {
    let state = tempfile::tempdir().unwrap();
    leave(state.path(), &FixedClock(Timestamp(5)), all().remove(0)).unwrap();
    fs::write(folder(state.path()).join("00000000000000000001-1-0000.json"), b"{\"at\":1,\"subject\":\"dm\"}").unwrap();
    let found = waiting(state.path());
    assert!(matches!(&found[..], [Waiting::PutAside(aside), Waiting::Act(..)] if aside.exists()), "{found:?}");
    assert!(matches!(&waiting(state.path())[..], [Waiting::Act(..)]));
}
