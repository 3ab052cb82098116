//! PollFlightInfo: progress by site, and an answer that waits.

use std::time::{Duration, Instant};

use arrow_flight::sql::{CommandGetCatalogs, CommandStatementQuery, ProstMessageExt};
use arrow_flight::{CancelStatus, PollInfo};
use prost::Message;
use renkei_gateway::{DEADLINE, MIN_SITES, PROJECT};
use renkei_proto::v1::State;
use renkei_types::Code;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tonic::Code as Grpc;

use crate::clients::{Client, answered, refusal, states};
use crate::nodes::{FakeNode, Script};
use crate::support::{BY_GENDER, Consortium, counts, genders};

fn statement(sql: &str) -> Vec<u8> {
    CommandStatementQuery { query: sql.into(), transaction_id: None }.as_any().encode_to_vec()
}

/// The command of the next poll.
fn next(poll: &PollInfo) -> Vec<u8> {
    poll.flight_descriptor.as_ref().expect("the question goes on").cmd.to_vec()
}

fn told(poll: &PollInfo) -> Value {
    serde_json::from_slice(&poll.info.as_ref().unwrap().app_metadata).unwrap()
}

fn sites(poll: &PollInfo) -> Vec<String> {
    let told = told(poll);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let site = |site: &Value| match site.get("code") {
        Some(code) => format!("{} {} {}", text(&site["site"]), text(&site["state"]), text(code)),
        None => format!("{} {}", text(&site["site"]), text(&site["state"])),
    };
    told["sites"].as_array().unwrap().iter().map(site).collect()
}

/// Polls to the end; the share that is done never falls.
async fn to_the_end(client: &mut Client, mut poll: PollInfo) -> Result<PollInfo, tonic::Status> {
    let started = Instant::now();
    while poll.flight_descriptor.is_some() {
        assert!(poll.info.as_ref().unwrap().endpoint.is_empty() && poll.progress() < 1.0);
        let later = client.poll(next(&poll)).await?;
        assert!(later.progress() >= poll.progress());
        poll = later;
        assert!(started.elapsed() < Duration::from_secs(20));
    }
    Ok(poll)
}

