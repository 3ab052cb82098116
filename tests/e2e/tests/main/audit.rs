//! A hospital's own log: every question is in it before it is executed, every end before an answer leaves.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use renkei_audit::entry::{Act, Body, Entry, Intent, State};
use renkei_audit::tree::Hash;
use renkei_audit::verify::{Class, Reconciliation, Trust, reconcile, verify};
use renkei_e2e::{Consortium, Records, Scripted, Site, Step};
use renkei_gateway::config::Person;
use renkei_node::audit::{reader, verifier};
use renkei_node::config::{Budget, GrantedTables};
use renkei_node::store::{Seal, Store};
use renkei_types::{Clock, Code, SystemClock};

use crate::{BY_SEX, HEAVY, busy};

fn entries(consortium: &Consortium, site: &str) -> Vec<Body> {
    let reader = reader(&consortium.state_dir(site));
    let size = reader.size().unwrap();
    (0..size).map(|index| Entry::decode(&reader.entry(index).unwrap()).unwrap().body).collect()
}

/// The values that came with each question that was executed, as they were recorded.
pub(crate) fn values(consortium: &Consortium, site: &str) -> Vec<Option<String>> {
    let of = |body: Body| match body {
        Body::Intent(intent) => Some(intent.question.parameters.map(|text| serde_json::to_string(&text).unwrap())),
        _ => None,
    };
    entries(consortium, site).into_iter().filter_map(of).collect()
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
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.states(), ["good answered", &format!("strict not_approved {}", Code::Project)]);
    let good = entries(&consortium, "good");
    let subject = format!("renkei://{}/person/{}", renkei_e2e::CONSORTIUM, renkei_e2e::PERSON);
    let asked = format!("intent {} {subject}", renkei_e2e::PROJECT);
    assert_eq!(words(&good), [asked.as_str(), "outcome Answered 2"]);
    assert_eq!(words(&entries(&consortium, "strict")), [format!("refusal {}", Code::Project)]);
    let Some(Body::Intent(intent)) = good.iter().find(|body| matches!(body, Body::Intent(_))) else { unreachable!() };
    assert!(serde_json::to_string(&intent.question).unwrap().contains("gender_concept_id"), "the statement is there");
    assert_eq!(intent.tables.as_slice().len(), 1);
    assert_eq!(answer.site("good").policy.as_deref(), Some(intent.policy.as_str()), "the answer names the policy");
    assert_eq!(answer.site("strict").policy, None);

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

fn log(state: &Path) -> Vec<Entry> {
    let reader = reader(state);
    reader.entries(0).unwrap().map(|entry| Entry::decode(&entry.unwrap().1).unwrap()).collect()
}

fn read(log: &[Entry]) -> impl Iterator<Item = Result<Entry, Infallible>> + '_ {
    log.iter().cloned().map(Ok)
}

fn compared(gateway: &[Entry], node: &[Entry], site: &str) -> Reconciliation {
    let (tolerance, silence) = (Duration::from_secs(30), Duration::from_secs(180));
    reconcile(read(gateway), read(node), &site.parse().unwrap(), tolerance, silence).unwrap()
}

#[test]
fn the_gateway_and_every_hospital_tell_the_same() {
    let mut consortium = Consortium::start([
        Site::with("a", Records::plain(20, 10)),
        Site::with("b", Records::plain(30, 12)).grant(|project| {
            project.tables = GrantedTables::Only(["person".to_owned()].into());
        }),
        Site::with("strict", Records::plain(20, 10)).without_grants(),
        Site::absent("gone"),
    ]);
    assert_eq!(consortium.ask(BY_SEX).states().len(), 4);
    // Asked in two rounds; one site has no right to the table.
    let rounds = "SELECT count(*) AS n FROM person WHERE year_of_birth >= (SELECT avg(year_of_birth) FROM person)";
    assert_eq!(consortium.ask(rounds).states()[0], "a answered");
    let visits = "SELECT count(*) AS n FROM visit_occurrence";
    let _either = consortium.client().ask(visits);
    let _explained = consortium.ask(&format!("EXPLAIN {BY_SEX}"));
    assert_eq!(consortium.refused("SELECT person_id FROM person").code(), Code::Rows);
    // Nobody asks again, and each log ends signed.
    for site in ["a", "b", "strict"] {
        consortium.take(site).stop();
    }
    let gateway = log(&consortium.gateway_state());
    for (site, questions) in [("a", 4), ("b", 4), ("strict", 3)] {
        let node = log(&consortium.state_dir(site));
        let found = compared(&gateway, &node, site);
        assert!(found.items.is_empty(), "{site}: {:?}", found.items);
        assert_eq!(found.counts, BTreeMap::from([(Class::Matched, questions)]), "{site}");
    }

    // What one side leaves out or changes is told by the other.
    let node = log(&consortium.state_dir("a"));
    let first = node.iter().find_map(|entry| match &entry.body {
        Body::Intent(intent) => Some(intent.query.clone()),
        _ => None,
    });
    let of_first = |entry: &Entry| match &entry.body {
        Body::Intent(intent) => Some(&intent.query) == first.as_ref(),
        Body::Outcome(outcome) => Some(&outcome.query) == first.as_ref(),
        _ => false,
    };
    let without = |log: &[Entry]| log.iter().filter(|entry| !of_first(entry)).cloned().collect::<Vec<_>>();
    let classes = |gateway: &[Entry], node: &[Entry]| {
        compared(gateway, node, "a").items.into_iter().map(|item| item.class).collect::<Vec<_>>()
    };
    assert_eq!(classes(&without(&gateway), &node), [Class::RightOnly]);
    assert_eq!(classes(&gateway, &without(&node)), [Class::LeftOnly]);
    let mut edited = node.clone();
    for entry in edited.iter_mut().filter(|entry| of_first(entry)) {
        if let Body::Intent(intent) = &mut entry.body {
            intent.question.statement = Hash::of(b"SELECT count(*) FROM note");
        }
    }
    assert_eq!(classes(&gateway, &edited), [Class::Mismatch]);
    let mut edited = gateway.clone();
    for entry in edited.iter_mut().filter(|entry| of_first(entry)) {
        if let Body::Outcome(outcome) = &mut entry.body {
            assert!(outcome.state != State::Answered || outcome.result.is_some(), "both logs commit to the answer");
            outcome.result = Some(renkei_audit::entry::Seal(Hash::of(b"another answer")));
        }
    }
    assert_eq!(classes(&edited, &node), [Class::Mismatch]);
}

