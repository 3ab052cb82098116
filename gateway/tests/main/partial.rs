//! Partial answers: each way in which a site can end, and that none of them blocks the others.

use std::time::{Duration, Instant};

use renkei_gateway::{DEADLINE, MIN_SITES};
use renkei_proto::v1::State;
use renkei_types::Code;
use tonic::Code as Grpc;

use crate::clients::{answered, states};
use crate::nodes::{FakeNode, Script};
use crate::support::{BY_GENDER, Consortium, counts, genders};

/// A good site beside one that ends otherwise.
async fn beside(script: Option<Script>) -> (Vec<String>, String) {
    let consortium = Consortium::start(vec![("good", Some(genders(20, 10))), ("other", script)]).await;
    let mut client = consortium.person("sato").await.header(DEADLINE, "2s");
    let got = client.ask(BY_GENDER).await.unwrap();
    let states = got.states();
    assert_eq!(states[0], "good answered");
    let answered = got.answered.as_ref().unwrap();
    assert_eq!(answered.coverage.sites_answered, 1);
    (got.rows(), format!("{}: {}", states[1], answered.sites[1].message.clone().unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_site_never_blocks_the_rest() {
    for (script, end) in [
        (None, "other offline E-OFFLINE: the site has no connection"),
        (Some(Script::Refuse(State::Refused, "E-GRANT-TABLE", "not here")), "other refused E-GRANT-TABLE: not here"),
        (Some(Script::Refuse(State::NotMapped, "E-NOT-MAPPED", "")), "other not_mapped E-NOT-MAPPED: "),
        (Some(Script::Refuse(State::NotApproved, "E-GRANT-TABLE", "")), "other not_approved E-GRANT-TABLE: "),
        (Some(Script::Refuse(State::Unspecified, "", "")), "other failed E-UNAVAILABLE: "),
        (Some(Script::Hang), "other late E-LATE: no answer before the deadline"),
        (Some(Script::HangMidStream), "other late E-LATE: "),
        (Some(Script::DropMidStream), "other offline E-OFFLINE: the connection was lost"),
        (Some(Script::Fail(Grpc::Internal)), "other failed E-UNAVAILABLE: the node ended the call"),
        (
            Some(Script::Garbage(b"\xff\xff\xff\xffgarbage")),
            "other failed E-UNAVAILABLE: the site's answer is malformed",
        ),
        (
            Some(Script::Change(counts(1_000, 1_000), |said| said.split_digest = vec![1; 32])),
            "other failed E-DIGEST: the site derived another split",
        ),
        (Some(Script::Refuse(State::Failed, "E-DIGEST", "versions differ")), "other failed E-DIGEST: versions differ"),
        (
            Some(Script::Change(counts(1_000, 1_000), |said| said.minimum_persons = 2)),
            "other failed E-UNAVAILABLE: the site applied a minimum of 2 persons",
        ),
    ] {
        let started = Instant::now();
        let (rows, ended) = beside(script).await;
        assert!(ended.starts_with(end), "{ended}");
        assert_eq!(rows, ["8507 | 10 | 1 | 0", "8532 | 20 | 1 | 0"], "{ended}");
        assert!(started.elapsed() < Duration::from_secs(20), "{ended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_without_connection_costs_no_time() {
    let consortium = Consortium::start(vec![("good", Some(genders(20, 10))), ("gone", None)]).await;
    let mut client = consortium.person("sato").await;
    let started = Instant::now();
    assert_eq!(client.rows(BY_GENDER).await.len(), 2);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_sites_are_an_error_with_every_state() {
    let consortium =
        Consortium::start(vec![("good", Some(genders(20, 10))), ("gone", None), ("slow", Some(Script::Hang))]).await;
    let mut client = consortium.person("sato").await.header(DEADLINE, "200ms").header(MIN_SITES, "2");
    let (status, refusal) = client.refused(BY_GENDER).await;
    assert_eq!((status.code(), refusal.code), (Grpc::Unavailable, Code::MinSites));
    assert!(refusal.message.contains("2 sites were asked for and 1 answered: gone offline, good answered, slow late"));
    let answered = answered(&status);
    assert_eq!(states(&answered), ["gone offline E-OFFLINE", "good answered", "slow late E-LATE"]);

    let mut client = consortium.person("sato").await.header(MIN_SITES, "4");
    let (_, refusal) = client.refused(BY_GENDER).await;
    assert!(refusal.message.contains("the project has 3"));
    assert_eq!(consortium.node("good").asked.lock().unwrap().len(), 1, "what can never be enough is not asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_site_the_common_code_is_told() {
    let consortium = Consortium::start(vec![("a", None), ("b", None)]).await;
    let (status, refusal) = consortium.person("sato").await.refused(BY_GENDER).await;
    assert_eq!((status.code(), refusal.code), (Grpc::Unavailable, Code::Offline));
    assert!(refusal.message.contains("a offline, b offline"));

    let consortium = Consortium::start(vec![("a", Some(Script::Hang))]).await;
    let mut client = consortium.person("sato").await.header(DEADLINE, "100ms");
    let (status, refusal) = client.refused(BY_GENDER).await;
    assert_eq!((status.code(), refusal.code), (Grpc::DeadlineExceeded, Code::Late));

    let no = || Some(Script::Refuse(State::Refused, "E-GRANT-TABLE", "not here"));
    let consortium = Consortium::start(vec![("a", no()), ("b", no())]).await;
    let (status, refusal) = consortium.person("sato").await.refused(BY_GENDER).await;
    assert_eq!((status.code(), refusal.code), (Grpc::PermissionDenied, Code::TableGrant));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_comes_back_is_asked_again() {
    let mut consortium = Consortium::start(vec![("tokyo", Some(Script::DropMidStream))]).await;
    let mut client = consortium.person("sato").await;
    let (_, refusal) = client.refused(BY_GENDER).await;
    assert_eq!(refusal.code, Code::Offline);
    consortium.redial(FakeNode::new("tokyo", genders(20, 10))).await;
    assert_eq!(client.rows(BY_GENDER).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_between_sites_are_warned_of_and_coverage_is_told() {
    let old = FakeNode { vocabulary: "v5.0 29-FEB-24", persons: 3_000, ..FakeNode::new("old", genders(20, 10)) };
    let off = FakeNode { clock_ahead: 3_600_000_000, ..FakeNode::new("off", genders(20, 10)) };
    let silent = FakeNode::new("silent", Script::Refuse(State::NotMapped, "E-NOT-MAPPED", ""));
    let nodes = [old, off, silent].map(|node| (node.site.clone(), Some(node)));
    let consortium = Consortium::with(nodes.into(), |_| {}).await;
    let got = consortium.person("sato").await.header(DEADLINE, "1h").ask(BY_GENDER).await.unwrap();
    let answered = got.answered.unwrap();
    assert_eq!(answered.coverage.persons_share, Some(0.8));
    let has =
        |text: &str| assert!(answered.warnings.iter().any(|w| w.contains(text)), "{text}: {:?}", answered.warnings);
    has("vocabulary versions differ: off v5.0 30-AUG-24, old v5.0 29-FEB-24");
    has("the clock of off is off by 3600 s");
    has("the deadline of 3600s was shortened to 600s");
    assert!(consortium.node("old").asked.lock().unwrap()[0].time_left_micros <= 600_000_000);
}
