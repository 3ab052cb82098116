//! Workers that are warm: those of projects, and one that nobody has had yet.
//!
//! A worker that served a project serves no other. One that nobody has had is started ahead, so that a project's first
//! question does not wait for it. There are never more idle ones than questions at a time; the one that was idle the
//! longest goes first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use renkei_types::{ProjectId, SiteId};

use super::executor::Limits;
use super::message::Start;
use super::process::Process;
use super::{Confinement, Program, WorkerError};

/// Address space that the program itself, its threads and its allocator need.
const OWN_SPACE: u64 = 4 << 30;

/// The workers of a node.
#[derive(Debug)]
pub(super) struct Pool {
    program: Program,
    site: SiteId,
    limits: Limits,
    idle: Mutex<VecDeque<(Option<ProjectId>, Process)>>,
    memory: Mutex<Memory>,
    started: AtomicU64,
    starting: AtomicBool,
}

/// Memory of all questions together, shared out.
#[derive(Debug)]
struct Memory {
    free: usize,
    running: usize,
}

impl Pool {
    pub(super) fn new(program: Program, site: SiteId, limits: Limits) -> Self {
        let memory = Mutex::new(Memory { free: limits.memory_bytes, running: 0 });
        let (idle, started, starting) = (Mutex::default(), AtomicU64::new(0), AtomicBool::new(false));
        Self { program, site, limits, idle, memory, started, starting }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Starts a worker.
    pub(super) fn start(&self) -> Result<Process, WorkerError> {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let limits = &self.limits;
        let process = Process::start(
            &self.program,
            Start {
                site: self.site.clone(),
                threads: limits.threads,
                memory_bytes: limits.memory_bytes,
                spill_dir: limits.spill_dir.join(format!("worker-{number}")),
                spill_bytes: limits.spill_bytes / limits.places.max(1) as u64,
                address_space: OWN_SPACE.saturating_add(3 * limits.memory_bytes as u64),
            },
        )?;
        let missing = process.confinement().missing();
        if limits.require && !missing.is_empty() {
            return Err(WorkerError::Unconfined(missing));
        }
        Ok(process)
    }

    /// Starts the first worker and says what holds for it.
    pub(super) fn warm(&self) -> Result<Confinement, WorkerError> {
        let process = self.start()?;
        let confinement = process.confinement();
        self.idle().push_back((None, process));
        Ok(confinement)
    }

    /// A worker of the project, or one that nobody has had, if either is there.
    pub(super) fn take(&self, project: &ProjectId) -> Option<Process> {
        let mut idle = self.idle();
        for wanted in [Some(project), None] {
            while let Some(at) = idle.iter().rposition(|(of, _)| of.as_ref() == wanted) {
                if let Some((_, mut process)) = idle.remove(at)
                    && process.alive()
                {
                    return Some(process);
                }
            }
        }
        None
    }

    /// Takes a worker back that ended a question of the project in order.
    pub(super) fn give(&self, project: ProjectId, process: Process) {
        if process.questions < self.limits.questions {
            let mut idle = self.idle();
            idle.push_back((Some(project), process));
            if idle.len() > self.limits.places {
                idle.pop_front();
            }
        }
    }

    /// Starts a worker ahead, if there is none that nobody has had.
    pub(super) fn replenish(&self) {
        if self.idle().iter().any(|(of, _)| of.is_none()) || self.starting.swap(true, Ordering::AcqRel) {
            return;
        }
        match self.start() {
            Ok(process) => self.idle().push_front((None, process)),
            Err(error) => tracing::warn!(error = renkei_service::chain(&error), "no worker could be started ahead"),
        }
        self.starting.store(false, Ordering::Release);
    }

    /// The memory of one question: half of what is free beyond what every other place is sure of.
    pub(super) fn share(self: &Arc<Self>) -> Share {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let sure = self.limits.memory_bytes / (2 * self.limits.places.max(1));
        let waiting = self.limits.places.saturating_sub(memory.running).max(1);
        let bytes = sure + memory.free.saturating_sub(sure * waiting) / 2;
        memory.free = memory.free.saturating_sub(bytes);
        memory.running += 1;
        Share { bytes, pool: Arc::clone(self) }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, VecDeque<(Option<ProjectId>, Process)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The memory of one question, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) bytes: usize,
    pool: Arc<Pool>,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut memory = self.pool.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.free += self.bytes;
        memory.running = memory.running.saturating_sub(1);
    }
}
