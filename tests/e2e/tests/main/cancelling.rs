//! A client that goes away: nothing of its question outlives it, down into the hospitals.

use std::time::Duration;

use renkei_e2e::{Consortium, Records, Scripted, Site, Step};
use renkei_gateway::DEADLINE;
use renkei_proto::v1::ask_response::Part;

use crate::{BY_SEX, HEAVY, busy};

#[test]
fn a_node_is_told_at_once() {
    let before = Scripted::silent("before");
    let during = Scripted::new("during", |asked| vec![Step::Send(Part::Outcome(asked.outcome())), Step::Stall]);
    let consortium = Consortium::start([
        Site::scripted(&before),
        Site::scripted(&during),
        Site::with("good", Records::plain(20, 10)),
    ]);
    let question = consortium.client().start(BY_SEX);
    consortium.wait(&before.arrived, "the question to arrive");
    consortium.wait(&during.arrived, "the question to arrive");
    assert!(!before.released.is_cancelled() && !during.released.is_cancelled());
    question.abandon();
    consortium.wait(&before.released, "the node's handler to be dropped");
    consortium.wait(&during.released, "the node's answer to be dropped");
}

#[test]
fn the_engine_of_a_node_stops() {
    let witness = Scripted::new("witness", |_| vec![Step::Fail(tonic::Code::Internal)]);
    let consortium = Consortium::start([Site::with("busy", busy(30)).one_at_a_time(), Site::scripted(&witness)]);
    for _ in 0..3 {
        let question = consortium.client().start(HEAVY);
        consortium.wait(&witness.arrived, "the question to arrive");
        // Nothing outside a node tells that its engine has begun.
        std::thread::sleep(Duration::from_millis(300));
        question.abandon();
    }
    let answer = consortium.client().header(DEADLINE, "20s").ask(BY_SEX).unwrap();
    assert_eq!(answer.rows(), ["8507 | 30 | 1 | 0"]);
    assert_eq!(answer.states(), ["busy answered", "witness failed E-UNAVAILABLE"], "its one place is free again");
}