#[tokio::test(flavor = "multi_thread")]
async fn sites_end_one_by_one_and_the_answer_is_not_asked_for_again() {
    let (kyoto, tokyo) = (CancellationToken::new(), CancellationToken::new());
    let consortium = Consortium::start(vec![
        ("tokyo", Some(Script::Wait(tokyo.clone(), counts(100, 200)))),
        ("kyoto", Some(Script::Wait(kyoto.clone(), counts(20, 11)))),
        ("osaka", None),
        ("nagoya", Some(Script::Refuse(State::Refused, "E-GRANT-TABLE", "not here"))),
    ])
    .await;
    let mut client = consortium.person("sato").await;
    let first = client.poll(statement(BY_GENDER)).await.unwrap();
    let schema = first.info.clone().unwrap().try_decode_schema().unwrap();
    assert_eq!(schema.field(1).name(), "n");
    assert!(first.expiration_time.is_some() && first.progress() < 0.5);

    // Two sites end by themselves, in whichever order.
    let mut poll = first;
    while told(&poll)["sites_done"] != 2 {
        poll = client.poll(next(&poll)).await.unwrap();
    }
    let expected = ["kyoto waiting", "nagoya refused E-GRANT-TABLE", "osaka offline E-OFFLINE", "tokyo waiting"];
    assert_eq!(sites(&poll), expected);
    assert_eq!((poll.progress(), told(&poll)["sites_asked"].as_u64()), (0.4, Some(4)));
    assert_eq!(told(&poll)["project"], "study");

    // A poll waits for the change, and polling again with what was seen before answers at once.
    let (before, mut second) = (next(&poll), consortium.person("sato").await);
    let waiting = tokio::spawn({
        let before = before.clone();
        async move { second.poll(before).await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    kyoto.cancel();
    let changed = waiting.await.unwrap();
    assert_eq!(sites(&changed)[0], "kyoto answered");
    assert_eq!(sites(&client.poll(before).await.unwrap()), sites(&changed));

    tokyo.cancel();
    let last = to_the_end(&mut client, changed).await.unwrap();
    assert_eq!((last.progress(), sites(&last)[3].as_str()), (1.0, "tokyo answered"));
    let text = String::from_utf8(last.info.as_ref().unwrap().app_metadata.to_vec()).unwrap();
    for word in ["elapsed", "rows", "cells", "persons", "not here"] {
        assert!(!text.contains(word), "{text}");
    }
    let query_id = told(&last)["query_id"].as_str().unwrap().to_owned();
    let info = last.info.unwrap();
    assert_eq!((info.endpoint.len(), info.total_records), (1, -1));
    let got = client.fetch(info.clone()).await.unwrap();
    assert_eq!(got.rows(), ["8507 | 211 | 2 | 0", "8532 | 120 | 2 | 0"]);
    assert_eq!((&got.info_schema, &got.info_schema), (&*got.stream_schema, &schema));
    assert_eq!(got.answered.unwrap().query_id.as_str(), query_id);
    assert_eq!(consortium.node("tokyo").asked.lock().unwrap().len(), 1);
    assert_eq!(refusal(&client.fetch(info).await.unwrap_err()).code, Code::StatementKind, "it is fetched once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_goes_on_without_its_client_and_fails_as_it_would_have() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10))), ("osaka", None)]).await;
    let mut client = consortium.person("sato").await.header(MIN_SITES, "2");
    let first = client.poll(statement(BY_GENDER)).await.unwrap();
    drop(client);
    let mut client = consortium.person("sato").await;
    for _ in 0..2 {
        let status = to_the_end(&mut client, first.clone()).await.unwrap_err();
        assert_eq!((status.code(), refusal(&status).code), (Grpc::Unavailable, Code::MinSites));
        assert_eq!(states(&answered(&status)), ["osaka offline E-OFFLINE", "tokyo answered"]);
    }

    for (sql, code) in
        [("SELECT count(*) FROM persn", Code::UnknownTable), ("SELECT person_id FROM person", Code::Rows)]
    {
        assert_eq!(refusal(&client.poll(statement(sql)).await.unwrap_err()).code, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_statements_explanations_and_metadata_are_polled_too() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
    let mut client = consortium.person("sato").await;
    for sql in ["SELECT 1 AS one", "EXPLAIN SELECT count(*) FROM person", "SELECT site_id FROM renkei.sites"] {
        let first = client.poll(statement(sql)).await.unwrap();
        assert!(sites(&first).is_empty());
        let last = to_the_end(&mut client, first).await.unwrap();
        let got = client.fetch(last.info.unwrap()).await.unwrap();
        assert!(!got.rows().is_empty());
        assert_eq!(got.info_schema, *got.stream_schema, "{sql}");
    }
    let last = client.poll(CommandGetCatalogs {}.as_any().encode_to_vec()).await.unwrap();
    assert_eq!((last.progress(), last.flight_descriptor.is_none()), (1.0, true));
    assert_eq!(client.fetch(last.info.unwrap()).await.unwrap().rows(), ["renkei"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn polled_questions_are_cancelled_and_nobody_elses() {
    let consortium = Consortium::start(vec![("tokyo", Some(Script::Hang))]).await;
    let mut client = consortium.person("sato").await;
    let mut ito = consortium.person("ito").await.header(PROJECT, "study");
    let first = client.poll(statement(BY_GENDER)).await.unwrap();
    let info = first.info.clone().unwrap();
    consortium.node("tokyo").arrived.cancelled().await;

    let foreign = ito.poll(next(&first)).await.unwrap_err();
    assert_eq!(refusal(&foreign).code, Code::StatementKind);
    assert_eq!(ito.cancel(&info).await, CancelStatus::NotCancellable);
    for garbage in [b"".to_vec(), b"garbage".to_vec(), b"\xff\xff\xff\xff".to_vec()] {
        assert_eq!(refusal(&client.poll(garbage).await.unwrap_err()).code, Code::StatementKind);
    }
    let early = arrow_flight::Ticket::new(info.flight_descriptor.clone().unwrap().cmd);
    assert_eq!(refusal(&client.fetch_ticket(early).await.unwrap_err()).code, Code::StatementKind);

    let mut second = consortium.person("sato").await;
    let command = next(&first);
    let waiting = tokio::spawn(async move { second.poll(command).await });
    assert_eq!(client.cancel(&info).await, CancelStatus::Cancelled);
    tokio::time::timeout(Duration::from_secs(5), consortium.node("tokyo").dropped.cancelled()).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap_err().code(), Grpc::Cancelled);
    assert_eq!(client.cancel(&info).await, CancelStatus::Cancelled);
    let status = client.poll(next(&first)).await.unwrap_err();
    assert_eq!(refusal(&status).code, Code::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_polls_expires_and_what_nobody_fetches_makes_room() {
    let nodes = vec![("tokyo".into(), Some(FakeNode::new("tokyo", Script::Hang)))];
    let consortium = Consortium::with(nodes, |config| {
        config.limits.answer_lifetime = Duration::from_millis(300);
        config.limits.queries_per_person = 2;
    })
    .await;
    let mut client = consortium.person("sato").await;
    let first = client.poll(statement(BY_GENDER)).await.unwrap();
    consortium.node("tokyo").arrived.cancelled().await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let expired = client.poll(next(&first)).await.unwrap_err();
    assert_eq!(refusal(&expired).code, Code::StatementKind);
    tokio::time::timeout(Duration::from_secs(5), consortium.node("tokyo").dropped.cancelled())
        .await
        .expect("an expired question ends at the hospital");
    assert_eq!(client.cancel(&first.info.unwrap()).await, CancelStatus::NotCancellable);

    *consortium.node("tokyo").script.lock().unwrap() = genders(20, 10);
    let mut infos = Vec::new();
    for _ in 0..3 {
        let first = client.poll(statement(BY_GENDER)).await.unwrap();
        infos.push(to_the_end(&mut client, first).await.unwrap().info.unwrap());
    }
    assert_eq!(refusal(&client.fetch(infos.remove(0)).await.unwrap_err()).code, Code::StatementKind);
    for info in infos {
        assert_eq!(client.fetch(info).await.unwrap().rows().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn running_questions_are_counted_whether_they_are_polled_or_not() {
    let nodes = vec![("tokyo".into(), Some(FakeNode::new("tokyo", Script::Hang)))];
    let consortium = Consortium::with(nodes, |config| config.limits.queries_per_person = 1).await;
    let mut client = consortium.person("sato").await.header(DEADLINE, "300ms");
    let first = client.poll(statement(BY_GENDER)).await.unwrap();
    let busy = client.poll(statement("SELECT 1")).await.unwrap_err();
    assert_eq!(refusal(&busy).code, Code::Busy);
    let late = to_the_end(&mut client, first).await.unwrap_err();
    assert_eq!(refusal(&late).code, Code::Late);
    assert_eq!(client.rows("SELECT 1 AS one").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_gateway_leaves_no_question_behind() {
    let mut consortium = Consortium::start(vec![("tokyo", Some(Script::Hang))]).await;
    let mut client = consortium.person("sato").await;
    client.poll(statement(BY_GENDER)).await.unwrap();
    consortium.node("tokyo").arrived.cancelled().await;
    consortium.stop().await;
    tokio::time::timeout(Duration::from_secs(5), consortium.node("tokyo").dropped.cancelled()).await.unwrap();
}

const TWO_ROUNDS: &str = "SELECT gender_concept_id, count(*) AS n FROM person WHERE gender_concept_id IN \
    (SELECT gender_concept_id FROM person GROUP BY 1 HAVING count(*) > 12) GROUP BY 1 ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn a_site_has_ended_when_its_last_round_has() {
    let go = CancellationToken::new();
    let slow = Script::Wait(go.clone(), counts(100, 200));
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 15))), ("kyoto", Some(slow))]).await;
    let mut client = consortium.person("sato").await;
    let first = client.poll(statement(TWO_ROUNDS)).await.unwrap();
    consortium.node("kyoto").arrived.cancelled().await;
    // The quick site has answered its first round and waits for the second like the slow one.
    let poll = client.poll(next(&first)).await.unwrap();
    assert_eq!((sites(&poll), poll.progress()), (vec!["kyoto waiting".into(), "tokyo waiting".into()], 0.0));
    assert_eq!(told(&poll)["sites_asked"], 2, "a site is counted once, however often it is asked");
    go.cancel();
    let last = to_the_end(&mut client, poll).await.unwrap();
    assert_eq!(sites(&last), ["kyoto answered", "tokyo answered"]);
    for site in ["tokyo", "kyoto"] {
        let rounds: Vec<u32> = consortium.node(site).asked.lock().unwrap().iter().map(|asked| asked.round).collect();
        assert_eq!(rounds, [0, 1], "{site}");
    }
    let got = client.fetch(last.info.unwrap()).await.unwrap();
    assert_eq!(got.rows(), ["8507 | 215 | 2 | 0", "8532 | 120 | 2 | 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_whose_client_goes_in_the_middle_of_a_poll_ends() {
    let consortium = Consortium::start(vec![("tokyo", Some(Script::Hang))]).await;
    let mut client = consortium.person("sato").await;
    let first = client.poll(statement(BY_GENDER)).await.unwrap();
    consortium.node("tokyo").arrived.cancelled().await;
    let command = next(&first);
    let waiting = tokio::spawn({
        let command = command.clone();
        async move { client.poll(command).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    waiting.abort();
    tokio::time::timeout(Duration::from_secs(15), consortium.node("tokyo").dropped.cancelled())
        .await
        .expect("the hospital is let go");
    let mut client = consortium.person("sato").await;
    assert_eq!(refusal(&client.poll(command).await.unwrap_err()).code, Code::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_broke_off_may_be_made_again() {
    let go = CancellationToken::new();
    let slow = Script::Wait(go.clone(), counts(20, 15));
    let consortium = Consortium::start(vec![("tokyo", Some(slow))]).await;
    let mut client = consortium.person("sato").await;
    let first = client.poll(statement(BY_GENDER)).await.unwrap();
    let command = next(&first);
    let waiting = tokio::spawn(async move { client.poll(command).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    waiting.abort();
    let mut client = consortium.person("sato").await;
    let again = tokio::spawn(async move { to_the_end(&mut client, first).await.unwrap() });
    // Longer than a client that has gone would be waited for.
    tokio::time::sleep(Duration::from_secs(4)).await;
    go.cancel();
    assert_eq!(sites(&again.await.unwrap()), ["tokyo answered"]);
}
