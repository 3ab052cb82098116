//! Workers as real processes: the test's own program, started with one test alone.

mod breakout;
mod hostile;

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use renkei_plan::{Catalogue, Planner, Question, Split};
use renkei_policy::{Ask, Exploration, Grant, Level, Permit, Registry, Seal, SitePolicy, Tables, decide};
use renkei_types::{PersonId, ProjectId, SiteId, SnapshotId, Timestamp};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::{Execution, Executor, Limits, Part, Program, Statement, WorkerError};
use crate::engine::tests::table_file;
use crate::engine::{Reading, TableFile};

/// How the test's program becomes one of the tests below.
pub(super) fn this(test: &str) -> Program {
    let args = [test, "--exact", "--ignored", "--nocapture", "--test-threads=1"];
    Program { path: std::env::current_exe().unwrap(), args: args.map(Into::into).to_vec() }
}

#[test]
#[ignore = "the worker of the tests below"]
fn process() {
    let _ = super::main();
}

#[test]
#[ignore = "the agent of a test below, which is killed"]
fn agent() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(dir.path(), "process");
    let runtime = runtime();
    let lease = runtime.block_on(executor.lease(&project("dm"))).unwrap();
    println!("worker {}", lease.process_id().unwrap());
    std::thread::sleep(Duration::from_secs(60));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn project(id: &str) -> ProjectId {
    ProjectId::new(id).unwrap()
}

fn limits(spill: &std::path::Path) -> Limits {
    Limits {
        threads: 2,
        memory_bytes: 256 << 20,
        spill_dir: spill.to_owned(),
        spill_bytes: 64 << 20,
        places: 2,
        questions: 5,
        output_bytes: 64 << 20,
        require: false,
    }
}

fn executor(spill: &std::path::Path, worker: &str) -> Executor {
    let program = this(&format!("worker::tests::{worker}"));
    Executor::new(SiteId::new("good").unwrap(), limits(spill), &Execution::Workers(program)).unwrap()
}

const BY_SEX: &str = "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1";

fn statement(sql: &str) -> Statement {
    let (parameters, vocabulary) = (Vec::new(), Default::default());
    Statement { sql: sql.to_owned(), parameters, bound_at: Timestamp(0), vocabulary }
}

pub(super) fn split(sql: &str) -> Split {
    let question = Question { sql, parameters: &[], bound_at: Timestamp(0) };
    Planner::new(Catalogue::cdm()).split(&question).unwrap()
}

fn permit(split: &Split) -> Permit {
    let grant = Grant {
        tables: Tables::All,
        members: None,
        minimum_persons: None,
        level: Level::Aggregate,
        mode: None,
        budget: None,
    };
    let policy = SitePolicy { minimum_persons: 10, level: Level::Aggregate, grants: [(project("dm"), grant)].into() };
    let ask = Ask {
        project: &project("dm"),
        subject: &PersonId::new("taro").unwrap(),
        tables: &split.facts.tables,
        reference_tables: &split.facts.reference_tables,
        seal: Seal::Clinical,
        exploration: &Exploration::default(),
        text: None,
        registered: &Registry::default(),
    };
    decide(&policy, &ask).unwrap()
}

fn reading(files: Vec<TableFile>) -> Reading {
    let snapshot = SnapshotId::new("20260101t000000z-000000000000").unwrap();
    Reading { feeds: Default::default(), snapshot, files, left_out: Arc::from([3_u32]), memory_bytes: None }
}

async fn ask(executor: &Executor, of: &str) -> Result<usize, WorkerError> {
    let split = split(BY_SEX);
    let mut lease = executor.lease(&project(of)).await?;
    lease.plan(&statement(BY_SEX)).await?;
    let raw = lease
        .run(&permit(&split), Part::Round(0), &split.release_points, reading(vec![table_file("person", 30)]))
        .await?;
    let sets = raw[0].persons.as_ref().unwrap();
    let people = renkei_disclosure::Contributions::decode(sets.value(0)).unwrap();
    Ok(usize::try_from(people.len()).unwrap())
}

