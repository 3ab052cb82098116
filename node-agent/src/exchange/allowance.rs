//! How much of what a gateway shows is recorded: as much as an honest one has to show, whatever another one invents.
//!
//! Each checkpoint that is cosigned and each cosignature that is taken is an entry of this log for ever, and who shows
//! them may have invented their sites. So entries of each kind are counted against a store that fills with time. The
//! gateway's own log has one for itself: invented sites do not keep it from being witnessed.

use std::time::Duration;

use renkei_types::Timestamp;

/// Entries that may come at once: those of a consortium that all connects at the same time.
pub(super) const AT_ONCE: u32 = 256;
/// The time in which one more may come.
pub(super) const EVERY: Duration = Duration::from_secs(1);

/// A store that fills with time.
#[derive(Debug)]
pub(super) struct Allowance {
    left: u32,
    filled: Timestamp,
    /// Something was asked for beyond it since it was last looked at.
    exceeded: bool,
}

impl Allowance {
    pub(super) fn full(now: Timestamp) -> Self {
        Self { left: AT_ONCE, filled: now, exceeded: false }
    }

    /// Adds what the time since brought. A clock that goes back brings nothing.
    pub(super) fn fill(&mut self, now: Timestamp) {
        let steps = self.filled.until(now).as_micros() / EVERY.as_micros();
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        if steps > 0 {
            self.left = self.left.saturating_add(steps).min(AT_ONCE);
            self.filled = if self.left == AT_ONCE { now } else { self.filled.after(EVERY.saturating_mul(steps)) };
        }
        if now < self.filled {
            self.filled = now;
        }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&mut self) -> bool {
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        self.exceeded |= !some;
        some
    }

    /// Whether more was asked for than there was, since the last look.
    pub(super) fn exceeded(&mut self) -> bool {
        std::mem::take(&mut self.exceeded)
    }
}

/// One of each kind of entry.
#[derive(Debug)]
pub(super) struct Allowances {
    pub(super) gateway: Allowance,
    pub(super) sites: Allowance,
    pub(super) cosigned: Allowance,
}

impl Allowances {
    pub(super) fn full(now: Timestamp) -> Self {
        let full = || Allowance::full(now);
        Self { gateway: full(), sites: full(), cosigned: full() }
    }

    fn all(&mut self) -> [&mut Allowance; 3] {
        [&mut self.gateway, &mut self.sites, &mut self.cosigned]
    }

    pub(super) fn fill(&mut self, now: Timestamp) {
        self.all().into_iter().for_each(|one| one.fill(now));
    }

    pub(super) fn exceeded(&mut self) -> bool {
        // Each is looked at.
        self.all().map(Allowance::exceeded).contains(&true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_empties_and_fills_with_time() {
        let at = |millis: i64| Timestamp(1_000_000_000 + millis * 1_000);
        let mut store = Allowance::full(at(0));
        let drain = |store: &mut Allowance| (0..10_000).filter(|_| store.take()).count();
        assert_eq!(drain(&mut store), AT_ONCE as usize);
        assert!(store.exceeded() && !store.exceeded());
        for (millis, more) in [(999, 0), (1_000, 1), (3_500, 2), (4_000, 1), (4_000, 0), (2_000, 0), (3_000, 1)] {
            store.fill(at(millis));
            assert_eq!(drain(&mut store), more, "after {millis} ms");
        }
        store.fill(at(100_000_000));
        assert_eq!(drain(&mut store), AT_ONCE as usize, "never more than at the beginning");
    }
}
