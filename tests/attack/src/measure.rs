//! Measures of success.

/// Share of beliefs that are on the right side of a half; a half itself is half right.
#[must_use]
pub fn accuracy(beliefs: &[(f64, bool)]) -> f64 {
    share(beliefs.iter())
}

/// Mean of the accuracies among those with and without the secret.
#[must_use]
pub fn balanced(beliefs: &[(f64, bool)]) -> f64 {
    let of = |truth: bool| share(beliefs.iter().filter(move |(_, t)| *t == truth));
    f64::midpoint(of(true), of(false))
}

fn share<'a>(beliefs: impl Iterator<Item = &'a (f64, bool)>) -> f64 {
    let right = |(belief, truth): &(f64, bool)| match belief.partial_cmp(&0.5) {
        Some(std::cmp::Ordering::Greater) => f64::from(u8::from(*truth)),
        Some(std::cmp::Ordering::Less) => f64::from(u8::from(!*truth)),
        _ => 0.5,
    };
    let (sum, n) = beliefs.fold((0.0, 0.0), |(sum, n), one| (sum + right(one), n + 1.0));
    if n > 0.0 { sum / n } else { 0.5 }
}

/// How often somebody with the secret is believed to have it more than somebody without; ties are half.
#[must_use]
pub fn auc(beliefs: &[(f64, bool)]) -> f64 {
    let of = |truth: bool| beliefs.iter().filter(move |(_, t)| *t == truth).map(|(belief, _)| *belief);
    let (mut sum, mut n) = (0.0, 0.0);
    for with in of(true) {
        for without in of(false) {
            sum += if with > without { 1.0 } else { f64::from(u8::from(with >= without)) / 2.0 };
            n += 1.0;
        }
    }
    if n > 0.0 { sum / n } else { 0.5 }
}

/// The interval in which a share lies with 95 % confidence (Wilson 1927).
#[must_use]
pub fn wilson(share: f64, n: usize) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    let n = n.max(1) as f64;
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    (middle - half, middle + half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_of_known_beliefs() {
        let beliefs = [(0.9, true), (0.8, false), (0.5, true), (0.1, false)];
        assert_eq!(accuracy(&beliefs), 0.625);
        assert_eq!(balanced(&beliefs), 0.625);
        assert_eq!(auc(&beliefs), 0.75);
        let (low, high) = wilson(0.5, 100);
        assert!((low - 0.4038).abs() < 1e-3 && (high - 0.5962).abs() < 1e-3, "{low} {high}");
        assert_eq!(auc(&[(0.5, true), (0.5, false)]), 0.5);
    }
}
