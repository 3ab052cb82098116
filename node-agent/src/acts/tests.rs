use rand::SeedableRng;
use rand::rngs::StdRng;
use renkei_audit::entry::{Body, Draft, check_openings};
use renkei_service::signed_log::acts::Left;
use renkei_types::Timestamp;

use super::*;

fn all() -> Vec<Done> {
    let id = || SnapshotId::new("20261122t193200z-1a2b3c4d5e6f").unwrap();
    let project = || ProjectId::new("dm").unwrap();
    let sql = "SELECT count(*) FROM person WHERE year_of_birth = 1901".to_owned();
    vec![
        Done::LedgerRecovered { kept: 2, cut: 7 },
        Done::MapTaken { name: "labs".into(), version: 3, sha256: Hash::of(b"map") },
        Done::Previewed { project: project(), sql: sql.clone() },
        Done::SnapshotMade { id: id(), seal: Seal::Clinical, contents: Some(Hash::of(b"c")) },
        Done::SnapshotUsed { id: id() },
        Done::SnapshotRemoved { id: id() },
        Done::StatementRegistered { project: project(), name: "primary".into(), sql, snapshot: id() },
        Done::StatementWithdrawn { project: project(), name: "primary".into() },
    ]
}

#[test]
fn every_act_becomes_an_entry_that_the_log_takes_and_that_keeps_the_statement_at_the_site() {
    let mut rng = StdRng::seed_from_u64(1);
    for done in all() {
        let left = Left { at: Timestamp(1_800_000_000_000_000), account: 998, deed: done.deed() };
        let Draft { body, openings } = left.draft(&mut rng);
        check_openings(&body, &openings).unwrap();
        let leaf = serde_json::to_string(&body).unwrap();
        assert!(!leaf.contains("1901") && !leaf.contains("998"), "{leaf}");
        let Body::Admin(admin) = body else { unreachable!() };
        assert_eq!((admin.act, admin.digest), (done.kind(), done.digest()));
        assert!(admin.detail.as_str().starts_with(&done.detail()), "{leaf}");
        let sealed: Vec<&str> = openings.iter().map(|opening| opening.name.as_str()).collect();
        assert_eq!(sealed.contains(&"sql"), matches!(done, Done::Previewed { .. } | Done::StatementRegistered { .. }));
        assert!(sealed.contains(&"account"));
    }
}
