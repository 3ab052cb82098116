//! Nodes that break the protocol or lie: each is told apart, and the others' answer stays right.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use renkei_e2e::{Asked, Consortium, Records, Scripted, Site, Step};
use renkei_gateway::DEADLINE;
use renkei_proto::ipc;
use renkei_proto::v1::ask_response::Part;
use renkei_proto::v1::{Cells, Outcome, State};
use renkei_types::Code;

use crate::BY_SEX;

const MIB: usize = 1 << 20;

/// A liar's steps.
type Lie = fn(&Asked) -> Vec<Step>;

fn outcome(asked: &Asked, change: impl FnOnce(&mut Outcome)) -> Step {
    let mut outcome = asked.outcome();
    change(&mut outcome);
    Step::Send(Part::Outcome(outcome))
}

/// An outcome in order, then this.
fn then(asked: &Asked, part: Part) -> Vec<Step> {
    vec![outcome(asked, |_| {}), Step::Send(part)]
}

fn good(asked: &Asked) -> Part {
    asked.counts(&[(8507, 700), (8532, 700)])
}

fn said(asked: &Asked, change: impl FnOnce(&mut Outcome)) -> Vec<Step> {
    vec![outcome(asked, change), Step::Send(good(asked))]
}

fn refusing(asked: &Asked, state: State, code: &str, message: &str) -> Vec<Step> {
    vec![outcome(asked, |said| {
        said.state = state.into();
        said.code = code.into();
        said.message = message.into();
    })]
}

fn encoded(asked: &Asked) -> Vec<u8> {
    match good(asked) {
        Part::Cells(cells) => cells.arrow_ipc.to_vec(),
        Part::Outcome(_) => Vec::new(),
    }
}

fn spoiled(asked: &Asked, spoil: impl FnOnce(&mut Vec<u8>)) -> Vec<Step> {
    let mut bytes = encoded(asked);
    spoil(&mut bytes);
    then(asked, asked.bytes(bytes))
}

fn other_schema(asked: &Asked) -> Vec<Step> {
    let columns: [(&str, ArrayRef); 2] =
        [("k0", Arc::new(Int32Array::from(vec![8507]))), ("s0", Arc::new(Int64Array::from(vec![700])))];
    then(asked, asked.batch(&RecordBatch::try_from_iter(columns).unwrap()))
}

fn other_keys(asked: &Asked) -> Vec<Step> {
    let name: ArrayRef = Arc::new(StringArray::from(vec!["a name"]));
    then(asked, asked.batch(&RecordBatch::try_from_iter([("k0", name)]).unwrap()))
}

fn elsewhere(asked: &Asked) -> Vec<Step> {
    let batch = encoded(asked);
    then(asked, Part::Cells(Cells { release_point: 7, arrow_ipc: batch.into() }))
}

fn huge(asked: &Asked) -> Vec<Step> {
    vec![outcome(asked, |_| {}), Step::Repeat(asked.bytes(Bytes::from(vec![0; 15 * MIB])), 20)]
}

fn empty_stream(asked: &Asked) -> Vec<Step> {
    then(asked, asked.bytes(ipc::encode(&asked.split.release_points[0].cell_schema(), &[]).unwrap()))
}

/// Site, what it does, and how it ends.
const LIES: &[(&str, Lie, &str)] = &[
    ("a-digest", |asked| said(asked, |said| said.split_digest = vec![1; 32]), "failed E-DIGEST"),
    ("b-no-digest", |asked| said(asked, |said| said.split_digest.clear()), "failed E-DIGEST"),
    ("c-nothing", |_| Vec::new(), "failed E-UNAVAILABLE"),
    ("d-cells-first", |asked| vec![Step::Send(good(asked)), outcome(asked, |_| {})], "failed E-UNAVAILABLE"),
    ("e-two-outcomes", |asked| vec![outcome(asked, |_| {}), outcome(asked, |_| {})], "failed E-UNAVAILABLE"),
    ("f-unknown-state", |asked| said(asked, |said| said.state = 99), "failed E-UNAVAILABLE"),
    ("g-no-state", |asked| said(asked, |said| said.state = 0), "failed E-UNAVAILABLE"),
    ("h-no-cells", |asked| vec![outcome(asked, |_| {})], "failed E-UNAVAILABLE"),
    ("i-elsewhere", elsewhere, "failed E-UNAVAILABLE"),
    ("j-garbage", |asked| then(asked, asked.bytes(vec![0xff; 5_000])), "failed E-UNAVAILABLE"),
    ("k-no-bytes", |asked| then(asked, asked.bytes(Bytes::new())), "failed E-UNAVAILABLE"),
    ("l-truncated", |asked| spoiled(asked, |bytes| bytes.truncate(bytes.len() - 30)), "failed E-UNAVAILABLE"),
    (
        "m-long-header",
        |asked| spoiled(asked, |b| b[4..8].copy_from_slice(&[255, 255, 255, 127])),
        "failed E-UNAVAILABLE",
    ),
    ("n-other-schema", other_schema, "failed E-UNAVAILABLE"),
    ("o-other-keys", other_keys, "failed E-UNAVAILABLE"),
    ("p-twice", |asked| then(asked, asked.counts(&[(8507, 70), (8507, 70)])), "failed E-UNAVAILABLE"),
    ("q-negative", |asked| then(asked, asked.counts(&[(8507, -70)])), "failed E-UNAVAILABLE"),
    ("r-minimum", |asked| said(asked, |said| said.minimum_persons = 9), "failed E-UNAVAILABLE"),
    ("s-no-minimum", |asked| said(asked, |said| said.minimum_persons = 0), "failed E-UNAVAILABLE"),
    ("t-snapshot", |asked| said(asked, |said| said.snapshot_id = "../../etc".into()), "failed E-UNAVAILABLE"),
    ("u-huge", huge, "failed E-UNAVAILABLE"),
    ("v-message", |asked| then(asked, asked.bytes(vec![0; 17 * MIB])), "failed E-UNAVAILABLE"),
    ("w-status", |_| vec![Step::Fail(tonic::Code::Internal)], "failed E-UNAVAILABLE"),
    ("x-unknown-code", |asked| refusing(asked, State::Refused, "E-NOBODY", "no"), "refused E-UNAVAILABLE"),
    ("y-hangs-up", |asked| vec![outcome(asked, |_| {}), Step::HangUp], "offline E-OFFLINE"),
    ("z-unauthenticated", |_| vec![Step::Fail(tonic::Code::Unauthenticated)], "failed E-UNAVAILABLE"),
];

