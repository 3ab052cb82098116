//! One worker process, as the agent has it. Everything here blocks; a worker that does not answer is killed by whoever
//! holds it, which ends the wait.

use std::fs;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use datafusion::arrow::record_batch::RecordBatch;
use renkei_proto::ipc;

use super::frame::{Bounds, Frame, FrameError};
use super::message::{Order, Reply, Run, Start};
use super::{Confinement, Program, SUBCOMMAND, WorkerError, descriptors};
use crate::engine::TableFile;

/// How long a worker may take until it waits for orders.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Bytes of a reply's head.
const HEAD_BYTES: u64 = 4 << 10;
/// Release points of one statement are fewer, frames of one answer too.
const FRAMES: usize = 65_536;

impl From<FrameError> for WorkerError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(error) => Self::Gone(error),
            FrameError::Malformed(why) => Self::Bytes(why),
        }
    }
}

/// A worker process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    line: Line,
    spill_dir: PathBuf,
    confinement: Confinement,
    /// Questions that it was given.
    pub(super) questions: u32,
}

impl Process {
    /// Starts a worker and waits until it is confined.
    pub(super) fn start(program: &Program, start: Start) -> Result<Self, WorkerError> {
        fs::create_dir_all(&start.spill_dir).map_err(WorkerError::Start)?;
        let (agent, worker) = UnixStream::pair().map_err(WorkerError::Start)?;
        let child = Command::new(&program.path)
            .args(&program.args)
            .arg(SUBCOMMAND)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(worker)))
            .stdout(Stdio::null())
            // What a worker would print may come from a record.
            .stderr(Stdio::null())
            // A signal from the terminal is for the agent.
            .process_group(0)
            .spawn()
            .map_err(WorkerError::Start)?;
        let confinement = Confinement { files: false, network: false, processes: false, limits: false };
        let line = Line(Arc::new(agent));
        let spill_dir = start.spill_dir.clone();
        let mut this = Self { child, line, spill_dir, confinement, questions: 0 };
        let socket = &this.line.0;
        socket.set_read_timeout(Some(START_LIMIT)).map_err(WorkerError::Start)?;
        Frame::new(&Order::Start(start), Vec::new()).and_then(|f| f.write(&**socket)).map_err(WorkerError::Start)?;
        let (reply, _) = this.line.reply(0)?;
        this.confinement = match reply {
            Reply::Ready(confinement) => confinement,
            _ => return Err(WorkerError::Bytes("no word that it is ready")),
        };
        this.line.0.set_read_timeout(None).map_err(WorkerError::Start)?;
        Ok(this)
    }

    /// The line to it, to be used away from whoever holds it.
    pub(super) fn line(&self) -> Line {
        self.line.clone()
    }

    /// What holds for it.
    pub(super) fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// The process's number.
    #[cfg(test)]
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is still there.
    pub(super) fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.line.0.shutdown(Shutdown::Both);
        // Its memory may take a moment to be given back; nobody has to wait for that.
        let (id, spill_dir) = (self.child.id(), std::mem::take(&mut self.spill_dir));
        let gone = thread::Builder::new().name("renkei-reap".to_owned()).spawn(move || {
            let pid = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
            let _ = rustix::process::waitpid(pid, rustix::process::WaitOptions::empty());
            let _ = fs::remove_dir_all(&spill_dir);
        });
        if gone.is_err() {
            let _ = self.child.wait();
        }
    }
}

/// The socket to a worker.
#[derive(Debug, Clone)]
pub(super) struct Line(Arc<UnixStream>);

impl Line {
    #[cfg(test)]
    pub(super) fn of(socket: UnixStream) -> Self {
        Self(Arc::new(socket))
    }

    fn send(&self, order: &Order, bodies: Vec<Vec<u8>>) -> Result<(), WorkerError> {
        Frame::new(order, bodies).and_then(|frame| frame.write(&*self.0)).map_err(WorkerError::Order)
    }

    fn reply(&self, bytes: u64) -> Result<(Reply, Vec<Vec<u8>>), WorkerError> {
        let frame = Frame::read(&*self.0, Bounds { head: HEAD_BYTES, bodies: 1, bytes })?;
        Ok((frame.message()?, frame.bodies))
    }

    /// Has a statement planned.
    pub(super) fn plan(&self, order: &Order, parameters: Vec<u8>) -> Result<(), WorkerError> {
        self.send(order, vec![parameters])?;
        match self.reply(0)?.0 {
            Reply::Planned => Ok(()),
            Reply::Fault(fault) => Err(WorkerError::Fault(fault)),
            _ => Err(WorkerError::Bytes("another reply than was waited for")),
        }
    }

    /// Has a part executed: raw cells of each of `points` release points, decoded and not yet compared with anything.
    pub(super) fn run(
        &self,
        run: Run,
        bodies: Vec<Vec<u8>>,
        files: &[TableFile],
        points: usize,
        output_bytes: u64,
    ) -> Result<Vec<Vec<RecordBatch>>, WorkerError> {
        self.send(&Order::Run(run), bodies)?;
        let open: Vec<_> = files.iter().map(|file| Arc::clone(&file.file)).collect();
        descriptors::send(&self.0, &open).map_err(WorkerError::Order)?;
        let mut cells = vec![Vec::new(); points];
        let mut left = output_bytes;
        for _ in 0..FRAMES {
            let (reply, bodies) = self.reply(left.min(ipc::MAX_BYTES as u64))?;
            match (reply, bodies.as_slice()) {
                (Reply::Cells { point }, [bytes]) => {
                    left = left.saturating_sub(bytes.len() as u64);
                    let to: &mut Vec<RecordBatch> =
                        cells.get_mut(point).ok_or(WorkerError::Bytes("cells of a release point that is none"))?;
                    to.extend(ipc::decode(bytes).map_err(|_| WorkerError::Bytes("cells that are no Arrow stream"))?);
                }
                (Reply::Done, []) => return Ok(cells),
                (Reply::Fault(fault), []) => return Err(WorkerError::Fault(fault)),
                _ => return Err(WorkerError::Bytes("another reply than was waited for")),
            }
        }
        Err(WorkerError::Bytes("more frames than an answer has"))
    }
}
