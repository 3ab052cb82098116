//! Time as an input.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Microseconds since 1970-01-01 00:00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time `later` after this one.
    #[must_use]
    pub fn after(self, later: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(later.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The time from this one until `other`, or zero where `other` has passed.
    #[must_use]
    pub fn until(self, other: Self) -> Duration {
        Duration::from_micros(u64::try_from(other.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// The distance to `other`, in either direction.
    #[must_use]
    pub fn distance(self, other: Self) -> Duration {
        Duration::from_micros(self.0.abs_diff(other.0))
    }

    /// Whole days since 1970-01-01, as Arrow's Date32 counts them.
    #[must_use]
    pub fn days(self) -> i32 {
        i32::try_from(self.0.div_euclid(86_400_000_000)).unwrap_or(i32::MAX)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let micros = |d: Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(micros(after)),
            Err(before) => Self(-micros(before.duration())),
        }
    }
}

/// Where the time comes from. Programs hand one down; libraries never ask the machine.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// A clock that stands still, or that is off by a set amount: for tests and rehearsals.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_and_knows_direction() {
        let t = Timestamp(1_000_000);
        assert_eq!(t.after(Duration::from_secs(2)), Timestamp(3_000_000));
        assert_eq!(t.until(Timestamp(0)), Duration::ZERO);
        assert_eq!(t.distance(Timestamp(0)), Duration::from_secs(1));
        assert_eq!(Timestamp(i64::MAX).after(Duration::MAX), Timestamp(i64::MAX));
        assert_eq!(Timestamp(-1).days(), -1);
    }
}