fn gone(id: u32) -> bool {
    let pid = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    let until = Instant::now() + Duration::from_secs(1);
    while test_kill_process(pid).is_ok() {
        // A zombie of another process's is as gone as it can be.
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        if state.contains(") Z ") {
            return true;
        }
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

#[test]
fn a_question_goes_through_a_worker_and_a_warm_one_serves_one_project() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(dir.path(), "process");
    runtime().block_on(async {
        assert_eq!(ask(&executor, "dm").await.unwrap(), 29, "30 persons, one of them left out");
        let id = executor.lease(&project("dm")).await.unwrap().process_id();
        assert_eq!(executor.lease(&project("dm")).await.unwrap().process_id(), id, "the same one");
        assert_ne!(executor.lease(&project("af")).await.unwrap().process_id(), id, "of another project");
        for _ in 0..5 {
            assert_eq!(ask(&executor, "dm").await.unwrap(), 29);
        }
        assert_ne!(executor.lease(&project("dm")).await.unwrap().process_id(), id, "replaced after five");
    });
}

#[test]
fn what_the_question_did_not_bring_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(dir.path(), "process");
    runtime().block_on(async {
        let split = split(BY_SEX);
        let mut lease = executor.lease(&project("dm")).await.unwrap();
        lease.plan(&statement(BY_SEX)).await.unwrap();
        let run = lease.run(&permit(&split), Part::Round(0), &split.release_points, reading(Vec::new())).await;
        assert!(matches!(run, Err(WorkerError::Fault(super::Fault::Engine))), "{:?}", run.err());
        drop(lease);
        assert_eq!(ask(&executor, "dm").await.unwrap(), 29, "the next question has another worker");
    });
}

#[test]
fn a_worker_that_is_killed_costs_one_question() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(dir.path(), "process");
    runtime().block_on(async {
        let mut lease = executor.lease(&project("dm")).await.unwrap();
        let id = lease.process_id().unwrap();
        kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), Signal::KILL).unwrap();
        assert!(matches!(lease.plan(&statement(BY_SEX)).await, Err(WorkerError::Gone(_) | WorkerError::Order(_))));
        drop(lease);
        assert_eq!(ask(&executor, "dm").await.unwrap(), 29);
    });
}

#[test]
fn a_worker_that_hangs_is_gone_within_a_second_of_the_deadline() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(dir.path(), "process");
    runtime().block_on(async {
        let mut lease = executor.lease(&project("dm")).await.unwrap();
        let id = lease.process_id().unwrap();
        kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), Signal::STOP).unwrap();
        let question = statement(BY_SEX);
        let planned = tokio::time::timeout(Duration::from_millis(100), lease.plan(&question)).await;
        assert!(planned.is_err(), "it hangs");
        drop(lease);
        assert!(gone(id), "it is killed with the question");
        assert_eq!(ask(&executor, "dm").await.unwrap(), 29);
    });
}

#[test]
fn a_worker_dies_with_its_agent() {
    use std::io::{BufRead, BufReader};
    let Program { path, args } = this("worker::tests::agent");
    let mut agent = std::process::Command::new(path).args(args).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(agent.stdout.take().unwrap()).lines().map_while(Result::ok);
    let worker = lines.filter_map(|line| Some(line.split_once("worker ")?.1.to_owned())).next().unwrap();
    let worker: u32 = worker.trim().parse().unwrap();
    assert!(test_kill_process(Pid::from_raw(i32::try_from(worker).unwrap()).unwrap()).is_ok(), "it is there");
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(gone(worker), "it outlives its agent");
}

#[test]
fn a_program_that_is_no_worker_is_noticed_at_start() {
    let dir = tempfile::tempdir().unwrap();
    let start = |path: &str| {
        let program = Program { path: path.into(), args: Vec::new() };
        Executor::new(SiteId::new("good").unwrap(), limits(dir.path()), &Execution::Workers(program)).unwrap_err()
    };
    assert!(matches!(start("/nowhere"), WorkerError::Start(_)));
    assert!(matches!(start("/bin/true"), WorkerError::Gone(_) | WorkerError::Start(_)));
}

#[test]
fn descriptors_are_for_reading() {
    use std::io::Write;
    let path = tempfile::NamedTempFile::new().unwrap();
    let file = File::open(path.path()).unwrap();
    let (agent, worker) = std::os::unix::net::UnixStream::pair().unwrap();
    super::descriptors::send(&agent, &[Arc::new(file)]).unwrap();
    let mut received = super::descriptors::receive(&worker, 1).unwrap().remove(0);
    assert!(received.write_all(b"x").is_err());
    assert!(received.as_fd().try_clone_to_owned().is_ok());
}

/// `cargo test -p renkei-node --lib -- --ignored --nocapture a_warm_worker_adds`
#[test]
#[ignore = "measures"]
fn a_warm_worker_adds() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { questions: u32::MAX, ..limits(dir.path()) };
    let site = || SiteId::new("good").unwrap();
    let program = Execution::Workers(this("worker::tests::process"));
    let runtime = runtime();
    let median = |execution: &Execution| {
        let executor = Executor::new(site(), limits.clone(), execution).unwrap();
        let mut times: Vec<Duration> = (0..101)
            .map(|_| {
                let begun = Instant::now();
                runtime.block_on(ask(&executor, "dm")).unwrap();
                begun.elapsed()
            })
            .collect();
        times.sort();
        times[50]
    };
    let (inside, worker) = (median(&Execution::InProcess), median(&program));
    println!("median of 101 questions: {inside:?} in the process, {worker:?} by a warm worker");
}
