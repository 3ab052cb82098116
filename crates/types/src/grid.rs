//! The grid of percentiles: bins of four significant decimal digits, the same at every site for every column.
//!
//! A bin is named by an integer that grows with the value: 0 holds 0, bin 1 begins at 10⁻¹⁸, and each decade up to 10²¹
//! has 9,000 bins, so that a bin is between 0.01 % and 0.1 % of its values wide. Negative numbers are the mirror image. The
//! edges are decimals (6.799, 6.8, 6.801), each the floating-point number nearest to it, so that a value that was recorded
//! with up to four digits *is* the edge of its bin nearest to zero, and no rounding moves it next door. The grid is
//! nested: every edge of one, two or three digits is one of four. Years, days and laboratory values have no more than four.
//!
//! What must stay true: a bin follows from the value alone, by exact comparison with the edges, so that sites with
//! other processors or libraries agree. A range of bins is half-open, `from ≤ bin < to`; [`OPEN_LOW`] and [`OPEN_HIGH`]
//! are ends that nothing is told about.
//!
//! Rejected: a table of edges per code and unit (every consortium would have to keep one, and it says nothing about
//! what a query computes), and binary edges (nobody reads 6.796875).

/// The lower end of a range without one.
pub const OPEN_LOW: i64 = i64::MIN;
/// The upper end of a range without one.
pub const OPEN_HIGH: i64 = i64::MAX;

/// Bins of one decade.
const PER_DECADE: i64 = 9_000;
/// Digits of the first bin of a decade.
const FIRST: i64 = 1_000;
/// How many of the digits are behind the point where the first stands before it.
const PLACES: i32 = 3;
/// The decade of bin 1: values from 10⁻¹⁸. Smaller ones count as 0.
const LOWEST: i32 = -18;
/// The last decade, to 10²¹.
const HIGHEST: i32 = 20;
/// The bin of everything from 10²¹ on; the mirrored one is its negative.
pub const LAST_BIN: i64 = (HIGHEST - LOWEST + 1) as i64 * PER_DECADE + 1;

/// The bin of a value; none for what is not a number.
#[must_use]
pub fn bin(x: f64) -> Option<i64> {
    if x.is_nan() {
        return None;
    }
    let size = of_size(x.abs());
    Some(if x < 0.0 { -size } else { size })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the logarithm of what is on the grid is within 21, its digits within 10,000"
)]
fn of_size(x: f64) -> i64 {
    if x < magnitude(1) {
        return 0;
    }
    if x >= magnitude(LAST_BIN) {
        return LAST_BIN;
    }
    let decade = (x.log10().floor() as i32).clamp(LOWEST, HIGHEST);
    let digits = (scaled(x, PLACES - decade).floor() as i64).clamp(FIRST, FIRST + PER_DECADE - 1);
    // A guess, put right by the edges themselves.
    let mut bin = 1 + i64::from(decade - LOWEST) * PER_DECADE + digits - FIRST;
    while bin > 1 && x < magnitude(bin) {
        bin -= 1;
    }
    while bin < LAST_BIN && x >= magnitude(bin + 1) {
        bin += 1;
    }
    bin
}

/// `x · 10^power`, correctly rounded where `x` is a small integer: both powers of ten are exact up to 10²².
fn scaled(x: f64, power: i32) -> f64 {
    let ten = 10_f64.powi(power.abs());
    if power < 0 { x / ten } else { x * ten }
}

/// The edge nearest to zero of a bin above it, and the end of the last bin.
#[expect(clippy::cast_precision_loss, reason = "four digits")]
#[expect(clippy::cast_possible_truncation, reason = "39 decades")]
fn magnitude(bin: i64) -> f64 {
    if bin > LAST_BIN {
        return f64::INFINITY;
    }
    if bin < 1 {
        return 0.0;
    }
    let (decade, digits) = ((bin - 1) / PER_DECADE, (bin - 1) % PER_DECADE + FIRST);
    scaled(digits as f64, decade as i32 + LOWEST - PLACES)
}

/// The value at which the bins below `to` end and the bin `to` begins; infinite at an open end.
#[must_use]
pub fn edge(to: i64) -> f64 {
    match to {
        OPEN_LOW => f64::NEG_INFINITY,
        OPEN_HIGH => f64::INFINITY,
        1.. => magnitude(to),
        _ => -magnitude(1 - to),
    }
}

