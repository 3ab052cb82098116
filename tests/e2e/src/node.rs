//! A running node: the agent itself, or a scripted one, on a runtime of its own.

use renkei_service::SessionState;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::LIMIT;

/// A node that was started. Dropping it kills it.
pub struct Node {
    runtime: Option<Runtime>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    state: watch::Receiver<SessionState>,
    waiting: Handle,
}

impl Node {
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(
        waiting: Handle,
        stop: CancellationToken,
        start: impl FnOnce(&Runtime) -> (watch::Receiver<SessionState>, F),
    ) -> Self {
        let runtime = runtime();
        let (state, run) = start(&runtime);
        let task = runtime.spawn(run);
        Self { runtime: Some(runtime), stop, task, state, waiting }
    }

    /// Waits until the session is in a state.
    ///
    /// # Panics
    /// When it does not come to that.
    #[must_use]
    pub fn wait_for(&self, wanted: impl Fn(&SessionState) -> bool) -> SessionState {
        let mut state = self.state.clone();
        let found = async { tokio::time::timeout(LIMIT, state.wait_for(|state| wanted(state))).await };
        let found = self.waiting.block_on(found).map(|state| state.expect("a session").clone());
        found.unwrap_or_else(|_| panic!("the session stays {:?}", *self.state.borrow()))
    }

    /// Stops it in an orderly way.
    pub fn stop(mut self) {
        self.stop.cancel();
        let ended = self.waiting.block_on(async { tokio::time::timeout(LIMIT, &mut self.task).await });
        ended.expect("the node does not stop").expect("the node's task");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}
