//! A node asked directly, as a gateway could that has gone wrong: the node decides by itself.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use renkei_e2e::{Consortium, Direct, Records, Site};
use renkei_node::store::Seal;
use renkei_plan::{Catalogue, PLAN_VERSION, Planner, Question};
use renkei_proto::ipc;
use renkei_proto::v1::{AskRequest, Feed, State};
use renkei_types::{Code, Timestamp};

use crate::BY_SEX;

/// A question in order.
fn request(sql: &str) -> AskRequest {
    renkei_e2e::request(&Planner::new(Catalogue::cdm()), sql)
}

#[test]
fn a_question_may_wish_for_an_older_snapshot() {
    let consortium = Consortium::start([Site::new("tokyo").listening()]);
    let older = consortium.ingest("tokyo", &Records::plain(20, 10), Seal::Clinical).snapshot.unwrap();
    let newer = consortium.ingest("tokyo", &Records::plain(20, 30), Seal::Clinical).snapshot.unwrap();
    let gateway = Direct::to(&consortium, "tokyo");
    for (wish, answers) in [("", &newer), (newer.as_str(), &newer), (older.as_str(), &older)] {
        let (outcome, cells) = gateway.ask(AskRequest { snapshot_id: wish.into(), ..request(BY_SEX) });
        assert_eq!((outcome.state(), outcome.snapshot_id.as_str()), (State::Answered, answers.as_str()));
        assert_eq!(cells, 1);
    }
    let wish = "20200101t000000z-000000000000";
    let (outcome, cells) = gateway.ask(AskRequest { snapshot_id: wish.into(), ..request(BY_SEX) });
    assert_eq!((outcome.state(), outcome.code.as_str(), cells), (State::Failed, "E-SNAPSHOT-GONE", 0));
    assert_eq!(consortium.ask(BY_SEX).rows(), ["8507 | 20 | 1 | 0", "8532 | 30 | 1 | 0"]);
}

#[test]
fn what_travels_with_a_question_is_held_to_its_shape() {
    let consortium = Consortium::start([Site::with("tokyo", Records::plain(20, 10)).listening()]);
    let gateway = Direct::to(&consortium, "tokyo");
    let sql = "SELECT count(*) AS n FROM person WHERE year_of_birth > (SELECT avg(year_of_birth) FROM person)";
    let feed = |values: ArrayRef| {
        let batch = RecordBatch::try_from_iter([("f0", values)]).unwrap();
        Feed { index: 0, arrow_ipc: ipc::encode(&batch.schema(), &[batch]).unwrap() }
    };
    let ask = |round: u32, feeds: Vec<Feed>| gateway.ask(AskRequest { round, feeds, ..request(sql) });
    let floats = |values: &[f64]| feed(Arc::new(Float64Array::from(values.to_vec())));
    assert_eq!(ask(0, vec![]).0.state(), State::Answered);
    let (outcome, cells) = ask(1, vec![floats(&[1900.0])]);
    assert_eq!((outcome.state(), cells), (State::Answered, 1), "{outcome:?}");
    for (what, round, feeds) in [
        ("nothing", 1, vec![]),
        ("another index", 1, vec![Feed { index: 7, ..floats(&[1900.0]) }]),
        ("two values", 1, vec![floats(&[1900.0, 1950.0])]),
        ("another type", 1, vec![feed(Arc::new(StringArray::from(vec!["1900"])))]),
        ("the same twice", 1, vec![floats(&[1900.0]), floats(&[1900.0])]),
        ("bytes", 1, vec![Feed { index: 0, arrow_ipc: vec![0xff; 64].into() }]),
        ("a round that there is not", 2, vec![floats(&[1900.0])]),
        ("a round beyond all numbers", u32::MAX, vec![floats(&[1900.0])]),
    ] {
        let (outcome, cells) = ask(round, feeds);
        let said = (outcome.state(), outcome.code.as_str(), cells);
        assert_eq!(said, (State::Refused, "E-STATEMENT", 0), "{what}: {outcome:?}");
    }
}

/// Gateway and node of two versions of the rules: the node ends with its code, and nothing is merged.
#[test]
fn another_version_of_the_rules_is_another_digest() {
    let consortium = Consortium::start([Site::with("tokyo", Records::plain(20, 10)).listening()]);
    let gateway = Direct::to(&consortium, "tokyo");
    let asked = request(BY_SEX);
    let question = Question { sql: BY_SEX, parameters: &[], bound_at: Timestamp(asked.bound_at_micros) };
    for (version, state) in
        [(PLAN_VERSION, State::Answered), (PLAN_VERSION - 1, State::Failed), (PLAN_VERSION + 1, State::Failed)]
    {
        let split = Planner::new(Catalogue::cdm()).of_version(version).split(&question).unwrap();
        let (outcome, cells) = gateway.ask(AskRequest { split_digest: split.digest.0.to_vec(), ..asked.clone() });
        assert_eq!(outcome.state(), state, "version {version}: {outcome:?}");
        let no = outcome.code == Code::Digest.as_str() && cells == 0;
        assert_eq!(no, state == State::Failed, "version {version}: {outcome:?}");
    }
}

/// What a gateway gone wrong does to a question, and how the node ends it.
type Wrong = (fn(&mut AskRequest), State, Code);

#[test]
fn nothing_of_the_gateway_is_believed() {
    let consortium = Consortium::start([Site::with("tokyo", Records::plain(20, 10)).listening()]);
    let gateway = Direct::to(&consortium, "tokyo");
    assert_eq!(gateway.ask(request(BY_SEX)).0.state(), State::Answered);
    let cases: [Wrong; 9] = [
        (|r| r.split_digest = vec![1; 32], State::Failed, Code::Digest),
        (|r| r.split_digest.clear(), State::Refused, Code::StatementKind),
        (|r| r.bound_at_micros += 1, State::Failed, Code::Digest),
        (|r| r.sql = "SELECT count(*) AS n FROM person".into(), State::Failed, Code::Digest),
        (|r| r.sql = "SELECT * FROM person".into(), State::Refused, Code::Rows),
        (|r| r.sql = format!("SELECT 1{}", " + 1".repeat(200_000)), State::Refused, Code::TooLarge),
        (|r| r.project = "another".into(), State::NotApproved, Code::Project),
        (|r| r.asked_at_micros = 0, State::Refused, Code::Clock),
        (|r| r.parameters = vec![0xff; 100].into(), State::Refused, Code::StatementKind),
    ];
    for (i, (spoil, state, code)) in cases.into_iter().enumerate() {
        let mut request = request(BY_SEX);
        spoil(&mut request);
        let (outcome, cells) = gateway.ask(request);
        assert_eq!((outcome.state(), outcome.code.as_str()), (state, code.as_str()), "case {i}: {outcome:?}");
        assert_eq!(cells, 0, "case {i}: a no brings nothing else");
    }
    let (outcome, cells) = gateway.ask(AskRequest { time_left_micros: 0, ..request(BY_SEX) });
    assert_eq!((outcome.state(), outcome.code.as_str(), cells), (State::Failed, "E-LATE", 0));
    assert_eq!(gateway.ask(request(BY_SEX)).0.state(), State::Answered);
}
