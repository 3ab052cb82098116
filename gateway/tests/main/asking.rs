//! Asking: identity, projects, answers, refusals, cancelling.

use std::time::Duration;

use renkei_gateway::{DEADLINE, MIN_SITES, PROJECT};
use renkei_types::Code;
use tonic::Code as Grpc;

use crate::nodes::{Key, Script};
use crate::support::{BY_GENDER, Consortium, TOKEN, genders};

#[tokio::test(flavor = "multi_thread")]
async fn three_sites_answer_one_question() {
    let held = crate::nodes::Counts(vec![(Key::Number(8532), Some(30)), (Key::Number(8507), None)]);
    let consortium = Consortium::start(vec![
        ("osaka", Some(genders(20, 11))),
        ("tokyo", Some(genders(100, 200))),
        ("kyoto", Some(Script::Change(held, |said| said.state = 2))),
    ])
    .await;
    let mut client = consortium.person("sato").await;
    let got = client.ask(BY_GENDER).await.unwrap();
    assert_eq!(got.rows(), ["8507 | 211 | 3 | 1", "8532 | 150 | 3 | 0"]);
    assert_eq!(got.states(), ["kyoto answered_held", "osaka answered", "tokyo answered"]);
    assert_eq!(got.info_schema, *got.stream_schema);
    let answered = got.answered.unwrap();
    assert_eq!(answered.project.as_str(), "study");
    assert_eq!(answered.coverage.persons_share, Some(1.0));
    assert_eq!((answered.coverage.sites_asked, answered.coverage.sites_answered), (3, 3));
    assert!(answered.warnings.iter().any(|w| w == "the snapshot of tokyo is sealed as synthetic"));
    assert_eq!(answered.sites[1].snapshot.as_ref().unwrap().as_str(), "snapshot-osaka");

    let asked = consortium.node("tokyo").asked.lock().unwrap()[0].clone();
    assert_eq!((asked.sql.as_str(), asked.subject.as_str(), asked.project.as_str()), (BY_GENDER, "sato", "study"));
    assert_eq!(asked.query_id, answered.query_id.as_str());
    assert!(asked.time_left_micros <= 60_000_000 && asked.time_left_micros > 50_000_000);
    assert!(asked.asked_at_micros >= asked.bound_at_micros);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_still_has_its_schema() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(100, 200)))]).await;
    let mut client = consortium.person("sato").await;
    let sql = "SELECT * FROM (SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1) t WHERE n > 1000";
    let got = client.ask(sql).await.unwrap();
    assert!(got.rows().is_empty());
    assert_eq!(got.info_schema, *got.stream_schema);
    let names: Vec<_> = got.stream_schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["g", "n", "renkei_sites", "renkei_held"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_identified_and_projects_kept_apart() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(100, 200)))]).await;

    let (status, refusal) = consortium.anonymous().await.refused(BY_GENDER).await;
    assert_eq!((status.code(), refusal.code), (Grpc::Unauthenticated, Code::Unauthenticated));
    let (status, _) = consortium.anonymous().await.token("wrong").refused(BY_GENDER).await;
    assert_eq!(status.code(), Grpc::Unauthenticated);
    let got = consortium.anonymous().await.token(TOKEN).ask(BY_GENDER).await.unwrap();
    assert_eq!(got.rows().len(), 2);
    assert_eq!(consortium.node("tokyo").asked.lock().unwrap()[0].subject, "sato");

    let (status, refusal) = consortium.person("outsider").await.refused(BY_GENDER).await;
    assert_eq!((status.code(), refusal.code), (Grpc::PermissionDenied, Code::Project));
    let (_, refusal) = consortium.person("ito").await.refused(BY_GENDER).await;
    assert!(refusal.hint.unwrap().contains("narrow, study"), "several projects are listed");
    let (_, refusal) = consortium.person("sato").await.header(PROJECT, "narrow").refused(BY_GENDER).await;
    assert_eq!(refusal.code, Code::Project);
    let got = consortium.person("ito").await.header(PROJECT, "narrow").ask(BY_GENDER).await.unwrap();
    assert_eq!(got.answered.unwrap().project.as_str(), "narrow");
    let mut ito = consortium.person("ito").await.header(PROJECT, "narrow");
    let (status, refusal) = ito.refused("SELECT count(*) FROM measurement").await;
    assert_eq!((status.code(), refusal.code), (Grpc::PermissionDenied, Code::TableGrant));

    let handshake = consortium.anonymous().await.sql.handshake("sato", "secret").await.unwrap_err().to_string();
    assert!(handshake.contains("`sato` sent a user name and password"), "{handshake}");
    assert_eq!(consortium.node("tokyo").asked.lock().unwrap().len(), 2, "refused questions reach no site");
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_at_fault_reach_no_site() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(100, 200)))]).await;
    let mut client = consortium.person("sato").await;
    let long = format!("SELECT count(*) FROM person WHERE {}", vec!["year_of_birth > 1"; 5_000].join(" AND "));
    for (sql, code, hint) in [
        ("SELECT count(*) FROM persn", Code::UnknownTable, "did you mean person"),
        ("SELECT count(gender_concept) FROM person", Code::UnknownColumn, "gender_concept_id"),
        ("SELECT gender_concept_id FROM person", Code::Rows, "count, sum or average"),
        ("DELETE FROM person", Code::StatementKind, "SELECT"),
        ("SELECT 1; SELECT 2", Code::StatementKind, "SELECT"),
        ("SELECT count(*) FROM person WHERE gender_concept_id = $1", Code::Parameter, "one value for each"),
        (&long, Code::TooLarge, "split"),
    ] {
        let (status, refusal) = client.refused(sql).await;
        assert_eq!((status.code(), refusal.code), (Grpc::InvalidArgument, code), "{refusal}");
        assert!(refusal.hint.unwrap_or_default().contains(hint));
        assert!(status.message().starts_with(code.as_str()));
    }
    for (name, value) in [(DEADLINE, "soon"), (MIN_SITES, "many")] {
        let (_, refusal) = consortium.person("sato").await.header(name, value).refused(BY_GENDER).await;
        assert_eq!(refusal.code, Code::Parameter);
    }
    assert!(consortium.node("tokyo").asked.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_away_cancels_the_question_at_the_node() {
    for script in [Script::Hang, Script::HangMidStream] {
        let consortium = Consortium::start(vec![("tokyo", Some(script))]).await;
        let mut client = consortium.person("sato").await;
        let node = consortium.node("tokyo");
        let asking = client.ask(BY_GENDER);
        tokio::select! {
            got = asking => panic!("answered {got:?}"),
            () = node.arrived.cancelled() => {}
        }
        tokio::time::timeout(Duration::from_secs(5), node.dropped.cancelled())
            .await
            .expect("the node's call is dropped");
        // The place is given back, too.
        *node.script.lock().unwrap() = genders(10, 10);
        for _ in 0..20 {
            assert_eq!(client.rows(BY_GENDER).await.len(), 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_at_a_time_are_limited() {
    let node = crate::nodes::FakeNode::new("tokyo", Script::Hang);
    let consortium = Consortium::with(vec![("tokyo".into(), Some(node))], |config| {
        config.limits.queries_per_person = 1;
    })
    .await;
    let (mut first, mut second) = (consortium.person("sato").await, consortium.person("sato").await);
    let mut other = consortium.person("ito").await.header(PROJECT, "study");
    let running = first.ask(BY_GENDER);
    tokio::pin!(running);
    tokio::select! {
        got = &mut running => panic!("answered {got:?}"),
        () = consortium.node("tokyo").arrived.cancelled() => {}
    }
    let (status, refusal) = second.refused("SELECT 1").await;
    assert_eq!(status.code(), Grpc::Unavailable);
    assert!(refusal.message.contains("1 questions running"));
    assert_eq!(other.rows("SELECT 1 AS one").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_has_an_end() {
    let mut consortium = Consortium::start(vec![("tokyo", Some(Script::Hang))]).await;
    let mut client = consortium.person("sato").await;
    let asking = tokio::spawn(async move { client.ask(BY_GENDER).await.map(|got| got.rows()) });
    consortium.node("tokyo").arrived.cancelled().await;
    let started = std::time::Instant::now();
    consortium.stop().await;
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(450) && took < Duration::from_secs(10), "{took:?}");
    assert!(asking.await.unwrap().is_err());
    tokio::time::timeout(Duration::from_secs(5), consortium.node("tokyo").dropped.cancelled()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_gateway_stops_without_its_drain() {
    let nodes = vec![("tokyo".into(), Some(crate::nodes::FakeNode::new("tokyo", genders(20, 10))))];
    let mut consortium = Consortium::with(nodes, |config| config.limits.drain = Duration::from_secs(60)).await;
    let mut client = consortium.person("sato").await;
    assert_eq!(client.rows(BY_GENDER).await.len(), 2);
    tokio::time::timeout(Duration::from_secs(10), consortium.stop())
        .await
        .expect("nothing runs, nothing is waited for");
    assert!(client.ask(BY_GENDER).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_half_runs_on_merged_cells() {
    let consortium = Consortium::start(vec![("osaka", Some(genders(20, 10))), ("tokyo", Some(genders(80, 90)))]).await;
    let mut client = consortium.person("sato").await;
    let sql = "WITH g AS (SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1) \
               SELECT upper('share of ' || CAST(g AS VARCHAR)) AS what, n * 1.0 / sum(n) OVER () AS share FROM g ORDER BY g";
    let got = client.ask(sql).await.unwrap();
    assert_eq!(got.rows(), ["SHARE OF 8507 | 0.5 | 2 | 0", "SHARE OF 8532 | 0.5 | 2 | 0"]);
    assert_eq!(got.info_schema, *got.stream_schema);
}