#[test]
fn a_node_that_is_killed_in_mid_question_contradicts_nobody() {
    let witness = Scripted::new("witness", |_| vec![Step::Fail(tonic::Code::Internal)]);
    let mut consortium = Consortium::start([Site::with("killed", busy(30)), Site::scripted(&witness)]);
    let question = consortium.client().start(HEAVY);
    consortium.wait(&witness.arrived, "the question to arrive");
    std::thread::sleep(Duration::from_millis(300));
    drop(consortium.take("killed"));
    assert!(question.wait().is_err());
    consortium.join(Site::new("killed"));
    consortium.wait_connected(&["killed"]);
    consortium.take("killed").stop();
    let (gateway, node) = (log(&consortium.gateway_state()), log(&consortium.state_dir("killed")));
    let aborted = |entry: &Entry| matches!(&entry.body, Body::Outcome(o) if o.state != State::Answered);
    assert!(node.iter().any(aborted), "{:?}", words(&entries(&consortium, "killed")));
    let found = compared(&gateway, &node, "killed");
    let classes: Vec<_> = found.items.iter().map(|item| item.class).collect();
    assert_eq!(classes, [Class::Late], "{:?}", found.items);
}

/// Acts with what they were done to, once there are as many as are waited for.
fn acts(consortium: &Consortium, site: &str, kind: Act, count: usize) -> Vec<(String, String)> {
    let begun = Instant::now();
    loop {
        let of = |body: Body| match body {
            Body::Admin(admin) if admin.act == kind => Some((admin.subject.to_string(), admin.detail.to_string())),
            _ => None,
        };
        let found: Vec<_> = entries(consortium, site).into_iter().filter_map(of).collect();
        if found.len() >= count || begun.elapsed() > Duration::from_secs(20) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_is_done_at_the_site_by_other_processes_is_recorded() {
    let mut consortium = Consortium::start([Site::with("good", Records::plain(20, 10))]);
    let first = acts(&consortium, "good", Act::Snapshot, 1);
    assert_eq!(first.len(), 1, "{first:?}");
    let older = first[0].0.parse().unwrap();
    assert!(first[0].1.starts_with("made, sealed as "), "{first:?}");
    let newer = consortium.ingest("good", &Records::plain(20, 30), Seal::Clinical).snapshot.unwrap();
    let store = Store::open(consortium.state_dir("good"), Arc::new(SystemClock)).unwrap();
    store.set_current(&older).unwrap();
    let all = acts(&consortium, "good", Act::Snapshot, 3);
    assert_eq!(
        all.iter().map(|act| act.0.as_str()).collect::<Vec<_>>(),
        [older.as_str(), newer.as_str(), older.as_str()]
    );
    assert!(all[2].1.starts_with("questions run on it"), "{all:?}");
    // What is in force is told once, and the source of time at each start.
    assert_eq!(acts(&consortium, "good", Act::Policy, 1).len(), 1);
    assert_eq!(acts(&consortium, "good", Act::Key, 1).len(), 1);
    consortium.take("good").stop();
    consortium.join(Site::new("good"));
    consortium.wait_connected(&["good"]);
    let starts = acts(&consortium, "good", Act::Start, 2);
    assert!(starts.len() == 2 && starts[1].1.contains("the clock "), "{starts:?}");
    assert_eq!(acts(&consortium, "good", Act::Policy, 1).len(), 1, "nothing changed");
}

fn intent(state: &Path) -> Box<Intent> {
    let found = log(state).into_iter().find_map(|entry| match entry.body {
        Body::Intent(intent) => Some(intent),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn an_intent_says_who_asks_under_what_approval_and_which_columns_are_read() {
    let budget = Budget { project_30_days: Some(5), person_day: None };
    let site = Site::with("good", Records::plain(20, 10)).grant(|project| project.budget = Some(budget));
    let consortium = Consortium::with([site], |config| {
        config.projects[0].ethics = Some("2026-0123".into());
        config.projects[0].purpose = Some("heart failure".into());
        config.people = vec![Person { id: renkei_e2e::PERSON.parse().unwrap(), institution: "東京大学".into() }];
    });
    assert_eq!(consortium.ask(BY_SEX).states(), ["good answered"]);
    let (gateway, node) = (intent(&consortium.gateway_state()), intent(&consortium.state_dir("good")));
    assert_eq!(gateway.who.institution.as_str(), "東京大学");
    assert_eq!(gateway.question.ethics.as_ref().map(|number| number.as_str()), Some("2026-0123"));
    assert_eq!(gateway.question.purpose.as_str(), "heart failure");
    for intent in [&gateway, &node] {
        let columns: Vec<&str> = intent.columns.as_slice().iter().map(|column| column.as_str()).collect();
        assert_eq!(columns, ["person.gender_concept_id"]);
    }
    assert_eq!(node.question.level.as_str(), "aggregate");
    let budget = node.budget.unwrap();
    assert_eq!((budget.before.get(), budget.after.get()), (5, 4));
}
