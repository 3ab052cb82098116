//! The merge against totals computed directly.

use super::*;

#[test]
fn moments_merge_like_the_whole() {
    let values: Vec<f64> = (0..100).map(|i| 1e9 + f64::from(i) * 0.5).collect();
    let moments = |part: &[f64]| {
        let n = part.len() as f64;
        let mean = part.iter().sum::<f64>() / n;
        (part.len() as i64, mean, part.iter().map(|x| (x - mean).powi(2)).sum::<f64>())
    };
    let mut merged = State::default();
    for part in [&values[..7], &values[7..7], &values[7..60], &values[60..]] {
        let (n, mean, m2) = if part.is_empty() { (0, 0.0, 0.0) } else { moments(part) };
        merged.add_moments(n, mean, m2);
    }
    let (n, mean, m2) = moments(&values);
    assert_eq!(merged.n, i128::from(n));
    assert!((merged.mean - mean).abs() < 1e-6);
    assert!((merged.m2 / m2 - 1.0).abs() < 1e-9, "{} {m2}", merged.m2);
}

#[test]
fn sums_of_floats_are_compensated() {
    let mut state = State::default();
    for x in [1e16, 1.0, -1e16, 1.0] {
        state.add_float(x);
    }
    assert_eq!(state.total(), 2.0);
}
