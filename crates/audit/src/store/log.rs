//! The handle that programs hold.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use renkei_types::Clock;

use super::Kept;
use super::disk::{Disk, Folder};
use super::layout::Layout;
use super::open::{self, OpenError, Recovery};
use super::pending::{Pending, promise};
use super::reader::Reader;
use super::writer::{Order, Writer};
use crate::entry::{ClockState, Draft};
use crate::note::{Note, Signature, SigningKey, VerifierKey};
use crate::witness::Ask;

/// Orders that are carried out with one sync at most.
const GROUP: usize = 256;

/// What a log needs. Its name is its key's.
pub struct Config {
    /// The folder.
    pub root: PathBuf,
    /// The log's key.
    pub key: Arc<SigningKey>,
    /// Keys of before, whose checkpoint may be continued.
    pub former: Vec<VerifierKey>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Bytes kept free for refusals when the disk is full.
    pub reserve: u64,
    /// Bytes that must be free on the disk for questions to be taken; below it only what ends or refuses them is.
    pub low: u64,
    /// How long entries may stand unsigned.
    pub busy: Duration,
    /// How long the log may be silent.
    pub idle: Duration,
    /// The disk.
    pub disk: Box<dyn Disk>,
}

impl Config {
    /// With the intervals of the specification: signed every 10 s when busy, a heartbeat every 60 s when idle, 16 MiB
    /// of reserve, and questions as long as 64 MiB are free.
    #[must_use]
    pub fn new(root: PathBuf, key: Arc<SigningKey>, clock: Arc<dyn Clock>) -> Self {
        let (busy, idle) = (Duration::from_secs(10), Duration::from_secs(60));
        Self {
            root,
            key,
            former: Vec::new(),
            clock,
            reserve: 16 << 20,
            low: 64 << 20,
            busy,
            idle,
            disk: Box::new(Folder),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("root", &self.root).field("key", &self.key).finish_non_exhaustive()
    }
}

/// An open log. Cheap to clone; one thread writes.
#[derive(Debug, Clone)]
pub struct Log {
    root: PathBuf,
    orders: Arc<Mutex<Option<Sender<Order>>>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
    scarce: Arc<AtomicBool>,
}

impl Log {
    /// Opens the log, or makes it where the folder holds none.
    ///
    /// # Errors
    /// [`OpenError`]; the log is then as it was.
    pub fn open(config: Config) -> Result<(Self, Recovery), OpenError> {
        let Config { root, key, former, clock, reserve, low, busy, idle, disk } = config;
        let layout = Layout::new(&root);
        let origin = key.verifier().name().clone();
        let keys: Vec<VerifierKey> = [key.verifier().clone()].into_iter().chain(former).collect();
        let found = open::open(&*disk, &layout, &origin, &keys)?;
        let recovery = found.recovery.clone();
        let seen = Reader::new(&root).seen()?;
        let mut writer = Writer::new(disk, layout, origin, key, clock, (reserve, low, busy, idle), seen, found);
        let (sender, receiver) = mpsc::channel();
        let scarce = writer.scarce();
        let cut = recovery.cut;
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || {
            writer.start(cut);
            write(&mut writer, &receiver);
        })?;
        let (orders, thread) = (Arc::new(Mutex::new(Some(sender))), Arc::new(Mutex::new(Some(thread))));
        let log = Self { root, orders, thread, scarce };
        Ok((log, recovery))
    }

    fn order<T>(&self, make: impl FnOnce(super::pending::Promise<T>) -> Order) -> Pending<T> {
        let (promise, pending) = promise();
        if let Some(orders) = &*self.orders.lock().unwrap_or_else(PoisonError::into_inner) {
            // Where the writer has ended, the order is dropped and its promise says so.
            let _ = orders.send(make(promise));
        }
        pending
    }

    /// Records a draft; ready when it is durable.
    pub fn append(&self, draft: impl Into<Draft>) -> Pending<Kept> {
        let draft = Box::new(draft.into());
        self.order(|promise| Order::Append(draft, promise))
    }

    /// To be called about once a second: writes the heartbeat and signs the checkpoint that are due. A new checkpoint
    /// is to be sent to the witnesses.
    pub fn tick(&self, clock: ClockState) -> Pending<Option<Note>> {
        self.order(|promise| Order::Tick(clock, promise))
    }

    /// Signs a checkpoint over all that is recorded.
    pub fn checkpoint(&self) -> Pending<Note> {
        self.order(Order::Checkpoint)
    }

    /// Takes up a checkpoint of this log with a witness's signature, after checking both.
    pub fn cosigned(&self, note: Note, by: VerifierKey) -> Pending<()> {
        self.order(|promise| Order::Cosigned(Box::new((note, by)), promise))
    }

    /// Cosigns another log's checkpoint with a witness's key, if it continues what was cosigned before; that it was, is
    /// recorded first.
    pub fn witness(&self, ask: Ask, log: VerifierKey, key: Arc<SigningKey>) -> Pending<Signature> {
        self.order(|promise| Order::Witness(Box::new((ask, log)), key, promise))
    }

    /// Whether questions are refused for want of room on the disk.
    #[must_use]
    pub fn scarce(&self) -> bool {
        self.scarce.load(Ordering::Relaxed)
    }

    /// A reader of this log's files.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(&self.root)
    }

    /// Carries out what was ordered and ends the writer, for all clones.
    pub fn close(&self) {
        drop(self.orders.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A writer that panicked has dropped its promises, which says enough.
            let _ = thread.join();
        }
    }
}

fn write(writer: &mut Writer, orders: &Receiver<Order>) {
    while let Ok(first) = orders.recv() {
        let group = std::iter::once(first).chain(orders.try_iter().take(GROUP - 1)).collect();
        writer.run(group);
    }
}
