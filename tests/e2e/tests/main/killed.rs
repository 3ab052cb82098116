//! A node that is killed in mid-question, and comes back.

use std::time::Duration;

use renkei_e2e::{Consortium, Scripted, Site, Step};
use renkei_proto::v1::ask_response::Part;

use crate::{BY_SEX, HEAVY, busy, calm};

#[test]
fn a_killed_node_is_offline_and_answers_again_when_it_is_back() {
    let witness = Scripted::new("witness", |_| vec![Step::Fail(tonic::Code::Internal)]);
    let mut consortium =
        Consortium::start([Site::with("calm", calm(30)), Site::with("killed", busy(30)), Site::scripted(&witness)]);
    let question = consortium.client().start(HEAVY);
    consortium.wait(&witness.arrived, "the question to arrive");
    // Nothing outside a node tells that its engine has begun.
    std::thread::sleep(Duration::from_millis(300));
    drop(consortium.take("killed"));
    let answer = question.wait().unwrap();
    assert_eq!(answer.rows(), ["30 | 1 | 0"]);
    assert_eq!(answer.states(), ["calm answered", "killed offline E-OFFLINE", "witness failed E-UNAVAILABLE"]);

    consortium.wait_state(&["killed"], "offline");
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.states()[1], "killed offline E-OFFLINE");

    consortium.join(Site::new("killed"));
    consortium.wait_connected(&["killed"]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 60 | 2 | 0"]);
    assert_eq!(answer.states()[1], "killed answered");
}

#[test]
fn a_connection_that_ends_in_mid_answer_is_offline() {
    let cut = Scripted::new("cut", |asked| {
        vec![Step::Send(Part::Outcome(asked.outcome())), Step::Send(asked.counts(&[(8507, 500)])), Step::HangUp]
    });
    let consortium = Consortium::start([Site::with("calm", calm(30)), Site::scripted(&cut)]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 30 | 1 | 0"], "half an answer counts for nothing");
    assert_eq!(answer.states(), ["calm answered", "cut offline E-OFFLINE"]);
}

#[test]
fn a_node_that_stops_in_order_ends_what_it_has_begun() {
    let mut consortium = Consortium::start([Site::with("calm", calm(30)), Site::with("stopped", calm(40))]);
    assert_eq!(consortium.ask(BY_SEX).rows(), ["8507 | 70 | 2 | 0"]);
    consortium.take("stopped").stop();
    consortium.wait_state(&["stopped"], "offline");
    assert_eq!(consortium.ask(BY_SEX).states(), ["calm answered", "stopped offline E-OFFLINE"]);
}
