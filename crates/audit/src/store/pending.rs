//! Something that the writer will say when it is durable. May be waited for, or awaited under any runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::StoreError;

#[derive(Debug)]
struct State<T> {
    result: Option<Result<T, StoreError>>,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller's half.
#[derive(Debug)]
#[must_use = "nothing is durable before this says so"]
pub struct Pending<T>(Arc<Shared<T>>);

/// The writer's half. Dropped without an answer, it says that the log is closed.
#[derive(Debug)]
pub(super) struct Promise<T>(Arc<Shared<T>>);

pub(super) fn promise<T>() -> (Promise<T>, Pending<T>) {
    let shared = Arc::new(Shared { state: Mutex::new(State { result: None, waker: None }), ready: Condvar::new() });
    (Promise(Arc::clone(&shared)), Pending(shared))
}

impl<T> Promise<T> {
    pub(super) fn keep(self, result: Result<T, StoreError>) {
        self.say(result);
    }

    fn say(&self, result: Result<T, StoreError>) {
        let mut state = self.0.lock();
        if state.result.is_none() {
            state.result = Some(result);
        }
        let waker = state.waker.take();
        drop(state);
        self.0.ready.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if Arc::strong_count(&self.0) > 1 {
            self.say(Err(StoreError::Closed));
        }
    }
}

impl<T> Pending<T> {
    /// Blocks until it is decided.
    ///
    /// # Errors
    /// [`StoreError`]: it is not recorded.
    pub fn wait(self) -> Result<T, StoreError> {
        let mut state = self.0.lock();
        loop {
            if let Some(result) = state.result.take() {
                return result;
            }
            state = self.0.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        if let Some(result) = state.result.take() {
            return Poll::Ready(result);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
