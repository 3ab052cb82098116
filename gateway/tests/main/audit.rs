//! The gateway's own log: what is asked, said, answered and refused is in it before it happens.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use renkei_audit::entry::{Act, Body, EXPLAIN, Entry, Outcome};
use renkei_audit::store::Reader;
use renkei_gateway::{DEADLINE, Gateway, PROJECT, WAIT};
use renkei_proto::rows::Rows;
use renkei_proto::v1::State as Said;
use renkei_service::signed_log;
use renkei_types::SystemClock;
use tokio_util::sync::CancellationToken;

use crate::nodes::Script;
use crate::support::{BY_GENDER, Consortium, counts, genders};

fn bodies(state: &Path) -> Vec<Body> {
    let entries = Reader::new(&signed_log::folder(state));
    let entries = entries.entries(0).unwrap().map(|entry| Entry::decode(&entry.unwrap().1).unwrap().body);
    entries.collect()
}

fn outcome(outcome: &Outcome) -> String {
    let site = outcome.site.as_ref().map_or("answer", |site| site.as_str());
    let code = outcome.code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
    format!("{} {site} {:?} {}{code}", outcome.part, outcome.state, outcome.cells.released.get())
}

/// What was recorded of questions, as words, the sites' ends in the order of their names.
fn words(state: &Path) -> Vec<String> {
    let word = |body: &Body| match body {
        Body::Intent(intent) => {
            let sites: Vec<_> = intent.question.sites.as_slice().iter().map(|site| site.as_str()).collect();
            let who = intent.who.subject.as_str().rsplit('/').next().unwrap();
            // Hospitals decide on the level; the gateway tells apart what is only explained.
            let asks = if intent.question.level.as_str() == EXPLAIN { "explains" } else { "asks" };
            Some(format!("{} {who} {asks} {}: {}", intent.part, intent.question.project, sites.join(",")))
        }
        Body::Outcome(ended) => Some(outcome(ended)),
        Body::Refusal(refusal) => Some(format!("refused {}", refusal.code)),
        Body::Admin(_) | Body::Cosign(_) | Body::Heartbeat(_) => None,
    };
    let mut words: Vec<String> = bodies(state).iter().filter_map(word).collect();
    // Two sites that end side by side stand in either order.
    let end = |word: &str| ["fast", "slow", "tokyo"].iter().any(|site| word.contains(&format!(" {site} ")));
    for at in 1..words.len() {
        if end(&words[at - 1]) && end(&words[at]) && words[at] < words[at - 1] {
            words.swap(at - 1, at);
        }
    }
    words
}

