//! The machine's clock, as far as a log can vouch for it: whether it follows a source of time, and whether it jumped.
//!
//! A log's own time never goes back (`store`); that does not say that it was right. So each heartbeat holds the state of
//! the clock, and a change of it, or a jump against the time that passed, is an entry of its own.

use std::path::Path;
use std::time::Duration;

use renkei_types::Timestamp;

use crate::entry::ClockState;

/// How far clock and passed time may differ between two looks.
const TOLERATED: Duration = Duration::from_secs(2);

/// Whether the machine's clock follows a source of time, as systemd-timesyncd says in `run` (`/run/systemd/timesync`).
/// Where another service keeps the time, such as chrony or a hypervisor, it is not known.
#[must_use]
pub fn source_of_time(run: &Path) -> ClockState {
    if run.join("synchronized").exists() {
        ClockState::Synchronised
    } else if run.is_dir() {
        ClockState::Free
    } else {
        ClockState::Unknown
    }
}

/// Where systemd-timesyncd keeps its state.
pub const TIMESYNC: &str = "/run/systemd/timesync";

/// A state of the clock in words.
#[must_use]
pub fn words(state: ClockState) -> &'static str {
    match state {
        ClockState::Free => "the clock runs without a source of time",
        ClockState::Synchronised => "the clock follows a source of time",
        ClockState::Unknown => "whether the clock follows a source of time is not known",
    }
}

/// Compares the clock with the time that passed.
#[derive(Debug, Clone)]
pub struct Watch {
    wall: Timestamp,
    passed: Duration,
    state: ClockState,
}

impl Watch {
    /// Begins: what the clock says, what a monotonic time says, the state of the clock.
    #[must_use]
    pub fn new(wall: Timestamp, passed: Duration, state: ClockState) -> Self {
        Self { wall, passed, state }
    }

    /// The state at the last look.
    #[must_use]
    pub fn state(&self) -> ClockState {
        self.state
    }

    /// Looks again; returns what is to be recorded, a sentence each.
    pub fn look(&mut self, wall: Timestamp, passed: Duration, state: ClockState) -> Vec<String> {
        let mut news = Vec::new();
        let expected = self.wall.after(passed.saturating_sub(self.passed));
        let apart = expected.distance(wall);
        if apart > TOLERATED {
            let way = if wall > expected { "forward" } else { "back" };
            news.push(format!("the clock jumped {way} by {} ms", apart.as_millis()));
        }
        if state != self.state {
            news.push(words(state).to_owned());
        }
        *self = Self { wall, passed, state };
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000_000);

    fn at(seconds: i64) -> Timestamp {
        Timestamp(START.0 + seconds * 1_000_000)
    }

    #[test]
    fn jumps_and_changes_of_the_source_are_told_once() {
        let passed = Duration::from_secs;
        let mut watch = Watch::new(at(0), passed(100), ClockState::Synchronised);
        let mut look = |wall, since, state| watch.look(at(wall), passed(since), state);
        assert!(look(1, 101, ClockState::Synchronised).is_empty());
        // Within what a busy machine may be late.
        assert!(look(4, 102, ClockState::Synchronised).is_empty());
        assert_eq!(look(3_605, 103, ClockState::Synchronised), ["the clock jumped forward by 3600000 ms"]);
        assert!(look(3_606, 104, ClockState::Synchronised).is_empty());
        assert_eq!(
            look(6, 104, ClockState::Free),
            ["the clock jumped back by 3600000 ms", "the clock runs without a source of time"]
        );
        assert!(look(7, 105, ClockState::Free).is_empty());
        assert_eq!(look(8, 106, ClockState::Unknown).len(), 1);
    }

    #[test]
    fn the_source_of_time_is_read_where_timesyncd_leaves_it() {
        let run = tempfile::tempdir().unwrap();
        let folder = run.path().join("timesync");
        assert_eq!(source_of_time(&folder), ClockState::Unknown);
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(source_of_time(&folder), ClockState::Free);
        std::fs::write(folder.join("synchronized"), "").unwrap();
        assert_eq!(source_of_time(&folder), ClockState::Synchronised);
    }
}