#[test]
fn no_liar_spoils_the_answer() {
    let liars: Vec<Arc<Scripted>> = LIES.iter().map(|(site, lie, _)| Scripted::new(site, lie)).collect();
    let sites = liars.iter().map(Site::scripted);
    let consortium = Consortium::start(sites.chain([
        Site::with("zz-good", Records::plain(20, 10)),
        Site::scripted(&Scripted::new("zz-nothing-to-list", empty_stream)),
    ]));
    let started = Instant::now();
    let answer = consortium.ask(BY_SEX);
    let expected: Vec<String> = LIES
        .iter()
        .map(|(site, _, end)| format!("{site} {end}"))
        .chain(["zz-good answered".to_owned(), "zz-nothing-to-list answered".to_owned()])
        .collect();
    assert_eq!(answer.states(), expected);
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 1", "8532 | 10 | 1 | 1"]);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn what_a_node_says_is_cut_and_cleaned() {
    let talker = Scripted::new("talker", |asked| {
        refusing(asked, State::Refused, "E-ROWS", &format!("\u{1b}[31mred\n{}", "word ".repeat(200_000)))
    });
    let consortium = Consortium::start([Site::with("good", Records::plain(20, 10)), Site::scripted(&talker)]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.states(), ["good answered", "talker refused E-ROWS"]);
    let said = answer.site("talker").message.clone().unwrap();
    assert!(said.starts_with("[31mredword word") && said.chars().count() <= 500, "{said}");
}

#[test]
fn cells_in_the_name_of_another_site() {
    let liar = Scripted::new("liar", |asked| {
        let point = &asked.split.release_points[0];
        let sites: ArrayRef = Arc::new(StringArray::from(vec!["good", "liar"]));
        let n: ArrayRef = Arc::new(Int64Array::from(vec![1_000, 1_000]));
        let fields = renkei_plan::StateKind::Count.fields();
        let state: ArrayRef = Arc::new(arrow::array::StructArray::new(fields, vec![n], None));
        then(asked, asked.batch(&RecordBatch::try_new(point.cell_schema(), vec![sites, state]).unwrap()))
    });
    let consortium = Consortium::start([Site::with("good", Records::plain(20, 10)), Site::scripted(&liar)]);
    let answer = consortium.ask("SELECT site_id, count(*) AS n FROM person GROUP BY site_id");
    assert_eq!(answer.rows(), ["good | 30 | 1 | 0"]);
    assert_eq!(answer.states(), ["good answered", "liar failed E-UNAVAILABLE"]);
}

#[test]
fn slow_nodes_are_late_and_nobody_waits_longer_than_the_deadline() {
    let slow = Scripted::silent("slow");
    let stalls = Scripted::new("stalls", |asked| vec![outcome(asked, |_| {}), Step::Send(good(asked)), Step::Stall]);
    let consortium =
        Consortium::start([Site::with("good", Records::plain(20, 10)), Site::scripted(&slow), Site::scripted(&stalls)]);
    let started = Instant::now();
    let answer = consortium.client().header(DEADLINE, "1500ms").ask(BY_SEX).unwrap();
    let took = started.elapsed();
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    assert_eq!(answer.states(), ["good answered", "slow late E-LATE", "stalls late E-LATE"]);
    assert!((Duration::from_millis(1_500)..Duration::from_secs(10)).contains(&took), "{took:?}");
    consortium.wait(&slow.released, "the late node to be let go");
    consortium.wait(&stalls.released, "the late node to be let go");
}

#[test]
fn a_flood_of_nothing_ends() {
    let flood =
        Scripted::new("flood", |asked| vec![outcome(asked, |_| {}), Step::Repeat(asked.bytes(Bytes::new()), u64::MAX)]);
    let sites = [Site::scripted(&flood), Site::with("good", Records::plain(20, 10))];
    let consortium = Consortium::with(sites, |config| config.limits.site_answer_mib = 1);
    let answer = consortium.client().header(DEADLINE, "10s").ask(BY_SEX).unwrap();
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    assert_eq!(answer.states(), ["flood failed E-UNAVAILABLE", "good answered"]);
    consortium.wait(&flood.released, "the flood to be let go");
}

#[test]
fn a_count_beyond_everything_blames_the_one_who_sent_it() {
    let liar = Scripted::new("liar", |asked| then(asked, asked.counts(&[(8507, i64::MAX)])));
    let consortium = Consortium::start([Site::with("good", Records::plain(20, 10)), Site::scripted(&liar)]);
    match consortium.client().ask(BY_SEX) {
        Ok(answer) => {
            assert_eq!(answer.states(), ["good answered", "liar failed E-UNAVAILABLE"]);
            assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
        }
        Err(refused) => {
            assert_eq!(refused.code(), Code::Overflow);
            panic!("one bad site blocks the rest: {refused:?}");
        }
    }
}
