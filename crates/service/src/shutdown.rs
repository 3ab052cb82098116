//! Stopping: on the first signal a program drains, on the second it is gone.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that SIGTERM or SIGINT cancels; a second signal ends the process at once with status 130.
///
/// # Errors
/// When the system refuses the handlers.
pub fn on_signal() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! { _ = terminate.recv() => "SIGTERM", _ = interrupt.recv() => "SIGINT" }
        };
        let first = next().await;
        tracing::info!(signal = first, "stopping; a second signal stops at once");
        stop.cancel();
        let second = next().await;
        tracing::warn!(signal = second, "stopped without draining");
        std::process::exit(130);
    });
    Ok(token)
}

/// Runs `service` to its end, but once `shutdown` is cancelled for at most `limit` more. False when the limit cut it.
pub async fn drain(service: impl Future<Output = ()>, shutdown: &CancellationToken, limit: Duration) -> bool {
    tokio::pin!(service);
    tokio::select! {
        () = &mut service => return true,
        () = shutdown.cancelled() => {}
    }
    tokio::time::timeout(limit, service).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_ends_by_itself_or_at_its_limit() {
        let shutdown = CancellationToken::new();
        assert!(drain(async {}, &shutdown, Duration::ZERO).await);
        shutdown.cancel();
        assert!(drain(tokio::time::sleep(Duration::from_millis(5)), &shutdown, Duration::from_secs(10)).await);
        assert!(!drain(std::future::pending(), &shutdown, Duration::from_millis(5)).await);
    }
}
