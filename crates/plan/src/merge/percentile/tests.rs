//! Percentiles of merged ranges against those of the values themselves.

use super::*;

/// The exact percentile, interpolated between neighbours.
fn exact(sorted: &[f64], share: f64) -> f64 {
    let rank = share * (sorted.len() - 1) as f64;
    let (a, b) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    a + (b - a) * rank.fract()
}

/// One site's ranges with at least `minimum` values each, as the release makes them.
fn ranges(values: &[f64], minimum: usize) -> Vec<Range> {
    let mut bins: Vec<i64> = values.iter().map(|x| grid::bin(*x).expect("a number")).collect();
    bins.sort_unstable();
    let mut groups: Vec<Vec<i64>> = Vec::new();
    for bin in bins {
        match groups.last_mut() {
            Some(group) if group.len() < minimum || group.last() == Some(&bin) => group.push(bin),
            _ => groups.push(vec![bin]),
        }
    }
    if groups.len() > 1 && groups.last().is_some_and(|group| group.len() < minimum) {
        let rest = groups.pop().expect("a group");
        groups.last_mut().expect("a group").extend(rest);
    }
    let last = groups.len().saturating_sub(1);
    let range = |(i, group): (usize, &Vec<i64>)| {
        let (first, end) = (group[0], group[group.len() - 1]);
        let single = first == end;
        Range {
            from: if i == 0 && !single { grid::OPEN_LOW } else { first },
            to: if i == last && !single { grid::OPEN_HIGH } else { end + 1 },
            rows: group.len() as i64,
        }
    };
    groups.iter().enumerate().map(range).collect()
}

/// Numbers from a seed, skewed as laboratory values are.
fn values(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..n)
        .map(|_| {
            (next() * 4.0 - 1.0).exp() * if seed.is_multiple_of(3) { -10.0 } else { 10.0 }
                + if seed.is_multiple_of(5) { -20.0 } else { 0.0 }
        })
        .collect()
}

#[test]
fn the_exact_percentile_is_within_the_stated_bounds() {
    let mut told = 0;
    for seed in 1..200 {
        let sizes = [37 + seed as usize, 5, 400];
        let parts: Vec<Vec<f64>> = sizes.iter().enumerate().map(|(i, n)| values(seed * 7 + i as u64, *n)).collect();
        for minimum in [1, 5, 10] {
            let merged: Vec<Range> =
                parts.iter().filter(|p| p.len() >= minimum).flat_map(|p| ranges(p, minimum)).collect();
            let mut pooled: Vec<f64> = parts.iter().filter(|p| p.len() >= minimum).flatten().copied().collect();
            pooled.sort_by(f64::total_cmp);
            for share in [0.0, 0.05, 0.25, 0.5, 0.61, 0.75, 0.95, 1.0] {
                let Some(found) = Ranges::new(&merged).at(Share::new(share).expect("a share")) else {
                    assert!(minimum > 1 && !(0.2..0.8).contains(&share), "seed {seed}: {share} is not told");
                    continue;
                };
                told += 1;
                let wanted = exact(&pooled, share);
                let place = format!("seed {seed}, k {minimum}, {share}: {found:?}, exactly {wanted}");
                assert!(found.low <= wanted && wanted <= found.high, "{place}");
                assert!(found.low <= found.value && found.value <= found.high, "{place}");
                if minimum == 1 {
                    // Between two ranks the bins of both count.
                    let rank = share * (pooled.len() - 1) as f64;
                    let size = pooled[rank.floor() as usize].abs().max(pooled[rank.ceil() as usize].abs());
                    assert!(found.high - found.low <= 0.001_02 * size.max(1e-17), "{place}");
                }
            }
        }
    }
    assert!(told > 3_000, "{told}");
}

#[test]
fn what_was_recorded_with_four_digits_comes_back_exactly() {
    let mut all: Vec<f64> = (0..500).map(|i| f64::from(40 + i % 97) / 10.0).collect();
    let ranges = ranges(&all, 3);
    all.sort_by(f64::total_cmp);
    for share in [0.1, 0.25, 0.5, 0.75, 0.9] {
        let found = Ranges::new(&ranges).at(Share::new(share).expect("a share")).expect("told");
        assert!((found.value - exact(&all, share)).abs() < 1e-12, "{share}: {found:?}");
    }
}

#[test]
fn nothing_is_told_of_the_outermost() {
    let ranges = [
        Range { from: grid::OPEN_LOW, to: 5, rows: 10 },
        Range { from: 5, to: 9, rows: 10 },
        Range { from: 9, to: grid::OPEN_HIGH, rows: 10 },
    ];
    let at = |share| Ranges::new(&ranges).at(Share::new(share).expect("a share"));
    assert_eq!(at(0.0), None);
    assert_eq!(at(1.0), None);
    let median = at(0.5).expect("told");
    assert!(median.low == grid::edge(5) && median.high == grid::edge(9) && median.value > median.low);
    assert_eq!(Ranges::new(&[]).at(Share::new(0.5).expect("a share")), None);
}

#[test]
fn shares_are_from_0_to_1() {
    for share in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert_eq!(Share::new(share), None);
    }
    assert_eq!(Share::new(-0.0), Share::new(0.0));
}

#[test]
fn columns_are_named_as_they_were_written() {
    assert_eq!(
        readable("percentile_cont(Float64(0.05)) WITHIN GROUP [m.x + Int64(1)]"),
        "percentile_cont(0.05) WITHIN GROUP [m.x + 1]"
    );
    assert_eq!(readable("median(x)"), "median(x)");
    assert_eq!(readable("Float64("), "Float64(");
}