fn sound(state: &Path) {
    let report = signed_log::check(state, true, renkei_types::Clock::now(&SystemClock)).unwrap();
    assert!(report.sound(), "{:?}", report.sentences(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_sites_answers_and_refusals_are_recorded() {
    let refuse = Script::Refuse(Said::NotApproved, "E-PROJECT", "not here");
    let mut consortium = Consortium::start(vec![("fast", Some(genders(20, 15))), ("slow", Some(refuse))]).await;
    let state = consortium.state();
    let mut client = consortium.person("sato").await;
    let got = client.ask(BY_GENDER).await.unwrap();
    assert_eq!(got.rows().len(), 2);
    let receipts = &got.answered.as_ref().unwrap().receipts;
    assert_eq!(receipts.len(), 1, "the scripted nodes give none");
    let mut rows = Rows::new(&got.stream_schema);
    got.batches.iter().for_each(|batch| rows.add(batch).unwrap());
    receipts[0].promises(&rows.finish()).unwrap();
    let mut others = Rows::new(&got.stream_schema);
    others.add(&got.batches[0].slice(0, 1)).unwrap();
    assert!(receipts[0].promises(&others.finish()).is_err(), "other rows are not promised");
    client.refused("SELECT person_id FROM person").await;
    client.rows(&format!("EXPLAIN {BY_GENDER}")).await;
    let mut outsider = consortium.person("outsider").await.header(PROJECT, "study");
    outsider.refused(BY_GENDER).await;
    assert_eq!(
        words(&state),
        [
            "0 sato asks study: fast,slow",
            "0 fast Answered 2",
            "0 slow Refused 0 E-PROJECT",
            "0 answer Answered 2",
            "refused E-ROWS",
            "0 sato explains study: fast,slow",
            "0 answer Answered 0",
            "refused E-PROJECT",
        ]
    );
    let all = bodies(&state);
    let Some(Body::Intent(intent)) = all.iter().find(|body| matches!(body, Body::Intent(_))) else { unreachable!() };
    assert!(serde_json::to_string(&intent.question).unwrap().contains("gender_concept_id"), "the statement is there");
    assert!(intent.who.key.as_str().starts_with("sha256:"), "the certificate is told by its fingerprint");
    let promised = |body: &Body| matches!(body, Body::Outcome(o) if o.site.is_none() && o.result.is_some());
    assert_eq!(all.iter().filter(|body| promised(body)).count(), 1, "the rows that left are promised");

    consortium.stop().await;
    sound(&state);
    let acts = bodies(&state).into_iter().filter_map(|body| match body {
        Body::Admin(admin) => Some(admin.act),
        _ => None,
    });
    assert_eq!(acts.collect::<Vec<_>>(), [Act::Start, Act::Policy, Act::Roster, Act::Stop]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_answer_and_the_rest_of_it_are_parts_of_one_question() {
    let go = CancellationToken::new();
    let slow = Script::Wait(go.clone(), counts(100, 200));
    let mut consortium = Consortium::start(vec![("fast", Some(genders(20, 15))), ("slow", Some(slow))]).await;
    let mut client = consortium.person("sato").await.header(WAIT, "200ms");
    let early = client.ask(BY_GENDER).await.unwrap();
    let id = early.answered.unwrap().query_id;
    let mut patient = consortium.person("sato").await;
    go.cancel();
    assert_eq!(patient.ask(&format!("FETCH '{id}'")).await.unwrap().states(), ["fast answered", "slow answered"]);
    assert_eq!(
        words(&consortium.state()),
        [
            "0 sato asks study: fast,slow",
            "0 fast Answered 2",
            "1 sato asks study: ",
            "1 answer Answered 2",
            "0 slow Answered 2",
            "0 answer Answered 0",
            "2 sato asks study: ",
            "2 answer Answered 2",
        ]
    );
    consortium.stop().await;
    sound(&consortium.state());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_leaves_a_cancelled_question() {
    let mut consortium = Consortium::start(vec![("fast", Some(genders(20, 15))), ("slow", Some(Script::Hang))]).await;
    let mut client = consortium.person("sato").await.header(DEADLINE, "30s");
    let asking = tokio::spawn(async move { client.ask(BY_GENDER).await.map(drop) });
    consortium.node("slow").arrived.cancelled().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    asking.abort();
    tokio::time::timeout(Duration::from_secs(10), consortium.node("slow").dropped.cancelled()).await.unwrap();
    consortium.stop().await;
    let state = consortium.state();
    assert_eq!(
        words(&state),
        [
            "0 sato asks study: fast,slow",
            "0 fast Answered 2",
            "0 slow Cancelled 0 E-CANCELLED",
            "0 answer Cancelled 0 E-CANCELLED",
        ]
    );
    sound(&state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_goes_on_with_its_log_or_does_not_start() {
    let mut consortium = Consortium::start(vec![("tokyo", Some(genders(20, 15)))]).await;
    let second = Gateway::bind(consortium.config(), std::sync::Arc::new(SystemClock)).await.unwrap_err();
    assert!(format!("{second:#}").contains("open in another process"), "{second:#}");
    let mut client = consortium.person("sato").await;
    client.rows(BY_GENDER).await;
    drop(client);
    consortium.stop().await;
    let state = consortium.state();

    let program = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_renkei-gateway"));
        command.arg("audit").args(args).arg("--state-dir").arg(&state).output().unwrap()
    };
    let said = program(&["verify", "--lang", "ja"]);
    assert!(said.status.success() && String::from_utf8_lossy(&said.stdout).contains("異常はありません"), "{said:?}");
    let shown = String::from_utf8(program(&["show", "--questions"]).stdout).unwrap();
    assert_eq!(shown.lines().count(), 3, "{shown}");
    assert!(String::from_utf8(program(&["key"]).stdout).unwrap().starts_with("renkei://c/gateway/gateway+"));

    let checkpoint = signed_log::folder(&state).join("checkpoint");
    let signed = std::fs::read_to_string(&checkpoint).unwrap();
    std::fs::write(&checkpoint, signed.replacen("renkei://", "renkei:/!", 1)).unwrap();
    assert_eq!(program(&["verify", "--lang", "en"]).status.code(), Some(6));
    let refused = Gateway::bind(consortium.config(), std::sync::Arc::new(SystemClock)).await.unwrap_err();
    assert!(format!("{refused:#}").contains("audit log cannot be opened"), "{refused:#}");
    std::fs::write(&checkpoint, signed).unwrap();
    let key = state.join("audit.key");
    std::fs::rename(&key, state.join("kept")).unwrap();
    let refused = Gateway::bind(consortium.config(), std::sync::Arc::new(SystemClock)).await.unwrap_err();
    assert!(format!("{refused:#}").contains("is lost"), "{refused:#}");
}

/// More rows than are held in memory: they go by way of the disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_very_large_answer_is_recorded_whole_before_its_first_row_leaves() {
    let consortium = Consortium::start(vec![("fast", Some(genders(20, 15)))]).await;
    let mut client = consortium.person("sato").await;
    let numbers = (0..80).map(|n| format!("({n})")).collect::<Vec<_>>().join(", ");
    let large = format!(
        "WITH r AS ({BY_GENDER}) SELECT r.*, a.x, b.y, c.z FROM r CROSS JOIN (VALUES {numbers}) AS a(x) \
         CROSS JOIN (VALUES {numbers}) AS b(y) CROSS JOIN (VALUES {numbers}) AS c(z)"
    );
    let got = client.ask(&large).await.unwrap();
    let count: usize = got.batches.iter().map(|batch| batch.num_rows()).sum();
    assert_eq!(count, 2 * 80 * 80 * 80);
    let bytes: usize = got.batches.iter().map(|batch| batch.get_array_memory_size()).sum();
    assert!(bytes > 32 << 20, "{bytes}");
    let mut rows = Rows::new(&got.stream_schema);
    got.batches.iter().for_each(|batch| rows.add(batch).unwrap());
    let receipts = &got.answered.as_ref().unwrap().receipts;
    receipts[0].promises(&rows.finish()).unwrap();
    let ended = bodies(&consortium.state()).into_iter().find_map(|body| match body {
        Body::Outcome(outcome) if outcome.site.is_none() => Some(outcome),
        _ => None,
    });
    let ended = ended.unwrap();
    assert!(ended.result.is_some() && ended.cells.released.get() == count as u64, "{ended:?}");
}
