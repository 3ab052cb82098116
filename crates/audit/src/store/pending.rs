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

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn an_awaited_one_wakes_and_a_dropped_one_says_so() {
        for kept in [true, false] {
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(Arc::clone(&woken));
            let mut context = Context::from_waker(&waker);
            let (promise, pending) = promise::<u8>();
            let mut pending = pin!(pending);
            assert_eq!(pending.as_mut().poll(&mut context), Poll::Pending);
            let expected = if kept {
                promise.keep(Ok(7));
                Ok(7)
            } else {
                drop(promise);
                Err(StoreError::Closed)
            };
            assert!(woken.0.load(Ordering::SeqCst) > 0);
            assert_eq!(pending.as_mut().poll(&mut context), Poll::Ready(expected));
        }
    }

    #[test]
    fn a_waiting_thread_is_told() {
        let (promise, pending) = promise::<u8>();
        let waiting = std::thread::spawn(move || pending.wait());
        promise.keep(Ok(7));
        assert_eq!(waiting.join().unwrap(), Ok(7));
    }
}
