//! How long to wait before dialling again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use renkei_types::Timestamp;

/// Waits double from the first to the longest, each spread by half so that nodes do not return in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(60))
    }
}

impl Backoff {
    /// Waits from `first` up to `longest`.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// The next wait: the doubled one times a factor in 0.5 .. 1.0, drawn from `jitter`.
    pub fn next(&mut self, jitter: &mut Jitter) -> Duration {
        let whole = self.first.saturating_mul(2u32.saturating_pow(self.failures)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        whole.mul_f64(0.5 + jitter.draw() / 2.0)
    }

    /// Starts anew after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

/// A small seeded source of numbers (SplitMix64); spreads the waits, decides nothing that must be secret.
#[derive(Debug, Clone)]
pub struct Jitter(u64);

impl Jitter {
    /// The same seed draws the same numbers.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Differs between programs by their name and between runs by the time they started.
    #[must_use]
    pub fn of(name: &renkei_pki::PeerName, started: Timestamp) -> Self {
        let mut hasher = DefaultHasher::new();
        (name, started).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// A number in 0.0 .. 1.0.
    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_anew() {
        let mut backoff = Backoff::default();
        let mut jitter = Jitter::seeded(7);
        for whole in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
            let wait = backoff.next(&mut jitter);
            assert!(wait >= Duration::from_millis(whole / 2) && wait < Duration::from_millis(whole), "{wait:?}");
        }
        for _ in 0..100 {
            assert!(backoff.next(&mut jitter) <= Duration::from_secs(60));
        }
        backoff.reset();
        assert!(backoff.next(&mut jitter) < Duration::from_millis(500));
    }

    #[test]
    fn programs_draw_differently() {
        let name = |text: &str| text.parse().unwrap();
        let draw = |text: &str, at| Jitter::of(&name(text), Timestamp(at)).draw();
        assert!(draw("renkei://c/site/a", 1) != draw("renkei://c/site/b", 1));
        assert!(draw("renkei://c/site/a", 1) != draw("renkei://c/site/a", 2));
        let mut jitter = Jitter::seeded(1);
        let draws: Vec<f64> = (0..1_000).map(|_| jitter.draw()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / 1_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
