//! A clock that is wrong by a set amount.

use renkei_types::{Clock, SystemClock, Timestamp};

/// The machine's clock, moved by this many seconds.
#[derive(Debug, Clone, Copy)]
pub struct OffsetClock(pub i64);

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0 * 1_000_000)
    }
}
