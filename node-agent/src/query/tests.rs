//! No record, no answer: with a log that takes nothing, even a refusal is only a fault.

use std::sync::Arc;

use renkei_ledger::Ledger;
use renkei_pki::{PeerName, PeerRole};
use renkei_policy::{Level, SitePolicy};
use renkei_proto::v1::AskRequest;
use renkei_types::{Clock, Code, FixedClock, SiteId, SiteState, Timestamp};
use tokio::sync::Semaphore;

use super::Pipeline;
use crate::audit::{Audit, reader};
use crate::snapshots::Snapshots;
use crate::store::Store;
use crate::worker::{Execution, Executor, Limits};

const NOW: Timestamp = Timestamp(1_795_375_920_000_000);

fn pipeline(state: &std::path::Path) -> Pipeline {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(NOW));
    let site = SiteId::new("good").unwrap();
    let name = PeerName::new("trial".parse().unwrap(), PeerRole::Site, "good").unwrap();
    let limits = Limits {
        threads: 1,
        memory_bytes: 1 << 26,
        spill_dir: state.join("spill"),
        spill_bytes: 1 << 20,
        places: 1,
        questions: 10,
        output_bytes: 1 << 20,
        require: false,
    };
    let store = Store::open(state, Arc::clone(&clock)).unwrap();
    Pipeline {
        planner: Pipeline::planner(),
        policy: SitePolicy { minimum_persons: 10, level: Level::Aggregate, grants: std::collections::BTreeMap::new() },
        snapshots: Snapshots::new(store, None),
        executor: Executor::new(site.clone(), limits, &Execution::InProcess).unwrap(),
        audit: Arc::new(Audit::open(state, name, site, "", &Default::default(), Arc::clone(&clock)).unwrap()),
        ledger: Arc::new(Ledger::open(state, [1; 32]).unwrap()),
        clock,
        release_times: Default::default(),
        state: state.to_owned(),
        places: Semaphore::new(1),
    }
}

/// A question that this site, which has no snapshot and grants nothing, refuses.
fn question() -> AskRequest {
    AskRequest {
        query_id: "q1".into(),
        project: "study".into(),
        subject: "taro".into(),
        sql: "SELECT count(*) AS n FROM person".into(),
        asked_at_micros: NOW.0,
        bound_at_micros: NOW.0,
        time_left_micros: 60_000_000,
        split_digest: vec![0; 32],
        ..AskRequest::default()
    }
}

#[tokio::test]
async fn where_nothing_can_be_recorded_nothing_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let pipeline = pipeline(dir.path());
    let answer = pipeline.ask(question()).await;
    assert_eq!((answer.state, answer.code()), (SiteState::Failed, Some(Code::Digest)));
    let recorded = reader(dir.path()).size().unwrap();
    assert!(recorded > 0, "the refusal is recorded");
    pipeline.audit.close();
    let answer = pipeline.ask(question()).await;
    assert_eq!((answer.state, answer.code()), (SiteState::Failed, Some(Code::Failed)));
    assert_eq!(reader(dir.path()).size().unwrap(), recorded);
}
