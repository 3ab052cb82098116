//! Threads for work that is neither short nor waiting: splitting statements, planning and merging.
//!
//! A hostile statement may plan for long or nest deep. So planning has threads of its own with large stacks, few
//! enough that the network's threads always get the machine's time, and a panic ends one question, not the thread.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use renkei_types::{Code, Refusal};
use tokio::sync::oneshot;

/// Room for the deepest plan that the language allows, in unoptimised builds too.
const STACK: usize = 32 * 1024 * 1024;

type Job = Box<dyn FnOnce() + Send>;

/// The threads. Dropping the last clone ends them.
#[derive(Debug, Clone)]
pub(crate) struct Pool(mpsc::Sender<Job>);

impl Pool {
    /// Starts `threads` threads.
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        for index in 0..threads.max(1) {
            let receiver = Arc::clone(&receiver);
            std::thread::Builder::new()
                .name(format!("plan-{index}"))
                .stack_size(STACK)
                .spawn(move || work(&receiver))?;
        }
        Ok(Self(sender))
    }

    /// Runs `job` and waits for it. A job whose caller has gone before it began is not begun.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(move || {
            if sender.is_closed() {
                return;
            }
            let done = catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|_| Err(failed()));
            // A caller that has gone wants no result.
            drop(sender.send(done));
        });
        self.0.send(job).map_err(|_| failed())?;
        receiver.await.unwrap_or_else(|_| Err(failed()))
    }
}

fn failed() -> Refusal {
    Refusal::new(Code::Failed, "the gateway failed while it planned or merged").hint("the details are in its own log")
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[expect(clippy::unreachable, reason = "the panic is what is tested")]
    async fn a_panic_ends_one_job_and_not_the_thread() {
        let pool = Pool::start(1).unwrap();
        let refusal = pool.run::<()>(|| unreachable!("this panic is part of a test")).await.unwrap_err();
        assert_eq!(refusal.code, Code::Failed);
        assert_eq!(pool.run(|| Ok(1)).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_job_whose_caller_has_gone_is_not_begun() {
        let pool = Pool::start(1).unwrap();
        let (hold, held) = mpsc::channel::<()>();
        let begun = Arc::new(Mutex::new(false));
        let blocker = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(move || Ok(held.recv().is_err())).await }
        });
        tokio::task::yield_now().await;
        let note = Arc::clone(&begun);
        let gone = pool.run(move || {
            *note.lock().unwrap() = true;
            Ok(())
        });
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), gone).await.is_err());
        drop(hold);
        assert!(blocker.await.unwrap().unwrap());
        pool.run(|| Ok(())).await.unwrap();
        assert!(!*begun.lock().unwrap());
    }
}
