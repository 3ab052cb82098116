//! A worker that lies: whatever it sends, the question fails with a word for the log, and nothing else happens.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

use datafusion::arrow::array::{ArrayRef, BinaryArray, Int64Array, StringArray, new_null_array};
use datafusion::arrow::record_batch::RecordBatch;
use renkei_proto::ipc;

use super::super::frame::Frame;
use super::super::message::{Order, Part, Plan, Reply, Run};
use super::super::process::Line;
use super::super::{Fault, WorkerError};
use crate::engine::cells;

/// What comes of a run whose worker sends `bytes`, whatever it is asked, and hangs up.
fn run(bytes: Vec<u8>) -> Result<Vec<Vec<RecordBatch>>, WorkerError> {
    let (agent, worker) = UnixStream::pair().unwrap();
    let lies = thread::spawn(move || (&worker).write_all(&bytes));
    let order = Run {
        part: Part::Round(0),
        guarded: true,
        snapshot: renkei_types::SnapshotId::new("20260101t000000z-000000000000").unwrap(),
        files: Vec::new(),
        memory_bytes: 1,
        feeds: Vec::new(),
    };
    let answer = Line::of(agent).run(order, Vec::new(), &[], 1, 1 << 20);
    let _ = lies.join();
    answer
}

fn frames(frames: impl IntoIterator<Item = (Reply, Vec<Vec<u8>>)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    frames.into_iter().for_each(|(reply, bodies)| Frame::new(&reply, bodies).unwrap().write(&mut bytes).unwrap());
    bytes
}

fn stream(batch: &RecordBatch) -> Vec<u8> {
    ipc::encode(&batch.schema(), std::slice::from_ref(batch)).unwrap().to_vec()
}

fn numbers(n: i64) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..n));
    RecordBatch::try_from_iter([("k0", column)]).unwrap()
}

fn word(answer: Result<Vec<Vec<RecordBatch>>, WorkerError>) -> &'static str {
    match answer {
        Err(WorkerError::Bytes(word)) => word,
        Err(WorkerError::Gone(_)) => "gone",
        Err(WorkerError::Fault(Fault::Panic)) => "fault",
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn frames_that_no_worker_sends() {
    let cells = |point| (Reply::Cells { point }, vec![stream(&numbers(3))]);
    let done = || (Reply::Done, Vec::new());
    assert_eq!(run(frames([cells(0), done()])).unwrap(), [vec![numbers(3)]], "one that does not lie");
    assert_eq!(word(run(Vec::new())), "gone");
    assert_eq!(word(run(frames([cells(0)]))), "gone");
    assert_eq!(word(run(b"GET / HTTP/1.1\r\n\r\n".to_vec())), "no frame");
    assert_eq!(word(run(frames([cells(1), done()]))), "cells of a release point that is none");
    assert_eq!(word(run(frames([cells(usize::MAX), done()]))), "cells of a release point that is none");
    assert_eq!(word(run(frames([(Reply::Planned, Vec::new())]))), "another reply than was waited for");
    assert_eq!(word(run(frames([(Reply::Done, vec![vec![1]])]))), "another reply than was waited for");
    assert_eq!(word(run(frames([(Reply::Cells { point: 0 }, vec![b"x".to_vec()])]))), "cells that are no Arrow stream");
    assert_eq!(word(run(frames([(Reply::Fault(Fault::Panic), Vec::new())]))), "fault");
    let text = br#"{"Fault":"the patient is 0001234"}"#;
    let mut bytes = [b"RKW1".as_slice(), &u32::try_from(text.len()).unwrap().to_le_bytes(), &[0; 4]].concat();
    bytes.extend(text);
    assert_eq!(word(run(bytes)), "a head that is no message");
}

#[test]
fn more_than_may_be_handed_over() {
    let big = vec![0; 600 << 10];
    assert_eq!(word(run(frames([(Reply::Cells { point: 0 }, vec![vec![0; 2 << 20]])]))), "bodies over their bound");
    // Each within the bound, both together not.
    let column: ArrayRef = Arc::new(BinaryArray::from_vec(vec![big.as_slice()]));
    let batch = RecordBatch::try_from_iter([("b", column)]).unwrap();
    let half = || (Reply::Cells { point: 0 }, vec![stream(&batch)]);
    assert_eq!(word(run(frames([half(), half()]))), "bodies over their bound");
}

#[test]
fn bytes_that_were_flipped_never_panic_outside_of_where_it_is_contained() {
    let good = frames([(Reply::Cells { point: 0 }, vec![stream(&numbers(3))]), (Reply::Done, Vec::new())]);
    let split = super::split(super::BY_SEX);
    for i in (0..good.len()).step_by(3) {
        let mut flipped = good.clone();
        flipped[i] ^= 0x81;
        // Decoding runs on a thread that contains a panic, as it does in the executor.
        let answer = thread::spawn(move || run(flipped)).join();
        if let Ok(Ok(decoded)) = answer {
            assert!(cells::read(&split.release_points[0], true, &decoded[0]).is_err(), "byte {i}");
        }
    }
}

#[test]
fn cells_of_another_shape_are_not_taken() {
    let split = super::split(super::BY_SEX);
    let point = &split.release_points[0];
    let shape = cells::schema(point, true);
    let read = |batch: &RecordBatch| cells::read(point, true, std::slice::from_ref(batch)).map(|raw| raw.keys.len());
    let null = |i: usize| new_null_array(shape.field(i).data_type(), 1);
    let empty = RecordBatch::new_empty(Arc::clone(&shape));
    assert_eq!(read(&empty).unwrap(), 1, "no cell is a shape too");
    let columns: Vec<ArrayRef> = (0..shape.fields().len()).map(null).collect();
    let names = (0..columns.len()).map(|i| format!("c{i}"));
    let nulls = RecordBatch::try_from_iter(names.zip(columns)).unwrap();
    assert!(read(&nulls).is_err(), "NULL where there is none");
    let text: ArrayRef = Arc::new(StringArray::from(vec!["0001234"]));
    assert!(read(&RecordBatch::try_from_iter([("k0", text)]).unwrap()).is_err());
    assert!(read(&numbers(1)).is_err());
    let error = read(&numbers(1)).unwrap_err().to_string();
    assert!(!error.contains("0001234"), "{error}");
}

#[test]
fn a_worker_that_hangs_up_while_it_is_asked_is_gone() {
    let (agent, worker) = UnixStream::pair().unwrap();
    drop(worker);
    let plan = Plan { sql: "SELECT 1".into(), bound_at: renkei_types::Timestamp(0), vocabulary: Default::default() };
    let planned = Line::of(agent).plan(&Order::Plan(plan), Vec::new());
    assert!(matches!(planned, Err(WorkerError::Order(_) | WorkerError::Gone(_))), "{planned:?}");
}
