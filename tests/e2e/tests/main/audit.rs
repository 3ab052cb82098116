//! A hospital's own log: every question is in it before it is executed, every end before an answer leaves.

use renkei_audit::entry::{Body, Entry, State};
use renkei_audit::verify::{Trust, verify};
use renkei_e2e::{Consortium, Records, Site};
use renkei_node::audit::{reader, verifier};
use renkei_types::{Clock, Code, SystemClock};

use crate::BY_SEX;

fn entries(consortium: &Consortium, site: &str) -> Vec<Body> {
    let reader = reader(&consortium.state_dir(site));
    let size = reader.size().unwrap();
    (0..size).map(|index| Entry::decode(&reader.entry(index).unwrap()).unwrap().body).collect()
}

/// What was recorded about questions, as words.
fn words(entries: &[Body]) -> Vec<String> {
    let word = |body: &Body| match body {
        Body::Intent(intent) => Some(format!("intent {} {}", intent.question.project, intent.who.subject.as_str())),
        Body::Outcome(outcome) => Some(format!("outcome {:?} {}", outcome.state, outcome.cells.released.get())),
        Body::Refusal(refusal) => Some(format!("refusal {}", refusal.code.as_str())),
        Body::Admin(_) | Body::Cosign(_) | Body::Heartbeat(_) => None,
    };
    entries.iter().filter_map(word).collect()
}

#[test]
fn questions_their_ends_and_refusals_are_recorded_and_the_log_verifies() {
    let mut consortium = Consortium::start([
        Site::with("good", Records::plain(20, 10)),
        Site::with("strict", Records::plain(20, 10)).without_grants(),
    ]);
    consortium.ask(BY_SEX);
    let good = entries(&consortium, "good");
    let subject = format!("renkei://{}/person/{}", renkei_e2e::CONSORTIUM, renkei_e2e::PERSON);
    let asked = format!("intent {} {subject}", renkei_e2e::PROJECT);
    assert_eq!(words(&good), [asked.as_str(), "outcome Answered 2"]);
    assert_eq!(words(&entries(&consortium, "strict")), [format!("refusal {}", Code::Project)]);
    let Some(Body::Intent(intent)) = good.iter().find(|body| matches!(body, Body::Intent(_))) else { unreachable!() };
    assert!(serde_json::to_string(&intent.question).unwrap().contains("gender_concept_id"), "the statement is there");
    assert_eq!(intent.tables.as_slice().len(), 1);

    // The node goes; its log ends signed, and is whole.
    for site in ["good", "strict"] {
        consortium.take(site).stop();
        let state = consortium.state_dir(site);
        let trust = Trust { openings: true, ..Trust::new(verifier(&state).unwrap(), SystemClock.now()) };
        let report = verify(&reader(&state), &trust);
        assert!(report.sound(), "{site}: {:?}", report.sentences(false));
    }
    let outcomes = good.iter().filter(|body| matches!(body, Body::Outcome(o) if o.state == State::Answered));
    assert_eq!(outcomes.count(), 1);
}

#[test]
fn a_node_that_cannot_write_its_log_does_not_answer() {
    let consortium =
        Consortium::open([Site::open("mute", Records::plain(20, 10)), Site::open("other", Records::plain(20, 10))]);
    assert_eq!(consortium.ask(BY_SEX).states(), ["mute answered", "other answered"]);
    // The folder of the log is gone: whatever is appended from now on fails.
    std::fs::remove_dir_all(renkei_node::audit::folder(&consortium.state_dir("mute"))).unwrap();
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.states(), [format!("mute failed {}", Code::Failed).as_str(), "other answered"]);
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
}
