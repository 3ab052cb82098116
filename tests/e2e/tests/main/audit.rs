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
    assert_eq!(consortium.ask(BY_SEX).states(), ["good answered", &format!("strict not_approved {}", Code::Project)]);
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
fn a_node_whose_log_was_changed_does_not_start() {
    let mut consortium = Consortium::open([Site::open("good", Records::plain(20, 10))]);
    assert_eq!(consortium.ask(BY_SEX).states(), ["good answered"]);
    consortium.take("good").stop();
    let state = consortium.state_dir("good");
    let checkpoint = renkei_node::audit::folder(&state).join("checkpoint");
    let signed = std::fs::read_to_string(&checkpoint).unwrap();
    std::fs::write(&checkpoint, signed.replacen("renkei://", "renkei:/!", 1)).unwrap();
    let error = consortium.try_join(Site::new("good")).unwrap_err();
    assert!(error.contains("audit log"), "{error}");
    std::fs::write(&checkpoint, signed).unwrap();
    // Without its key nobody can go on with the log.
    let key = state.join("audit.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let error = consortium.try_join(Site::new("good")).unwrap_err();
    assert!(error.contains("audit.key") && error.contains("lost"), "{error}");
    std::fs::write(&key, kept).unwrap();
    consortium.join(Site::new("good"));
    consortium.wait_connected(&["good"]);
    assert_eq!(consortium.ask(BY_SEX).states(), ["good answered"]);
}
