//! Who may connect, and which of two connections counts.

use renkei_e2e::{Consortium, Records, Scripted, Site, Step};
use renkei_proto::v1::ask_response::Part;
use renkei_service::{SessionState, Trouble};

use crate::BY_SEX;

#[test]
fn a_site_that_was_removed_cannot_connect() {
    let sites = [Site::with("good", Records::plain(20, 10)), Site::with("removed", Records::plain(30, 30))];
    let consortium = Consortium::with(sites, |config| {
        config.sites.retain(|site| site.id.as_str() != "removed");
        config.projects[0].sites.retain(|site| site.as_str() != "removed");
    });
    let state = consortium.node("removed").wait_for(|state| matches!(state, SessionState::Waiting { .. }));
    assert!(matches!(state, SessionState::Waiting { trouble: Trouble::NoGreeting, .. }), "{state:?}");
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    assert_eq!(answer.states(), ["good answered"]);
}

#[test]
fn a_site_outside_the_project_is_not_asked() {
    let outside = Scripted::silent("outside");
    let sites = [Site::with("good", Records::plain(20, 10)), Site::scripted(&outside)];
    let consortium = Consortium::with(sites, |config| {
        config.projects[0].sites.retain(|site| site.as_str() != "outside");
    });
    let _ = consortium.node("outside").wait_for(|state| matches!(state, SessionState::Connected { .. }));
    assert_eq!(consortium.ask(BY_SEX).states(), ["good answered"]);
    assert!(!outside.arrived.is_cancelled());
}

#[test]
fn the_newer_connection_of_a_site_counts() {
    let older = Scripted::new("tokyo", |asked| {
        vec![Step::Send(Part::Outcome(asked.outcome())), Step::Send(asked.counts(&[(8507, 1_000)]))]
    });
    let mut consortium = Consortium::start([Site::scripted(&older)]);
    assert_eq!(consortium.ask(BY_SEX).rows(), ["8507 | 1000 | 1 | 0"]);
    consortium.join(Site::with("tokyo", Records::plain(20, 10)).state("newer"));
    let state = consortium.node("tokyo").wait_for(|state| matches!(state, SessionState::Waiting { .. }));
    assert!(matches!(state, SessionState::Waiting { trouble: Trouble::Lost, .. }), "{state:?}");
    consortium.wait_connected(&["tokyo"]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    assert_ne!(answer.site("tokyo").snapshot.as_ref().unwrap().as_str(), "scripted");
}

#[test]
fn a_question_on_the_older_connection_ends_with_it() {
    let older = Scripted::silent("tokyo");
    let mut consortium = Consortium::start([Site::scripted(&older)]);
    let question = consortium.client().start(BY_SEX);
    consortium.wait(&older.arrived, "the question to arrive");
    consortium.join(Site::with("tokyo", Records::plain(20, 10)).state("newer"));
    let refused = question.wait().unwrap_err();
    assert_eq!(refused.states(), ["tokyo offline E-OFFLINE"]);
    consortium.wait_connected(&["tokyo"]);
    assert_eq!(consortium.ask(BY_SEX).states(), ["tokyo answered"]);
}
