//! An answer before every site has ended, and the rest of it under the same query id.

use std::time::{Duration, Instant};

use renkei_gateway::{DEADLINE, MIN_SITES, PROJECT, WAIT};
use renkei_types::Code;
use tokio_util::sync::CancellationToken;

use crate::clients::Client;
use crate::nodes::{FakeNode, Script};
use crate::support::{BY_GENDER, Consortium, counts, genders};

async fn one_waits() -> (Consortium, CancellationToken) {
    let go = CancellationToken::new();
    let slow = Script::Wait(go.clone(), counts(100, 200));
    (Consortium::start(vec![("fast", Some(genders(20, 15))), ("slow", Some(slow))]).await, go)
}

async fn early(client: &mut Client) -> (String, Vec<String>) {
    let got = client.ask(BY_GENDER).await.unwrap();
    let answered = got.answered.as_ref().unwrap();
    assert_eq!(got.states(), ["fast answered", "slow late E-LATE"]);
    assert!(answered.sites[1].message.as_deref().unwrap().contains("still at work"));
    assert!(answered.fetch.as_ref().unwrap().until.ends_with('Z'));
    (answered.query_id.to_string(), got.rows())
}

#[tokio::test(flavor = "multi_thread")]
async fn late_cells_come_under_the_same_query_id() {
    let (consortium, go) = one_waits().await;
    let mut client = consortium.person("sato").await.header(WAIT, "200ms");
    let (id, rows) = early(&mut client).await;
    assert_eq!(rows, ["8507 | 15 | 1 | 0", "8532 | 20 | 1 | 0"]);
    let states = "SELECT site_id, state FROM renkei.answers ORDER BY 1";
    assert_eq!(client.rows(states).await, ["fast | answered", "slow | late"]);

    // As long as it is at work the answer stays what it is.
    let again = client.ask(&format!("FETCH '{id}'")).await.unwrap();
    assert_eq!((again.rows(), again.answered.as_ref().unwrap().fetch.is_some()), (rows, true));
    go.cancel();
    // Without a time it waits for the end.
    let mut patient = consortium.person("sato").await;
    for _ in 0..2 {
        let whole = patient.ask(&format!("fetch {id};")).await.unwrap();
        assert_eq!(whole.rows(), ["8507 | 215 | 2 | 0", "8532 | 120 | 2 | 0"]);
        assert_eq!(whole.states(), ["fast answered", "slow answered"]);
        assert_eq!(whole.info_schema, *whole.stream_schema);
        let answered = whole.answered.unwrap();
        assert_eq!((answered.query_id.as_str(), answered.fetch), (id.as_str(), None));
    }
    assert_eq!(consortium.node("slow").asked.lock().unwrap().len(), 1, "nothing is asked twice");
    assert_eq!(patient.rows(states).await, ["fast | answered", "slow | answered"]);
    assert_eq!(patient.rows("SELECT count(DISTINCT query_id) AS n FROM renkei.answers").await, ["1"]);

    // Nobody else's, and nothing that never was.
    let mut ito = consortium.person("ito").await.header(PROJECT, "study");
    let foreign = ito.refused(&format!("FETCH '{id}'")).await.1;
    let never = ito.refused(&format!("FETCH '{}'", id.replace(|c: char| c.is_ascii_digit(), "7"))).await.1;
    assert_eq!((foreign.code, foreign.hint), (Code::StatementKind, never.hint));
    assert_eq!(ito.refused("FETCH 'no id at all'").await.1.code, Code::StatementKind);
}

#[tokio::test(flavor = "multi_thread")]
async fn enough_sites_are_waited_for_and_the_deadline_holds() {
    let (consortium, go) = one_waits().await;
    let mut client = consortium.person("sato").await.header(WAIT, "100ms").header(MIN_SITES, "2");
    let asked = tokio::spawn(async move { client.ask(BY_GENDER).await.unwrap() });
    consortium.node("slow").arrived.cancelled().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!asked.is_finished());
    go.cancel();
    assert_eq!(asked.await.unwrap().states(), ["fast answered", "slow answered"]);

    let (consortium, _go) = one_waits().await;
    let mut client = consortium.person("sato").await.header(WAIT, "100ms").header(DEADLINE, "1s");
    let (id, _) = early(&mut client).await;
    tokio::time::timeout(Duration::from_secs(10), consortium.node("slow").dropped.cancelled()).await.unwrap();
    let mut client = consortium.person("sato").await;
    let whole = client.ask(&format!("FETCH '{id}'")).await.unwrap();
    assert_eq!(whole.states(), ["fast answered", "slow late E-LATE"]);
    assert_eq!(whole.answered.unwrap().fetch, None, "there is no more to come");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_is_bounded_expires_and_takes_a_place() {
    let go = CancellationToken::new();
    let node = |site: &str, script| (site.to_owned(), Some(FakeNode::new(site, script)));
    let nodes = vec![node("fast", genders(20, 15)), node("slow", Script::Wait(go.clone(), counts(100, 200)))];
    let consortium = Consortium::with(nodes, |config| {
        config.limits.queries_per_person = 1;
        config.limits.answer_lifetime = Duration::from_secs(1);
    })
    .await;
    let mut client = consortium.person("sato").await.header(WAIT, "100ms").header(DEADLINE, "1s");
    let started = Instant::now();
    let (id, _) = early(&mut client).await;
    let fetch = format!("FETCH '{id}'");
    assert_eq!(client.refused(BY_GENDER).await.1.code, Code::Busy, "the question is still at work");
    assert!(started.elapsed() < Duration::from_secs(1));
    go.cancel();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(client.ask(&fetch).await.unwrap().states(), ["fast answered", "slow answered"]);
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    assert_eq!(client.refused(&fetch).await.1.code, Code::StatementKind);
}
