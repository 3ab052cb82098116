//! When an answer leaves: at a moment that was fixed before anything was executed.
//!
//! How long an execution takes depends on records: a join takes longer where somebody matches. So answers leave on a
//! grid, 50 ms × 2ⁿ after they were begun. The first step follows from the question and from how many bytes its tables
//! have, never from what is read; an execution that overruns it waits for the next. What is left of the time is which
//! power of two an overrun reached. Faults of an execution leave on the same grid; what was refused before is not held
//! back, since it depends on no record. Close to the deadline the grid ends: what comes then leaves as it comes, or late.

use std::time::Duration;

use renkei_plan::ReleasePoint;
use tokio::time::Instant;

use crate::engine::SnapshotTables;

/// The finest step.
const STEP: Duration = Duration::from_millis(50);
/// Bytes that a site is taken to read in a second; a slower one overruns the first step, a faster one waits for it.
const BYTES_A_SECOND: u64 = 256 << 20;
/// The end of a question's time that is not waited for.
const SPARE: Duration = Duration::from_millis(250);

/// When the answer to one question may leave.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReleaseTime {
    begun: Instant,
    first: Duration,
}

impl ReleaseTime {
    /// For release points over a snapshot, begun at this moment.
    pub(super) fn of(points: &[ReleasePoint], tables: &SnapshotTables) -> Self {
        let read = |point: &ReleasePoint| tables.bytes(point.tables.iter().chain(&point.reference_tables));
        Self { begun: Instant::now(), first: first(points.iter().map(read).sum()) }
    }

    /// Waits until the next step, or until there is no time to wait.
    pub(super) async fn wait(self, deadline: Instant) {
        let time_left = deadline.saturating_duration_since(self.begun);
        tokio::time::sleep_until(self.begun + leaves(self.first, self.begun.elapsed(), time_left)).await;
    }
}

/// How long after it was begun an answer leaves that took so long.
fn leaves(first: Duration, taken: Duration, time_left: Duration) -> Duration {
    next(first, taken).min(time_left.saturating_sub(SPARE).max(taken))
}

/// The step that should do for so many bytes.
fn first(bytes: u64) -> Duration {
    let millis = bytes.saturating_mul(1_000) / BYTES_A_SECOND;
    next(STEP, STEP / 2 + Duration::from_millis(millis))
}

/// The first of `step` × 2ⁿ that is not before `taken`.
fn next(step: Duration, taken: Duration) -> Duration {
    let mut step = step;
    while step < taken {
        step = step.saturating_mul(2);
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn steps_double_and_follow_from_bytes() {
        let steps = [(0, 50), (1, 50), (6 << 20, 50), (7 << 20, 100), (256 << 20, 1_600)];
        for (bytes, expected) in steps {
            assert_eq!(first(bytes), millis(expected), "{bytes} bytes");
        }
        for (taken, expected) in [(0, 100), (100, 100), (101, 200), (399, 400), (6_401, 12_800)] {
            assert_eq!(next(millis(100), millis(taken)), millis(expected), "after {taken} ms");
        }
    }

    #[test]
    fn answers_that_took_different_times_leave_at_the_same() {
        let cases = [(1, 100), (60, 100), (100, 100), (120, 200), (900, 1_600), (3_300, 4_750), (4_900, 4_900)];
        for (taken, expected) in cases {
            assert_eq!(leaves(millis(100), millis(taken), millis(5_000)), millis(expected), "{taken} ms");
        }
    }
}