/// What a bin is read as: its edge nearest to zero, which is the value itself where that has up to four digits.
#[must_use]
pub fn value(bin: i64) -> f64 {
    if bin < 0 { -magnitude(-bin) } else { magnitude(bin) }
}

/// The roundest edge from `low` to `high`, both included: the one with the fewest digits, and of these the lowest.
#[must_use]
pub fn roundest(low: i64, high: i64) -> i64 {
    // Powers of ten, then edges of one, two and three digits. At and below zero the grid is the mirror image.
    for step in [PER_DECADE, 1_000, 100, 10] {
        let up = |x: i64| x + (-x).rem_euclid(step);
        let below = up(low);
        if below <= high.min(0) {
            return below;
        }
        let above = 1 + up(low.max(1) - 1);
        if above <= high {
            return above;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_the_edges_of_their_bins() {
        for text in [
            "0.29", "6.8", "6.79", "1.1", "100", "999", "0.001", "140", "7.35", "1e-18", "3.3e20", "215000", "1957",
            "36.54",
        ] {
            let x: f64 = text.parse().expect("a number");
            let at = bin(x).expect("a bin");
            assert_eq!(value(at), x, "{text}");
            assert_eq!(edge(at), x, "{text}");
            assert_eq!(bin(-x), Some(-at), "{text}");
            assert_eq!(value(-at), -x, "{text}");
            assert!(bin(x.next_down()).expect("a bin") == at - 1, "{text}");
            assert!(bin(x.next_up()) == Some(at), "{text}");
        }
        assert_eq!(bin(0.0), Some(0));
        assert_eq!(bin(-0.0), Some(0));
        assert_eq!(bin(1e-300), Some(0));
        assert_eq!(bin(f64::NAN), None);
        assert_eq!(bin(f64::INFINITY), Some(LAST_BIN));
        assert_eq!(bin(f64::NEG_INFINITY), Some(-LAST_BIN));
    }

    /// Every bin of the grid: edges grow, are the nearest to their decimals, and hold what lies between them.
    #[test]
    fn the_grid_has_no_gap() {
        for at in -LAST_BIN..=LAST_BIN {
            let (low, high) = (edge(at), edge(at + 1));
            assert!(low < high, "{at}");
            let inside = if at.abs() == LAST_BIN { value(at) * 2.0 } else { low + (high - low) / 2.0 };
            assert_eq!(bin(inside), Some(at), "{inside}");
            if (2..LAST_BIN).contains(&at) {
                let width = (high - low) / low;
                assert!((0.000_099..0.001_01).contains(&width), "{at}: {width}");
                let decimal = format!("{}e{}", (at - 1) % 9_000 + 1_000, (at - 1) / 9_000 - 21);
                assert_eq!(low, decimal.parse::<f64>().expect("a number"), "{decimal}");
            }
        }
    }

    #[test]
    fn round_edges_are_preferred() {
        let at = |x: f64| bin(x).expect("a bin");
        assert_eq!(roundest(at(6.31), at(8.2)), at(7.0));
        assert_eq!(roundest(at(9.31), at(23.0)), at(10.0));
        assert_eq!(roundest(at(6.311), at(6.318)), at(6.311));
        assert_eq!(roundest(at(6.311), at(6.342)), at(6.32));
        assert_eq!(roundest(at(6.311), at(6.42)), at(6.4));
        assert_eq!(edge(roundest(at(-8.2), at(-6.31))), -8.0);
        assert_eq!(edge(roundest(at(-120.0), at(-8.0))), -100.0);
        // Against a search through every edge of a stretch.
        let digits = |to: i64| {
            let text = format!("{:e}", edge(to).abs());
            text.split('e').next().map_or(0, |digits| digits.replace('.', "").len()) * 2
                - usize::from(text.starts_with("1e"))
        };
        for (low, high) in [(at(1.234), at(11.0)), (at(7.3), at(7.39)), (-at(4.0), -at(3.001)), (at(95.5), at(260.0))] {
            let best = (low..=high).min_by_key(|to| digits(*to)).expect("an edge");
            assert_eq!(roundest(low, high), best, "{low} {high}");
        }
        assert_eq!(edge(OPEN_LOW), f64::NEG_INFINITY);
        assert_eq!(edge(OPEN_HIGH), f64::INFINITY);
    }
}
