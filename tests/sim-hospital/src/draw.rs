//! Random draws: a numbered stream of one seed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Spec;

/// A stream of random numbers. Streams of one hospital with different numbers are independent.
#[derive(Debug, Clone)]
pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    /// Stream `number` of the hospital.
    pub(crate) fn of(spec: &Spec, number: u64) -> Self {
        // FNV-1a over the site's name keeps hospitals of one seed apart, without a hash that may change with a release.
        let site = spec
            .site
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut rng = ChaCha8Rng::seed_from_u64(site ^ spec.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        rng.set_stream(number);
        Self(rng)
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// True with probability `p`; `p` may lie outside `[0, 1]`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A whole number between two, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high.max(low))
    }

    /// Nearly normal: the sum of twelve uniform draws of 16 bits, within six standard deviations, and free of library
    /// functions whose last digit differs between machines.
    pub(crate) fn normal(&mut self, mean: f64, sd: f64) -> f64 {
        let quarters = |word: u64| (word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + (word >> 48);
        let sum: u64 = (0..3).map(|_| quarters(self.0.random())).sum();
        mean + sd * ((sum as f64 + 6.0) / 65_536.0 - 6.0)
    }

    /// One index, by weight; 0 where all weights are zero.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        0
    }
}

/// The value at `x` of a line through points sorted by their first number; flat outside of them.
pub(crate) fn along(points: &[(f64, f64)], x: f64) -> f64 {
    let after = points.partition_point(|point| point.0 <= x);
    match (after.checked_sub(1).and_then(|at| points.get(at)), points.get(after)) {
        (Some(low), Some(high)) => low.1 + (high.1 - low.1) * (x - low.0) / (high.0 - low.0),
        (Some(only), None) | (None, Some(only)) => only.1,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Draw, along};
    use crate::{Profile, Spec};

    #[test]
    fn lines_bend_at_their_points_and_are_flat_outside() {
        let line = [(10.0, 0.0), (20.0, 1.0), (40.0, 2.0)];
        for (x, y) in [(0.0, 0.0), (10.0, 0.0), (15.0, 0.5), (30.0, 1.5), (99.0, 2.0)] {
            assert_eq!(along(&line, x), y, "at {x}");
        }
    }

    #[test]
    fn streams_differ_by_number_site_and_seed() {
        let spec = Spec::new("a", 1, Profile::University);
        let first = |spec: &Spec, number| Draw::of(spec, number).unit();
        let base = first(&spec, 1);
        assert_eq!(base, first(&spec, 1));
        assert_ne!(base, first(&spec, 2));
        assert_ne!(base, first(&Spec { site: "b".into(), ..spec.clone() }, 1));
        assert_ne!(base, first(&Spec { seed: 2, ..spec }, 1));
    }

    #[test]
    fn normal_has_its_mean_and_spread() {
        let mut draw = Draw::of(&Spec::new("a", 1, Profile::University), 1);
        let values: Vec<f64> = (0..20_000).map(|_| draw.normal(5.0, 2.0)).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!((mean - 5.0).abs() < 0.06 && (variance - 4.0).abs() < 0.15, "mean {mean}, variance {variance}");
    }
}
