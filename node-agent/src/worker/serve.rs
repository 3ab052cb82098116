//! The worker's own side: confine, then plan and execute what the agent orders, until it is gone.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use futures::executor::block_on;
use renkei_plan::{Catalogue, Planner, Question, Split};
use renkei_proto::ipc;

use super::frame::{Bounds, Frame, FrameError};
use super::message::{self, Order, Plan, Reply, Run, Start};
use super::{Fault, confine, descriptors};
use crate::engine::{Engine, EngineError, Limits, Reading, TableFile};

/// Stack of the thread that plans and orders execution.
const STACK: usize = 8 << 20;
/// Bytes of cells in one frame, if a cell is not larger.
const FRAME_BYTES: usize = 32 << 20;
/// What the agent sends at most: a statement, sets of codes, a list of persons.
const ORDERS: Bounds = Bounds { head: 16 << 20, bodies: 4_096, bytes: 1 << 30 };

/// The program as a worker: its standard input is the socket to the agent.
pub(crate) fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "renkei-node worker: {error}; the agent starts workers, nobody else");
            ExitCode::from(2)
        }
    }
}

fn serve() -> io::Result<()> {
    let socket = Arc::new(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?));
    let unclear = || io::Error::new(io::ErrorKind::InvalidInput, "standard input is no socket to an agent");
    let first = Frame::read(&*socket, ORDERS).map_err(|_| unclear())?;
    let Ok(Order::Start(start)) = first.message() else { return Err(unclear()) };
    let confinement = confine::apply(&start);
    let engine = engine(&start).map_err(io::Error::other)?;
    say(&socket, &Reply::Ready(confinement), Vec::new())?;
    let (ordered, orders) = sync_channel(1);
    let worker = Worker { socket: Arc::clone(&socket), engine, planned: None, planner: Planner::new(Catalogue::cdm()) };
    let work = thread::Builder::new().name("renkei-work".to_owned()).stack_size(STACK);
    work.spawn(move || worker.work(&orders))?;
    listen(&socket, &ordered);
    // The agent is gone, and so is whoever waits for what is still computed.
    std::process::exit(0)
}

fn engine(start: &Start) -> Result<Engine, EngineError> {
    let limits = Limits {
        threads: start.threads,
        memory_bytes: start.memory_bytes,
        spill_dir: start.spill_dir.clone(),
        spill_bytes: start.spill_bytes,
    };
    Engine::new(start.site.clone(), limits)
}

type Ordered = (Order, Vec<Vec<u8>>, Vec<TableFile>);

/// Reads orders for as long as there is an agent.
fn listen(socket: &UnixStream, ordered: &SyncSender<Ordered>) {
    while let Ok(order) = receive(socket) {
        if ordered.send(order).is_err() {
            return;
        }
    }
}

fn receive(socket: &UnixStream) -> Result<Ordered, FrameError> {
    let frame = Frame::read(socket, ORDERS)?;
    let order: Order = frame.message()?;
    let heads = match &order {
        Order::Run(run) => run.files.as_slice(),
        _ => &[],
    };
    let open = descriptors::receive(socket, heads.len())?;
    let files = heads.iter().zip(open).map(|(head, file)| TableFile {
        table: head.table.clone(),
        name: head.name.clone(),
        bytes: head.bytes,
        file: Arc::new(file),
    });
    let files = files.collect();
    Ok((order, frame.bodies, files))
}

fn say(socket: &UnixStream, reply: &Reply, bodies: Vec<Vec<u8>>) -> io::Result<()> {
    Frame::new(reply, bodies)?.write(socket)
}

struct Worker {
    socket: Arc<UnixStream>,
    engine: Engine,
    planner: Planner,
    /// The statement that was planned last, if it was not refused.
    planned: Option<Split>,
}

impl Worker {
    fn work(mut self, orders: &Receiver<Ordered>) {
        for (order, bodies, files) in orders {
            let done = catch_unwind(AssertUnwindSafe(|| match order {
                Order::Start(_) => Err(Fault::Order),
                Order::Plan(plan) => self.plan(&plan, &bodies),
                Order::Run(run) => self.run(run, &bodies, files),
            }));
            let last = match done {
                Ok(Ok(last)) => last,
                Ok(Err(fault)) => Reply::Fault(fault),
                Err(_) => Reply::Fault(Fault::Panic),
            };
            if say(&self.socket, &last, Vec::new()).is_err() {
                return;
            }
        }
    }

    fn plan(&mut self, plan: &Plan, bodies: &[Vec<u8>]) -> Result<Reply, Fault> {
        self.planned = None;
        let [parameters] = bodies else { return Err(Fault::Order) };
        let parameters = message::decode_parameters(parameters).ok_or(Fault::Order)?;
        let question = Question { sql: &plan.sql, parameters: &parameters, bound_at: plan.bound_at };
        self.planned = self.planner.split_resolving(&question, &plan.vocabulary).ok();
        Ok(Reply::Planned)
    }

    fn run(&self, run: Run, bodies: &[Vec<u8>], files: Vec<TableFile>) -> Result<Reply, Fault> {
        let split = self.planned.as_ref().ok_or(Fault::Order)?;
        let (persons, feeds) = bodies.split_first().ok_or(Fault::Order)?;
        let points = run.part.points(split);
        let read = Reading {
            feeds: message::decode_feeds(split, &run.feeds, feeds).ok_or(Fault::Order)?,
            snapshot: run.snapshot,
            files,
            left_out: message::decode_persons(persons).ok_or(Fault::Order)?,
            memory_bytes: Some(run.memory_bytes),
        };
        let raw = block_on(self.engine.run(run.guarded, &points, read)).map_err(|error| fault(&error))?;
        for (point, batch) in raw.iter().enumerate() {
            self.send(point, batch)?;
        }
        Ok(Reply::Done)
    }

    /// Sends one release point's cells in frames of bounded size.
    fn send(&self, point: usize, batch: &RecordBatch) -> Result<(), Fault> {
        let cell = batch.get_array_memory_size() / batch.num_rows().max(1);
        let step = (FRAME_BYTES / cell.max(1)).max(1);
        for start in (0..batch.num_rows().max(1)).step_by(step) {
            let part = batch.slice(start, step.min(batch.num_rows() - start));
            let bytes = ipc::encode(&part.schema(), &[part]).map_err(|_| Fault::Engine)?;
            say(&self.socket, &Reply::Cells { point }, vec![bytes.into()]).map_err(|_| Fault::Engine)?;
        }
        Ok(())
    }
}

fn fault(error: &EngineError) -> Fault {
    match error {
        EngineError::Engine(error) if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) => {
            Fault::Resources
        }
        EngineError::Start(_) | EngineError::Engine(_) => Fault::Engine,
        EngineError::Unknown(code) => Fault::Unknown(*code),
        EngineError::Lost => Fault::Panic,
    }
}
